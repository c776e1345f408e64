# SPDX-License-Identifier: Apache-2.0
"""`renku up`: everything on this machine, from nothing."""

import os
import re
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import httpx

import pytest

from support.server import PATIENCE, poll
from support.tasks import TASKS


def paste(local, lines):
    """Runs lines in a shell, as somebody who has copied them; the output of each."""
    script = "set -e\n" + "\necho; echo ---\n".join(lines) + "\n"
    done = subprocess.run(
        [*local.prefix, "bash"], input=script, env=local.env, capture_output=True, text=True, timeout=60, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    return [part.strip() for part in done.stdout.split("---\n")]


def test_starts_from_nothing_and_its_lines_work_when_pasted(installation):
    installation.start()

    token, created, listed = paste(installation, installation.lines)

    assert "making the database" in installation.messages()
    assert token == ""
    assert '"namespace":"alice"' in created
    assert created in listed
    assert installation.ask() == 0
    assert installation.is_gone()


def test_data_outlive_a_restart(local):
    local.start()
    created = paste(local, local.lines)[1]
    assert local.ask(signal.SIGTERM) == 0

    local.start()

    assert created in paste(local, [local.lines[0], local.lines[2]])[1]
    assert "making the database" not in local.messages()


def test_a_token_outlives_a_restart(local):
    local.start()
    token = local.run("token", "carol").stdout.strip()
    local.ask()

    local.start()

    answer = httpx.get(f"{local.url}/api/data/user", headers={"authorization": f"Bearer {token}"}, timeout=PATIENCE)
    assert answer.status_code == 200
    assert answer.json()["username"] == "carol"


def test_a_second_up_says_so_and_leaves_the_first_alone(installation):
    installation.start()
    before = sorted(installation.processes(*installation.leaders()))

    second = installation.run("up")

    assert second.returncode == 1
    assert str(installation.main()) in second.stderr
    assert installation.url in second.stderr
    assert sorted(installation.processes(*installation.leaders())) == before
    assert httpx.get(f"{installation.url}/api/data/version", timeout=PATIENCE).status_code == 200


def test_starts_again_after_kill_9_of_everything(installation):
    installation.start()
    created = paste(installation, installation.lines)[1]

    installation.kill()
    installation.start()

    assert created in paste(installation, [installation.lines[0], installation.lines[2]])[1]


def test_kill_9_of_up_alone_ends_what_it_has_started(installation):
    installation.start()

    os.kill(installation.main(), signal.SIGKILL)

    poll(installation.is_gone)


def test_what_a_killed_up_has_left_running_is_stopped_first(local):
    local.start()
    left = local.processes()
    for pid in left:
        with suppress(ProcessLookupError):  # a connection that has ended meanwhile
            os.kill(pid, signal.SIGSTOP)  # so that they cannot end by themselves
    os.kill(local.main(), signal.SIGKILL)
    local.process.wait(PATIENCE)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    local.start()

    assert not set(left) & set(local.processes())
    assert httpx.get(f"{local.url}/api/data/version", timeout=PATIENCE).status_code == 200


def test_the_lock_file_of_a_dead_database_does_not_stop_it(local):
    local.start()
    local.kill()
    lock = local.folder / "postgres" / "postmaster.pid"
    lines = lock.read_text().splitlines()
    lines[0] = "1"  # a process that lives and is something else

    lock.write_text("\n".join(lines) + "\n")

    local.start()


@pytest.mark.parametrize("name, title", [("server", "server"), ("database", "database"), ("tasks", "task runner")])
def test_says_when_one_of_them_ends_and_stops_the_rest(local, name, title):
    local.start()

    local.kill(name)

    assert local.process.wait(PATIENCE) == 1
    assert f"the {title} has ended" in local.messages()
    assert local.is_gone()


def test_the_tasks_run_that_need_no_directory(local):
    """Without a word of complaint, in the first passes and at the end."""
    local.start()
    env = dict(line.split("=", 1) for line in (local.folder / "env").read_text().splitlines()[1:])

    with socket.create_connection((env["TCP_HOST"], int(env["TCP_PORT"])), 30) as control:
        control.sendall(b"tasks".ljust(100) + b"bye")
        told = b"".join(iter(lambda: control.recv(4096), b"")).decode()
    assert local.ask() == 0

    assert re.findall(r"- (\w+): since .* \(0 restarts\)", told) == TASKS
    assert not re.search("WARNING|ERROR", local.log("tasks")), local.log("tasks")
    assert local.log("tasks").endswith("stopping ...\n")


@pytest.mark.parametrize("prefix", [[], ["bash", "-c", 'trap "" INT; exec "$0" "$@"']], ids=["plain", "ignored"])
def test_an_end_while_starting_leaves_nothing(local, prefix):
    """Also where a shell has put it into the background, with SIGINT ignored."""
    local.prefix = prefix
    local.launch()
    poll(local.has_begun)

    os.kill(local.main(), signal.SIGINT)

    assert local.process.wait(PATIENCE) == 0, local.messages()
    assert local.is_gone()
    local.process.stdout.close()
    local.start()


def test_a_cluster_that_was_half_made_is_made_again(local):
    local.launch()
    poll((local.folder / "postgres.new" / "base").exists, pause=0.001)
    local.kill()

    local.start()

    assert not (local.folder / "postgres.new").exists()


def test_works_in_a_folder_whose_path_is_too_long_for_a_socket(installation):
    installation.folder = installation.folder.parent / ("long-" * 20) / "a name with blanks and 'quotes'"

    installation.start()

    assert '"namespace":"alice"' in paste(installation, installation.lines)[1]


def test_the_database_listens_on_no_network(running):
    database = running.leaders()["database"]
    sockets = set()
    for link in Path(f"/proc/{database}/fd").iterdir():
        with suppress(FileNotFoundError):  # a connection that was just handed to a process of its own
            sockets.add(os.readlink(link))

    listening = {
        f"socket:[{line.split()[9]}]"
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A"
    }

    assert not sockets & listening


def test_nobody_else_reads_the_secrets(running):
    modes = {path.name: path.stat().st_mode & 0o077 for path in (running.folder / "keys").iterdir()}
    modes["env"] = (running.folder / "env").stat().st_mode & 0o077

    assert set(modes.values()) == {0}


def test_nothing_runs_as_root_that_serves_requests(running):
    children = [pid for pid in running.processes() if pid not in running.leaders().values()]

    assert children
    for pid in children:
        with suppress(FileNotFoundError, ProcessLookupError):  # a connection that has ended meanwhile
            status = Path(f"/proc/{pid}/status").read_text()
            name = status.splitlines()[0].split()[1]
            assert "Uid:\t0\t" not in status or name.startswith("renku"), status


def test_a_taken_port_is_named(running, tmp_path):
    port = running.url.rpartition(":")[2]

    second = subprocess.run(
        running.command("up", "--data", str(tmp_path / "other"), "--port", port),
        env=running.env, capture_output=True, text=True, timeout=60, cwd="/",
    )

    assert second.returncode == 1
    assert port in second.stderr
    assert "--port" in second.stderr
