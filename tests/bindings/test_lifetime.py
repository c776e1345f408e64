# SPDX-License-Identifier: Apache-2.0
"""What a client holds, for how long, and what becomes of it."""

import gc
import json
import logging
import weakref

import pytest

from librenku import Cancel, Client, Closed, Config, errors
from support.database import connect
from support.python import is_sanitized, run_script
from support.server import poll

LISTED = "import json, os, sys\nfrom librenku import *\nsettings = Config(**json.loads(os.environ['SETTINGS']))\n"


@pytest.fixture
def own_database(make_database):
    return make_database()


def backends(database) -> int:
    """Connections to a database but the one that asks."""
    with connect(database) as connection:
        sql = "SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()"
        return connection.execute(sql).fetchone()[0]


def test_calls_after_close_are_refused(config):
    client = Client(config)
    other = client.on_behalf(service="migrations")
    pages = client.pages("project_list")
    client.close()
    client.close()

    calls = [
        client.project_list,
        other.project_list,
        client.db_status,
        client.on_behalf,
        lambda: client.on_behalf(service="migrations"),
        lambda: client.call("project_list"),
        lambda: next(client.project_list_all()),
        lambda: client.pages("project_list"),
        lambda: next(pages),
    ]
    for number, call in enumerate(calls):
        with pytest.raises(Closed):
            made = call()
            made.project_list()
            pytest.fail(f"call {number}")


def test_a_derived_client_ends_alone(client):
    other = client.on_behalf(service="migrations")
    other.close()

    with pytest.raises(Closed):
        other.project_list()
    assert client.version_get()


def test_close_gives_connections_back(environment, own_database):
    client = Client(Config(**environment | own_database))
    client.project_list()
    assert backends(own_database) == 1

    client.close()

    poll(lambda: backends(own_database) == 0)


def test_what_nobody_refers_to_is_given_back(environment, own_database):
    client = Client(Config(**environment | own_database), service="migrations")
    client.project_list()
    pages, context = client.pages("project_list"), weakref.ref(client._context)
    iterator = client.project_list_all()

    del client
    assert context() is not None  # the pages need it
    del pages, iterator
    gc.collect()

    assert context() is None
    poll(lambda: backends(own_database) == 0)


def test_close_waits_for_the_calls_that_run(environment, database, gate, in_thread):
    client = Client(Config(**environment), service="migrations")
    call = in_thread(client.project_list)
    gate.wait_for(1)
    close = in_thread(client.close)
    poll(lambda: client._closed)

    with pytest.raises(Closed):
        client.version_get()
    assert close.is_alive() and call.is_alive()
    gate.open()

    assert isinstance(call.result(), list)
    assert close.result() is None


def test_two_clients_have_two_databases(environment, own_database, make_token):
    token = make_token()
    with Client(Config(**environment), token=token) as one, Client(Config(**environment | own_database), token=token) as two:
        slug = one.user_me()["username"]
        two.user_me()
        made = one.project_create({"name": "Only here", "namespace": slug})

        assert one.project_get(made["id"]) == made
        with pytest.raises(errors.NotFound):
            two.project_get(made["id"])


def test_a_cancel_outlives_its_handle(client):
    cancel = Cancel()
    client.version_get(cancel=cancel)
    cancel.now()
    cancel.now()

    with pytest.raises(errors.Cancelled):
        client.project_list(cancel=cancel)


# --- logging ---


@pytest.fixture
def over():
    """A handle whose calls fail in a way that is logged."""
    cancel = Cancel()
    cancel.now()
    return cancel


def test_log_lines_become_records(user, over, caplog):
    with caplog.at_level(logging.DEBUG, "librenku"), pytest.raises(errors.Cancelled):
        user.project_list(cancel=over, request_id="my-request")

    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert record.name.startswith("librenku.") and record.request_id == "my-request"
    assert "project_list" in record.getMessage() and record.pathname.endswith(".c") and record.lineno > 0


def test_log_lines_come_from_any_thread(user, over, caplog, in_thread):
    with caplog.at_level(logging.DEBUG, "librenku"):
        for job in [in_thread(lambda: user.project_list(cancel=over)) for _ in range(8)]:
            with pytest.raises(errors.Cancelled):
                job.result()

    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 8


def test_a_level_silences_the_rest(user, over, caplog):
    with caplog.at_level(logging.CRITICAL, "librenku"), pytest.raises(errors.Cancelled):
        user.project_list(cancel=over)

    assert caplog.records == []


def test_without_handlers_nothing_is_printed(environment):
    script = LISTED + """
cancel = Cancel()
cancel.now()
with Client(settings) as client:
    try:
        client.project_list(cancel=cancel)
    except errors.Cancelled:
        pass
"""

    done = run_script(script, {"SETTINGS": json.dumps(environment)})

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- processes ---


def test_a_fork_is_refused_and_harmless(environment):
    script = LISTED + """
import asyncio
client = Client(settings, service="migrations")
client.project_list()
pages = client.pages("project_list")
other = AsyncClient(settings, service="migrations")
asyncio.run(other.project_list())
child = os.fork()
if child == 0:
    try:
        asyncio.run(other.project_list())
    except errors.Internal as problem:
        print(type(problem).__name__, flush=True)
    try:
        client.project_list()
    except errors.Internal as problem:
        print(problem.message, flush=True)
    client.close()
    del client, pages, other
    with Client(settings, service="migrations") as own:
        print(type(own.project_list()).__name__, flush=True)
    sys.exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(type(client.project_list()).__name__, type(next(pages)).__name__)
"""
    done = run_script(script, {"SETTINGS": json.dumps(environment)})

    assert done.stdout.splitlines() == ["Internal", "The client was made before fork(): make one in each process.", "list", "0", "list list"]
    assert (done.returncode, done.stderr) == (0, "")


def test_an_interpreter_ends_with_clients_open(environment):
    script = LISTED + """
import threading
client = Client(settings, service="migrations")
client.project_list()
keep = [client, client.pages("project_list"), client.on_behalf(service="migrations"), Cancel()]
keep.append(keep)
print("over")
"""
    done = run_script(script, {"SETTINGS": json.dumps(environment)})

    assert (done.returncode, done.stdout, done.stderr) == (0, "over\n", "")


LEAKS = LISTED + """
import ctypes, gc
class Memory(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]
mallinfo2 = ctypes.CDLL(None).mallinfo2
mallinfo2.restype = Memory
def descriptors():
    return len(os.listdir("/proc/self/fd"))
def once():
    client = Client(settings, service="migrations")
    pages = client.pages("project_list", per_page=1)
    next(pages)
    for _ in range(10):
        client.project_list(timeout=10, cancel=Cancel())
        client.call("project_list", namespace="x")
        try:
            client.project_get("01J2F86WS7S8N6159WA3X4042H")
        except RenkuError:
            pass
    client.on_behalf(service="migrations").project_list()
def used():
    gc.collect()
    memory = mallinfo2()
    return memory.uordblks + memory.hblkhd
for _ in range(20):
    once()
before = descriptors(), used()
for _ in range(100):
    once()
print(json.dumps([descriptors() - before[0], used() - before[1]]))
"""


def test_clients_that_nobody_closed_leave_nothing_behind(environment):
    """A client is about 200 kB, an answer 4 kB: a hundred of either would show."""
    done = run_script(LEAKS, {"SETTINGS": json.dumps(environment)}, leaks=True)

    assert done.returncode == 0, done.stderr
    descriptors, memory = json.loads(done.stdout)
    assert descriptors == 0
    assert is_sanitized() or memory < 100_000
    # LeakSanitizer also lists what CPython keeps until its end
    ours = [leak for leak in done.stderr.split("\n\n") if "leak of" in leak and "librenku" in leak]
    assert ours == []
    assert is_sanitized() == ("LeakSanitizer" in done.stderr) or not done.stderr
