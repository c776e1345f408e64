# SPDX-License-Identifier: Apache-2.0
"""The server over a test double of the library: everything but the answers is real."""

import os
import re
import subprocess
import time
from pathlib import Path

from support.raw import exchange
from support.server import BUILD, PATIENCE, SANITIZERS, Server

LIBRARY = BUILD / "tests" / "support" / "fake" / ".libs"
MODULE = BUILD / "frontends" / "server" / ".libs" / "renku_server.so"
HOST = b"Host: a\r\n"
GET = b"GET /api/data/echo HTTP/1.1\r\n" + HOST
POST = b"POST /api/data/echo HTTP/1.1\r\n" + HOST


def program() -> Path:
    """libtool puts the real program beside its wrapper, which would choose the real library."""
    real = BUILD / "tests" / "support" / ".libs" / "fake_server"
    return real if real.exists() else BUILD / "tests" / "support" / "fake_server"


SANITIZED = "libasan" in subprocess.run(["ldd", program()], capture_output=True, text=True).stdout


def fake_environment(**more: str) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LD_LIBRARY_PATH": str(LIBRARY),
        "RENKU_SERVER_MODULE": str(MODULE),
        **SANITIZERS,
        **more,
    }


class FakeServer(Server):
    def command(self) -> list[str | Path]:
        return [program(), *self.arguments]


class started:
    """A fake server for a with statement; it must end cleanly unless it was ended already."""

    def __init__(self, folder: Path, *arguments: str, workers: int = 2, **environment: str):
        name = f"fake-{time.monotonic_ns()}.log"
        self.server = FakeServer(fake_environment(**environment), folder / name, workers, arguments)

    def __enter__(self) -> FakeServer:
        try:
            return self.server.start()
        except BaseException:
            self.server.kill()
            raise

    def __exit__(self, kind, *_exc) -> None:
        status = self.server.stop()
        assert kind or status == 0, self.server.log()


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [program(), *arguments],
        env=fake_environment(**environment),
        timeout=PATIENCE,
        capture_output=True,
        text=True,
    )


def workers(server: FakeServer) -> list[int]:
    return server.processes()[1:]


def status_file(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def resident(pids: list[int]) -> int:
    return sum(int(status_file(pid)["VmRSS"].split()[0]) for pid in pids)


def metric(server: FakeServer, name: str) -> float:
    """A sample of /metrics; labels belong to the name."""
    text = exchange(server.url, "GET", "/metrics").body.decode()
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found.group(1)) if found else 0.0


def is_refused(answer, status: int, message: str) -> None:
    assert answer.status == status
    assert answer.json() == {"error": {"code": 1000 + status, "message": message}}
    assert answer.header("content-type") == "application/json"
    assert answer.header("x-request-id")
    assert answer.header("connection") == "close"
    assert answer.header("server") is None
    assert answer.header("strict-transport-security") is None
