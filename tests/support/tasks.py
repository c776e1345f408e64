# SPDX-License-Identifier: Apache-2.0
"""A `renku tasks` process, its control port, and fixtures of the tests about tasks."""

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from .database import Rows
from .server import PATIENCE, RENKU, REPORTS, poll

TASKS = [
    "send_product_metrics",
    "generate_user_namespace",
    "bootstrap_user_namespaces",
    "fix_mismatched_project_namespace_ids",
    "migrate_groups_make_all_public",
    "migrate_user_namespaces_make_all_public",
]
OF_KEYCLOAK = ["users_sync", "sync_admins_from_keycloak"]
LISTENING = re.compile(r"^listening on (\S+):(\d+)$", re.MULTILINE)
GREETING = b"Hello, write `help` for help.\r\n"


class Runner:
    def __init__(self, env: dict[str, str], log: Path, *options: str):
        self.env, self.log_path, self.options = {"TCP_PORT": "0"} | env, log, options
        self.process: subprocess.Popen | None = None

    def start(self) -> "Runner":
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [RENKU, "tasks", *self.options], env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/"
            )
        found = poll(lambda: self.process.poll() is not None or LISTENING.search(self.log()))
        assert found is not True, self.log()
        self.address = (found[1], int(found[2]))
        return self

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def connect(self) -> socket.socket:
        """A connection that was not greeted yet."""
        return socket.create_connection(self.address, timeout=PATIENCE)

    def stop(self, how: int = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        status = self.process.wait(PATIENCE)
        assert not REPORTS.search(self.log()), self.log()
        return status

    def kill(self) -> None:
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Wire:
    """Somebody at the control port."""

    def __init__(self, runner: Runner):
        self.socket = runner.connect()
        self.kept = b""

    def read(self, length: int) -> bytes:
        while len(self.kept) < length:
            more = self.socket.recv(65536)
            assert more, self.kept
            self.kept += more
        text, self.kept = self.kept[:length], self.kept[length:]
        return text

    def expect(self, text: bytes) -> None:
        assert self.read(len(text)) == text

    def rest(self) -> bytes:
        """All until the other side closes."""
        while more := self.socket.recv(65536):
            self.kept += more
        return self.kept

    def send(self, text: bytes) -> "Wire":
        self.socket.sendall(text)
        return self

    def close(self) -> None:
        self.socket.close()


# --- fixtures ------------------------------------------------------------------------------------


@pytest.fixture
def database(make_database):
    return make_database()


@pytest.fixture
def rows(database):
    rows = Rows(database)
    yield rows
    rows.close()


@pytest.fixture
def run_tasks(folder):
    """Starts runners; what still runs at the end is stopped."""
    runners = []

    def run(env: dict[str, str], *options: str) -> Runner:
        log = folder / f"tasks-{len(list(folder.glob('tasks-*')))}.log"
        runners.append(Runner(env, log, *options).start())
        return runners[-1]

    yield run
    for runner in runners:
        if runner.process.poll() is None:
            assert runner.stop() == 0, runner.log()


# --- events of product metrics -------------------------------------------------------------------


def put_events(rows: Rows, count: int) -> list[str]:
    return [
        id for (id,) in rows.all(
            "INSERT INTO metrics.metrics (anonymous_user_id, event, metadata)"
            " SELECT 'someone', 'project_created', jsonb_build_object('n', n) FROM generate_series(1, %s) n"
            " RETURNING id", count,
        )
    ]  # fmt: skip


def events_left(rows: Rows) -> set[str]:
    return {id for (id,) in rows.all("SELECT id FROM metrics.metrics")}
