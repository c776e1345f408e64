# SPDX-License-Identifier: Apache-2.0
"""What the processes of the server may do. Spec: foundations.md 2.5"""

import os
from pathlib import Path

import pytest

from support.fake_server import SANITIZED, run, started, status_file, workers
from support.raw import exchange
from support.server import poll


@pytest.mark.parametrize("user, uid, gid", [("", "65534", "65534"), ("12345:54321", "12345", "54321")])
def test_nothing_runs_as_root(folder, user, uid, gid):
    """Who is not root already stays who it is."""
    expected = (uid, gid) if os.geteuid() == 0 else (str(os.geteuid()), str(os.getegid()))
    with started(folder, RENKU_RUN_AS=user) as server:
        for pid in server.processes():
            assert status_file(pid)["Uid"].split() == [expected[0]] * 4
            assert status_file(pid)["Gid"].split() == [expected[1]] * 4


@pytest.mark.parametrize("user", ["root", "0:0", "no-such-user", "12x"])
def test_root_cannot_be_told_to_stay_root(user):
    done = run("--port", "0", "--help" if os.geteuid() else "--debug", RENKU_RUN_AS=user)
    assert done.returncode == (0 if os.geteuid() else 1)
    assert "RENKU_RUN_AS" in done.stdout + done.stderr


def test_the_sandbox_is_closed(fake):
    for pid in workers(fake):
        assert status_file(pid)["Seccomp"] == "2"
        assert status_file(pid)["NoNewPrivs"] == "1"


def test_no_process_has_a_capability(fake):
    """Started as root it has given all up; another user has had none."""
    sets = ["CapEff", "CapPrm", "CapInh", "CapAmb"]
    for pid in fake.processes():
        assert {name: int(status_file(pid)[name], 16) for name in sets} == dict.fromkeys(sets, 0)


def test_no_process_leaves_a_core_file_or_lets_another_of_its_user_look(fake):
    for pid in fake.processes():
        (core,) = [line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if "core file" in line]
        assert core.split()[4:6] == ["0", "0"]
        # Its files belong to root exactly when it cannot be dumped.
        assert Path(f"/proc/{pid}/environ").stat().st_uid == 0


ENDS_THE_WORKER = (
    "execve execveat ptrace process_vm_readv process_vm_writev mount umount chroot unshare setns bpf perf_event_open"
    " userfaultfd init_module"
).split()
FAILS = {
    **dict.fromkeys("process clone3 keyctl io_uring_setup kill unlink listen other-limits".split(), "ENOSYS"),
    **dict.fromkeys("raw-socket raw6-socket packet-socket vsock-socket".split(), "ENOSYS"),
    "executable": "EPERM",
}
WORKS = "stream-socket datagram-socket unix-socket own-limits locked-memory".split()


@pytest.fixture(scope="module")
def lonely(folder):
    """A server with one worker at a time."""
    with started(folder, workers=1) as server:
        yield server


if not SANITIZED:  # its report needs what a worker must never do

    @pytest.mark.parametrize("name", ENDS_THE_WORKER)
    def test_a_worker_that_tries_what_only_an_intruder_would_is_ended(lonely, name):
        before = workers(lonely)
        assert exchange(lonely.url, "GET", f"/api/data/attempt/{name}") is None
        poll(lambda: workers(lonely) not in ([], before))
        assert exchange(lonely.url, "GET", "/healthz").status == 200

    @pytest.mark.parametrize("name, error", FAILS.items())
    def test_what_nothing_here_needs_fails_in_a_worker(fake, name, error):
        assert exchange(fake.url, "GET", f"/api/data/attempt/{name}").body.decode() == error


@pytest.mark.parametrize("name", WORKS)
def test_what_a_worker_needs_works(fake, name):
    assert exchange(fake.url, "GET", f"/api/data/attempt/{name}").body.decode() == "done"
