# SPDX-License-Identifier: Apache-2.0
"""The secrets storage: users' secrets become Kubernetes secrets. Spec: secrets.md 6"""

import base64
import json
import os
import re
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from peers.kube import NOBODY, READER
from support import secrets
from support.api import NO_ULID, Api, Caller, ServerErrors, check_error, fields_error, unique
from support.keeper import OWNER, Keeper, body_of
from support.raw import exchange
from support.server import private_pem
from support.wire import Wire

PREFIX = "/api/secrets"
LOCAL = "0RENK1RENK2RENK3RENK4RENK5"
CREATOR, STRANGER, NOWHERE = (f"01J2F86WS7S8N6159WA3X404{i}H" for i in "345")


# --- the world -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def older():
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def keeper(rows, realm, pair):
    return Keeper(rows, realm, pair)


def add_cluster(rows, folder: Path, cluster: str, kubeconfig: str) -> None:
    rows.run(
        "INSERT INTO resource_pools.clusters (id, name, config_name, session_protocol, session_host, session_port,"
        " session_path, session_ingress_annotations) VALUES (%s, %s, %s, 'http', 'h', 80, '/', '{}')",
        cluster, cluster, f"{cluster}.yaml",
    )  # fmt: skip
    (folder / f"{cluster}.yaml").write_text(kubeconfig)
    (folder / f"{cluster}.yaml").chmod(0o644)


def allow_creation(kube) -> None:
    """The reader may create secrets and see none."""
    rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]}]
    kube.make(f"{rbac}/roles", {"metadata": {"name": "creator"}, "rules": rules})
    subject = {"kind": "User", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"}
    role = {"kind": "Role", "name": "creator", "apiGroup": "rbac.authorization.k8s.io"}
    kube.make(f"{rbac}/rolebindings", {"metadata": {"name": "creator"}, "subjects": [subject], "roleRef": role})


@pytest.fixture(scope="module")
def clusters(rows, kube, folder):
    """The kubeconfig of the local cluster, and a folder with those of three others."""
    place = folder / "clusters"
    place.mkdir()
    place.chmod(0o755)
    allow_creation(kube)
    add_cluster(rows, place, CREATOR, kube.kubeconfig(user={"token": READER}))
    add_cluster(rows, place, STRANGER, kube.kubeconfig(user={"token": NOBODY}))
    add_cluster(rows, place, NOWHERE, kube.kubeconfig(cluster={"server": "https://127.0.0.1:1"}))
    local = folder / "kubeconfig.yaml"
    local.write_text(kube.kubeconfig())
    local.chmod(0o600)
    return {"KUBECONFIG": str(local), "K8S_CONFIGS_ROOT": str(place)}


@pytest.fixture(scope="module")
def storage_env(storage_settings, clusters):
    return storage_settings | clusters


@pytest.fixture(scope="module")
def shared_storage(start_server, storage_env):
    server = start_server({"CORS_ALLOW_ALL_ORIGINS": "true"}, base=storage_env, arguments=("--service", "secrets"))
    yield server
    assert server.stop() == 0, server.log()
    assert not server.reports(), server.log()


@pytest.fixture
def storage(request, shared_storage, realm):
    """The service. A test fails on a 5xx that it did not ask for."""
    errors = ServerErrors()
    errors.expected = request.node.get_closest_marker("server_error") is not None
    api = Api(shared_storage.url, realm, errors, prefix=PREFIX)
    yield api
    api.close()
    assert shared_storage.is_running() and not errors.seen


@pytest.fixture(scope="module")
def jane(keeper):
    return keeper.person()


@pytest.fixture(scope="module")
def two(keeper, jane) -> list[str]:
    """Two secrets of jane, for all tests."""
    return [keeper.add(jane, "s3cr3t-välue"), keeper.add(jane, "another")]


def ask(storage: Api, person, body) -> httpx.Response:
    return Caller(storage.http, token=person.token).post("/kubernetes", json=body)


def create(storage: Api, person, *ids: str, **more) -> str:
    body = body_of(*ids, **more)
    response = ask(storage, person, body)
    assert (response.status_code, response.text) == (201, json.dumps(body["name"])), response.text
    return body["name"]


def stored(kube, name: str) -> dict:
    status, found = kube.ask("GET", f"/api/v1/namespaces/default/secrets/{name}")
    assert status == 200, found
    return found


# --- 6.2: what is created ------------------------------------------------------------------------


# Spec: secrets.md 6.2, 6.3, 4.7: the manifest, and what a session can read in it
def test_secrets_of_the_caller_become_a_kubernetes_secret(storage, kube, keeper, jane, two):
    found = stored(kube, create(storage, jane, *two))
    assert found["type"] == "Opaque" and "labels" not in found["metadata"] and "annotations" not in found["metadata"]
    assert found["metadata"]["ownerReferences"] == [OWNER | {"controller": True}]
    read = {key: jane.read(value) for key, value in found["data"].items()}
    assert read == {keeper.filename(two[0]): "s3cr3t-välue", keeper.filename(two[1]): "another"}


# Spec: secrets.md 3.3, 3.6, 4.7: from the data API into the cluster, with the key that it hands out
def test_a_secret_of_the_data_api_arrives(api, storage, kube):
    user = api.user()
    value = "välue " * 800
    made = user.post("/user/secrets", json={"name": "s", "value": value, "default_filename": "file"}).json()
    found = stored(kube, create(storage, user, made["id"]))
    key = user.get("/user/secret_key").json()["secret_key"]
    assert secrets.dec(key.encode(), user.id, base64.b64decode(found["data"]["file"])) == value


# Spec: secrets.md 6.2: duplicates collapse; no owner is allowed; the local cluster by its id
def test_ids_given_twice_count_once(storage, kube, keeper, jane, two):
    name = create(storage, jane, two[0], two[0], owner_references=[], cluster_id=LOCAL)
    found = stored(kube, name)
    assert list(found["data"]) == [keeper.filename(two[0])] and "ownerReferences" not in found["metadata"]


# Spec: secrets.md 6.2: one key or a list of keys; an empty list leaves the secret out
def test_a_mapping_names_the_keys(storage, kube, jane, two):
    mapping = {two[0]: ["one", "two"], two[1]: "three"}
    found = stored(kube, create(storage, jane, *two, key_mapping=mapping))
    read = {key: jane.read(value) for key, value in found["data"].items()}
    assert read == {"one": "s3cr3t-välue", "two": "s3cr3t-välue", "three": "another"}
    left = stored(kube, create(storage, jane, *two, key_mapping={two[0]: [], two[1]: ["only"]}))
    assert list(left["data"]) == ["only"]
    assert "data" not in stored(kube, create(storage, jane, two[0], key_mapping={two[0]: []}))


# Spec: secrets.md 6.2: an empty object counts as absent, and so does null
@pytest.mark.parametrize("mapping", [{}, None])
def test_no_mapping_is_no_mapping(storage, kube, keeper, jane, two, mapping):
    found = stored(kube, create(storage, jane, two[0], key_mapping=mapping, cluster_id=None))
    assert list(found["data"]) == [keeper.filename(two[0])]


# Spec: secrets.md 6.2: repeating is safe; 409 leads to a patch of data, type and owners alone
def test_an_existing_secret_is_brought_to_the_same_state(storage, kube, jane, two, shared_storage):
    name = create(storage, jane, two[0], key_mapping={two[0]: "one"})
    path = f"/api/v1/namespaces/default/secrets/{name}"
    patch = {"metadata": {"labels": {"of": "somebody"}}, "data": {"old": "eA=="}}
    assert kube.ask("PATCH", path, patch, kind="application/merge-patch+json")[0] == 200
    other = OWNER | {"uid": "11111111-2222-4333-8444-555555555555"}
    ask_again = body_of(two[1], name=name, key_mapping={two[1]: "two"}, owner_references=[other])
    for _ in range(2):
        assert ask(storage, jane, ask_again).json() == name
    found = stored(kube, name)
    assert {key: jane.read(value) for key, value in found["data"].items()} == {"two": "another"}
    assert found["metadata"]["ownerReferences"] == [other | {"controller": True}]
    assert found["metadata"]["labels"] == {"of": "somebody"} and found["type"] == "Opaque"
    assert "existed was changed" in shared_storage.log()


# Spec: secrets.md 6.2, kubernetes.md 5.1: an API server that adds what it shall replace makes this no failure
def test_an_existing_secret_without_owners_and_data_gets_them(storage, kube, jane, two):
    name = unique("bare")
    kube.make("/api/v1/namespaces/default/secrets", {"metadata": {"name": name}})
    create(storage, jane, two[0], name=name, key_mapping={two[0]: "one"})
    found = stored(kube, name)
    assert found["metadata"]["ownerReferences"] == [OWNER | {"controller": True}] and list(found["data"]) == ["one"]


# Spec: secrets.md 6.2: a patch that the cluster refuses
@pytest.mark.server_error
@pytest.mark.parametrize("more", [{"type": "example.org/other"}, {"immutable": True}], ids=["type", "immutable"])
def test_a_refused_patch_is_an_error(storage, kube, jane, two, more):
    name = unique("fixed")
    kube.make("/api/v1/namespaces/default/secrets", {"metadata": {"name": name}, **more})
    check_error(ask(storage, jane, body_of(two[0], name=name)), 500)


# Spec: secrets.md 6.2: one that is there, but not for this account
def test_an_existing_secret_that_cannot_be_read_is_missing(storage, jane, two):
    name = create(storage, jane, two[0], cluster_id=CREATOR)
    check_error(ask(storage, jane, body_of(two[0], name=name, cluster_id=CREATOR)), 404, contains="cannot be read")


# Spec: secrets.md 6.2: every other failure, by its kind alone
@pytest.mark.server_error
@pytest.mark.parametrize(
    "more, kind",
    [
        ({"cluster_id": NO_ULID}, "unknown"),
        ({"cluster_id": NOWHERE}, "reached"),
        ({"cluster_id": STRANGER}, "403"),
        ({"namespace": "nowhere"}, "404"),
        ({"name": "No name for Kubernetes"}, "refused"),
        ({"name": "../../namespaces"}, "not valid"),
        ({"name": ""}, "not valid"),
        ({"owner_references": [OWNER, OWNER | {"uid": "x"}]}, "422"),
    ],
    ids=["cluster", "unreachable", "rbac", "namespace", "name", "path", "empty", "owners"],
)
def test_what_cannot_be_created_is_told_by_its_kind(storage, jane, two, more, kind):
    error = check_error(ask(storage, jane, body_of(two[0], **more)), 500, code=1511)
    assert error["message"].startswith("The secret could not be created: ") and kind in error["message"]
    assert "detail" not in error


# --- 6.2: the order of checks --------------------------------------------------------------------


# Spec: secrets.md 6.2 step 1: before anything of the body
def test_callers_must_be_logged_in(storage, jane, keys):
    anonymous = {"renku-auth-anon-id": jane.id}
    for caller in (
        storage.anonymous(),
        storage.anonymous(**anonymous),
        storage.anonymous(cookie=f"Renku-Auth-Anon-Id={jane.id}"),
        storage.with_token("nonsense"),
        storage.with_token(storage.realm.token(jane.id, exp=1)),
    ):
        for content in (b"{", b"", b"\\u0000", json.dumps(body_of(NO_ULID)).encode()):
            check_error(caller.send("POST", "/kubernetes", content), 401)


# Spec: secrets.md 6.2 steps 2 and 3, foundations.md 5
def test_a_body_that_is_no_json_is_malformed(storage, jane):
    caller = Caller(storage.http, token=jane.token)
    for content in (b"{", b"{} {}", b"\xff", b'{"name":"a\x00"}'):
        check_error(caller.send("POST", "/kubernetes", content), 400)
    for content in (b"", b"null", b"[]", b"1"):
        check_error(caller.send("POST", "/kubernetes", content), 422, contains="wrong type")


# Spec: secrets.md 6.2 steps 3 and 4: the preferred 422
@pytest.mark.parametrize(
    "more, violation",
    [
        ({"name": ...}, "name: Field required"),
        ({"namespace": ...}, "namespace: Field required"),
        ({"secret_ids": ...}, "secret_ids: Field required"),
        ({"owner_references": ...}, "owner_references: Field required"),
        ({"name": 1}, "name: Input should be a valid string"),
        ({"namespace": None}, "namespace: Input should be a valid string"),
        ({"type": "Opaque"}, "type: Extra inputs are not permitted"),
        ({"secret_ids": []}, "secret_ids: List should have at least 1 item after validation, not 0"),
        ({"secret_ids": NO_ULID}, "secret_ids: Input should be a valid list"),
        ({"secret_ids": [NO_ULID, "x"]}, "secret_ids.1: String should have at least 26 characters"),
        (
            {"secret_ids": [NO_ULID.lower()]},
            "secret_ids.0: String should match pattern '^[0-7][0-9A-HJKMNP-TV-Z]{25}$'",
        ),
        ({"owner_references": None}, "owner_references: Input should be a valid list"),
        ({"owner_references": ["x"]}, "owner_references.0: Input should be a valid dictionary"),
        (
            {"owner_references": [OWNER | {"controller": False}]},
            "owner_references.0.controller: Input should be a valid string",
        ),
        ({"owner_references": [OWNER | {"uid": None}]}, "owner_references.0.uid: Input should be a valid string"),
        ({"cluster_id": "x"}, "cluster_id: String should have at least 26 characters"),
        ({"key_mapping": []}, "key_mapping: Input should be a valid dictionary"),
        (
            {"key_mapping": {"x": 1}},
            "key_mapping.x.str: Input should be a valid string, key_mapping.x.list[str]: Input should be a valid list",
        ),
        (
            {"key_mapping": {"x": [1]}},
            "key_mapping.x.str: Input should be a valid string,"
            " key_mapping.x.list[str].0: Input should be a valid string",
        ),
        *(
            (
                {"owner_references": [OWNER, {key: value for key, value in OWNER.items() if key != member}]},
                f"owner_references.1.{member}: Field required",
            )
            for member in OWNER
        ),
    ],
)
def test_a_body_beyond_the_schema_is_invalid(storage, jane, more, violation):
    check_error(ask(storage, jane, body_of(NO_ULID, **more)), 422, message=fields_error(violation))


# Spec: foundations.md 3: the service has no null check, and still no null byte goes anywhere
@pytest.mark.parametrize(
    "more",
    [
        {"name": "a\0b"},
        {"namespace": "a\0b"},
        {"owner_references": [OWNER | {"name": "a\0b"}]},
        {"key_mapping": {NO_ULID: "a\0b"}},
        {"key_mapping": {NO_ULID: ["a\0b"]}},
    ],
)
def test_a_null_byte_is_invalid(storage, jane, more):
    check_error(ask(storage, jane, body_of(NO_ULID, **more)), 422)


# Spec: foundations.md 3 step 4: the six characters alone do no harm here
def test_there_is_no_check_for_escapes(storage, kube, jane, two):
    body = json.dumps(body_of(two[0], key_mapping={two[0]: "K"}, owner_references=[])).replace('"K"', r'"\u0061"')
    response = Caller(storage.http, token=jane.token).send("POST", "/kubernetes", body)
    assert list(stored(kube, response.json())["data"]) == ["a"]
    body = body_of(two[0], owner_references=[OWNER | {"note": r"\u0000"}])
    assert ask(storage, jane, body).status_code == 201


# Spec: secrets.md 6.2 step 5, 5.3: unknown, foreign, expired, and about to expire
def test_secrets_that_cannot_be_used_are_missing(storage, keeper, jane, two):
    lost = [
        NO_ULID,
        keeper.add(keeper.person()),
        keeper.add(jane, expires="-1 day"),
        keeper.add(jane, expires="110 seconds"),
    ]
    mapping = {two[0]: "x"}  # step 6 comes later
    error = check_error(ask(storage, jane, body_of(*lost, *two, key_mapping=mapping)), 404)
    assert all(secret in error["message"] for secret in lost)
    assert not any(secret in error["message"] for secret in two)
    create(storage, jane, keeper.add(jane, expires="1 hour"))


# Spec: secrets.md 6.2 step 5: a list without end stays a message
def test_a_message_names_a_hundred_of_the_missing(storage, jane):
    ids = [f"01J2F86WS7S8N6159WA3X{number:05d}" for number in range(3000)]
    error = check_error(ask(storage, jane, body_of(*ids)), 404)
    assert ids[99] in error["message"] and ids[100] not in error["message"]
    assert error["message"].endswith(" and 2900 more")


# Spec: secrets.md 6.2 step 6
@pytest.mark.parametrize(
    "mapping, message",
    [
        (lambda a, b: {a: "x"}, "Key mapping must include all requested secret IDs"),
        (lambda a, b: {a: "x", b: "y", NO_ULID: "z"}, "Key mapping must include all requested secret IDs"),
        (lambda a, b: {a: "x", NO_ULID: "z"}, "Key mapping must include all requested secret IDs"),
        (lambda a, b: {a: "x", b.lower(): "y"}, "Key mapping must include all requested secret IDs"),
        (lambda a, b: {a: "x", b: "x"}, "Key mapping values are not unique"),
        (lambda a, b: {a: ["x", "y"], b: "y"}, "Key mapping values are not unique"),
        (lambda a, b: {a: ["x", "x"], b: []}, "Key mapping values are not unique"),
    ],
)
def test_a_mapping_names_each_secret_and_no_key_twice(storage, jane, two, mapping, message):
    check_error(ask(storage, jane, body_of(*two, key_mapping=mapping(*two))), 422, message=message)


# Spec: secrets.md 6.2 step 7, 6.3: before the cluster is asked, whose id is unknown here
@pytest.mark.server_error
@pytest.mark.parametrize("damage", ["encrypted_value = 'x'", "encrypted_key = 'x'", "encrypted_key = '\\x00'", "other"])
def test_what_cannot_be_decrypted_is_told_by_its_kind(storage, shared_storage, keeper, jane, two, older, damage):
    secret = keeper.add(jane, "canary", pair=older if damage == "other" else None)
    if damage != "other":
        keeper.rows.run(f"UPDATE secrets.secrets SET {damage} WHERE id = %s", secret)
    error = check_error(ask(storage, jane, body_of(two[0], secret, cluster_id=NO_ULID)), 500, code=1510)
    assert error == {"code": 1510, "message": "An error occurred decrypting secrets."}
    assert f"The secret {secret} cannot be opened" in shared_storage.log()


# --- the service ---------------------------------------------------------------------------------


# Spec: foundations.md 11
def test_the_service_pages_need_no_credentials(storage):
    nobody = storage.anonymous()
    assert nobody.get("/version").json() == {"version": "1.2.3-test"}
    check_error(nobody.get("/error"), 422, message="Sample validation error")
    document = nobody.get("/spec.json").json()
    assert document["servers"] == [{"url": PREFIX}]
    assert list(document["paths"]) == ["/kubernetes", "/version", "/error", "/spec.json"]


# Spec: foundations.md 2.2
def test_paths_and_methods_are_those_of_the_service(storage, shared_storage):
    nobody = storage.anonymous()
    for path in ("/api/data/version", "/api/data/user/secrets", "/api/secretsversion", "/", "/api/secrets"):
        answer = exchange(shared_storage.url, "GET", path)
        assert answer.json()["error"] == {"code": 1404, "message": f"Requested URL {path} not found"}
    check_error(nobody.get("/user/secrets"), 404)
    check_error(nobody.get("/kubernetes"), 405, message=f"Method GET not allowed for URL {PREFIX}/kubernetes")
    options = nobody.request("OPTIONS", "/kubernetes")
    assert (options.status_code, options.headers["allow"]) == (204, "POST,OPTIONS")
    assert nobody.get("/version/").status_code == 200


# Spec: foundations.md 2.2: a HEAD tells how long the answer would be
@pytest.mark.parametrize("path", ["/version", "/spec.json", "/error", "/nothing"])
def test_a_head_has_the_length_of_its_get(storage, path):
    head, get = storage.http.head(path), storage.http.get(path)
    assert head.status_code == get.status_code and head.content == b""
    assert head.headers["content-length"] == str(len(get.content)) != "0"


# Spec: foundations.md 2.3, 12
def test_no_cors_header_is_ever_sent(storage):
    for method in ("GET", "OPTIONS"):
        answer = storage.http.request(
            method, "/version", headers={"origin": "http://x", "access-control-request-method": "GET", "x-request-id": "7"}
        )
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["x-request-id"] == "7"


# Spec: foundations.md 16
def test_the_metrics_are_those_of_the_service(storage, shared_storage):
    storage.anonymous().get("/version")
    text = httpx.get(f"{shared_storage.url}/metrics", timeout=60).text
    assert re.search(r'^sanic_request_count_total{method="GET",endpoint="/api/secrets/version",', text, re.MULTILINE)
    assert "sanic_process" not in text and "secrets_rotation" not in text


def test_the_service_is_healthy_and_ready(shared_storage):
    assert httpx.get(f"{shared_storage.url}/healthz", timeout=60).text == "ok"
    assert httpx.get(f"{shared_storage.url}/readyz?verbose", timeout=60).status_code == 200


# Spec: secrets.md 6: of the data API it is no part
def test_the_data_api_does_not_offer_it(api, jane, two):
    check_error(Caller(api.http, token=jane.token).post("/kubernetes", json=body_of(two[0])), 404)
    assert "/kubernetes" not in api.anonymous().get("/spec.json").json()["paths"]


# Spec: DESIGN 2: one question to the database, and no connection while keys are derived
def test_a_creation_is_one_round_trip(postgres, start_server, storage_env, realm, jane, two):
    with Wire(postgres.socket) as wire:
        more = {"DB_HOST": str(wire.folder), "DB_POOL_SIZE": "1", "ALWAYS_READ_CLUSTERS": None}
        server = start_server(more, base=storage_env, workers=1, arguments=("--service", "secrets"))
        api = Api(server.url, realm, ServerErrors(), prefix=PREFIX)
        body = body_of(*two)
        for _ in range(2):
            assert ask(api, jane, body).status_code == 201
        trips, _ = wire.count(lambda: ask(api, jane, body))
        assert trips == 1
        api.close()
        assert server.stop() == 0


# --- who sees what -------------------------------------------------------------------------------


def texts_of(pid: int) -> bytes:
    return b"\0".join(Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ"))


def memory_files(pid: int) -> dict[str, bytes]:
    """What stands in files without a name that the process has open."""
    found = {}
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if "memfd:" in (name := os.readlink(link)):
                found[name] = Path(link).read_bytes()
        except OSError:
            continue
    return found


# Spec: foundations.md 14, secrets.md 1: keys reach whom they are for, and no key, value or token is told
@pytest.mark.server_error
def test_keys_values_and_tokens_stay_where_they_belong(
    storage, shared_storage, other_server, environment, storage_env, keeper, jane, two, pair
):
    private = storage_env["SECRETS_SERVICE_PRIVATE_KEY_PATH"]
    canary = keeper.add(jane, "a-canary-value")
    create(storage, jane, canary)
    broken = keeper.add(jane, "a-canary-value")
    keeper.rows.run("UPDATE secrets.secrets SET encrypted_value = 'x' WHERE id = %s", broken)
    for refused in (body_of(broken), body_of(canary, cluster_id=STRANGER), body_of(canary, cluster_id=NOWHERE)):
        assert "a-canary" not in ask(storage, jane, refused).text
    data = other_server({"SECRETS_SERVICE_PRIVATE_KEY_PATH": private}, workers=1)
    secret = private_pem(pair)
    line = secret.splitlines()[5]
    told = shared_storage.log().encode() + b"".join(texts_of(pid) for pid in shared_storage.processes())
    for text in (line, b"a-canary-value", jane.token.encode(), jane.key, keeper.outer(canary, pair).encode()):
        assert text not in told
    for pid in data.processes():
        assert line not in texts_of(pid)
        assert not [name for name, text in memory_files(pid).items() if line in text or "PRIVATE" in name]
    assert any(line in text for pid in shared_storage.processes() for text in memory_files(pid).values())
    for name in ("ENCRYPTION_KEY_PATH", "INTERNAL_AUTHN_SECRET_KEY_PATH"):
        text = Path(environment[name]).read_bytes()
        assert text not in b"".join(texts_of(pid) for pid in shared_storage.processes())


# Spec: secrets.md 1, 6.1: keys of the data API are none of its business, even when their paths are set
def test_keys_of_the_data_api_are_not_handed_over(other_server, storage_env, folder):
    closed = folder / "closed-key"
    closed.write_bytes(b"k" * 64)
    closed.chmod(0o600)
    names = ("ENCRYPTION_KEY_PATH", "INTERNAL_AUTHN_SECRET_KEY_PATH", "SECRETS_SERVICE_PUBLIC_KEY_PATH")
    more = {name: str(closed) for name in names}
    server = other_server(more, base=storage_env, workers=1, arguments=("--service", "secrets"))
    for pid in server.processes():
        assert not [name for name, text in memory_files(pid).items() if b"kkkk" in text]


# Spec: kubernetes.md 3.1: no cluster anywhere
@pytest.mark.server_error
def test_without_kubernetes_nothing_is_created(other_server, storage_env, realm, jane, two):
    env = {"KUBECONFIG": None, "HOME": "/nonexistent", "K8S_CONFIGS_ROOT": "/nonexistent"}
    server = other_server(env, base=storage_env, workers=1, arguments=("--service", "secrets"))
    answer = httpx.post(
        f"{server.url}{PREFIX}/kubernetes", headers={"authorization": f"bearer {jane.token}"}, json=body_of(two[0]), timeout=60
    )
    check_error(answer, 500, code=1511, contains="no usable way")
