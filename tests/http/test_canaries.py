# SPDX-License-Identifier: Apache-2.0
"""Nothing that is secret appears anywhere: planted words are looked for in all that a deployment leaves behind."""

import base64
from pathlib import Path

import pytest

from support.api import NO_ULID, Api, ServerErrors, unique
from support.database import Rows
from support.memory import places
from support.python import is_sanitized
from support.secrets import OAEP, load_private
from support.server import private_key_of

PATH = "/user/secrets"


class Planted:
    """A server of its own that logs all it can, and what was told to it."""

    def __init__(self, server, api, rows, keys, log):
        self.server, self.api, self.rows, self.keys, self.log = server, api, rows, keys, log
        self.user = api.user()
        self.values = [f"CANARY-{number}-{unique()}" for number in range(6)]
        self.answers = []
        self.plant()

    def plant(self) -> None:
        user, (first, second, refused, linked, escaped, option) = self.user, self.values
        response = user.post(PATH, json={"name": "n", "value": first})
        assert response.status_code == 201
        secret = response.json()
        spelled = "".join(f"\\u{ord(letter):04x}" for letter in escaped)
        body = '{"name": "n", "value": "' + spelled + '"}'
        project = user.create_project()
        slot = user.post("/session_secret_slots", json={"project_id": project["id"], "filename": "f"}).json()
        connection = {"type": "s3", "provider": "AWS", "secret_access_key": option}
        self.answers += [
            response,
            user.patch(f"{PATH}/{secret['id']}", json={"value": second}),
            user.send("POST", PATH, body.encode()),
            user.post(PATH, json={"name": "n", "value": refused, "default_filename": secret["default_filename"]}),
            user.post(PATH, json={"name": "", "value": refused, "x": refused, "kind": refused}),
            user.post(PATH, json={"name": "n", "value": refused * 500}),
            user.patch(f"{PATH}/{NO_ULID}", json={"value": refused}),
            user.send("POST", PATH, b'{"name": "n", "value": "' + refused.encode() + b'"'),
            user.send("POST", PATH, b'{"name": "n", "value": "' + refused.encode() + b"\\"),
            user.send("POST", "/nowhere", b'{"value": "' + refused.encode() + b'"}'),
            user.patch(
                f"/projects/{project['id']}/session_secrets",
                json=[{"secret_slot_id": slot["id"], "value": linked}],
            ),
            user.post("/storage_schema/validate", json=connection),
            user.post("/storage_schema/validate", json=connection | {"region": 5}),
            user.post("/storage_schema/validate", json=connection | {"type": "sftp"}),
            user.post(
                "/storage_schema/test_connection",
                json={
                    "configuration": connection | {"provider": "Other", "endpoint": "http://127.0.0.1:1"},
                    "source_path": "bucket",
                },
            ),
            user.post(
                "/storage_schema/test_connection",
                json={"configuration": connection | {"no_such": "x" * 200_000}, "source_path": "bucket"},
            ),
            user.post("/storage_schema/obscure", json={"configuration": {"type": "webdav", "pass": option}}),
            self.api.with_token(user.token[:-4] + "AAAA").get(PATH),
        ]
        statuses = [answer.status_code for answer in self.answers]
        assert statuses == [201, 200, 201, 422, 422, 422, 404, 400, 400, 404, 200, 204, 422, 422, 422, 422, 200, 401], statuses
        self.user_key = user.get("/user/secret_key").json()["secret_key"]

    def transport_keys(self) -> list[str]:
        private = load_private(private_key_of(self.keys).read_bytes())
        stored = self.rows.all("SELECT encrypted_key FROM secrets.secrets WHERE user_id = %s", self.user.id)
        return [private.decrypt(bytes(key), OAEP).decode() for (key,) in stored]

    def service_key(self) -> str:
        return Path(self.keys["ENCRYPTION_KEY_PATH"]).read_text()

    def words(self) -> dict[str, str]:
        return (
            {f"value {number}": value for number, value in enumerate(self.values)}
            | {f"transport key {number}": key for number, key in enumerate(self.transport_keys())}
            | {"user key": self.user_key, "service key": self.service_key(), "token": self.user.token}
        )


@pytest.fixture(scope="module")
def planted(start_server, realm, postgres, make_database, keys, rclone):
    database = make_database()
    with postgres.superuser() as connection:
        for setting in ("log_statement = 'all'", "log_parameter_max_length_on_error = -1", "log_min_duration_statement = 0"):
            connection.execute(f"ALTER DATABASE {database['DB_NAME']} SET {setting}")
    settings = {"LOG_APP_LEVEL": "DEBUG", "LOG_ROOT_LEVEL": "DEBUG"}
    settings |= {"RENKU_RCLONE": str(rclone), "RENKU_RCLONE_ALLOWED_NETWORKS": "127.0.0.1"}
    server = start_server(settings | database, workers=2)
    api, rows = Api(server.url, realm, ServerErrors()), Rows(database)
    yield Planted(server, api, rows, keys, postgres.log)
    api.close()
    rows.close()
    assert server.stop() == 0
    assert not server.reports()


def check_absent(text: str, words: dict[str, str], where: str) -> None:
    assert [name for name, word in words.items() if word in text] == [], where


# Spec: secrets.md 1, foundations.md 14
def test_no_secret_is_in_an_answer(planted):
    words = planted.words()
    for answer in planted.answers:
        check_absent(answer.text + str(answer.headers), words, str(answer.request.url))


# Spec: secrets.md 1, foundations.md 14
def test_no_secret_is_in_the_log(planted):
    check_absent(planted.server.log(), planted.words(), "the log of the server")


# Spec: secrets.md 1: with all statements and their parameters
def test_no_secret_is_in_the_log_of_the_database(planted):
    words = planted.words()
    statements = planted.log()
    assert "INSERT INTO secrets.secrets" in statements
    assert "arameters: $1 = '" in statements
    check_absent(statements, words, "the log of PostgreSQL")
    in_hex = {name: word.encode().hex() for name, word in words.items()}
    check_absent(statements, in_hex, "parameters in hexadecimal digits")


# Spec: secrets.md 1: of all processes
def test_no_secret_is_in_arguments_or_environments(planted):
    for pid in planted.server.processes():
        for name in ("cmdline", "environ"):
            text = Path(f"/proc/{pid}/{name}").read_bytes().decode(errors="replace")
            check_absent(text, planted.words(), f"{name} of {pid}")


# Spec: secrets.md 1: what has been answered is forgotten
def test_no_secret_stays_in_memory(planted):
    words = {name: word.encode() for name, word in planted.words().items()}
    for pid in planted.server.processes():
        found = places(pid, words)
        left = {name: [r for r in where if not r.is_left_out()] for name, where in found.items()}
        assert {name: where for name, where in left.items() if where} == {}, pid


# Spec: secrets.md 1: keys are in memory that is locked, and left out of core files
def test_keys_are_in_locked_memory(planted):
    key = {"service key": planted.service_key().encode(), "raw": base64.urlsafe_b64decode(planted.service_key())}
    holders = 0
    for pid in planted.server.processes():
        where = places(pid, key)
        assert where["raw"] == []
        holders += len(where["service key"]) > 0
        for region in where["service key"]:
            assert region.is_left_out(), region
            assert region.is_locked() or is_sanitized(), region  # AddressSanitizer locks nothing
    assert holders >= 2
