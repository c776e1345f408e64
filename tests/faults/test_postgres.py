# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL stopped, crashed, full, crowded, recovering, read-only, too slow: what is answered, and what comes after."""

import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest

from support.api import check_error, in_time
from support.database import Rows
from support.faults import INJECTED, Line
from support.halves import half_things
from support.postgres import PASSWORD, ROLE, Postgres
from support.server import deployment, poll, renku
from support.trial import Trial, is_database_error


@pytest.fixture
def try_on(start_server, realm):
    """Starts a server with these settings for one trial."""
    trials = []

    def start(settings, **more) -> Trial:
        trials.append(Trial(start_server(settings | more, base=settings, workers=1), realm))
        return trials[-1]

    yield start
    for trial in trials:
        trial.close()


def migrated(cluster: Postgres, realm, keys) -> dict[str, str]:
    settings = deployment(cluster.create_database(), realm.url, keys)
    done = renku("db", "migrate", env=settings)
    assert done.returncode == 0, done.stderr
    return settings


def is_whole(settings: dict[str, str]) -> None:
    rows = Rows(settings)
    assert half_things(rows) == {}
    rows.close()


# --- stopped and started -------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_database_that_is_restarted_costs_answers_only_meanwhile(cluster, settings, try_on, mode):
    trial = try_on(settings)
    with trial.fault(f"PostgreSQL stopped ({mode})"):
        cluster.pause(mode)
        for request in (trial.read, trial.write):
            is_database_error(request(), "cannot connect to the database")
        assert trial.user.get("/version").status_code == 200
        cluster.start()
    trial.check()


def test_a_database_that_is_away_is_looked_for_now_and_then(cluster, settings, try_on):
    """Not by every request: whoever comes meanwhile waits for the next attempt, and after some seconds is refused at once."""
    trial = try_on(settings)
    with trial.fault("PostgreSQL away from many requests"):
        cluster.pause("fast")
        with ThreadPoolExecutor(4) as pool:
            for answer in pool.map(lambda _: trial.read(), range(300)):
                is_database_error(answer, "cannot connect to the database", "try again later")
        cluster.start()
    attempts = trial.server.log().count("cannot connect to the database: ")
    assert 1 <= attempts < 30, attempts
    trial.check()


def test_metrics_are_told_while_the_database_is_away(cluster, settings, try_on):
    trial = try_on(settings)
    measured = re.compile(r"^renku_outbox_measured_timestamp_seconds (\S+)$", re.MULTILINE)

    def look() -> float:
        answer = httpx.get(f"{trial.server.url}/metrics")
        assert answer.status_code == 200
        return float(measured.search(answer.text)[1])

    first = look()
    assert first > 0
    with trial.fault("PostgreSQL away from who reads metrics"):
        cluster.pause("fast")
        assert look() == look() >= first
        cluster.start()
    poll(lambda: look() > first)
    trial.check()


def test_a_restart_amid_requests_loses_nothing(cluster, settings, try_on):
    trial = try_on(settings)
    with trial.fault("PostgreSQL restarted amid requests"), ThreadPoolExecutor(8) as pool:
        writes = [pool.submit(trial.write) for _ in range(120)]
        poll(lambda: len(trial.acknowledged) >= 20)
        cluster.pause("immediate")
        cluster.start()
        assert {write.result().status_code for write in writes} <= {201, 500, 503}
    assert len(trial.acknowledged) >= 20
    trial.check()
    is_whole(settings)


def test_a_backend_that_is_ended_between_requests_is_not_noticed(cluster, settings, try_on):
    trial = try_on(settings)
    for _ in range(5):
        with trial.fault("backend terminated"):
            assert cluster.end_backends(settings["DB_NAME"]) > 0
            poll(lambda: not cluster.backends(settings["DB_NAME"]))
        assert (trial.read().status_code, trial.write().status_code) == (200, 201)
    assert not trial.refused
    trial.check()


# --- connections ---------------------------------------------------------------------------------


def crowd(cluster: Postgres) -> list[psycopg.Connection]:
    """Takes every connection that PostgreSQL still gives to ordinary roles."""
    taken = []
    try:
        while True:
            taken.append(psycopg.connect(host=str(cluster.folder), user=ROLE, password=PASSWORD, dbname="postgres"))
    except psycopg.OperationalError as error:
        assert "connection slots" in str(error) or "too many" in str(error), error
    return taken


@pytest.fixture(scope="module")
def narrow(realm, keys):
    """A cluster of few connections."""
    with Postgres(max_connections="12", superuser_reserved_connections="3") as cluster:
        yield cluster, migrated(cluster, realm, keys)


def leave(taken: list[psycopg.Connection]) -> None:
    for connection in taken:
        connection.close()


def test_who_finds_no_connection_is_told_so(narrow, try_on):
    cluster, settings = narrow
    trial = try_on(settings)
    with trial.fault("no connection left"):
        taken = crowd(cluster)
        cluster.end_backends(settings["DB_NAME"])
        poll(lambda: taken.extend(crowd(cluster)) or len(taken) == 12 - 3)
        is_database_error(trial.read(), "cannot connect to the database")
        is_database_error(trial.write())
        leave(taken)
    trial.check()


def test_the_connections_that_there_are_serve_all_when_no_more_can_be_had(narrow, try_on):
    cluster, settings = narrow
    trial = try_on(settings, DB_POOL_SIZE="10")
    with trial.fault("pool larger than PostgreSQL allows"):
        taken = crowd(cluster)
        with ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(trial.write if number % 2 else trial.read) for number in range(60)]
            statuses = [answer.result().status_code for answer in answers]
        leave(taken)
    assert set(statuses) <= {200, 201}, statuses
    trial.check()


def test_a_database_that_is_starting_up_is_a_database_error(cluster, settings, try_on):
    with Line(cluster.socket) as line:
        trial = try_on(settings | line.env)
        for state in ("57P03", "53300", "cut", "57P01"):
            with trial.fault(f"connecting fails ({state})"):
                line.fail_greeting(state, 0)
                line.cut_all()
                is_database_error(trial.read(), "cannot connect to the database")
                is_database_error(trial.write())
                line.disarm()
        trial.check()


def test_a_database_that_never_answers_costs_no_more_than_the_deadline(cluster, settings, try_on):
    with Line(cluster.socket) as line:
        trial = try_on(settings | line.env, SANIC_RESPONSE_TIMEOUT="1")
        with trial.fault("connecting hangs"):
            line.fail_greeting("hang", 0)
            line.cut_all()
            begun = time.monotonic()
            with ThreadPoolExecutor(20) as pool:
                answers = list(pool.map(lambda _: trial.read(), range(20)))
            for answer in answers:
                check_error(answer, 503, "Response Timeout")
            assert time.monotonic() - begun < 20
            assert trial.user.get("/version").status_code == 200
            line.disarm()
        trial.check()


# --- disk ----------------------------------------------------------------------------------------


class SmallDisk(Postgres):
    """A cluster whose files can be forbidden to grow beyond a size, as on a disk that is full."""

    def limit(self, size: str) -> None:
        """By the user of the processes, who may do that to them wherever the tests run."""
        first = self.data.joinpath("postmaster.pid").read_text().split()[0]
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        for pid in (first, *children):
            try:
                self._become("prlimit", "--pid", pid, f"--fsize={size}:unlimited")
            except subprocess.CalledProcessError as error:
                assert "No such process" in error.stderr, error.stderr  # it has just ended


def test_a_full_disk_refuses_changes_and_nothing_else(try_on, realm, keys):
    with SmallDisk(wal_segment_megabytes="1") as cluster:
        settings = migrated(cluster, realm, keys)
        trial, rows = try_on(settings), Rows(settings)
        rows.run(
            "INSERT INTO librenku.relation (object_type, object_id, relation, subject_type, subject_id)"
            " SELECT 'r', 'ballast-' || n, 'v', 'u', 'ballast' FROM generate_series(1, 60000) n"
        )
        rows.close()
        with trial.fault("disk full"):
            cluster.limit("1048576")
            refused = poll(lambda: next((a for a in [trial.write()] if a.status_code != 201), None))
            is_database_error(refused, "could not extend file")
            assert trial.read().status_code == 200
            cluster.limit("unlimited")
        trial.check()
        is_whole(settings)


# --- in recovery, read-only ----------------------------------------------------------------------


class Standby(Postgres):
    """A copy of a cluster that follows it, and answers reads."""

    def __init__(self, primary: Postgres):
        super().__init__()
        if self.user:
            shutil.chown(self.folder, self.user)
        self.folder.chmod(0o755)
        with primary.data.joinpath("pg_hba.conf").open("a") as file:
            file.write("local replication postgres trust\n")
        with primary.superuser() as connection:
            connection.execute("SELECT pg_reload_conf()")
        self._become(
            self.binaries / "pg_basebackup",
            *("-h", str(primary.folder), "-U", "postgres", "-D", str(self.data), "-R", "-c", "fast", "-X", "stream"),
        )

    def promote(self) -> None:
        self._become(self.binaries / "pg_ctl", "promote", "-w", "-s", "-D", str(self.data))


def test_a_standby_answers_reads_refuses_changes_and_takes_them_once_promoted(cluster, settings, try_on):
    with Line(cluster.socket) as line:
        trial = try_on(settings | line.env)
        with Standby(cluster) as standby, trial.fault("in recovery"):
            line.target = standby.socket
            line.cut_all()
            assert poll(lambda: trial.read().status_code == 200)
            is_database_error(trial.write(), "read-only")
            standby.promote()
            trial.recovers("promoted")
            trial.check()
            line.target = cluster.socket
            line.cut_all()
            trial.acknowledged.clear()


def test_after_a_failover_no_connection_stays_with_the_old_primary(cluster, settings, try_on):
    with Line(cluster.socket) as line:
        trial = try_on(settings | line.env, DB_POOL_SIZE="4")
        with Standby(cluster) as standby, trial.fault("failover"):
            line.target = standby.socket
            line.cut_all()
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda _: trial.read(), range(40)))
            line.target = cluster.socket  # where the name leads now; the old one still answers
            statuses = [trial.write().status_code for _ in range(12)]
            assert statuses.count(500) <= 4, statuses
            assert statuses[-4:] == [201] * 4, statuses
        trial.check()


def test_a_read_only_database_refuses_changes_and_answers_reads(cluster, settings, try_on):
    trial = try_on(settings)
    with trial.fault("read-only"):
        for value, is_refused in (("on", True), ("off", False)):
            with cluster.superuser() as connection:
                connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
                connection.execute("SELECT pg_reload_conf()")
            if is_refused:
                refused = poll(lambda: next((a for a in [trial.write()] if a.status_code != 201), None))
                is_database_error(refused, "read-only")
                assert trial.read().status_code == 200
    trial.check()


# --- too slow, too many --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "limits", [{"RENKU_DB_STATEMENT_TIMEOUT_MS": "300"}, {"SANIC_RESPONSE_TIMEOUT": "1"}], ids=["statement", "request"]
)
def test_what_takes_too_long_ends_and_leaves_nothing(settings, try_on, limits):
    trial = try_on(settings, **limits)
    rows = Rows(settings)
    with trial.fault(f"lock held, {next(iter(limits))}"):
        with rows.connection.transaction():
            rows.run("LOCK TABLE projects.projects, librenku.listing IN ACCESS EXCLUSIVE MODE")
            for request in (trial.read, trial.write):
                check_error(request(), 503, contains="Response Timeout")
            assert in_time(lambda: trial.user.get("/user")).status_code == 200
            poll(lambda: not rows.is_waited_for(), 20)
    rows.close()
    trial.check()


def test_readers_get_their_turn_while_writers_wait(settings, try_on):
    """A pool that writers who wait for a lock fill up serves readers as soon as one gives up."""
    trial = try_on(settings, DB_POOL_SIZE="2", RENKU_DB_STATEMENT_TIMEOUT_MS="400")
    rows = Rows(settings)
    with trial.fault("pool full of waiting writers"), ThreadPoolExecutor(16) as pool:
        with rows.connection.transaction():
            rows.run("LOCK TABLE projects.projects IN EXCLUSIVE MODE")
            writes = [pool.submit(trial.write) for _ in range(6)]
            poll(rows.is_waited_for)
            reads = [pool.submit(in_time, trial.read) for _ in range(10)]
            assert {read.result().status_code for read in reads} == {200}
            assert {write.result().status_code for write in writes} == {503}
    rows.close()
    trial.check()


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_who_is_asked_to_repeat_too_often_is_told_to_retry(cluster, settings, try_on, state):
    """Once or twice is not noticed: that, the suite of the line shows for every statement."""
    trial, rows = try_on(settings), Rows(settings)
    message = {"40001": "could not serialize access", "40P01": "deadlock detected"}[state]
    with cluster.superuser(settings["DB_NAME"]) as connection, trial.fault(f"always {state}"):
        connection.execute(
            "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = '{state}'; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON projects.projects EXECUTE FUNCTION public.refuse()"
        )
        is_database_error(trial.write(), "please retry")
        assert trial.read().status_code == 200
        connection.execute("DROP TRIGGER refuse ON projects.projects; DROP FUNCTION public.refuse()")
    rows.close()
    trial.check()


def test_concurrent_changes_of_one_thing_are_all_made_or_refused(settings, try_on):
    """Many owners change the members of one project in opposite orders, which is how deadlocks come."""
    trial = try_on(settings)
    people = [trial.api.user() for _ in range(6)]
    path = f"/projects/{trial.project['id']}/members"
    with trial.fault("deadlocks provoked"), ThreadPoolExecutor(12) as pool:

        def change(number: int) -> int:
            INJECTED["deadlocks provoked"] += 1
            order = people if number % 2 else people[::-1]
            body = [{"id": person.id, "role": ("viewer", "editor")[number % 2]} for person in order]
            return trial.user.patch(path, json=body).status_code

        assert set(pool.map(change, range(60))) == {200}
    assert len(trial.user.get(path).json()) == len(people) + 1
    is_whole(settings)
    trial.check()


