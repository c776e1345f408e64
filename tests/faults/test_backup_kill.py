# SPDX-License-Identifier: Apache-2.0
"""kill -9 amid backup and restore: a file that looks whole is whole, a database is whole or empty."""

import contextlib
import signal
import subprocess

import pytest

from support.database import Rows
from support.operate import fingerprint, start
from support.postgres import Postgres
from support.server import poll


@pytest.fixture(scope="module")
def cluster():
    """A cluster of this module's own: others shall not feel the blows."""
    with Postgres() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def full(cluster, tools):
    database = cluster.create_database()
    tools.done("db", "migrate", database=database)
    tools.done("dev", "seed", "--users", "300", "--groups", "30", "--projects", "10000", database=database)
    return database


@pytest.fixture(scope="module")
def backup(full, tools, tmp_path_factory):
    return tools.backup(tmp_path_factory.mktemp("backup") / "full.tar", full)


def working_on(connection, database, beginning: str) -> list[int]:
    """The processes of PostgreSQL that run such a statement."""
    query = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND state = 'active' AND query ~ %s"
    return [pid for (pid,) in connection.execute(query, [database["DB_NAME"], beginning])]


def catch(cluster, database, process, beginning: str) -> int:
    """Waits until the command has come to a statement. Who looks too seldom misses the short ones: one connection looks, all the time."""
    with cluster.superuser() as connection:

        def caught():
            assert process.poll() is None, (beginning, process.communicate())
            return working_on(connection, database, beginning)

        return poll(caught, pause=0)[0]


def rest(cluster, database) -> None:
    """Waits until nobody works on the database any more."""

    def quiet():
        with contextlib.suppress(Exception):
            return not cluster.backends(database["DB_NAME"])

    poll(quiet)


# Where a restore is: the beginning of its statement.
STAGES = {
    "making tables": r"^-- SPDX",
    "setting aside": r"^ALTER TABLE .* DISABLE TRIGGER|DROP CONSTRAINT",
    "first rows": r"^COPY common.entity_slugs",
    "rows": r"^COPY librenku.relation ",
    "indexes": r"CREATE (UNIQUE )?INDEX .*ADD CONSTRAINT|ENABLE TRIGGER",
    "statistics": r"^ANALYZE",
    "lists": r"EXCEPT ALL",
}


@pytest.mark.parametrize("migrated", [False, True], ids=["empty", "migrated"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_killed_restore_leaves_nothing(cluster, tools, backup, full, stage, migrated):
    database = cluster.create_database()
    if migrated:
        tools.done("db", "migrate", database=database)
    before = fingerprint(database)
    process = start("restore", str(backup), env=tools.env(database))

    catch(cluster, database, process, STAGES[stage])
    process.kill()

    process.communicate()
    rest(cluster, database)
    assert fingerprint(database) == before
    tools.done("restore", backup, database=database)
    assert fingerprint(database) == fingerprint(full)


@pytest.mark.parametrize("stage", ["rows", "lists"])
def test_a_restore_whose_database_ends_leaves_nothing(cluster, tools, backup, full, stage):
    database = cluster.create_database()
    process = start("restore", str(backup), env=tools.env(database))

    cluster.kill_backend(catch(cluster, database, process, STAGES[stage]))

    output = process.communicate(timeout=60)
    assert process.returncode in (1, 4), output
    assert b"renku: " in output[1]
    rest(cluster, database)
    assert fingerprint(database) == {}
    tools.done("restore", backup, database=database)
    assert fingerprint(database) == fingerprint(full)


@pytest.mark.parametrize("spoil", ["cut", "bit"])
def test_a_file_that_changes_after_it_was_checked_leaves_nothing(cluster, tools, backup, tmp_path, spoil):
    path = tmp_path / "b.tar"
    path.write_bytes(backup.read_bytes())
    database = cluster.create_database()
    process = start("restore", str(path), env=tools.env(database))
    catch(cluster, database, process, STAGES["making tables"])
    process.send_signal(signal.SIGSTOP)
    middle = path.stat().st_size // 2
    with path.open("r+b") as file:
        if spoil == "cut":
            file.truncate(middle)
        else:
            file.seek(middle)
            byte = file.read(1)[0]
            file.seek(middle)
            file.write(bytes([byte ^ 1]))

    process.send_signal(signal.SIGCONT)

    output = process.communicate(timeout=60)
    assert process.returncode == 1, output
    rest(cluster, database)
    assert fingerprint(database) == {}


def stop_amid_rows(cluster, tools, full, path) -> tuple[subprocess.Popen, int]:
    """A backup that has written some rows and waits for others."""
    process = start("backup", str(path), env=tools.env(full))
    pid = catch(cluster, full, process, r"^COPY (common|librenku|projects)")
    process.send_signal(signal.SIGSTOP)
    return process, pid


def test_a_killed_backup_leaves_no_file_of_its_name(cluster, tools, full, tmp_path):
    process, _ = stop_amid_rows(cluster, tools, full, tmp_path / "b.tar")

    process.kill()

    process.communicate()
    assert [path.name for path in tmp_path.iterdir()] == ["b.tar.partial"]
    assert "no whole backup" in tools.refused("restore", tmp_path / "b.tar.partial", database=cluster.create_database())
    tools.done("backup", tmp_path / "b.tar", database=full)
    tools.done("backup", "--verify", tmp_path / "b.tar", database={})
    assert [path.name for path in tmp_path.iterdir()] == ["b.tar"]


def test_a_killed_backup_leaves_the_last_one(cluster, tools, full, backup, tmp_path):
    (tmp_path / "b.tar").write_bytes(backup.read_bytes())
    process, _ = stop_amid_rows(cluster, tools, full, tmp_path / "b.tar")

    process.kill()

    process.communicate()
    tools.done("backup", "--verify", tmp_path / "b.tar", database={})


def test_a_backup_whose_database_ends_leaves_nothing(cluster, tools, full, tmp_path):
    process, pid = stop_amid_rows(cluster, tools, full, tmp_path / "b.tar")
    with cluster.superuser() as connection:
        assert connection.execute("SELECT pg_terminate_backend(%s)", [pid]).fetchone() == (True,)

    process.send_signal(signal.SIGCONT)

    output = process.communicate(timeout=60)
    if process.returncode == 0:  # all rows were on their way already
        tools.done("backup", "--verify", tmp_path / "b.tar", database={})
    else:
        assert b"renku: " in output[1]
        assert list(tmp_path.iterdir()) == []


def test_a_backup_reads_nothing_that_came_later(cluster, tools, full, tmp_path):
    """Writers need not wait for it, and it does not see them."""
    before = fingerprint(full)
    process, _ = stop_amid_rows(cluster, tools, full, tmp_path / "b.tar")
    rows = Rows(full)
    rows.run("INSERT INTO users.users (keycloak_id) VALUES ('later')")

    process.send_signal(signal.SIGCONT)

    assert process.wait(60) == 0
    process.communicate()
    rows.run("DELETE FROM users.users WHERE keycloak_id = 'later'")
    rows.close()
    restored = cluster.create_database()
    tools.done("restore", tmp_path / "b.tar", database=restored)
    assert fingerprint(restored) == before
