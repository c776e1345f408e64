# SPDX-License-Identifier: Apache-2.0
"""The file of a backup: how it comes into being, and what is no whole backup."""

import fcntl
import os
import random
import shutil
import signal
import subprocess
import tarfile

import pytest

from support.backups import PIECE, data
from support.database import Rows
from support.operate import fingerprint, start
from support.server import RENKU, poll

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


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_backup_that_is_interrupted_leaves_nothing(odd, tools, tmp_path, how):
    rows = Rows(odd)
    with rows.connection.transaction():
        rows.run("LOCK TABLE users.users")
        process = start("backup", str(tmp_path / "b.tar"), env=tools.env(odd))
        poll(rows.is_waited_for)
        assert [one.name for one in tmp_path.iterdir()] == ["b.tar.partial"]
        process.send_signal(how)
        process.communicate(timeout=60)
    rows.close()

    assert process.returncode == -how
    assert not list(tmp_path.iterdir())


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
