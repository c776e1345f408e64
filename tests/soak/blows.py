# SPDX-License-Identifier: Apache-2.0
"""What happens to a server during a soak, one thing after the other, and how soon it has got over each."""

import contextlib
import os
import random
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg

from bench.processes import descendants
from load import reset
from support.api import PREFIX, Api, ServerErrors, unique
from support.faults import INJECTED
from support.lanes import RECOVERY
from support.postgres import Postgres
from support.realm import Realm
from support.server import Server, poll

STOPPED = 2.0  # seconds
VANISHING = 50  # clients
PATIENCE = 120.0  # seconds, with PostgreSQL


def workers(server: Server) -> list[int]:
    return sorted(pid for pid in server.processes() if "[wrk" in Path(f"/proc/{pid}/cmdline").read_text())


def is_cut(connection: psycopg.Connection) -> bool:
    try:
        connection.execute("SELECT")
    except psycopg.OperationalError:
        return True
    return False


class Blows:
    """Each kind in turn. The first worker is left alone, so that there is one that has lived through all of it."""

    def __init__(self, server: Server, cluster: Postgres, realm: Realm):
        self.server, self.cluster = server, cluster
        self.api = Api(server.url, realm, ServerErrors())
        self.api.errors.expected = True
        self.user = self.api.user()
        self.elder = workers(server)[0]
        self.done: Counter[str] = Counter()
        self.slowest = 0.0
        self.wrong: list[str] = []
        self.kinds = {
            "backend killed": self.kill_backend,
            "worker killed": self.kill_worker,
            "backends terminated": self.terminate,
            "PostgreSQL restarted": lambda: self.restart("fast"),
            "clients vanished": self.vanish,
            "PostgreSQL crashed": lambda: self.restart("immediate"),
            "PostgreSQL stopped by SIGSTOP": self.freeze,
        }

    def strike_on(self, goes_on: Callable[[], bool], pause: float) -> None:
        """All kinds once at least, then as long as it goes on; between them everything works."""
        while goes_on() or len(self.done) < len(self.kinds):
            for kind, blow in self.kinds.items():
                blow()
                INJECTED[kind] += 1
                self.done[kind] += 1
                self.recover(kind)
                time.sleep(pause)
                if not goes_on() and len(self.done) == len(self.kinds):
                    return

    def works(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            made = self.user.post("/projects", json={"name": unique("after"), "namespace": self.user.slug})
            return made.status_code == 201 and self.user.get(f"/projects/{made.json()['id']}").status_code == 200
        return False

    def recover(self, kind: str) -> None:
        begun = time.monotonic()
        while not self.works():
            if time.monotonic() - begun > RECOVERY:
                self.wrong.append(f"{kind}: not well again after {RECOVERY:g} s")
                return
        self.slowest = max(self.slowest, time.monotonic() - begun)

    # -- the blows ------------------------------------------------------------------------------

    def kill_backend(self) -> None:
        """Ends when PostgreSQL has recovered, which takes the longer, the more was written since its last checkpoint."""
        backends = self.cluster.backends(self.server.env["DB_NAME"])
        if not backends:
            return
        with contextlib.closing(self.cluster.superuser()) as witness:
            self.cluster.kill_backend(random.choice(backends))
            poll(lambda: is_cut(witness), PATIENCE)
        poll(self.cluster.accepts, PATIENCE)

    def kill_worker(self) -> None:
        for pid in workers(self.server):
            if pid != self.elder:
                os.kill(pid, signal.SIGKILL)

    def terminate(self) -> None:
        self.cluster.end_backends(self.server.env["DB_NAME"])

    def restart(self, mode: str) -> None:
        self.cluster.pause(mode)
        self.cluster.start()

    def freeze(self) -> None:
        family = descendants(int((self.cluster.data / "postmaster.pid").read_text().split()[0]))
        for signal_ in (signal.SIGSTOP, signal.SIGCONT):
            for pid in family:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal_)
            time.sleep(STOPPED if signal_ == signal.SIGSTOP else 0)

    def vanish(self) -> None:
        """Clients break their connections amid a request, or before its answer."""
        parts = urlsplit(self.server.url)
        head = f"GET {PREFIX}/projects HTTP/1.1\r\nHost: soak\r\n".encode()
        for number in range(VANISHING):
            with contextlib.suppress(OSError):
                connection = socket.create_connection((parts.hostname, parts.port), 10)
                connection.sendall(head + (b"\r\n" if number % 2 else b""))
                reset(connection)
