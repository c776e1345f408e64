# SPDX-License-Identifier: Apache-2.0
"""The process that runs all tasks, and its control port byte by byte. Spec: tasks.md 2, 3, 5, 7"""

import json
import os
import re
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.keycloak import Keycloak, person
from support.ports import free_port
from support.posthog import KEY, Posthog
from support.server import RENKU, ROOT, poll
from support.tasks import GREETING, LISTENING, OF_KEYCLOAK, TASKS, Runner, Wire, events_left, put_events, rows, run_tasks  # noqa: F401

NAMES = [*TASKS, *OF_KEYCLOAK, "_log_tasks"]
LINE = re.compile(rb"- (\w+): since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{6})? \((\d+) restarts\)\r\n")
HELP = (
    b"Commands\r\n"
    b"- help: lists the commands\r\n"
    b"- tasks: lists the tasks that run\r\n"
    b"- reset_restarts [name]: sets the restarts of one task, or of all, to 0\r\n"
)
CLIENTS = 64


@pytest.fixture(scope="module")
def database(make_database):
    return make_database()


@pytest.fixture(scope="module")
def posthog():
    with Posthog() as posthog:
        yield posthog


@pytest.fixture
def keycloak():
    with Keycloak() as keycloak:
        yield keycloak


@pytest.fixture
def start(tools, database, posthog, keycloak, run_tasks):
    peers = posthog.env() | {"KEYCLOAK_URL": keycloak.url}
    return lambda *options, **env: run_tasks(tools.env(database) | peers | env, *options)


@pytest.fixture
def runner(start):
    return start()


@pytest.fixture
def wire(runner):
    wire = Wire(runner)
    wire.expect(GREETING)
    yield wire
    wire.close()


def listed(wire: Wire, count: int = len(NAMES)) -> dict[str, int]:
    """What the command `tasks` says: restarts by name, in the order of the lines."""
    wire.send(b"tasks")
    text = b""
    while text.count(b"\r\n") < count:
        text += wire.read(1)
    assert b"".join(found[0] for found in LINE.finditer(text)) == text
    return {name.decode(): int(restarts) for name, restarts in LINE.findall(text)}


def test_commands_are_answered_one_after_the_other(wire):
    for command in (b"help", b"  HELP \r\n", b"Help me\n"):
        wire.send(command).expect(HELP)
    assert list(listed(wire)) == NAMES
    for command in (b"reset_restarts", b"RESET_RESTARTS  _log_tasks\n", b"reset_restarts nobody", "reset_restarts é".encode()):
        wire.send(command).expect(b"Ok\r\n")
    wire.send(b"bye")
    assert wire.rest() == b"Good Bye.\r\n"


@pytest.mark.parametrize(
    "text", [b"nonsense", b"\n", b"  ", b"\0", b"tasks\0", b"\xff\xfe", b"reset_restarts \xff", b"task", b"t\0asks", b"x" * 5000]
)
def test_anything_else_is_the_end(runner, text):
    wire = Wire(runner)
    wire.expect(GREETING)
    wire.send(text)
    assert wire.rest() == b"Good Bye.\r\n"


def test_the_end_of_input_is_the_end(runner):
    wire = Wire(runner)
    wire.expect(GREETING)
    wire.socket.shutdown(socket.SHUT_WR)
    assert wire.rest() == b"Good Bye.\r\n"


def test_a_chunk_of_a_hundred_bytes_is_one_command(wire):
    wire.send(b"help".ljust(100)).expect(HELP)
    wire.send(b"help".ljust(100) + b"tasks".ljust(100)).expect(HELP)
    assert list(listed_rest(wire)) == NAMES


def listed_rest(wire: Wire) -> dict[str, int]:
    text = b""
    while text.count(b"\r\n") < len(NAMES):
        text += wire.read(1)
    return {name.decode(): int(restarts) for name, restarts in LINE.findall(text)}


def test_whoever_is_silent_or_gone_blocks_nobody(runner):
    silent = [runner.connect() for _ in range(CLIENTS // 2)]
    for _ in range(20):
        runner.connect().close()
    deaf = runner.connect()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.setblocking(False)
    words = memoryview(b"tasks".ljust(100) * 100_000)  # sent in whatever pieces find room
    with pytest.raises(BlockingIOError):
        while words:
            words = words[deaf.send(words) :]

    def ask(_: int) -> list[str]:
        wire = Wire(runner)
        wire.expect(GREETING)
        names = list(listed(wire))
        wire.close()
        return names

    with ThreadPoolExecutor(8) as crowd:
        assert list(crowd.map(ask, range(40))) == [NAMES] * 40
    for connection in (*silent, deaf):
        connection.close()


def test_of_too_many_clients_the_most_silent_leaves(runner):
    first = Wire(runner)
    first.expect(GREETING)
    others = [Wire(runner) for _ in range(CLIENTS - 1)]
    for other in others:
        other.expect(GREETING)
    first.send(b"help").expect(HELP)

    late = Wire(runner)

    late.expect(GREETING)
    assert others[0].rest() == b""
    first.send(b"help").expect(HELP)
    others[1].send(b"help").expect(HELP)
    for wire in (first, late, *others):
        wire.close()


# --- the process ----------------------------------------------------------------------------------


def test_the_runner_tells_its_settings_without_secrets(runner, database):
    assert "POSTHOG_ENVIRONMENT=tests\n" in runner.log()
    assert f"DB_NAME={database['DB_NAME']}\n" in runner.log()
    for secret in (KEY, database["DB_PASSWORD"]):
        assert secret not in runner.log()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once(start, how):
    runner = start()
    wire = Wire(runner)
    wire.expect(GREETING)
    assert runner.stop(how) == 0
    assert wire.rest() == b""
    assert "stopping" in runner.log()


def test_what_hangs_does_not_keep_it_from_ending(start, rows):
    put_events(rows, 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        runner = start(POSTHOG_HOST=f"http://127.0.0.1:{silent.getsockname()[1]}")
        connection, _ = silent.accept()
        assert runner.stop() == 0
        connection.close()
    assert rows.run("DELETE FROM metrics.metrics") == 1


@pytest.mark.parametrize("user, uid, gid", [("", "65534", "65534"), ("12345:54321", "12345", "54321")])
def test_no_task_runs_as_root(start, user, uid, gid):
    """Who is not root already stays who it is."""
    expected = [uid, gid] if os.geteuid() == 0 else [str(os.geteuid()), str(os.getegid())]
    threads = Path(f"/proc/{start(RENKU_RUN_AS=user).process.pid}/task").iterdir()
    for status in [(thread / "status").read_text() for thread in threads]:
        assert [re.search(rf"^{name}:\t(\d+)\t\1\t\1\t\1$", status, re.MULTILINE)[1] for name in ("Uid", "Gid")] == expected


def test_settings_that_make_no_sense_stop_the_start(tools, database):
    for name, value in {"TCP_PORT": "http", "MAX_RETRY_WAIT_SECONDS": "1.5", "SHORT_TASK_PERIOD_S": "x"}.items():
        assert name in tools.refused("tasks", database=database | {name: value})
    assert "TCP_PORT" in tools.refused("tasks", database=database | {"TCP_PORT": "70000"})
    assert "TCP_HOST" in tools.refused("tasks", database=database | {"TCP_HOST": "nowhere.invalid"})


def test_a_port_that_is_taken_stops_the_start(tools, database):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = tools.refused("tasks", database=database | {"TCP_PORT": str(taken.getsockname()[1])})
    assert "TCP_PORT" in told and "in use" in told


def test_it_listens_where_it_is_told(start):
    port = str(free_port("127.0.0.2"))
    runner = start(TCP_PORT=port, TCP_HOST="127.0.0.2")
    assert LISTENING.search(runner.log()).groups() == ("127.0.0.2", port)
    Wire(runner).expect(GREETING)


def test_it_says_when_it_is_ready(tools, folder, database):
    path = folder / "tasks-notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
        notices.bind(str(path))
        path.chmod(0o777)  # as systemd's is: whoever gives up root still tells
        notices.settimeout(60)
        env = tools.env(database) | {"NOTIFY_SOCKET": str(path), "TCP_PORT": "0"}
        process = subprocess.Popen([RENKU, "tasks"], env=env, stderr=subprocess.DEVNULL, cwd="/")
        assert notices.recv(100) == b"READY=1"
        process.terminate()
        assert notices.recv(100) == b"STOPPING=1"
        assert process.wait(60) == 0


# --- the tasks in it ------------------------------------------------------------------------------


def test_a_task_that_fails_starts_again_and_the_counter_is_reset(start, rows, posthog):
    """Spec: tasks.md 3, 7"""
    rows.run("ALTER TABLE metrics.metrics RENAME TO away")
    runner = start(MAX_RETRY_WAIT_SECONDS="0")
    wire = Wire(runner)
    wire.expect(GREETING)
    poll(lambda: listed(wire)["send_product_metrics"] >= 3)
    assert sum(restarts == 0 for restarts in listed(wire).values()) == len(NAMES) - 1
    rows.run("ALTER TABLE metrics.away RENAME TO metrics")
    put_events(rows, 1)
    poll(lambda: not events_left(rows))
    assert listed(wire)["send_product_metrics"] >= 3
    wire.send(b"reset_restarts send_product_metrics").expect(b"Ok\r\n")
    assert listed(wire)["send_product_metrics"] == 0
    assert "starts again in 0 s" in runner.log()
    wire.close()


def running(runner: Runner) -> list[str]:
    """The names of all tasks that are left, however many these are."""
    wire = Wire(runner)
    wire.expect(GREETING)
    wire.send(b"tasks".ljust(100) + b"bye")
    return [name.decode() for name, _ in LINE.findall(wire.rest())]


@pytest.mark.parametrize(
    "options, expected",
    [
        (["--only", "_log_tasks", "--only=users_sync"], ["users_sync", "_log_tasks"]),
        (["--except=users_sync", "--except", "sync_admins_from_keycloak"], [*NAMES[:6], "_log_tasks"]),
        (["--only=users_sync", "--only=_log_tasks", "--except=users_sync"], ["_log_tasks"]),
    ],
)
def test_the_tasks_that_run_are_chosen(start, options, expected):
    assert running(start(*options)) == expected


@pytest.mark.parametrize(
    "words, status, why",
    [
        (["--only", "user_sync"], 3, "there is no task 'user_sync'; `renku tasks --list` shows all"),
        (["--except", "user_sync"], 3, "there is no task 'user_sync'"),
        (["--only=users_sync", "--except=users_sync"], 2, "leave no task"),
        (["--once", "users_sync", "--only=users_sync"], 2, "'--once' names its task"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(tools, database, words, status, why):
    assert why in tools.refused("tasks", *words, database=database, status=status)


def test_the_tasks_that_there_are_can_be_listed(tools, database):
    """And the page has a row for each."""
    listed = json.loads(tools.done("tasks", "--list", "--json", database=database))
    rows = re.findall(r"^\| `(\w+)` \| `?([\w ]+)`? \|", (ROOT / "docs/tasks.md").read_text(), re.MULTILINE)
    assert [task["name"] for task in listed] == NAMES
    assert [(task["name"], task["period"]) for task in listed] == [row for row in rows if row[0] in NAMES]
    assert all(task["summary"] for task in listed)


def test_tasks_that_are_done_leave_the_list(start):
    runner = start(DUMMY_STORES="true", MAIN_LOG_INTERVAL_SECONDS="0")
    poll(lambda: running(runner) == NAMES[:2] + OF_KEYCLOAK)
    assert runner.log().count("has ended after") == 5


def test_without_keycloak_nobody_is_synchronised(start):
    runner = start(KEYCLOAK_URL="")
    poll(lambda: running(runner) == [name for name in NAMES if name not in OF_KEYCLOAK])
    assert "KEYCLOAK_URL is not set" in runner.log()


def test_users_and_administrators_follow_keycloak(start, rows, keycloak):
    keycloak.users = [person(1), person(2)]
    keycloak.admins = [person(2)]
    start(LONG_TASK_PERIOD_S="1")
    ids = [user["id"] for user in keycloak.users]
    poll(lambda: rows.one("SELECT count(*) FROM users.users WHERE keycloak_id = ANY (%s)", ids) == len(ids))
    admins = "SELECT array_agg(subject_id ORDER BY subject_id) FROM librenku.relation WHERE object_type = 'L' AND relation = 'A'"
    poll(lambda: rows.one(admins) == ids[1:])
    keycloak.admins = [person(1), person(2)]
    poll(lambda: rows.one(admins) == ids)


def test_the_run_set_is_logged_by_name(start):
    runner = start(MAIN_LOG_INTERVAL_SECONDS="1")
    poll(lambda: runner.log().count("- send_product_metrics: since ") >= 2)
    logged = re.findall(r"- - (\w+): since [\d-]+ [\d:.]+ \(0 restarts\)", runner.log())
    assert logged[: len(NAMES)] == sorted(NAMES)


def test_repairs_come_again(start, rows):
    start(SHORT_TASK_PERIOD_S="1")
    for letter in "gng":
        id = f"01JF0000000000000000PASS{letter}"
        rows.relate(letter, id, "L", "L", "renku")
        poll(lambda letter=letter, id=id: len(rows.relations(letter, id)) == 3)
        rows.run("DELETE FROM librenku.relation WHERE object_id = %s", id)
