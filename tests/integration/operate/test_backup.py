# SPDX-License-Identifier: Apache-2.0
"""Backup and restore: everything comes back, or nothing."""

import fcntl
import json
import os
import random
import shutil
import subprocess
import tarfile
import threading

import pytest

from support.api import Api, ServerErrors
from support.database import Rows
from support.halves import half_things
from support.migrations import MIGRATIONS
from support.operate import fingerprint, start
from support.server import RENKU

FILES = sorted(MIGRATIONS.glob("*.sql"))
NEWEST = len(FILES)
PIECE = 1024 * 1024

ODD = "tab\t newline\n return\r back\\slash \\. \\N {\"',;} \N{SNOWMAN} \N{PILE OF POO}"


def fill_with_odd_rows(rows: Rows) -> None:
    rows.run("INSERT INTO users.users (keycloak_id, first_name, last_name, secret_key) VALUES ('odd', %s, '', %s)",
             ODD, bytes(range(256)))
    rows.run("INSERT INTO users.users (keycloak_id) VALUES ('plain')")
    rows.run("INSERT INTO common.namespaces (id, slug, user_id) VALUES ('N1', 'odd', 'odd'), ('N2', 'plain', 'plain')")
    rows.run("INSERT INTO secrets.secrets (id, name, default_filename, encrypted_value, encrypted_key,"
             " modification_date, user_id) VALUES ('S1', %s, 'f', %s, %s, 'infinity', 'odd')",
             ODD, b"", bytes(range(255, -1, -1)))
    rows.run("INSERT INTO common.k8s_objects (id, name, namespace, manifest, deleted, version, kind, cluster, user_id,"
             " \"group\") VALUES ('K1', 'n', 'ns', %s, false, 'v1', 'Pod', 'c', 'odd', NULL)", json.dumps({"a": ODD}))
    rows.run("INSERT INTO projects.projects (id, name, visibility, created_by_id, creation_date, keywords,"
             " documentation, template_id) VALUES"
             " ('P1', 'one', 'public', 'odd', '0044-03-15 BC', ARRAY[%s, '', NULL], %s, 'P2'),"
             " ('P2', 'two', 'private', 'odd', now(), '{}', NULL, 'P1')", ODD[:60], ODD + "x" * (3 * PIECE))
    rows.run("INSERT INTO common.entity_slugs (slug, project_id, namespace_id)"
             " VALUES ('one', 'P1', 'N1'), ('two', 'P2', 'N1')")
    rows.run("INSERT INTO resource_pools.resource_pools (name, \"default\", public, cpu_limit_factor)"
             " VALUES ('p', true, false, 1.1), ('q', false, true, 'NaN')")
    rows.run("INSERT INTO metrics.metrics (anonymous_user_id, event) VALUES ('a', 'b')")
    rows.relate("p", "P1", "o", "u", "odd")
    rows.relate("p", "P1", "v", "u", "plain")


@pytest.fixture(scope="session")
def odd(make_database):
    """A database with all that could be lost on the way."""
    database = make_database()
    rows = Rows(database)
    fill_with_odd_rows(rows)
    rows.close()
    return database


@pytest.fixture(scope="session")
def backup(odd, tools, tmp_path_factory):
    path = tmp_path_factory.mktemp("backup") / "odd.tar"
    tools.done("backup", path, database=odd)
    return path


def members(path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}


def data(path) -> dict[str, bytes]:
    return {name: content for name, content in members(path).items() if name.startswith("data/")}


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


# --- files that are no whole backups --------------------------------------------------------------


def test_a_backup_that_is_cut_off_anywhere_is_refused(backup, tools, empty, tmp_path):
    whole = backup.read_bytes()
    ends = [0, 1, 511, 512, 513, len(whole) - 1, len(whole) - 512, len(whole) - 1024]
    ends += random.Random(1).sample(range(len(whole)), 12)
    for end in ends:
        (tmp_path / "cut.tar").write_bytes(whole[:end])
        assert "no whole backup" in tools.refused("restore", tmp_path / "cut.tar", database=empty), end
    assert fingerprint(empty) == {}


def test_each_bit_counts(backup, tools, tmp_path):
    """One bit in every member, its header and the space behind it, and anywhere."""
    whole = bytearray(backup.read_bytes())
    chosen = random.Random(2)
    with tarfile.open(backup) as archive:
        spots = [spot for member in archive for spot in (
            member.offset + chosen.randrange(512), member.offset_data + chosen.randrange(max(member.size, 1)))]
    spots += [chosen.randrange(len(whole)) for _ in range(40)] + [len(whole) - 1, len(whole) - 1024]
    for spot in spots:
        whole[spot] ^= 1 << chosen.randrange(8)
        (tmp_path / "bit.tar").write_bytes(whole)
        done = subprocess.run([RENKU, "backup", "--verify", tmp_path / "bit.tar"], capture_output=True, text=True)
        assert done.returncode == 1, (spot, done.stdout)
        assert "renku: " in done.stderr and "Sanitizer" not in done.stderr
        whole[spot] = backup.read_bytes()[spot]


def test_a_damaged_backup_changes_nothing(backup, tools, make_database, tmp_path):
    database = make_database()
    before = fingerprint(database)
    whole = bytearray(backup.read_bytes())
    whole[len(whole) // 2] ^= 1
    (tmp_path / "bit.tar").write_bytes(whole)

    assert "damaged" in tools.refused("restore", tmp_path / "bit.tar", database=database)
    assert fingerprint(database) == before


def foreign_tar(path) -> None:
    path.parent.joinpath("manifest.json").write_text('{"format": 1}')
    subprocess.run(["tar", "cf", path, "-C", path.parent, "manifest.json"], check=True)


FOREIGN = {
    "nothing": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("rows\n" * 1000),
    "zeros": lambda path: path.write_bytes(bytes(4096)),
    "random": lambda path: path.write_bytes(random.Random(3).randbytes(100_000)),
    "another tar": foreign_tar,
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_file_is_refused(tools, empty, tmp_path, kind):
    FOREIGN[kind](tmp_path / "foreign.tar")

    assert "backup" in tools.refused("restore", tmp_path / "foreign.tar", database=empty)
    assert "backup" in tools.refused("backup", "--verify", tmp_path / "foreign.tar", database={})
    assert fingerprint(empty) == {}


def test_something_behind_the_end_is_refused(backup, tools, tmp_path):
    (tmp_path / "long.tar").write_bytes(backup.read_bytes() + bytes(512))

    assert "follows its end" in tools.refused("backup", "--verify", tmp_path / "long.tar", database={})


def test_members_in_another_order_are_refused(backup, tools, tmp_path):
    """Each is whole and has a right header."""
    whole = backup.read_bytes()
    with tarfile.open(backup) as archive:
        found = archive.getmembers()
    ends = [member.offset for member in found[1:]] + [len(whole) - 1024]
    parts = [whole[member.offset:end] for member, end in zip(found, ends, strict=True)]
    parts[2], parts[3] = parts[3], parts[2]
    (tmp_path / "b.tar").write_bytes(b"".join(parts) + bytes(1024))

    assert "no whole backup" in tools.refused("backup", "--verify", tmp_path / "b.tar", database={})


def test_a_format_of_tomorrow_is_named(tools, tmp_path):
    """A manifest in a container of ours: pax fields as this library writes them."""
    text = b'{"format":2}'
    member = tarfile.TarInfo("manifest.json")
    member.size, member.mode, member.mtime = len(text), 0o600, 1
    header = bytearray(member.tobuf(tarfile.USTAR_FORMAT))
    header[329:345] = b"0000000\x000000000\x00"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\x00 " % sum(header)
    (tmp_path / "b.tar").write_bytes(bytes(header) + text + bytes(512 - len(text)) + bytes(1024))

    assert "has format 2" in tools.refused("backup", "--verify", tmp_path / "b.tar", database={})


def test_a_file_that_is_not_there_ends_with_3(tools, empty, tmp_path):
    assert "No such file" in tools.refused("restore", tmp_path / "b.tar", database=empty, status=3)
    assert "No such file" in tools.refused("backup", "--verify", tmp_path / "b.tar", database={}, status=3)
    assert "no file" in tools.refused("restore", tmp_path, database=empty)


# --- how the file comes into being ----------------------------------------------------------------


def test_only_its_owner_may_read_it(backup):
    assert backup.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in backup.parent.iterdir()] == ["odd.tar"]


def test_a_backup_that_fails_leaves_the_last_one(backup, tools, make_database, postgres, tmp_path):
    path = tmp_path / "b.tar"
    path.write_bytes(backup.read_bytes())
    database = make_database()
    rows = Rows(database)
    with postgres.superuser(database["DB_NAME"]) as connection:
        connection.execute("ALTER TABLE users.users OWNER TO postgres")

    assert "permission denied" in tools.refused("backup", path, database=database)

    rows.close()
    assert path.read_bytes() == backup.read_bytes()
    assert [one.name for one in tmp_path.iterdir()] == ["b.tar"]


def test_a_backup_replaces_the_last_one(odd, backup, tools, tmp_path):
    path = tmp_path / "b.tar"
    path.write_text("old")
    path.chmod(0o666)

    tools.done("backup", path, database=odd)

    assert data(path) == data(backup)
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_a_killed_backup_left_is_used_again(odd, backup, tools, tmp_path):
    (tmp_path / "b.tar.partial").write_bytes(b"x" * 10 * PIECE)
    (tmp_path / "b.tar.partial").chmod(0o600)

    tools.done("backup", tmp_path / "b.tar", database=odd)

    assert data(tmp_path / "b.tar") == data(backup)
    assert [one.name for one in tmp_path.iterdir()] == ["b.tar"]


def test_two_backups_to_one_file_do_not_mix(odd, tools, tmp_path):
    partial = tmp_path / "b.tar.partial"
    with partial.open("w") as other:
        partial.chmod(0o600)
        fcntl.flock(other, fcntl.LOCK_EX)
        other.write("of another backup")
        other.flush()

        assert "under way" in tools.refused("backup", tmp_path / "b.tar", database=odd)

        assert partial.read_text() == "of another backup"
    tools.done("backup", tmp_path / "b.tar", database=odd)
    assert not partial.exists()


def test_a_place_where_nothing_can_be_written_is_named(odd, tools, tmp_path):
    assert "No such file" in tools.refused("backup", tmp_path / "missing/b.tar", database=odd)
    with open("/dev/full", "wb") as full:
        done = subprocess.run([RENKU, "backup", "-"], env=tools.env(odd), stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert "No space left" in done.stderr


def test_a_link_under_the_name_of_the_partial_file_is_not_followed(odd, tools, tmp_path):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "b.tar.partial").symlink_to(tmp_path / "precious")

    tools.refused("backup", tmp_path / "b.tar", database=odd)

    assert (tmp_path / "precious").read_text() == "precious"


def open_to_others(partial) -> None:
    partial.chmod(0o640)


def of_another_user(partial) -> None:
    partial.chmod(0o600)
    shutil.chown(partial, "nobody")


def with_another_name(partial) -> None:
    partial.chmod(0o600)
    os.link(partial, partial.parent / "other")


def pipe(partial) -> None:
    partial.unlink()
    os.mkfifo(partial, 0o600)


@pytest.mark.parametrize("trap", [open_to_others, of_another_user, with_another_name, pipe], ids=lambda one: one.__name__)
def test_nobody_reads_along(odd, tools, tmp_path, trap):
    """In a folder of everybody, somebody may have made the partial file beforehand, and hold it open."""
    partial = tmp_path / "b.tar.partial"
    partial.write_text("trap")
    trap(partial)

    assert "in the way" in tools.refused("backup", tmp_path / "b.tar", database=odd)

    assert trap is pipe or partial.read_text() == "trap"


def test_a_pipe_is_no_backup(tools, empty, tmp_path):
    os.mkfifo(tmp_path / "pipe")

    assert "no file" in tools.refused("restore", tmp_path / "pipe", database=empty)


def test_a_slow_reader_gets_all_of_it(odd, backup, tools, tmp_path):
    """Its pipe does not block."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    process = subprocess.Popen([RENKU, "backup", "-"], env=tools.env(odd), stdout=writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as source:
        (tmp_path / "b.tar").write_bytes(source.read())

    assert process.wait(60) == 0
    assert data(tmp_path / "b.tar") == data(backup)


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [("ALTER TABLE common.namespaces DROP CONSTRAINT either_group_id_or_user_id_is_set;"
      "INSERT INTO common.namespaces (id, slug) VALUES ('N', 'nobody')", "either_group_id_or_user_id_is_set"),
     ("ALTER TABLE common.namespaces DROP CONSTRAINT namespaces_group_id_fk;"
      "INSERT INTO common.namespaces (id, slug, group_id) VALUES ('N', 'nobody', 'G')", "namespaces_group_id_fk"),
     ("DROP INDEX common.ix_common_namespaces_slug;"
      "INSERT INTO users.users (keycloak_id) VALUES ('u');"
      "INSERT INTO common.namespaces (id, slug, user_id) VALUES ('M', 's', 'u'), ('N', 's', 'u')",
      "ix_common_namespaces_slug")],
    ids=["check", "reference", "unique"],
)
def test_rows_that_the_schema_forbids_are_refused_as_a_whole(tools, make_database, empty, tmp_path, spoil, complaint):
    database = make_database()
    rows = Rows(database)
    rows.connection.execute(spoil.encode())
    rows.run("INSERT INTO metrics.metrics (anonymous_user_id, event)"
             " SELECT md5(i::text), repeat('x', 500) FROM generate_series(1, 10000) i")
    rows.close()
    tools.done("backup", tmp_path / "b.tar", database=database)

    assert complaint in tools.refused("restore", tmp_path / "b.tar", database=empty)
    assert fingerprint(empty) == {}


def test_a_terminal_sees_progress_and_no_archive(odd, tools, tmp_path):
    leader, follower = os.openpty()
    done = subprocess.run([RENKU, "backup", tmp_path / "b.tar"], env=tools.env(odd), stdout=subprocess.PIPE, stderr=follower)
    os.close(follower)
    seen = os.read(leader, 65536)
    os.close(leader)

    assert done.returncode == 0
    assert b"%  projects.projects" in seen


def test_an_archive_does_not_go_to_a_terminal(odd, tools):
    leader, follower = os.openpty()
    done = subprocess.run([RENKU, "backup", "-"], env=tools.env(odd), stdout=follower, stderr=subprocess.PIPE)
    os.close(follower)
    os.close(leader)

    assert done.returncode == 2


def peak_kib(tools, database, *arguments: str) -> int:
    env = tools.env(database)
    env["ASAN_OPTIONS"] += ":quarantine_size_mb=1"
    process = start(*arguments, env=env)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, process.communicate()[1]
    process.communicate()
    return usage.ru_maxrss


def test_memory_does_not_grow_with_the_rows(tools, make_database, postgres, tmp_path):
    small, large = make_database(), make_database()
    rows = Rows(large)
    rows.run("INSERT INTO metrics.metrics (anonymous_user_id, event)"
             " SELECT md5(i::text), repeat(md5(i::text), 20) FROM generate_series(1, 150000) i")
    rows.close()

    def all_three(database):
        path = str(tmp_path / f"{database['DB_NAME']}.tar")
        return [peak_kib(tools, database, "backup", path), peak_kib(tools, database, "backup", "--verify", path),
                peak_kib(tools, postgres.create_database(), "restore", path)]

    little = all_three(small)
    much = all_three(large)
    assert (tmp_path / f"{large['DB_NAME']}.tar").stat().st_size > 90 * PIECE
    assert all(after - before < 12 * 1024 for before, after in zip(little, much, strict=True)), (little, much)


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
