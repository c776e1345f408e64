# SPDX-License-Identifier: Apache-2.0
"""Tokens of a real Keycloak at our server, and its keys that change. Spec: authentication.md 3"""

import json
import time

import pytest

from peers.realm import LOGIN, Realm, client, person
from support.api import is_anonymous
from support.realm import part
from support.server import CLIENT_SECRET, deployment, poll, renku

CLI = "renku-cli"


def claims_of(token: str) -> dict:
    return part(token, 1)


@pytest.fixture(scope="module")
def serve(make_database, keycloak, keys, start_server):
    """Starts servers with one worker, which has one set of keys."""
    database, servers = make_database(), []

    def start(**more: str):
        env = deployment(database, keycloak.url, keys) | {"KEYCLOAK_REALM": keycloak.name}
        servers.append(start_server(more, base=env, workers=1))
        return servers[-1]

    yield start
    for server in servers:
        assert server.stop() == 0, server.log()
        assert not server.reports(), server.log()


@pytest.fixture(scope="module")
def own_server(serve):
    return serve()


@pytest.fixture
def api(make_api, own_server, keycloak):
    return make_api(own_server, keycloak)


def log_in(keycloak: Realm, username: str = "alice", client_id: str = CLI) -> str:
    return keycloak.tokens(username, client_id=client_id, scope="openid")["access_token"]


# Spec: authentication.md 3.2, 3.3
def test_who_logs_in_is_the_user_of_the_token(api, keycloak):
    answer = api.with_token(log_in(keycloak)).get("/user")

    assert answer.status_code == 200, answer.text
    user = answer.json()
    assert user["id"] == keycloak.id_of("alice")
    assert (user["email"], user["first_name"], user["last_name"]) == ("alice@example.org", "Alice", "Last")
    assert (user["username"], user["is_admin"]) == ("alice", False)


# Spec: authentication.md 3.3
def test_the_role_of_the_realm_makes_an_administrator(api, keycloak):
    keycloak.appoint(keycloak.id_of("bob"))

    assert api.with_token(log_in(keycloak, "bob")).get("/user").json()["is_admin"] is True
    assert api.with_token(log_in(keycloak, "alice")).get("/user").json()["is_admin"] is False


# Spec: authentication.md 3.3: a service account has no e-mail
def test_a_client_is_a_user_with_an_address_of_its_own(api, keycloak):
    granted = keycloak.grant(grant_type="client_credentials", client_id="renku", client_secret=CLIENT_SECRET)

    user = api.with_token(granted.body["access_token"]).get("/user").json()
    assert (user["id"], user["email"]) == (claims_of(granted.body["access_token"])["sub"], "service-account-renku@renku.local")


def test_a_refreshed_token_is_as_good_as_the_first(api, keycloak):
    first = keycloak.tokens("alice", client_id=CLI)
    again = keycloak.grant(grant_type="refresh_token", client_id=CLI, refresh_token=first["refresh_token"])

    assert again.status == 200, again.text
    assert again.body["access_token"] != first["access_token"]
    assert api.with_token(again.body["access_token"]).get("/user").status_code == 200


# Spec: authentication.md 3.2
def test_a_token_for_others_is_refused(api, keycloak):
    token = log_in(keycloak, client_id="elsewhere")

    assert "aud" not in claims_of(token)
    is_anonymous(api.with_token(token).get("/user"))


# Spec: authentication.md 3.2: neither azp nor typ is looked at (compatibility quirk)
@pytest.mark.parametrize(("kind", "status"), [("refresh_token", 401), ("id_token", 200)])
def test_of_the_other_tokens_only_that_for_the_client_opens(api, keycloak, kind, status):
    token = keycloak.tokens("alice", client_id=CLI, scope="openid")[kind]

    assert api.with_token(token).get("/user").status_code == status


def test_a_token_of_another_realm_is_refused(api, keycloak, server_of_realms):
    other = Realm(server_of_realms, f"{keycloak.name}-other", [client(CLI, None)], [person("alice", credentials=LOGIN)])
    token = log_in(other)

    assert "renku" in claims_of(token)["aud"]
    is_anonymous(api.with_token(token).get("/user"))
    assert api.with_token(log_in(keycloak)).get("/user").status_code == 200


def test_a_token_ends_when_its_time_is_over(api, keycloak):
    token = log_in(keycloak, client_id="brief")
    caller = api.with_token(token)

    poll(lambda: caller.get("/user").status_code == 401, 60)
    assert claims_of(token)["exp"] <= time.time()
    assert "renku" in claims_of(token)["aud"]


# Spec: authentication.md 3.2: KEYCLOAK_TOKEN_SIGNATURE_ALGS
@pytest.mark.parametrize("alg", ["PS256", "ES256"])
def test_other_signatures_count_where_they_are_allowed(api, serve, make_api, keycloak, alg):
    if alg.startswith("PS"):
        keycloak.add_key(100, alg)
    token = log_in(keycloak, client_id=alg)
    assert part(token, 0)["alg"] == alg

    is_anonymous(api.with_token(token).get("/user"))
    other = make_api(serve(KEYCLOAK_TOKEN_SIGNATURE_ALGS=f"RS256,{alg}"), keycloak)
    assert other.with_token(token).get("/user").status_code == 200
    assert other.with_token(log_in(keycloak)).get("/user").status_code == 200


# Spec: authentication.md 3.1: a set without the key is fetched again
def test_new_keys_are_followed_and_a_removed_one_opens_nothing(api, keycloak):
    first, unused = log_in(keycloak), log_in(keycloak)
    assert api.with_token(first).get("/user").status_code == 200
    old = keycloak.keys()

    keycloak.add_key(200)
    second = log_in(keycloak)
    assert part(second, 0)["kid"] != part(first, 0)["kid"]
    assert poll(lambda: api.with_token(second).get("/user").status_code == 200, 60)
    assert api.with_token(first).get("/user").status_code == 200

    keycloak.remove_keys(*old)
    keycloak.add_key(300)
    third = log_in(keycloak)
    assert part(third, 0)["kid"] not in (part(first, 0)["kid"], part(second, 0)["kid"])
    assert poll(lambda: api.with_token(third).get("/user").status_code == 200, 60)
    assert api.with_token(second).get("/user").status_code == 200
    is_anonymous(api.with_token(unused).get("/user"))


# -- the doctor ----------------------------------------------------------------------------------------------------


def findings(env: dict[str, str]) -> dict[str, dict]:
    """What the doctor says about Keycloak and about its keys."""
    done = renku("doctor", "--json", env=env)
    found = {one["code"]: one for one in json.loads(done.stdout)["findings"]}
    return {code: found[code] for code in ("RK-D003", "RK-D019")}


def levels(env: dict[str, str]) -> list[str]:
    return [one["level"] for one in findings(env).values()]


# The doctor does not wait for more than 5 s, and Keycloak may have to think.
def test_the_doctor_finds_nothing_wrong_with_a_good_realm(own_server):
    poll(lambda: levels(own_server.env) == ["ok", "ok"], 60)


def test_the_doctor_finds_that_there_is_no_such_realm(own_server):
    env = own_server.env | {"KEYCLOAK_REALM": "unheard-of"}

    poll(lambda: "404" in findings(env)["RK-D003"].get("problem", ""), 60)
    assert findings(env)["RK-D003"]["level"] == "warning"


def test_the_doctor_finds_that_a_realm_has_no_keys(own_server, keycloak, server_of_realms):
    keyless = Realm(server_of_realms, f"{keycloak.name}-keyless", [], [])
    keyless.remove_keys(*keyless.keys())

    poll(lambda: levels(own_server.env | {"KEYCLOAK_REALM": keyless.name}) == ["ok", "warning"], 60)
