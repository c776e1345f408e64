# SPDX-License-Identifier: Apache-2.0
"""The `renku` command: help, exit status, answers, and the commands that need only a database."""

import json
import re
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from support.commands import NAMES as COMMANDS
from support.operate import fingerprint
from support.server import RENKU

USER = "6f1c0a52-1f3b-4d8e-9a53-2f0c6b1d7e11"
PROJECT = "project:01JF0000000000000000000000"


@pytest.fixture
def db(renku, database):
    """Runs a command on a migrated database, with nothing but DB_* in the environment."""
    return lambda *arguments, **more: renku(*arguments, env=dict(database), **more)


# -- help and usage ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_shows_usage_and_an_example(renku, name):
    done = renku(*name.split(), "--help")

    assert done.returncode == 0
    assert done.stderr == ""
    assert f"usage: renku {name}" in done.stdout.lower()
    assert re.search(r"^example: .*renku ", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_and_the_option_help_say_the_same(renku, name):
    assert renku("help", *name.split()).stdout == renku(*name.split(), "--help").stdout


def test_help_lists_every_command(renku):
    done = renku("--help")

    assert done.returncode == 0
    assert all(f"\n  {name} " in done.stdout for name in COMMANDS)
    assert "example:" in done.stdout


@pytest.mark.parametrize("group", ["db", "authz", "authz admin", "dev", "user", "project", "config"])
def test_help_of_a_group_lists_its_commands(renku, group):
    done = renku(*group.split(), "--help")

    assert done.returncode == 0
    assert all(name in done.stdout for name in COMMANDS if name.startswith(group + " "))
    assert "example:" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["db"],
        ["db", "nonsense"],
        ["db", "status", "extra"],
        ["db", "status", "--nonsense"],
        ["db", "status", "--port", "1"],
        ["db", "status", "--data"],
        ["db", "status", "--json=yes"],
        ["db", "new"],
        ["db", "new", "Not A Name"],
        ["authz", "check", "project"],
        ["authz", "check", "no-colon", "read"],
        ["db", "status", "--data", "--json"],
        ["completion", "tcsh"],
        ["member", "set", "group:x", "alice", "boss"],
        ["project", "create", "alice", "x", "--as", "alice", "--visibility", "publi"],
        ["project", "create", "alice", "x", "--as", "alice", "--visibility", ""],
        ["project", "list", "--limit", "x"],
        ["token"],
        ["token", "no name"],
        ["token", "alice", "--expires", "soon"],
        ["up", "--port", "70000"],
        ["up", "--port", "-1"],
        ["dev", "seed", "--users", "many"],
        ["server", "--nonsense"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_explains_itself(renku, arguments):
    done = renku(*arguments)

    assert done.returncode == 2
    assert done.stderr or "usage" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["db", "nonsense"], "`renku db --help` lists its commands"),
        (["nonsense", "db"], "`renku --help` lists the commands"),
        (["token", "alice", "--expires", "soon"], "'soon' of '--expires' is no whole number from 0 to "),
        (["token", "--expires", "--json"], "the option '--expires' needs a value"),
        (["completion", "tcsh"], "'tcsh' is none of bash|zsh|fish"),
        (["secrets", "list", "--kind=any"], "'any' of '--kind' is none of general|storage"),
    ],
)
def test_a_mistake_is_named_and_what_would_be_right(renku, arguments, said):
    assert said in renku(*arguments).stderr


def test_version(renku):
    assert re.fullmatch(r"renku \d+\.\d+\.\d+\n", renku("version").stdout)
    assert renku("--version").stdout == renku("version").stdout
    assert json.loads(renku("version", "--json").stdout)["version"]


@pytest.mark.parametrize("word", ["version", "--version", "--help"])
def test_an_answer_that_cannot_be_written_is_a_failure(word):
    with open("/dev/full", "w") as full:
        done = subprocess.run([RENKU, word], stdout=full, stderr=subprocess.PIPE, text=True)

    assert done.returncode == 1
    assert "No space left" in done.stderr


# -- exit status -------------------------------------------------------------------------------------------------


def test_a_database_that_is_down_ends_with_4(renku, tmp_path):
    done = renku("db", "status", env={"DB_HOST": str(tmp_path)})

    assert done.returncode == 4
    assert re.search("^renku: .*database", done.stderr, re.MULTILINE)
    assert done.stderr.count("cannot connect") == 2  # the log with the reason, and the message


def test_bad_settings_are_refused_and_all_named(renku):
    done = renku("db", "status", env={"DB_PORT": "many", "MAX_PINNED_PROJECTS": "x", "DB_PASSWORD": "x"})

    assert done.returncode == 1
    assert "DB_PORT" in done.stderr
    assert "MAX_PINNED_PROJECTS" in done.stderr


def test_who_gives_no_settings_is_told_where_they_are(renku, tmp_path):
    shell = {"HOME": str(tmp_path)}
    assert "those of `renku up`: --data DIR" in renku("db", "status", env=shell).stderr

    folder = tmp_path / ".local/share/renku"
    folder.mkdir(parents=True)
    (folder / "env").write_text("DB_HOST=/nowhere\nDB_PASSWORD=x\n")

    assert f"for the installation of `renku up`: --data {folder}" in renku("db", "status", env=shell).stderr
    stopped = renku("db", "status", "--data", str(folder), env=shell)
    assert f"must be running: renku up --data {folder}" in stopped.stderr


@pytest.mark.parametrize("arguments", [["db", "status"], ["token", "alice"], ["doctor"]], ids=" ".join)
def test_a_folder_without_installation_ends_with_3(renku, tmp_path, arguments):
    done = renku(*arguments, "--data", str(tmp_path / "nothing"))

    assert done.returncode == 3
    assert "renku up" in done.stderr


# -- databases ---------------------------------------------------------------------------------------------------


def test_status_tells_the_revision(db):
    plain, parsed = db("db", "status"), json.loads(db("db", "status", "--json").stdout)

    assert plain.returncode == 0
    assert parsed["pending"] == []
    assert parsed["revision"] == parsed["newest"]
    assert str(parsed["newest"]) in plain.stdout


def test_two_migrations_at_once_are_safe(renku, postgres):
    database = postgres.create_database()

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: renku("db", "migrate", "--json", env=dict(database)), range(4)))

    assert [one.returncode for one in done] == [0] * 4, [one.stderr for one in done]
    applied = [name for one in done for name in json.loads(one.stdout)["applied"]]
    assert applied and len(applied) == len(set(map(str, applied)))


def test_migrate_check_only_tells(renku, postgres):
    database = postgres.create_database()

    done = renku("db", "migrate", "--check", "--json", env=dict(database))

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["pending"]
    assert json.loads(renku("db", "status", "--json", env=dict(database)).stdout)["pending"]


def test_check_names_a_difference(renku, make_database):
    database = make_database()
    assert renku("db", "check", env=dict(database)).returncode == 0

    with psycopg.connect(
        host=database["DB_HOST"], port=database.get("DB_PORT"), user=database["DB_USER"],
        password=database["DB_PASSWORD"], dbname=database["DB_NAME"],
    ) as connection:
        connection.execute("ALTER TABLE notifications.alerts DROP COLUMN message")

    done = renku("db", "check", env=dict(database))
    assert done.returncode == 1
    assert "message" in done.stdout + done.stderr


def test_verify_finds_a_fresh_database_in_order(db):
    assert db("db", "verify").returncode == 0


def test_new_makes_the_next_migration(renku, tmp_path):
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0007_older.sql").write_text("")

    done = renku("db", "new", "add_labels", cwd=tmp_path)

    assert done.stdout == "migrations/0008_add_labels.sql\n"
    assert (folder / "0008_add_labels.sql").exists()


def test_new_wants_the_source_tree(renku, tmp_path):
    done = renku("db", "new", "add_labels", cwd=tmp_path)

    assert done.returncode == 1
    assert "migrations" in done.stderr


# -- authorization -----------------------------------------------------------------------------------------------


def test_administrators_come_and_go(db):
    user = str(uuid.uuid4())
    assert user not in db("authz", "admin", "list").stdout

    assert db("authz", "admin", "add", user).returncode == 0
    assert db("authz", "admin", "add", user).returncode == 0
    assert user in db("authz", "admin", "list").stdout.split()
    assert db("authz", "check", "platform:renku", "is_admin", user).returncode == 0

    assert db("authz", "admin", "remove", f"user:{user}").returncode == 0
    assert user not in db("authz", "admin", "list").stdout
    assert db("authz", "check", "platform:renku", "is_admin", user).returncode == 1


def test_a_refused_permission_ends_with_1(db):
    done = db("authz", "check", PROJECT, "write", USER, "--json")

    assert done.returncode == 1
    assert json.loads(done.stdout) == {"allowed": False}
    assert done.stderr == ""


def test_explain_shows_a_path(db):
    user = str(uuid.uuid4())
    db("authz", "admin", "add", user)

    done = db("authz", "explain", "platform:renku", "is_admin", user)

    assert done.returncode == 0
    assert user in done.stdout


def test_an_unknown_type_or_permission_is_refused(db):
    assert db("authz", "check", "planet:x", "read").returncode in (1, 2, 3)
    assert db("authz", "check", PROJECT, "paint").returncode in (1, 2, 3)


def test_relationships_leave_and_come_back_as_text(renku, make_database):
    first, second = dict(make_database()), dict(make_database())
    user = str(uuid.uuid4())
    renku("authz", "admin", "add", user, env=first)

    text = renku("authz", "export", env=first).stdout
    done = renku("authz", "import", "-", "--apply", env=second, input=text)

    assert f"platform:renku#admin@user:{user}" in text.splitlines()
    assert done.returncode == 0, done.stderr
    assert sorted(renku("authz", "export", env=second).stdout.splitlines()) == sorted(text.splitlines())


def test_import_without_apply_writes_nothing(renku, make_database):
    database = dict(make_database())
    before = renku("authz", "export", env=database).stdout

    renku("authz", "import", "-", env=database, input=f"platform:renku#admin@user:{USER}\n")

    assert renku("authz", "export", env=database).stdout == before


def test_import_of_a_missing_file_says_which(db):
    done = db("authz", "import", "/nonexistent/file")

    assert done.returncode == 1
    assert "/nonexistent/file" in done.stderr


@pytest.mark.parametrize("text", ["", "\n", "# relationships\n\n"])
@pytest.mark.parametrize("option", [[], ["--apply"]])
def test_import_of_an_empty_file_is_refused(world, text, option):
    before = fingerprint(world.env)
    (world.folder / "empty.txt").write_text(text)

    done = world.run("authz", "import", "empty.txt", *option)

    assert done.returncode == 1
    assert done.stdout == ""
    assert "holds no relationship" in done.stderr
    assert "export the relationships again" in done.stderr
    assert fingerprint(world.env) == before


def test_import_of_an_empty_file_into_an_empty_installation_is_fine(renku, make_database):
    done = renku("authz", "import", "-", "--apply", "--json", env=dict(make_database()), input="")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["missing"] == []


def test_answers_hold_no_colour_when_they_go_into_a_file(db):
    assert "\033" not in db("doctor").stdout + db("db", "status").stdout


# -- trial data --------------------------------------------------------------------------------------------------


def test_seed_fills_a_database_that_verifies(renku, make_database):
    database = dict(make_database())

    done = renku("dev", "seed", "--users", "20", "--groups", "3", "--projects", "50", env=database)

    assert done.returncode == 0, done.stderr
    with psycopg.connect(
        host=database["DB_HOST"], port=database.get("DB_PORT"), user=database["DB_USER"],
        password=database["DB_PASSWORD"], dbname=database["DB_NAME"],
    ) as connection:
        assert connection.execute("SELECT count(*) FROM projects.projects").fetchone() == (50,)
    assert renku("db", "verify", env=database).returncode == 0
    assert renku("db", "check", env=database).returncode == 0


# -- a local installation ----------------------------------------------------------------------------------------


def test_doctor_finds_a_local_installation_healthy(running):
    done = running.run("doctor", "--json")

    assert done.returncode == 0, done.stdout + done.stderr
    assert not [one for one in json.loads(done.stdout)["findings"] if one["level"] == "error"]


def test_a_token_is_made_for_anybody_and_the_id_stays(running):
    first = json.loads(running.run("token", "dora", "--json", "--expires", "60").stdout)
    second = json.loads(running.run("token", "dora", "--json").stdout)

    assert first["user_id"] == second["user_id"]
    assert first["token"] != second["token"]
    assert first["expires_in"] == 60


def test_a_token_with_admin_makes_an_administrator(running):
    made = json.loads(running.run("token", "erin", "--admin", "--json").stdout)

    assert made["user_id"] in running.run("authz", "admin", "list").stdout.split()


def test_the_environment_file_can_be_read_by_a_shell(running):
    script = f"set -a; . {running.folder}/env; exec {RENKU} db status --json"

    done = subprocess.run(["sh", "-c", script], env=running.env, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["pending"] == []
