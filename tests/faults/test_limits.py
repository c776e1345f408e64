# SPDX-License-Identifier: Apache-2.0
"""File descriptors and memory at their end: who is refused is told so, and nobody else notices."""

import select
import subprocess
from pathlib import Path

import pytest

from support.api import check_error
from support.faults import INJECTED
from support.lanes import RECOVERY
from support.raw import Connection
from support.server import poll
from support.trial import DATABASE, Trial

MEBIBYTE = 1 << 20


def worker_of(trial: Trial) -> int:
    """The process that answers: the only one with a connection to the database."""
    found = [pid for pid in trial.server.processes() if "[wrk" in title(pid) or "worker" in title(pid)]
    return found[0] if found else trial.server.processes()[-1]


def title(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def status(pid: int, name: str) -> list[str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line for line in lines if line.startswith(f"{name}:")).split()[1:]


def limit(pid: int, what: str, soft: str) -> None:
    """By the user of the process, who may do that to it wherever the tests run."""
    user, group = int(status(pid, "Uid")[0]), int(status(pid, "Gid")[0])
    command = ["prlimit", "--pid", str(pid), f"--{what}={soft}:"]
    subprocess.run(command, user=user, group=group, extra_groups=[], check=True, capture_output=True, cwd="/")


@pytest.fixture
def try_with(start_server, settings, realm):
    trials = []

    def start(**more) -> Trial:
        trials.append(Trial(start_server(more, base=settings, workers=1), realm))
        return trials[-1]

    yield start
    for trial in trials:
        trial.close()


def test_without_file_descriptors_answers_are_documented(try_with, cluster, settings):
    trial = try_with()
    pid = worker_of(trial)
    with trial.fault("no file descriptor left"), Connection(trial.server.url) as kept:
        kept.request("GET", "/api/data/version")
        assert kept.answer().status == 200
        cluster.end_backends(settings["DB_NAME"])  # the next request needs a connection
        poll(lambda: not cluster.backends(settings["DB_NAME"]))
        before = int(Path(f"/proc/{pid}/limits").read_text().split("Max open files")[1].split()[0])
        limit(pid, "nofile", "3")
        for _ in range(5):
            kept.request("GET", "/api/data/projects")
            answer = kept.answer()
            assert answer.status == 500
            assert answer.json()["error"]["message"].startswith(DATABASE)
        limit(pid, "nofile", str(before))
    trial.check()


def answered(crowd: list[Connection]) -> list[Connection]:
    """Those for whom something has come."""
    ready, _, _ = select.select([connection.socket for connection in crowd], [], [], 0)
    return [connection for connection in crowd if connection.socket in ready]


def test_more_clients_than_fit_wait_until_others_go(try_with):
    trial = try_with(RENKU_SERVER_CONNECTIONS="16")
    INJECTED["more clients than fit"] += 1
    crowd = [Connection(trial.server.url) for _ in range(60)]
    for connection in crowd:
        connection.request("GET", "/api/data/version")
    poll(lambda: len(answered(crowd)) >= 10)
    served = answered(crowd)
    assert {connection.answer().status for connection in served} == {200}
    assert len(served) < len(crowd)
    for connection in crowd:
        connection.__exit__()
    trial.recovers("more clients than fit")
    trial.check()


def test_without_memory_a_request_is_refused_and_the_others_are_not(try_with):
    trial = try_with(ASAN_OPTIONS="allocator_may_return_null=1:detect_leaks=0:exitcode=99")
    pid = worker_of(trial)
    text = "x" * (90 * MEBIBYTE)
    with trial.fault("no memory left"):
        used = int(status(pid, "VmSize")[0]) * 1024
        limit(pid, "as", str(used + 4 * MEBIBYTE))
        body = {"name": "large", "namespace": trial.user.slug, "documentation": text}
        for _ in range(2):
            refused = trial.user.post("/projects", json=body)
            check_error(refused, refused.status_code)
            assert refused.status_code in (413, 500, 503), refused.text
            assert trial.user.get("/version").status_code == 200
            assert trial.read().status_code == 200
        limit(pid, "as", "unlimited")
        poll(lambda: trial.read().status_code == 200, RECOVERY)
    trial.check()
