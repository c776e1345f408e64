# SPDX-License-Identifier: Apache-2.0
"""Backup and restore: everything comes back, or nothing."""

import json
import shutil
import subprocess
import threading

import pytest

from support.api import Api, ServerErrors
from support.backups import data, fill_with_odd_rows, members
from support.database import Rows
from support.halves import half_things
from support.migrations import MIGRATIONS
from support.operate import fingerprint, start

FILES = sorted(MIGRATIONS.glob("*.sql"))
NEWEST = len(FILES)


# --- everything comes back ------------------------------------------------------------------------


@pytest.mark.parametrize("migrated", [False, True], ids=["empty", "migrated"])
def test_every_row_comes_back(backup, odd, tools, postgres, make_database, migrated):
    other = make_database() if migrated else postgres.create_database()

    report = json.loads(tools.done("restore", backup, "--json", database=other))

    assert fingerprint(other) == fingerprint(odd)
    assert report["rebuilt"] is False
    tools.done("db", "check", database=other)
    tools.done("db", "verify", database=other)


def test_a_backup_of_what_came_back_holds_the_same(backup, tools, empty, tmp_path):
    tools.done("restore", backup, database=empty)

    tools.done("backup", tmp_path / "again.tar", database=empty)

    assert data(tmp_path / "again.tar") == data(backup)


def test_sequences_go_on_where_they_were(backup, odd, tools, empty):
    tools.done("restore", backup, database=empty)

    before, after = Rows(odd), Rows(empty)
    given = before.one("SELECT last_value FROM users.users_id_seq")
    assert after.one("INSERT INTO users.users (keycloak_id) VALUES ('next') RETURNING id") == given + 1
    assert after.one("INSERT INTO metrics.metrics (anonymous_user_id, event) VALUES ('a', 'b') RETURNING id")
    before.close()
    after.close()


def test_triggers_work_again_after_it(backup, tools, empty):
    tools.done("restore", backup, database=empty)
    rows = Rows(empty)

    rows.run("DELETE FROM projects.projects WHERE id = 'P1'")

    assert rows.one("SELECT count(*) FROM librenku.listing WHERE project_id = 'P1'") == 0
    rows.run("DELETE FROM librenku.relation WHERE object_id = 'P1'")
    rows.close()
    tools.done("db", "verify", database=empty)


def test_an_index_behind_the_lists_that_was_wrong_is_made_anew(tools, make_database, empty, tmp_path):
    database = make_database()
    rows = Rows(database)
    fill_with_odd_rows(rows)
    rows.run("UPDATE librenku.listing SET parent = 'elsewhere'")
    rows.close()
    tools.done("backup", tmp_path / "b.tar", database=database)

    report = json.loads(tools.done("restore", tmp_path / "b.tar", "--json", database=empty))

    assert report["rebuilt"] is True
    tools.done("db", "verify", database=empty)


def test_tar_reads_it(backup):
    listed = subprocess.run(["tar", "tf", backup], capture_output=True, text=True, check=True).stdout.splitlines()

    assert listed[0] == "manifest.json"
    assert listed[-1] == "digests.json"
    tables = [table["name"] for table in json.loads(members(backup)["manifest.json"])["tables"]]
    digests = {part["name"]: part for part in json.loads(members(backup)["digests.json"])["parts"]}
    assert list(digests) == ["sequences", *tables]
    assert digests["projects.projects"]["rows"] == 2
    assert len([name for name in listed if name.startswith("data/projects.projects/")]) == 4


def test_it_names_revision_time_and_version(backup, tools):
    manifest = json.loads(members(backup)["manifest.json"])

    assert manifest["format"] == 1
    assert manifest["revision"] == NEWEST
    assert manifest["library"] in tools.done("version", database={})
    report = json.loads(tools.done("backup", "--verify", backup, "--json", database={}))
    assert report["taken"] == manifest["taken"]
    assert report["bytes"] == backup.stat().st_size


def test_it_goes_to_the_standard_output(odd, backup, tools, tmp_path):
    with (tmp_path / "out.tar").open("wb") as out:
        process = start("backup", "-", env=tools.env(odd))
        shutil.copyfileobj(process.stdout, out)
    assert process.wait(60) == 0
    assert process.stderr.read() == b""

    tools.done("backup", "--verify", tmp_path / "out.tar", database={})
    assert data(tmp_path / "out.tar") == data(backup)


# --- revisions ------------------------------------------------------------------------------------


def at_revision(postgres, tools, revision: int) -> dict[str, str]:
    """A database as an older library has left it."""
    newest, older = postgres.create_database(), postgres.create_database()
    tools.done("db", "migrate", database=newest)
    rows, old = Rows(newest), Rows(older)
    noted = rows.all("SELECT number, name, checksum, serves, adopted FROM librenku.migration ORDER BY number")
    rows.close()
    old.run("CREATE SCHEMA librenku; CREATE TABLE librenku.migration (number integer NOT NULL, name text NOT NULL,"
            " checksum text NOT NULL, serves integer NOT NULL, adopted boolean NOT NULL,"
            " applied_at timestamp with time zone DEFAULT now() NOT NULL, CONSTRAINT migration_pkey PRIMARY KEY (number));"
            "CREATE TABLE librenku.exported (only_one boolean DEFAULT true NOT NULL, relations text NOT NULL,"
            " exported_at timestamp with time zone DEFAULT now() NOT NULL,"
            " CONSTRAINT exported_pkey PRIMARY KEY (only_one), CONSTRAINT exported_only_one CHECK (only_one))")
    for file, row in zip(FILES[:revision], noted, strict=False):
        old.connection.execute(file.read_text().encode())
        old.run("INSERT INTO librenku.migration (number, name, checksum, serves, adopted) VALUES (%s, %s, %s, %s, %s)",
                *row)
    old.close()
    return older


@pytest.mark.parametrize("revision", range(1, NEWEST))
@pytest.mark.parametrize("migrated", [False, True], ids=["empty", "migrated"])
def test_a_backup_of_an_older_revision_goes_on_to_the_newest(
    tools, postgres, make_database, tmp_path, revision, migrated
):
    older = at_revision(postgres, tools, revision)
    rows = Rows(older)
    rows.run("INSERT INTO users.users (keycloak_id) VALUES ('u')")
    rows.close()
    tools.done("backup", tmp_path / "old.tar", database=older)
    other = make_database() if migrated else postgres.create_database()

    tools.done("restore", tmp_path / "old.tar", database=other)

    assert json.loads(tools.done("db", "status", "--json", database=other))["revision"] == NEWEST
    tools.done("db", "check", database=other)
    rows = Rows(other)
    assert rows.all("SELECT keycloak_id FROM users.users") == [("u",)]
    rows.close()


def test_a_backup_of_a_newer_revision_is_refused(tools, make_database, empty, tmp_path):
    database = make_database()
    rows = Rows(database)
    rows.run("INSERT INTO librenku.migration (number, name, checksum, serves, adopted)"
             " VALUES (%s, 'later', 'c', 0, false)", NEWEST + 1)
    rows.close()
    tools.done("backup", tmp_path / "new.tar", database=database)

    complaint = tools.refused("restore", tmp_path / "new.tar", database=empty)

    assert f"revision {NEWEST + 1}, this library knows {NEWEST}" in complaint
    assert "install a newer librenku" in complaint
    assert fingerprint(empty) == {}


def test_a_backup_of_another_line_of_revisions_is_refused(tools, make_database, empty, tmp_path):
    database = make_database()
    rows = Rows(database)
    rows.run("UPDATE librenku.migration SET checksum = 'other' WHERE number = %s", NEWEST)
    rows.close()
    tools.done("backup", tmp_path / "b.tar", database=database)

    assert "another revision" in tools.refused("restore", tmp_path / "b.tar", database=empty)
    assert fingerprint(empty) == {}


@pytest.mark.parametrize(
    "change",
    ["ALTER TABLE projects.projects ADD COLUMN more text", "CREATE TABLE common.zzz (a integer)",
     "CREATE TABLE authz.aaa (a integer)"],
)
def test_tables_that_the_revision_does_not_have_are_refused(tools, make_database, empty, tmp_path, change):
    database = make_database()
    rows = Rows(database)
    rows.run(change)
    rows.close()
    tools.done("backup", tmp_path / "b.tar", database=database)

    assert "revision" in tools.refused("restore", tmp_path / "b.tar", database=empty)
    assert fingerprint(empty) == {}


# --- where it may go ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    ["INSERT INTO users.users (keycloak_id) VALUES ('u')",
     "INSERT INTO librenku.relation VALUES ('L', 'renku', 'A', 'u', 'u')",
     "INSERT INTO storage.deposit_sources (source) VALUES ('elsewhere')"],
)
def test_a_database_with_rows_is_left_alone(backup, tools, make_database, row):
    database = make_database()
    rows = Rows(database)
    rows.run(row)
    rows.close()
    before = fingerprint(database)

    complaint = tools.refused("restore", backup, database=database)

    assert "not empty" in complaint
    assert row.split()[2] in complaint
    assert fingerprint(database) == before


def test_the_database_of_a_deployment_is_left_alone(backup, tools, empty):
    rows = Rows(empty)
    rows.connection.execute(FILES[0].read_text().encode())
    before = Rows(empty).fingerprint()

    assert "running deployment" in tools.refused("restore", backup, database=empty)
    assert rows.fingerprint() == before
    rows.close()


def test_there_is_nothing_to_back_up_in_an_empty_database(tools, empty, tmp_path):
    assert "renku db migrate" in tools.refused("backup", tmp_path / "b.tar", database=empty)
    assert list(tmp_path.iterdir()) == []


# --- while others write ---------------------------------------------------------------------------


def test_a_backup_amid_writers_holds_no_half_thing(tools, make_database, postgres, realm, other_server, tmp_path):
    database = make_database()
    server = other_server(env=database)
    stop = threading.Event()

    def write() -> None:
        api = Api(server.url, realm, ServerErrors())
        while not stop.is_set():
            user = api.user()
            group = user.create_group()
            project = user.create_project(namespace=group["slug"], visibility="public")
            user.create_project()
            assert user.delete(f"/projects/{project['id']}").status_code == 204
        api.close()

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    try:
        paths = [tmp_path / f"{number}.tar" for number in range(4)]
        for path in paths:
            tools.done("backup", path, database=database)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    sizes = []
    for path in paths:
        restored = postgres.create_database()
        assert json.loads(tools.done("restore", path, "--json", database=restored))["rebuilt"] is False
        rows = Rows(restored)
        assert half_things(rows) == {}
        sizes.append(rows.one("SELECT count(*) FROM projects.projects"))
        rows.run("INSERT INTO users.users (keycloak_id) VALUES ('next')")
        rows.close()
    assert sizes[0] < sizes[-1]
