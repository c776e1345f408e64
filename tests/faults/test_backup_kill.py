# SPDX-License-Identifier: Apache-2.0
"""kill -9 amid backup and restore: a file that looks whole is whole, a database is whole or empty."""

import contextlib

import pytest

from support.database import Rows
from support.operate import fingerprint, start
from support.postgres import Postgres
from support.proxy import Gate
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


def catch(cluster, gate: Gate, process) -> int:
    """Waits until the command has come to the statement of the gate, and returns the process of PostgreSQL that has got it. Its
    answer has to wait: the shortest one is not missed."""

    def is_there() -> bool:
        assert process.poll() is None, process.communicate()
        return gate.reached.is_set()

    poll(is_there)
    with cluster.superuser() as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND query ~ %s"
        return poll(lambda: connection.execute(query, [gate.pattern.pattern]).fetchone())[0]


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
    with Gate(cluster.socket, STAGES[stage]) as gate:
        process = start("restore", str(backup), env=tools.env(database | gate.env))

        catch(cluster, gate, process)
        process.kill()

        process.communicate()
    rest(cluster, database)
    assert fingerprint(database) == before
    tools.done("restore", backup, database=database)
    assert fingerprint(database) == fingerprint(full)


@pytest.mark.parametrize("stage", ["rows", "lists"])
def test_a_restore_whose_database_ends_leaves_nothing(cluster, tools, backup, full, stage):
    database = cluster.create_database()
    with Gate(cluster.socket, STAGES[stage]) as gate:
        process = start("restore", str(backup), env=tools.env(database | gate.env))

        cluster.kill_backend(catch(cluster, gate, process))

        gate.open()
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
    with Gate(cluster.socket, STAGES["making tables"]) as gate:
        process = start("restore", str(path), env=tools.env(database | gate.env))
        catch(cluster, gate, process)
        middle = path.stat().st_size // 2
        with path.open("r+b") as file:
            if spoil == "cut":
                file.truncate(middle)
            else:
                file.seek(middle)
                byte = file.read(1)[0]
                file.seek(middle)
                file.write(bytes([byte ^ 1]))

        gate.open()
        output = process.communicate(timeout=60)
    assert process.returncode == 1, output
    rest(cluster, database)
    assert fingerprint(database) == {}


@pytest.fixture
def amid_rows(cluster, tools, full, tmp_path):
    """A backup that has written some rows and waits for others; its gate, and its process of PostgreSQL."""
    with Gate(cluster.socket, r"^COPY .*librenku\.relation") as gate:
        process = start("backup", str(tmp_path / "b.tar"), env=tools.env(full | gate.env))
        yield process, gate, catch(cluster, gate, process)
        process.kill()
        process.communicate()


def test_a_killed_backup_leaves_no_file_of_its_name(amid_rows, cluster, tools, full, tmp_path):
    process, _, _ = amid_rows

    process.kill()

    process.wait()
    assert [path.name for path in tmp_path.iterdir()] == ["b.tar.partial"]
    assert "no whole backup" in tools.refused("restore", tmp_path / "b.tar.partial", database=cluster.create_database())
    tools.done("backup", tmp_path / "b.tar", database=full)
    tools.done("backup", "--verify", tmp_path / "b.tar", database={})
    assert [path.name for path in tmp_path.iterdir()] == ["b.tar"]


@pytest.fixture
def last_one(backup, tmp_path):
    """The backup of the day before."""
    (tmp_path / "b.tar").write_bytes(backup.read_bytes())


def test_a_killed_backup_leaves_the_last_one(last_one, amid_rows, tools, tmp_path):
    process, _, _ = amid_rows

    process.kill()

    process.wait()
    tools.done("backup", "--verify", tmp_path / "b.tar", database={})


def test_a_backup_whose_database_ends_leaves_nothing(amid_rows, cluster, tmp_path):
    process, gate, pid = amid_rows
    with cluster.superuser() as connection:
        assert connection.execute("SELECT pg_terminate_backend(%s, 60000)", [pid]).fetchone() == (True,)

    gate.open()

    assert process.wait(60) == 1
    assert b"renku: " in process.stderr.read()
    assert list(tmp_path.iterdir()) == []


def test_a_backup_reads_nothing_that_came_later(amid_rows, cluster, tools, full, tmp_path):
    """Writers need not wait for it, and it does not see them."""
    process, gate, _ = amid_rows
    before = fingerprint(full)
    rows = Rows(full)
    rows.run("INSERT INTO users.users (keycloak_id) VALUES ('later')")
    rows.relate("n", "later", "o", "u", "later")

    gate.open()

    assert process.wait(60) == 0
    rows.run("DELETE FROM users.users WHERE keycloak_id = 'later'")
    rows.run("DELETE FROM librenku.relation WHERE object_id = 'later'")
    rows.close()
    restored = cluster.create_database()
    tools.done("restore", tmp_path / "b.tar", database=restored)
    assert fingerprint(restored) == before
