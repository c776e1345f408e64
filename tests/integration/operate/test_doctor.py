# SPDX-License-Identifier: Apache-2.0
"""Every finding of `renku doctor` is provoked, and what can safely be put right is put right."""

import base64
import json
import os
import re
import shutil
import struct
import subprocess
import time
from pathlib import Path

import pytest

from support.database import Rows
from support.migrations import MIGRATIONS
from support.proxy import Proxy
from support.realm import Realm
from support.server import RENKU, ROOT, deployment, make_keys, renku

NEWEST = len(list(MIGRATIONS.glob("*.sql")))
CODE = re.compile(r'^    \{"(RK-D\d{3})", "([^"]+)"', re.MULTILINE)
CODES = dict(CODE.findall((ROOT / "librenku/api/doctor.c").read_text()))


class Place:
    """One installation that a test spoils: the environment that leads to it."""

    def __init__(self, database, env, postgres, keys):
        self.database, self.env, self.postgres, self.keys = database, env, postgres, keys

    def run(self, *sql: str) -> None:
        rows = Rows(self.database)
        for text in sql:
            rows.connection.execute(text.encode())
        rows.close()

    def use(self, database: dict[str, str]) -> None:
        self.database = database
        self.env |= database

    def doctor(self, *options: str, status: int | None = None) -> dict[str, dict]:
        done = renku("doctor", "--json", *options, env=self.env)
        assert status is None or done.returncode == status, done.stdout + done.stderr
        assert done.returncode in (0, 4), done.stderr
        return {one["code"]: one for one in json.loads(done.stdout)["findings"]}

    def found(self) -> dict[str, dict]:
        return {code: one for code, one in self.doctor().items() if one["level"] not in ("ok", "skipped")}


@pytest.fixture
def place(make_database, postgres, realm, tmp_path):
    """A healthy installation of this test's own."""
    keys = {"INTERNAL_AUTHN_SECRET_KEY_PATH": tmp_path / "internal", "ENCRYPTION_KEY_PATH": tmp_path / "encryption"}
    for path in keys.values():
        path.write_bytes(base64.urlsafe_b64encode(os.urandom(64)))
        path.chmod(0o600)
    keys["SECRETS_SERVICE_PUBLIC_KEY_PATH"] = Path(make_keys(tmp_path / "pair")["SECRETS_SERVICE_PUBLIC_KEY_PATH"])
    database = make_database()
    env = deployment(database, realm.url, {name: str(path) for name, path in keys.items()})
    return Place(database, env, postgres, keys)


def test_a_healthy_installation_has_no_finding(place):
    found = place.doctor(status=0)

    assert set(found) == set(CODES)
    assert {one["level"] for one in found.values()} == {"ok"}, found
    assert {code: one["name"] for code, one in found.items()} == CODES
    assert not any("problem" in one for one in found.values())


# --- each finding ---------------------------------------------------------------------------------


def no_database(place):
    place.env["DB_HOST"] = "/nonexistent"
    yield


def a_deployment(place):
    place.use(place.postgres.create_database())
    place.run((MIGRATIONS / "0001_baseline.sql").read_text())
    yield


def too_new(place):
    place.run("INSERT INTO librenku.migration (number, name, checksum, serves, adopted)"
              f" VALUES ({NEWEST + 1}, 'later', '', {NEWEST + 1}, false)")
    yield


def no_keycloak(place):
    place.env["KEYCLOAK_URL"] = "http://127.0.0.1:1"
    yield


def short_internal_key(place):
    place.keys["INTERNAL_AUTHN_SECRET_KEY_PATH"].write_bytes(base64.urlsafe_b64encode(b"short"))
    yield


def no_internal_key(place):
    place.keys["INTERNAL_AUTHN_SECRET_KEY_PATH"].unlink()
    yield


def no_encryption_key(place):
    place.keys["ENCRYPTION_KEY_PATH"].unlink()
    yield


def short_encryption_key(place):
    place.keys["ENCRYPTION_KEY_PATH"].write_text("short")
    yield


def no_public_key(place):
    place.keys["SECRETS_SERVICE_PUBLIC_KEY_PATH"].unlink()
    yield


def lying(place, lies, host="127.0.0.1"):
    with Proxy(place.postgres.socket, lies) as proxy:
        place.env |= {"DB_HOST": host, "DB_PORT": proxy.port}
        yield


YEAR_2000 = 946684800
FORTNIGHT = 1 << 40  # microseconds, about


def another_fortnight(place):
    """The length of a point in time, and the bytes that change least."""
    fortnights = int(1e6 * (time.time() - YEAR_2000)) // FORTNIGHT
    true, false = (struct.pack(">ibH", 8, 0, count) for count in (fortnights, fortnights - 1))
    yield from lying(place, {true: false})


def an_old_server(place):
    rows = Rows(place.database)
    number = rows.one("SHOW server_version_num")
    rows.close()
    true, false = (struct.pack(">q", int(version)) for version in (number, 140001))
    yield from lying(place, {true: false})


def a_lost_column(place):
    place.run("ALTER TABLE projects.projects DROP COLUMN documentation")
    yield


def an_empty_database(place):
    place.use(place.postgres.create_database())
    yield


ONE_PROJECT = """
INSERT INTO users.users (keycloak_id) VALUES ('u');
INSERT INTO common.namespaces (id, slug, user_id) VALUES ('N', 'n', 'u');
INSERT INTO projects.projects (id, name, visibility, created_by_id, creation_date)
VALUES ('P', 'p', 'public', 'u', now());
INSERT INTO common.entity_slugs (slug, project_id, namespace_id) VALUES ('p', 'P', 'N');
"""


def a_lost_row_of_the_index(place):
    place.run(ONE_PROJECT, "DELETE FROM librenku.listing")
    yield


def a_wrong_row_of_the_index(place):
    place.run(ONE_PROJECT, "UPDATE librenku.listing SET sort_key = now() + interval '1 day'")
    yield


def a_wrong_total(place):
    place.run(ONE_PROJECT, "INSERT INTO librenku.listing_total VALUES ('*', 1, 0)")
    yield


def few_connections(place):
    place.run(f"ALTER DATABASE {place.database['DB_NAME']} CONNECTION LIMIT 3")
    yield


def a_bad_setting(place):
    place.env["MAX_PINNED_PROJECTS"] = "many"
    yield


def a_wrong_name(place):
    place.env["DB_POOLSIZE"] = "10"
    yield


def development(place):
    place.env["DUMMY_STORES"] = "true"
    yield


def a_full_disk(place):
    place.env["RENKU_DOCTOR_FREE_MB"] = str(10**12)
    yield


def a_full_disk_of_the_database(place):
    """Without key files there is only the database to look at."""
    place.env |= {"RENKU_DOCTOR_FREE_MB": str(10**12), "ENCRYPTION_KEY_PATH": ""}
    yield


def a_long_transaction(place):
    place.env["RENKU_DOCTOR_TRANSACTION_S"] = "0"
    rows = Rows(place.database)
    rows.connection.autocommit = False
    rows.run("SELECT 1")
    yield
    rows.close()


def no_statistics(place):
    place.run("INSERT INTO metrics.metrics (anonymous_user_id, event)"
              " SELECT md5(i::text), 'e' FROM generate_series(1, 2000) i")
    yield


def clear_text(place):
    yield from lying(place, {}, host="0.0.0.0")


def a_realm_without_keys(place):
    with Realm() as realm:
        realm.keys.clear()
        place.env["KEYCLOAK_URL"] = realm.url
        yield


def open_keys(place):
    place.keys["ENCRYPTION_KEY_PATH"].chmod(0o640)
    yield


def as_storage(place, private):
    """The same installation, looked at as the secrets storage."""
    for name in place.keys:
        del place.env[name]
    place.env |= {"RENKU_SERVICE": "secrets", "SECRETS_SERVICE_PRIVATE_KEY_PATH": str(private)}


def no_private_key(place):
    as_storage(place, "/nonexistent/key")
    yield


def a_previous_key_that_is_none(place):
    private = place.keys["SECRETS_SERVICE_PUBLIC_KEY_PATH"].with_name("private.pem")
    private.chmod(0o600)
    as_storage(place, private)
    place.env["PREVIOUS_SECRETS_SERVICE_PRIVATE_KEY_PATH"] = str(place.keys["ENCRYPTION_KEY_PATH"])
    yield


PROVOKED = [
    ("RK-D001", no_database, "cannot connect", "error"),
    ("RK-D002", a_deployment, "renku db adopt|needs", "error"),
    ("RK-D002", too_new, "needs a library of revision", "error"),
    ("RK-D003", no_keycloak, "Keycloak cannot be reached", "warning"),
    ("RK-D004", short_internal_key, "INTERNAL_AUTHN_SECRET_KEY_PATH.* has 5 bytes", "warning"),
    ("RK-D004", no_internal_key, "No such file", "warning"),
    ("RK-D005", no_encryption_key, "ENCRYPTION_KEY_PATH: .*No such file", "warning"),
    ("RK-D005", short_encryption_key, "has 5 bytes, less than 32", "warning"),
    ("RK-D006", another_fortnight, "seconds behind ours", "warning"),
    ("RK-D007", an_old_server, "PostgreSQL 14, the oldest that works is 15", "warning"),
    ("RK-D008", a_lost_column, "1 difference. column projects.projects.documentation is missing", "warning"),
    ("RK-D009", an_empty_database, "pending: 0001_baseline, 0002", "error"),
    ("RK-D010", a_lost_row_of_the_index, "differs from the rows", "warning"),
    ("RK-D010", a_wrong_row_of_the_index, "differs from the rows .1 difference", "warning"),
    ("RK-D010", a_wrong_total, "differs from the rows", "warning"),
    ("RK-D011", few_connections, "may open 10 connections .*gives 3", "warning"),
    ("RK-D012", a_bad_setting, "MAX_PINNED_PROJECTS is \"many\"", "error"),
    ("RK-D013", a_wrong_name, "DB_POOLSIZE is not known: did you mean DB_POOL_SIZE\\?", "warning"),
    ("RK-D014", development, "DUMMY_STORES is true", "warning"),
    ("RK-D015", a_full_disk, "MiB are free", "warning"),
    ("RK-D015", a_full_disk_of_the_database, "MiB are free", "warning"),
    ("RK-D016", a_long_transaction, r"open for \d+ seconds", "warning"),
    ("RK-D017", no_statistics, "1 tables with rows", "warning"),
    ("RK-D018", clear_text, "'0.0.0.0' is not encrypted", "warning"),
    ("RK-D019", a_realm_without_keys, "publishes no key|keys", "warning"),
    ("RK-D020", open_keys, "mode 0640", "warning"),
    ("RK-D021", no_public_key, "No such file", "warning"),
    ("RK-D022", no_private_key, "SECRETS_SERVICE_PRIVATE_KEY_PATH: .*No such file", "warning"),
    ("RK-D022", a_previous_key_that_is_none, "PREVIOUS_SECRETS_SERVICE_PRIVATE_KEY_PATH: .*no private key", "warning"),
]


@pytest.mark.parametrize(("code", "spoil", "problem", "level"), PROVOKED, ids=lambda one: getattr(one, "__name__", ""))
def test_each_finding_is_found_alone(place, code, spoil, problem, level):
    spoiled = spoil(place)
    next(spoiled)
    found = place.found()
    for _ in spoiled:
        pass

    assert list(found) == [code], found
    assert re.search(problem, found[code]["problem"]), found[code]
    assert found[code]["level"] == level
    assert found[code]["remedy"]
    assert found[code]["page"] == f"docs/doctor.md#{code.lower()}"


def test_the_secrets_storage_is_examined_by_its_own_keys(place):
    private = place.keys["SECRETS_SERVICE_PUBLIC_KEY_PATH"].with_name("private.pem")
    private.chmod(0o644)
    as_storage(place, private)

    found = place.found()
    assert list(found) == ["RK-D020"] and "SECRETS_SERVICE_PRIVATE_KEY_PATH" in found["RK-D020"]["problem"]
    assert place.doctor("--fix", status=0)["RK-D020"]["level"] == "fixed"
    assert private.stat().st_mode & 0o777 == 0o600
    assert renku("config", "check", env=place.env).returncode == 0
    del place.env["KEYCLOAK_CLIENT_SECRET"]
    assert "KEYCLOAK_CLIENT_SECRET" in renku("config", "check", env=place.env).stdout
    place.env["RENKU_SERVICE"] = "identity"
    assert "RENKU_SERVICE" in renku("config", "check", env=place.env).stdout


def test_every_code_is_provoked_and_has_its_section():
    headings = re.findall(r"^## (RK-D\d{3})$", (ROOT / "docs/doctor.md").read_text(), re.MULTILINE)

    assert sorted(headings) == headings == sorted(CODES)
    assert {code for code, *_ in PROVOKED} == set(CODES)


@pytest.mark.parametrize(
    ("name", "problem"),
    [("RENKU_DB_STATEMENT_TIMEOUT", "RENKU_DB_STATEMENT_TIMEOUT is not known"), ("db_host", "did you mean DB_HOST?"),
     ("RENKU_SOMETHING", "RENKU_SOMETHING is not known"), ("KEYCLOACK_REALM", "did you mean KEYCLOAK_REALM?")],
)
def test_a_name_that_is_no_setting_is_told(place, name, problem):
    place.env[name] = "x"

    assert problem in place.found()["RK-D013"]["problem"]


@pytest.mark.parametrize(
    "name",
    ["RENKU_DATA_SERVICE_SERVICE_HOST", "RENKU_DATA_SERVICE_PORT", "RENKU_DATA_SERVICE_PORT_80_TCP_ADDR", "RENKU_URL",
     "RENKU_TOKEN", "PGHOST", "HOSTNAME", "SSL_CERT_DIR", "LC_ALL"],
)
def test_names_of_others_are_left_alone(place, name):
    place.env[name] = "/"

    assert place.found() == {}


def test_a_key_of_somebody_else_is_told(place, tmp_path):
    """Who runs must own the keys, or root. Only root can give files away."""
    assert os.geteuid() == 0
    folder = tmp_path.parent.parent / "owned"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path in (folder, *folder.parents):
        if path.stat().st_mode & 0o005 != 0o005 and str(path).startswith("/tmp/"):
            path.chmod(path.stat().st_mode | 0o055)
    key = folder / "key"
    shutil.copy(place.keys["ENCRYPTION_KEY_PATH"], key)
    key.chmod(0o600)
    shutil.chown(key, "daemon")
    place.env["ENCRYPTION_KEY_PATH"] = str(key)
    done = subprocess.run([RENKU, "doctor", "--json"], env=place.env, user="nobody", capture_output=True, text=True, cwd="/")

    found = {one["code"]: one for one in json.loads(done.stdout)["findings"]}
    assert "belongs to another user" in found["RK-D020"]["problem"]
    assert "Permission denied" in found["RK-D005"]["problem"]


# --- without a part of it -------------------------------------------------------------------------


def test_what_needs_the_database_is_skipped_without_it(place):
    place.env["DB_HOST"] = "/nonexistent"

    found = place.doctor(status=4)

    assert {one["level"] for code, one in found.items() if code in ("RK-D002", "RK-D008", "RK-D010")} == {"skipped"}
    assert found["RK-D003"]["level"] == "ok"


def test_bad_settings_skip_the_rest(place):
    place.env["DB_PORT"] = "many"

    found = place.doctor(status=4)

    assert "DB_PORT" in found["RK-D012"]["problem"]
    assert found["RK-D001"]["level"] == "skipped"


def test_no_secret_is_told(place):
    place.env |= {"DB_PASSWORD": "hush-hush", "KEYCLOAK_CLIENT_SECRET": "hush-hush", "MAX_PINNED_PROJECTS": "x"}
    done = renku("doctor", env=place.env)

    assert "hush-hush" not in done.stdout + done.stderr


def test_people_read_lines(place):
    place.keys["ENCRYPTION_KEY_PATH"].chmod(0o644)

    done = renku("doctor", env=place.env)

    assert done.returncode == 0
    assert re.search(r"^warning  RK-D020: ENCRYPTION_KEY_PATH: others .*\n         Run `chmod 600`", done.stdout, re.MULTILINE)
    assert "ok       RK-D001: database\n" in done.stdout


# --- putting right --------------------------------------------------------------------------------

FIXABLE = [
    (an_empty_database, "RK-D009", "0004_listing"),
    (a_lost_row_of_the_index, "RK-D010", "made anew"),
    (a_wrong_total, "RK-D010", "made anew"),
    (no_statistics, "RK-D017", "analyzed"),
    (open_keys, "RK-D020", "only their owner"),
]


@pytest.mark.parametrize(("spoil", "code", "done"), FIXABLE, ids=lambda one: getattr(one, "__name__", ""))
def test_what_can_safely_be_fixed_is_fixed_when_asked(place, spoil, code, done):
    spoiled = spoil(place)
    next(spoiled)
    assert list(place.found()) == [code]
    assert list(place.found()) == [code]

    fixed = place.doctor("--fix", status=0)

    assert fixed[code]["level"] == "fixed"
    assert done in fixed[code]["remedy"]
    assert place.found() == {}


def test_only_the_rights_of_others_go_from_a_key_file(place):
    key = place.keys["ENCRYPTION_KEY_PATH"]
    key.chmod(0o444)

    place.doctor("--fix", status=0)

    assert key.stat().st_mode & 0o777 == 0o400


def test_what_cannot_be_fixed_says_why(place, make_database):
    """A deployment's database is adopted by whoever owns it, not by a doctor."""
    place.run(ONE_PROJECT, "DELETE FROM librenku.listing")
    with place.postgres.superuser(place.database["DB_NAME"]) as connection:
        connection.execute("ALTER TABLE librenku.listing OWNER TO postgres; GRANT ALL ON librenku.listing TO renku")

    found = place.doctor("--fix", status=0)

    assert found["RK-D010"]["level"] == "warning"
    assert "could not be fixed" in found["RK-D010"]["problem"]


def test_nothing_is_fixed_in_the_database_of_a_deployment(place):
    for _ in a_deployment(place):
        pass
    before = Rows(place.database).fingerprint()

    found = place.doctor("--fix", status=4)

    assert found["RK-D002"]["level"] == "error"
    assert Rows(place.database).fingerprint() == before
