# SPDX-License-Identifier: Apache-2.0
"""Where the keys of the realm come from. Spec: authentication.md 3, 3.1"""

import threading
import uuid

import pytest

from support.api import check_error, is_anonymous, unique
from support.realm import CERTS, DISCOVERY, Key, Realm, sign
from support.server import poll
from support.tls import make_authority


@pytest.fixture
def own_api(own_realm, other_server, make_api):
    """A server of one process with a realm of its own."""
    return make_api(other_server({"KEYCLOAK_URL": own_realm.url}, workers=1), own_realm)


# Spec: foundations.md 20; authentication.md 3.1
def test_a_server_trusts_the_authority_that_it_is_told(other_server, make_api, tmp_path):
    with Realm(make_authority(tmp_path)) as realm:
        settings = {"KEYCLOAK_URL": realm.url, "SSL_CERT_FILE": str(tmp_path / "ca.pem")}
        api = make_api(other_server(settings, workers=1), realm)
        assert api.user().get("/user").status_code == 200


# Spec: authentication.md 3.1: waiting would not help
def test_a_realm_without_keys_stops_the_start(own_realm, other_server, monkeypatch):
    documents = {DISCOVERY: {"issuer": own_realm.issuer}}
    monkeypatch.setattr(own_realm, "documents", lambda: documents)
    server = other_server({"KEYCLOAK_URL": own_realm.url}, workers=1, wait=False)
    assert server.process.wait(60) == 1
    assert "jwks_uri" in server.log()


# Spec: authentication.md 3.1
def test_the_key_set_is_fetched_lazily_and_once(own_realm, own_api):
    own_api.anonymous().get("/projects")
    assert own_realm.count(CERTS) == 0
    for _ in range(5):
        own_api.user()
    assert own_realm.count(CERTS) == 1
    assert own_realm.count(DISCOVERY) <= 2  # the launcher looks too


# Spec: authentication.md 3.1: an unknown key is looked for at once
def test_a_new_key_is_found_without_waiting(own_realm, own_api):
    old = own_api.user()
    own_realm.rotate()
    assert own_api.user().id
    assert own_realm.count(CERTS) == 2
    assert old.get("/user").status_code == 200
    own_realm.rotate(keep=False)
    assert own_api.user().id
    fresh = own_api.with_token(own_realm.token(str(uuid.uuid4()), email="a@b.c"))
    assert fresh.get("/user").status_code == 200


# Spec: authentication.md 3.1: once per token, no negative caching
def test_an_unknown_key_is_asked_for_once_per_token(own_realm, own_api, someone):
    own_api.user()
    key = Key()
    own_realm.forget()
    for _ in range(2):
        is_anonymous(own_api.with_token(own_realm.token(someone, key, email="a@b.c")).get("/user"))
    assert 1 <= own_realm.count(CERTS) <= 2
    own_realm.keys.append(key)
    late = own_api.with_token(own_realm.token(someone, key, email=f"{unique('late')}@b.c"))
    assert poll(lambda: late.get("/user").status_code == 200)


SKIPPED = {
    "use-enc": lambda jwk: jwk | {"use": "enc"},
    "no-kid": lambda jwk: {name: value for name, value in jwk.items() if name != "kid"},
    "unknown-type": lambda jwk: jwk | {"kty": "XYZ"},
    "symmetric": lambda jwk: {"kty": "oct", "k": "c2VjcmV0", "kid": jwk["kid"]},
    "broken-modulus": lambda jwk: jwk | {"n": "!!!"},
}


# Spec: authentication.md 3.1
@pytest.mark.parametrize("change", SKIPPED.values(), ids=SKIPPED.keys())
def test_unusable_keys_are_skipped(own_realm, own_api, change):
    other = Key()
    own_realm.published = [change(own_realm.keys[0].jwk()), other.jwk()]
    is_anonymous(own_api.visitor().get("/user"))
    good = own_realm.token(str(uuid.uuid4()), other, email=f"{unique('x')}@example.org")
    assert own_api.with_token(good).get("/user").status_code == 200


# Spec: authentication.md 3.1: no use counts as sig
def test_a_key_without_use_signs(own_realm, own_api):
    jwk = own_realm.keys[0].jwk()
    del jwk["use"], jwk["alg"]
    own_realm.published = [jwk]
    assert own_api.user().id


# Spec: authentication.md 3.1, 7: after a failing fetch the next token tries again
def test_a_realm_that_is_down_makes_users_anonymous_until_it_is_back(own_realm, own_api):
    visitor = own_api.visitor()
    own_realm.failing = 503
    is_anonymous(visitor.get("/user"))
    assert own_api.anonymous().get("/projects").status_code == 200
    own_realm.failing = 0
    assert poll(lambda: visitor.get("/user").status_code == 200)


# Spec: authentication.md 3.1: only who needs a new key feels it
def test_known_keys_outlive_the_realm(own_realm, own_api):
    user = own_api.user()
    own_realm.stop()
    try:
        assert user.get("/user").status_code == 200
        assert own_api.visitor().get("/user").status_code == 200
        stranger = own_realm.token(user.id, Key(), email="a@b.c")
        is_anonymous(own_api.with_token(stranger).get("/user"))
    finally:
        own_realm.start()


# Spec: authentication.md 10: fetching keys blocks nobody else, and happens once
def test_a_slow_realm_delays_only_who_needs_it(own_realm, own_api):
    user = own_api.user()
    own_realm.rotate()
    own_realm.forget()
    own_realm.slow()
    statuses = []
    waiting = [own_api.visitor() for _ in range(4)]
    threads = [
        threading.Thread(target=lambda v=v: statuses.append(v.get("/user").status_code))
        for v in waiting
    ]
    try:
        for thread in threads:
            thread.start()
        poll(lambda: own_realm.count(CERTS) > 0)
        for _ in range(20):
            assert user.get("/user").status_code == 200
            assert own_api.anonymous().get("/version").status_code == 200
        assert statuses == []
    finally:
        own_realm.fast()
    for thread in threads:
        thread.join(60)
    assert statuses == [200] * 4
    assert own_realm.most[CERTS] == 1


BAD_SETS = {
    "no-json": b"<html>",
    "no-object": b"[]",
    "no-keys": b"{}",
    "no-usable-key": b'{"keys":[{"kty":"oct","k":"eA"}]}',
}


# Spec: authentication.md 7
@pytest.mark.server_error
@pytest.mark.parametrize("published", BAD_SETS.values(), ids=BAD_SETS.keys())
def test_a_key_endpoint_that_answers_nonsense_is_500(own_realm, own_api, published):
    own_realm.published = published
    check_error(own_api.visitor().get("/user"), 500)
    assert own_api.anonymous().get("/version").status_code == 200
    own_realm.published = None
    assert poll(lambda: own_api.visitor().get("/user").status_code == 200)


# Spec: authentication.md 3: the algorithms are those of the setting
def test_only_the_configured_algorithms_are_accepted(own_realm, other_server, make_api, someone):
    server = other_server(
        {"KEYCLOAK_URL": own_realm.url, "KEYCLOAK_TOKEN_SIGNATURE_ALGS": " RS512 , PS256 "},
        workers=1,
    )
    api = make_api(server, own_realm)
    key = own_realm.keys[0]
    own_realm.published = [{name: value for name, value in key.jwk().items() if name != "alg"}]
    claims = own_realm.claims(someone, email=f"{unique('x')}@example.org")
    statuses = {
        alg: api.with_token(sign(claims, key.private, alg, {"kid": key.kid}))
        .get("/user")
        .status_code
        for alg in ("RS256", "RS512", "PS256", "RS384")
    }
    assert statuses == {"RS256": 401, "RS512": 200, "PS256": 200, "RS384": 401}
