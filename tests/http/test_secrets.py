# SPDX-License-Identifier: Apache-2.0
"""Secrets of users. Spec: secrets.md 2 to 5"""

import base64
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from support.api import NO_ULID, ULID, at_once, check_error, unique
from support.secrets import Vault, enc

PATH = "/user/secrets"
FIELDS = [
    "id",
    "name",
    "kind",
    "expiration_timestamp",
    "modification_date",
    "default_filename",
    "session_secret_slot_ids",
    "data_connector_ids",
]


@pytest.fixture(scope="session")
def vault(keys, rows):
    return Vault(keys, rows)


def create(caller, **body) -> dict:
    response = caller.post(PATH, json={"name": unique("secret"), "value": "v"} | body)
    assert response.status_code == 201, response.text
    return response.json()


def show(caller, secret: dict | str) -> dict:
    response = caller.get(f"{PATH}/{secret if isinstance(secret, str) else secret['id']}")
    assert response.status_code == 200, response.text
    return response.json()


def listed(caller, **query) -> list[dict]:
    response = caller.get(PATH, params=query)
    assert response.status_code == 200, response.text
    return response.json()


def stored(rows, secret: dict) -> tuple:
    [row] = rows.all(
        "SELECT encrypted_value, encrypted_key, modification_date, expiration_timestamp, name, default_filename"
        "  FROM secrets.secrets WHERE id = %s",
        secret["id"],
    )
    return row


def expire(rows, secret: dict, seconds: int) -> None:
    """The secret expires in so many seconds, or did already."""
    rows.run(
        "UPDATE secrets.secrets SET expiration_timestamp = now() + make_interval(secs => %s) WHERE id = %s",
        seconds,
        secret["id"],
    )


# --- 3.1 GET /user/secrets -----------------------------------------------------------------------


# Spec: secrets.md 3.1: a user without any row
def test_a_user_without_secrets_has_none(api):
    assert listed(api.user()) == []
    assert listed(api.visitor()) == []


# Spec: secrets.md 3.1: one kind per call, general by default
def test_secrets_are_listed_by_kind(user, other):
    general, storage = create(user), create(user, kind="storage")
    create(other)
    assert listed(user) == [general] == listed(user, kind="general")
    assert listed(user, kind="storage") == [storage]
    assert general["kind"] == "general" and storage["kind"] == "storage"


# Spec: secrets.md 3.1: not paginated
def test_all_secrets_are_listed(user, rows):
    for i in range(30):
        rows.run(
            "INSERT INTO secrets.secrets (id, name, default_filename, encrypted_value, encrypted_key, modification_date,"
            " user_id) VALUES (public.generate_ulid(), 'n', %s, 'x', 'y', now(), %s)",
            f"file-{i}",
            user.id,
        )
    assert {item["default_filename"] for item in listed(user)} == {f"file-{i}" for i in range(30)}


# Spec: secrets.md 3.1
def test_unknown_parameters_and_kinds_are_refused(user):
    check_error(user.get(PATH, params={"name": "x"}), 422)
    check_error(user.get(PATH, params={"kind": "all"}), 422)


# --- 3: who may call -----------------------------------------------------------------------------


# Spec: secrets.md 3: guarded, 401 before body and query errors
@pytest.mark.parametrize(
    "method, path, content",
    [
        ("GET", f"{PATH}?x=1", None),
        ("POST", PATH, b"{"),
        ("GET", f"{PATH}/{NO_ULID}", None),
        ("PATCH", f"{PATH}/{NO_ULID}", b"{"),
        ("DELETE", f"{PATH}/{NO_ULID}", None),
    ],
)
def test_callers_must_be_logged_in(anonymous, api, method, path, content):
    check_error(anonymous.request(method, path, content=content), 401)
    check_error(api.with_token("nonsense").request(method, path, content=content), 401)


# Spec: secrets.md 3: owners only ever see their own rows; there is no admin view
def test_nobody_else_sees_a_secret(user, other, admin):
    secret = create(user)
    for caller in (other, admin):
        check_error(caller.get(f"{PATH}/{secret['id']}"), 404, contains="cannot be found")
        check_error(caller.patch(f"{PATH}/{secret['id']}", json={"name": "x"}), 404)
        assert caller.delete(f"{PATH}/{secret['id']}").status_code == 204
        assert secret not in listed(caller)
    assert show(user, secret) == secret


# --- 3.2 GET /user/secrets/{secret_id} -----------------------------------------------------------


# Spec: secrets.md 3.2
def test_an_unknown_secret_cannot_be_found(user):
    check_error(user.get(f"{PATH}/{NO_ULID}"), 404, contains="cannot be found")
    check_error(user.get(f"{PATH}/{NO_ULID.lower()}"), 404)
    check_error(user.get(f"{PATH}/nonsense"), 404)


# --- 3.3 POST /user/secrets ----------------------------------------------------------------------


# Spec: secrets.md 3.3: null is written, both id lists are empty, the value is not told
def test_a_secret_is_stored(user, vault):
    before = datetime.now(UTC)
    response = user.post(PATH, json={"name": "My S3 key!", "value": "s3cr3t-välue"})
    assert response.status_code == 201
    body = response.json()
    assert list(body) == FIELDS
    assert ULID.match(body["id"])
    assert body["name"] == "My S3 key!" and body["kind"] == "general"
    assert body["expiration_timestamp"] is None
    assert body["session_secret_slot_ids"] == [] == body["data_connector_ids"]
    assert before <= datetime.fromisoformat(body["modification_date"]) <= datetime.now(UTC)
    assert body["modification_date"].endswith("Z")
    assert "välue" not in response.text
    assert show(user, body) == body
    assert vault.value(body["id"]) == "s3cr3t-välue"


# Spec: secrets.md 2.2, 4.5, 8: what the columns hold
def test_the_columns_hold_what_the_formats_say(user, rows, vault):
    secret = create(user, value="hello")
    value, key, *_ = (bytes(item) if isinstance(item, (bytes, memoryview)) else item for item in stored(rows, secret))
    assert re.fullmatch(rb"gAAAAA[A-Za-z0-9_-]+={0,2}", value)
    assert len(key) == 256
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", vault.user_key(user.id))
    wrapped = rows.one("SELECT secret_key FROM users.users WHERE keycloak_id = %s", user.id)
    assert len(bytes(wrapped)) == 140
    assert user.get("/user/secret_key").json() == {"secret_key": vault.user_key(user.id)}


# Spec: secrets.md 3.3, 8: 1 to 5000 characters, of up to four bytes
@pytest.mark.parametrize("value", ["x", " ", "\n", "\U0001f600" * 5000, "x" * 5000, '"\\\t'], ids=range(6))
def test_any_text_is_a_value(user, vault, value):
    assert vault.value(create(user, value=value)["id"]) == value


BAD = {
    "no-name": ({"name": None}, "name"),
    "empty-name": ({"name": ""}, "name"),
    "long-name": ({"name": "x" * 100}, "name"),
    "no-value": ({"value": None}, "value"),
    "empty-value": ({"value": ""}, "value"),
    "long-value": ({"value": "x" * 5001}, "value"),
    "null-kind": ({"kind": None}, "kind"),
    "other-kind": ({"kind": "other"}, "kind"),
    "empty-filename": ({"default_filename": ""}, "default_filename"),
    "long-filename": ({"default_filename": "x" * 100}, "default_filename"),
    "slash": ({"default_filename": "a/b"}, "default_filename"),
    "newline": ({"default_filename": "a\n"}, "default_filename"),
    "blank": ({"default_filename": "a b"}, "default_filename"),
    "no-time": ({"expiration_timestamp": "soon"}, "expiration_timestamp"),
    "odd-time": ({"expiration_timestamp": "2030-11-01T17:32:28UTC+01:00"}, "expiration_timestamp"),
    "unknown": ({"id": NO_ULID}, "id"),
}


# Spec: secrets.md 3.3 step 2
@pytest.mark.parametrize("body, field", BAD.values(), ids=BAD)
def test_a_body_must_fit_its_schema(user, rows, body, field):
    before = rows.fingerprint()
    error = check_error(user.post(PATH, json={"name": "n", "value": "canary-of-a-value"} | body), 422)
    assert field in error["message"]
    assert "canary-of-a-value" not in str(error)
    assert rows.fingerprint() == before


# Spec: secrets.md 3.3 step 2
def test_a_body_must_be_json(user):
    check_error(user.send("POST", PATH, b"{"), 400)
    check_error(user.send("POST", PATH, b""), 422)
    check_error(user.send("POST", PATH, b"[]"), 422)


# Spec: secrets.md 5.2: . and .. are accepted here
@pytest.mark.parametrize("name", [".", "..", "a", "x" * 99, "A_b-c.9"])
def test_a_file_name_is_kept(user, name):
    assert create(user, default_filename=name)["default_filename"] == name


# Spec: secrets.md 3.3 step 3
@pytest.mark.parametrize("time", ["2029-12-31T23:59:59", "2029-12-31"])
def test_an_expiration_needs_a_zone(user, time):
    body = {"name": "n", "value": "v", "expiration_timestamp": time}
    check_error(user.post(PATH, json=body), 422, contains="timezone information")
    secret = create(user)
    check_error(user.patch(f"{PATH}/{secret['id']}", json={"expiration_timestamp": time}), 422)
    check_error(user.patch(f"{PATH}/{NO_ULID}", json={"expiration_timestamp": time}), 422)


# Spec: secrets.md 3.3: the offset is echoed; later reads return UTC
def test_an_expiration_is_echoed_as_it_came(user):
    secret = create(user, expiration_timestamp="2029-12-31T23:59:59+01:00")
    assert secret["expiration_timestamp"] == "2029-12-31T23:59:59+01:00"
    assert show(user, secret)["expiration_timestamp"] == "2029-12-31T22:59:59Z"
    body = {"expiration_timestamp": "2039-12-31T23:59:59.5-05:30"}
    changed = user.patch(f"{PATH}/{secret['id']}", json=body).json()
    assert changed["expiration_timestamp"] == "2039-12-31T23:59:59.500000-05:30"
    assert show(user, secret)["expiration_timestamp"] == "2040-01-01T05:29:59.500000Z"


# Spec: secrets.md 3.3 step 3, 5.3: a past or near timestamp is accepted; the secret is invisible at once
@pytest.mark.parametrize("time", ["2001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", 0])
def test_a_past_expiration_is_accepted(user, time):
    secret = create(user, expiration_timestamp=time)
    assert listed(user) == []
    check_error(user.get(f"{PATH}/{secret['id']}"), 404)


# Spec: secrets.md 3.3 step 4, 5.2
@pytest.mark.parametrize(
    "name, slug",
    [("My S3 key!", "my-s3-key"), ("a" * 99, "a" * 90), ("x--y", "x-y"), ("Ünï", "uni")],
)
def test_a_file_name_is_derived(user, name, slug):
    filename = create(user, name=name)["default_filename"]
    assert re.fullmatch(re.escape(slug) + "-[a-z0-9]{8}", filename)
    assert create(user, name=name, default_filename=None)["default_filename"] != filename


# Spec: secrets.md 3.3 step 4
def test_a_name_without_slug_needs_a_file_name(user):
    check_error(user.post(PATH, json={"name": "日本", "value": "v"}), 422)
    assert create(user, name="日本", default_filename="japan")["name"] == "日本"


# Spec: secrets.md 3.3 step 5
def test_a_secret_needs_a_record(api, rows):
    visitor = api.visitor()
    check_error(
        visitor.post(PATH, json={"name": "n", "value": "v"}), 404, f"User with id {visitor.id} not found."
    )
    assert rows.one("SELECT count(*) FROM secrets.secrets WHERE user_id = %s", visitor.id) == 0


# Spec: secrets.md 3.3 step 6, 8: 422 here, expired rows count too; other users do not
def test_a_file_name_is_taken_once(user, other, rows):
    secret = create(user, default_filename="same")
    for seconds in (1000, -1000):
        expire(rows, secret, seconds)
        error = check_error(user.post(PATH, json={"name": "n", "value": "v", "default_filename": "same"}), 422)
        assert "default_filename" in error["detail"]
    create(other, default_filename="same")
    create(user, default_filename="Same")


# Spec: secrets.md 3.3 step 6: only the database sees a race
def test_of_simultaneous_secrets_with_one_file_name_one_is_stored(user):
    body = {"name": "n", "value": "v", "default_filename": "race"}
    user.get("/user/secret_key")
    statuses = sorted(at_once(lambda _: user.post(PATH, json=body).status_code, range(4)))
    assert statuses == [201, 422, 422, 422]


# Spec: secrets.md 3.6: two first calls do not hand out two keys
def test_simultaneous_first_secrets_have_one_key(user, vault):
    secrets = at_once(lambda i: create(user, value=f"value-{i}"), range(6))
    assert [vault.value(secret["id"]) for secret in secrets] == [f"value-{i}" for i in range(6)]


# --- 3.4 PATCH /user/secrets/{secret_id} ---------------------------------------------------------


# Spec: secrets.md 3.4: null is no change; an empty object is allowed
@pytest.mark.parametrize(
    "body",
    [{}, {"name": None}, {"name": None, "value": None, "expiration_timestamp": None, "default_filename": None}],
)
def test_a_patch_of_nothing_changes_nothing(user, rows, body):
    secret = create(user, expiration_timestamp="2029-12-31T23:59:59Z")
    before = stored(rows, secret)
    response = user.patch(f"{PATH}/{secret['id']}", json=body)
    assert response.status_code == 200
    assert response.json() == secret == show(user, secret)
    assert stored(rows, secret) == before


# Spec: secrets.md 3.4 steps 1 and 2: modification_date changes only with the value
def test_name_and_file_name_are_changed(user, rows):
    secret = create(user, expiration_timestamp="2029-12-31T23:59:59Z")
    before = stored(rows, secret)
    body = {"name": "other", "default_filename": "other.txt"}
    assert user.patch(f"{PATH}/{secret['id']}", json=body).json() == secret | body == show(user, secret)
    assert stored(rows, secret)[:4] == before[:4]
    again = user.patch(f"{PATH}/{secret['id']}", json={"default_filename": "other.txt"})
    assert again.status_code == 200


# Spec: secrets.md 3.4 step 2: 409 here, expired ones included
def test_a_taken_file_name_is_a_conflict(user, other, rows):
    taken, secret = create(user, default_filename="taken"), create(user)
    for seconds in (1000, -1000):
        expire(rows, taken, seconds)
        response = user.patch(f"{PATH}/{secret['id']}", json={"default_filename": "taken", "name": "x"})
        check_error(response, 409)
        assert show(user, secret) == secret
    foreign = create(other)
    changed = other.patch(f"{PATH}/{foreign['id']}", json={"default_filename": "taken"})
    assert changed.status_code == 200


# Spec: secrets.md 3.4 step 3: a new R, the expiration is cleared
def test_a_new_value_is_encrypted_anew(user, rows, vault):
    secret = create(user, value="old", expiration_timestamp="2029-12-31T23:59:59Z")
    before = stored(rows, secret)
    body = user.patch(f"{PATH}/{secret['id']}", json={"value": "new"}).json()
    assert body["expiration_timestamp"] is None
    assert body["modification_date"] > secret["modification_date"]
    assert body == secret | {key: body[key] for key in ("expiration_timestamp", "modification_date")}
    after = stored(rows, secret)
    assert bytes(after[0]) != bytes(before[0]) and bytes(after[1]) != bytes(before[1])
    assert vault.value(secret["id"]) == "new"


# Spec: secrets.md 3.4 step 4: value and expiration in one call keep the expiration
def test_a_new_value_may_come_with_an_expiration(user, vault):
    secret = create(user)
    body = {"value": "new", "expiration_timestamp": "2031-01-01T00:00:00+02:00"}
    changed = user.patch(f"{PATH}/{secret['id']}", json=body).json()
    assert changed["expiration_timestamp"] == "2031-01-01T00:00:00+02:00"
    assert show(user, secret)["expiration_timestamp"] == "2030-12-31T22:00:00Z"
    assert vault.value(secret["id"]) == "new"


# Spec: secrets.md 3.4: an expiration alone
def test_an_expiration_leaves_the_value(user, rows):
    secret = create(user)
    before = stored(rows, secret)
    body = {"expiration_timestamp": "2031-01-01T00:00:00Z"}
    assert user.patch(f"{PATH}/{secret['id']}", json=body).json() == secret | body
    assert stored(rows, secret)[:3] == before[:3]


# Spec: secrets.md 3.4
@pytest.mark.parametrize(
    "body", [{"kind": "storage"}, {"id": NO_ULID}, {"name": ""}, {"value": ""}, {"value": "x" * 5001},
             {"default_filename": "a/b"}, {"default_filename": ""}, [], "x"], ids=str
)  # fmt: skip
def test_what_a_patch_may_not_say(user, body):
    secret = create(user)
    check_error(user.patch(f"{PATH}/{secret['id']}", json=body), 422)
    check_error(user.patch(f"{PATH}/{NO_ULID}", json=body), 422)
    check_error(user.send("PATCH", f"{PATH}/{secret['id']}", b"{"), 400)
    assert show(user, secret) == secret


# Spec: secrets.md 3.4
@pytest.mark.parametrize("body", [{}, {"name": "x"}, {"value": "x"}])
def test_what_is_not_there_cannot_be_changed(user, other, rows, body):
    check_error(user.patch(f"{PATH}/{NO_ULID}", json=body), 404)
    expired = create(user)
    expire(rows, expired, 100)
    before = stored(rows, expired)
    check_error(user.patch(f"{PATH}/{expired['id']}", json=body), 404)
    check_error(other.patch(f"{PATH}/{expired['id']}", json=body), 404)
    assert stored(rows, expired) == before


# --- 3.5 DELETE /user/secrets/{secret_id} --------------------------------------------------------


# Spec: secrets.md 3.5
def test_a_secret_is_removed(user, rows):
    secret = create(user)
    for _ in range(2):
        response = user.delete(f"{PATH}/{secret['id']}")
        assert response.status_code == 204 and not response.content
    check_error(user.get(f"{PATH}/{secret['id']}"), 404)
    assert rows.one("SELECT count(*) FROM secrets.secrets WHERE id = %s", secret["id"]) == 0


# Spec: secrets.md 3.5, 8: an expired row is not deleted, its file name stays taken
def test_an_expired_secret_stays(user, rows):
    secret = create(user, default_filename="kept")
    expire(rows, secret, 60)
    assert user.delete(f"{PATH}/{secret['id']}").status_code == 204
    assert stored(rows, secret)[5] == "kept"
    check_error(user.post(PATH, json={"name": "n", "value": "v", "default_filename": "kept"}), 422)


# --- 4.4 user secret key -------------------------------------------------------------------------


# Spec: secrets.md 4.4, 8: what another implementation stored is used
def test_a_key_of_a_running_deployment_is_used(user, rows, vault):
    key = base64.urlsafe_b64encode(bytes(range(100, 132))).decode().rstrip("=")
    rows.run(
        "UPDATE users.users SET secret_key = %s WHERE keycloak_id = %s", enc(vault.service_key, user.id, key), user.id
    )
    assert user.get("/user/secret_key").json() == {"secret_key": key}
    assert vault.value(create(user, value="with that key")["id"]) == "with that key"


# Spec: secrets.md 4.4: 500/1500, and it is never overwritten
@pytest.mark.server_error
@pytest.mark.parametrize("broken", ["foreign", "damaged", "empty", "binary"])
def test_a_key_that_cannot_be_read_is_an_error(user, rows, vault, broken):
    good = enc(vault.service_key, user.id, "k" * 43)
    value = {"foreign": enc(b"another", user.id, "k" * 43), "damaged": good[:-4] + b"AAA=", "empty": b"", "binary": b"\xff"}
    rows.run("UPDATE users.users SET secret_key = %s WHERE keycloak_id = %s", value[broken], user.id)
    check_error(user.get("/user/secret_key"), 500, code=1500)
    check_error(user.post(PATH, json={"name": "n", "value": "v"}), 500, code=1500)
    assert bytes(rows.one("SELECT secret_key FROM users.users WHERE keycloak_id = %s", user.id)) == value[broken]


# --- 5.3 expiration ------------------------------------------------------------------------------


# Spec: secrets.md 5.3: usable while it is later than now + 120 seconds
def test_a_secret_can_be_used_until_two_minutes_before_it_expires(user, rows):
    secret = create(user)
    for seconds, visible in ((150, True), (119, False), (0, False), (-10, False), (121 + 30, True)):
        expire(rows, secret, seconds)
        assert (user.get(f"{PATH}/{secret['id']}").status_code == 200) is visible
        assert [item["id"] for item in listed(user)] == ([secret["id"]] if visible else [])


# --- 2: cascades ---------------------------------------------------------------------------------


# Spec: secrets.md 2.1
def test_secrets_go_with_their_user(admin, api, rows):
    user = api.user()
    secret = create(user)
    assert admin.delete(f"/users/{user.id}").status_code == 204
    assert rows.one("SELECT count(*) FROM secrets.secrets WHERE id = %s", secret["id"]) == 0


# Spec: secrets.md 3, session-secrets.md 6: the two id lists tell where the secret is used
def test_the_uses_of_a_secret_are_told(user, rows, vault):
    secret = create(user)
    project = user.create_project()
    slots = []
    for name in ("a", "b"):
        response = user.post("/session_secret_slots", json={"project_id": project["id"], "filename": name})
        slots.append(response.json()["id"])
    body = [{"secret_slot_id": slot, "secret_id": secret["id"]} for slot in slots]
    assert user.patch(f"/projects/{project['id']}/session_secrets", json=body).status_code == 200
    assert sorted(show(user, secret)["session_secret_slot_ids"]) == sorted(slots)
    assert sorted(listed(user)[0]["session_secret_slot_ids"]) == sorted(slots)
    changed = user.patch(f"{PATH}/{secret['id']}", json={"name": "x"}).json()
    assert sorted(changed["session_secret_slot_ids"]) == sorted(slots)
    assert user.delete(f"{PATH}/{secret['id']}").status_code == 204
    assert rows.one("SELECT count(*) FROM projects.session_secrets WHERE secret_id = %s", secret["id"]) == 0


# --- 6.1 keys at the start -----------------------------------------------------------------------


def broken_keys(folder) -> dict[str, tuple[str, bytes | None]]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    def pem(key, form=serialization.PublicFormat.SubjectPublicKeyInfo) -> bytes:
        return key.public_key().public_bytes(serialization.Encoding.PEM, form)

    def private(key, form=serialization.PrivateFormat.PKCS8) -> bytes:
        return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())

    good = rsa.generate_private_key(65537, 2048)
    return {
        "missing": ("SECRETS_SERVICE_PUBLIC_KEY_PATH", None),
        "empty": ("SECRETS_SERVICE_PUBLIC_KEY_PATH", b""),
        "no-pem": ("SECRETS_SERVICE_PUBLIC_KEY_PATH", b"nonsense"),
        "cut": ("SECRETS_SERVICE_PUBLIC_KEY_PATH", pem(good)[:-60]),
        "no-rsa": ("SECRETS_SERVICE_PUBLIC_KEY_PATH", pem(ec.generate_private_key(ec.SECP256R1()))),
        "private": ("SECRETS_SERVICE_PUBLIC_KEY_PATH", private(good)),
        "service-key-missing": ("ENCRYPTION_KEY_PATH", None),
        "service-key-empty": ("ENCRYPTION_KEY_PATH", b""),
    }


# Spec: secrets.md 6.1: a key that is not RSA, an unreadable file or an unparsable PEM stops the start
def test_keys_that_cannot_be_used_stop_the_start(environment, folder, start_server):
    for name, (setting, content) in broken_keys(folder).items():
        path = folder / f"broken-{name}"
        if content is not None:
            path.write_bytes(content)
        server = start_server({setting: str(path)}, wait=False)
        assert server.process.wait(60) == 1, name
        assert setting in server.log() and str(path) in server.log(), server.log()
        assert "-----" not in server.log()
    for setting in ("SECRETS_SERVICE_PUBLIC_KEY_PATH", "ENCRYPTION_KEY_PATH"):
        server = start_server({setting: None}, wait=False)
        assert server.process.wait(60) == 1 and setting in server.log()


# Spec: secrets.md 6.1: PKCS#1 too
def test_a_public_key_may_be_in_either_form(other_server, make_api, folder):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 3072)
    path = folder / "pkcs1.pem"
    path.write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1))
    path.chmod(0o644)
    api = make_api(other_server({"SECRETS_SERVICE_PUBLIC_KEY_PATH": str(path)}, workers=1))
    assert create(api.user())["id"]


# Spec: secrets.md 6.1: development mode does without files
def test_development_mode_makes_its_keys(other_server):
    unset = {"SECRETS_SERVICE_PUBLIC_KEY_PATH": None, "ENCRYPTION_KEY_PATH": None}
    assert other_server({"DUMMY_STORES": "true"} | unset, workers=1).is_running()


# --- 4.9: cost -----------------------------------------------------------------------------------


# Spec: secrets.md 4.9: encryption does not block other requests
def test_others_are_served_while_secrets_are_encrypted(user, other):
    with ThreadPoolExecutor(6) as pool:
        slow = [pool.submit(create, user) for _ in range(6)]
        quick = 0
        while not all(job.done() for job in slow):
            assert other.get("/user").status_code == 200
            quick += 1
    assert quick > 6


# Spec: secrets.md 3.3: a near expiration may come from the past of a client
def test_an_expiration_far_away_is_kept(user):
    far = datetime.now(UTC) + timedelta(days=365 * 200)
    secret = create(user, expiration_timestamp=far.isoformat())
    assert datetime.fromisoformat(show(user, secret)["expiration_timestamp"]) == far
    assert create(user, expiration_timestamp="9999-12-31T23:59:59Z")["id"]
    beyond = create(user, expiration_timestamp="9999-12-31T23:59:59-23:59")
    assert show(user, beyond)["expiration_timestamp"] == "9999-12-31T23:59:59.999999Z"
