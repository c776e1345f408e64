# SPDX-License-Identifier: Apache-2.0
"""Who is calling, as seen over HTTP. Spec: authentication.md"""

import base64
import json
import threading
import time
import uuid

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from support.api import ADMIN_ROLE, ULID, check_error, fields_error, unique
from support.raw import exchange
from support.realm import CERTS, DISCOVERY, Key, Realm, base64url, compact, sign, signature
from support.server import poll
from support.tls import make_authority

LOGIN = "You have to be authenticated to perform this operation."


def is_anonymous(response) -> None:
    check_error(response, 401, LOGIN)


@pytest.fixture
def someone() -> str:
    return str(uuid.uuid4())


# --- 2 the header --------------------------------------------------------------------------------

PREFIXES = {
    "Bearer ": 200,
    "bearer ": 200,
    "": 200,
    "BEARER ": 401,
    "Bearer  ": 401,
    "Basic ": 401,
    "Bearer": 401,
    "Token ": 401,
}


# Spec: authentication.md 2
@pytest.mark.parametrize(
    "prefix, status", PREFIXES.items(), ids=[repr(prefix) for prefix in PREFIXES]
)
def test_the_prefix_has_exactly_two_spellings(api, user, prefix, status):
    answer = exchange(api.url, "GET", "/api/data/user", [("Authorization", prefix + user.token)])
    assert answer.status == status


# Spec: authentication.md 2
def test_the_header_name_may_be_in_any_case(api, user):
    for name in ("authorization", "AUTHORIZATION", "aUTHORIZATION"):
        assert (
            exchange(api.url, "GET", "/api/data/user", [(name, f"Bearer {user.token}")]).status
            == 200
        )


# Spec: authentication.md 2: the first one counts; FIELD: or the request is refused
def test_a_second_authorization_header_never_wins(api, user):
    headers = [("Authorization", "Bearer nonsense"), ("Authorization", f"Bearer {user.token}")]
    assert exchange(api.url, "GET", "/api/data/user", headers).status in (400, 401)


# Spec: authentication.md 2
def test_no_cookie_is_ever_set(user, anonymous):
    for response in (user.get("/user"), anonymous.get("/user"), anonymous.get("/projects")):
        assert "set-cookie" not in response.headers


NONSENSE = [
    "x",
    "a.b.c",
    "...",
    "a.b",
    "null",
    "{}",
    "Bearer",
    "e30.e30.e30",
    "\u00ff",
    "x" * 6000,
    "a.b.c.d.e",
]


# Spec: authentication.md 2
@pytest.mark.parametrize("token", NONSENSE, ids=ascii)
def test_an_unusable_credential_is_nobody(api, token):
    answer = exchange(api.url, "GET", "/api/data/user", [("Authorization", f"Bearer {token}")])
    assert answer.status == 401
    assert answer.json()["error"]["message"] == LOGIN


# Spec: authentication.md 2: the operation's own check answers
def test_bad_credentials_get_the_view_of_the_anonymous(api, user):
    project = user.create_project(visibility="public")
    assert api.with_token("nonsense").get(f"/projects/{project['id']}").status_code == 200


# --- 2.1 anonymous identities --------------------------------------------------------------------


# Spec: authentication.md 2.1; users.md 3.3; authorization.md 2: an anonymous id is nobody's id
@pytest.mark.parametrize(
    "headers",
    [
        {"renku-auth-anon-id": "{id}"},
        {"cookie": "Renku-Auth-Anon-Id={id}"},
        {"cookie": "__Host-Renku-Auth-Anon-Id={id}"},
        {"cookie": '__Secure-Renku-Auth-Anon-Id="{id}"; a=b'},
    ],
    ids=["header", "cookie", "host-cookie", "secure-cookie"],
)
def test_an_anonymous_id_grants_nothing(api, user, headers):
    project = user.create_project()
    impostor = api.anonymous(**{name: value.format(id=user.id) for name, value in headers.items()})
    is_anonymous(impostor.get("/user"))
    check_error(impostor.get(f"/projects/{project['id']}"), 404)
    check_error(impostor.get(f"/projects/{project['id']}/permissions"), 404)
    check_error(impostor.delete(f"/projects/{project['id']}/members/{user.id}"), 404)
    assert impostor.get("/projects", params={"direct_member": "true"}).json() == []
    assert impostor.get("/projects", params={"namespace": user.slug}).json() == []
    assert "email" not in impostor.get(f"/users/{user.id}").json()


# Spec: authentication.md 2.1; authorization.md 2
@pytest.mark.parametrize(
    "value", ["", "*", "a b", "ä", "'; DROP TABLE users.users; --", "%00", "x" * 3000], ids=ascii
)
def test_any_anonymous_id_is_only_a_name(api, value):
    for headers in ([("Renku-Auth-Anon-Id", value)], [("Cookie", f"Renku-Auth-Anon-Id={value}")]):
        assert exchange(api.url, "GET", "/api/data/projects", headers).status == 200


# --- 3.2 validation ------------------------------------------------------------------------------


def token_of(realm: Realm, someone: str, **more) -> str:
    return realm.token(someone, **({"email": f"{unique('user')}@example.org"} | more))


NOW = 1_000_000_000  # far in the past
FUTURE = 4_000_000_000
GOOD_CLAIMS = {
    "no-expiry": {"exp": None},
    "audience-as-text": {"aud": "renku"},
    "audience-renku-ui": {"aud": ["renku-ui"]},
    "audience-renku-cli": {"aud": "renku-cli"},
    "audience-swagger": {"aud": ["x", "swagger"]},
    "no-issued-at": {"iat": None},
    "fractional-times": {"iat": NOW + 0.5, "exp": FUTURE + 0.5},
    "not-before-in-the-past": {"nbf": NOW},
    "other-issuer": {"iss": "https://elsewhere.example"},
    "no-issuer": {"iss": None},
    "no-jti": {"jti": None},
    "other-type": {"typ": "ID"},
    "other-party": {"azp": "stranger"},
    "no-roles": {"realm_access": None},
}


# Spec: authentication.md 3.2
@pytest.mark.parametrize("claims", GOOD_CLAIMS.values(), ids=GOOD_CLAIMS.keys())
def test_a_good_token_is_accepted(api, realm, someone, claims):
    response = api.with_token(token_of(realm, someone, **claims)).get("/user")
    assert response.status_code == 200, response.text
    assert response.json()["id"] == someone


BAD_CLAIMS = {
    "expired": {"exp": NOW},
    "expiry-as-words": {"exp": "tomorrow"},
    "expiry-as-null-list": {"exp": [FUTURE]},
    "issued-in-the-future": {"iat": FUTURE},
    "issued-as-words": {"iat": "now"},
    "not-before-in-the-future": {"nbf": FUTURE},
    "not-before-as-words": {"nbf": "now"},
    "no-audience": {"aud": None},
    "other-audience": {"aud": ["account"]},
    "other-audience-as-text": {"aud": "renku-other"},
    "empty-audience": {"aud": []},
    "audience-as-number": {"aud": 1},
    "audience-with-number": {"aud": ["renku", 1]},
    "audience-in-upper-case": {"aud": "RENKU"},
    "subject-as-number": {"sub": 1},
    "jti-as-number": {"jti": 1},
    "no-subject": {"sub": None},
}


# Spec: authentication.md 3.2, 3.3
@pytest.mark.parametrize("claims", BAD_CLAIMS.values(), ids=BAD_CLAIMS.keys())
def test_a_token_with_bad_claims_is_nobody(api, realm, someone, claims):
    is_anonymous(api.with_token(token_of(realm, someone, **claims)).get("/user"))


# Spec: authentication.md 3.2, 10: no leeway
def test_clocks_get_no_leeway(api, realm, someone):
    soon = int(time.time()) + 2
    is_anonymous(api.with_token(token_of(realm, someone, iat=soon)).get("/user"))
    is_anonymous(api.with_token(token_of(realm, someone, nbf=soon)).get("/user"))


# Spec: authentication.md 3.2: a verified token is remembered, but never beyond its end
def test_a_remembered_token_ends_with_its_expiry(api, realm, someone):
    end = int(time.time()) + 2
    caller = api.with_token(token_of(realm, someone, exp=end))
    assert caller.get("/user").status_code == 200

    def refused():
        before = time.time()
        status = caller.get("/user").status_code
        assert status == (200 if before < end - 0.5 else status)
        return status == 401 and before

    ended = poll(refused, 5)
    assert end - 0.5 <= ended <= end + 0.5


PAYLOADS = [b"[]", b'"x"', b"1", b"null", b"{", b"", b'{"sub":"a","aud":"renku"', b"\xff\xfe"]


# Spec: authentication.md 3.2
@pytest.mark.parametrize("payload", PAYLOADS, ids=repr)
def test_a_payload_that_is_no_object_is_nobody(api, realm, payload):
    key = realm.keys[0]
    is_anonymous(api.with_token(sign(payload, key.private, header={"kid": key.kid})).get("/user"))


HEADERS = {
    "no-kid": {"kid": None},
    "kid-as-number": {"kid": 1},
    "unknown-kid": {"kid": "unknown"},
    "empty-kid": {"kid": ""},
    "critical-extension": {"crit": ["x"], "x": 1},
    "unencoded-payload": {"crit": ["b64"], "b64": False},
    "no-algorithm": {"alg": None},
    "algorithm-as-number": {"alg": 1},
}


# Spec: authentication.md 3.2
@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
def test_a_token_with_a_bad_header_is_nobody(api, realm, someone, header):
    key = realm.keys[0]
    full = {"alg": "RS256", "typ": "JWT", "kid": key.kid} | header
    full = {name: value for name, value in full.items() if value is not None}
    text = f"{base64url(compact(full))}.{base64url(compact(realm.claims(someone, email='a@b.c')))}"
    is_anonymous(api.with_token(sign_text(text, key)).get("/user"))


def sign_text(text: str, key: Key) -> str:
    return f"{text}.{base64url(signature(key.private, 'RS256', text.encode()))}"


def forgeries(realm: Realm, claims: dict) -> dict[str, str]:
    """Tokens that pretend to come from the realm."""
    key = realm.keys[0]
    kid = {"kid": key.kid}
    pem = key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    modulus = key.private.public_key().public_numbers().n.to_bytes(256, "big")
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    own_jwk = Key(kid=key.kid, private=stranger).jwk()
    good = sign(claims, key.private, header=kid)
    head, body, mac = good.split(".")
    other_body = base64url(compact(claims | {"realm_access": {"roles": [ADMIN_ROLE]}}))
    other = sign(claims | {"x": 1}, key.private, header=kid)
    return {
        "none": sign(claims, b"", "none", kid),
        "none-in-capitals": sign(claims, b"", "NONE", kid),
        "none-with-a-signature": sign(claims, b"", "none", kid) + mac,
        "hmac-with-the-public-key": sign(claims, pem, "HS256", kid),
        "hmac-with-the-modulus": sign(claims, modulus, "HS256", kid),
        "hmac-with-nothing": sign(claims, b"", "HS512", kid),
        "other-rsa-algorithm": sign(claims, key.private, "RS512", kid),
        "pss": sign(claims, key.private, "PS256", kid),
        "elliptic": sign(claims, ec.generate_private_key(ec.SECP256R1()), "ES256", kid),
        "stranger-with-our-kid": sign(claims, stranger, header=kid),
        "stranger-brings-the-key": sign(claims, stranger, header=kid | {"jwk": own_jwk}),
        "stranger-names-a-url": sign(
            claims, stranger, header=kid | {"jku": "http://127.0.0.1:1/x"}
        ),
        "changed-payload": f"{head}.{other_body}.{mac}",
        "cut-signature": good[:-4],
        "no-signature": f"{head}.{body}.",
        "two-parts": f"{head}.{body}",
        "four-parts": good + ".x",
        "blank-inside": f"{head}. {body}.{mac}",
        "padded": f"{head}=.{body}.{mac}",
        "signature-of-another": f"{head}.{body}.{other.split('.')[2]}",
    }


FORGERIES = list(forgeries(Realm(), {"sub": "x"}))


# Spec: authentication.md 3.2
@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_token_is_nobody(api, realm, someone, name):
    claims = realm.claims(someone, email="a@example.org")
    assert (
        api.with_token(sign(claims, realm.keys[0].private, header={"kid": realm.keys[0].kid}))
        .get("/user")
        .status_code
        == 200
    )
    is_anonymous(api.with_token(forgeries(realm, claims)[name]).get("/user"))


# --- 3.3 claims ----------------------------------------------------------------------------------


# Spec: authentication.md 3.3; users.md 3.1
def test_claims_become_the_user(api, realm, someone):
    email = f"{unique('jane')}@example.org"
    token = realm.token(someone, email=email, given_name="Jane", family_name="Doe", name="Jane Doe")
    assert api.with_token(token).get("/user").json() == {
        "id": someone,
        "username": email.split("@")[0],
        "email": email,
        "first_name": "Jane",
        "last_name": "Doe",
        "is_admin": False,
    }


# Spec: authentication.md 3.3, 10
def test_a_service_account_without_email_gets_one(api, realm, someone):
    party = unique("robot")
    token = realm.token(someone, azp=party, realm_access={"roles": [ADMIN_ROLE]})
    user = api.with_token(token).get("/user").json()
    assert user["email"] == f"service-account-{party}@renku.local"
    assert user["is_admin"] is True


# Spec: authentication.md 3.3, 7
@pytest.mark.parametrize("party", [None, ""])
def test_a_token_without_email_and_party_is_nobody(api, realm, someone, party):
    is_anonymous(api.with_token(realm.token(someone, azp=party)).get("/user"))


# Spec: authentication.md 10
def test_an_empty_email_is_an_email(api, realm, someone, rows):
    response = api.with_token(
        realm.token(someone, email="", given_name="Empty", family_name=unique("Mail"))
    ).get("/user")
    assert response.status_code == 200
    assert "email" not in response.json()


ROLES = {
    "admin": ({"roles": [ADMIN_ROLE]}, True),
    "among-others": ({"roles": ["x", ADMIN_ROLE, "y"]}, True),
    "none": ({"roles": []}, False),
    "no-list": ({}, False),
    "other-case": ({"roles": ["Renku-Admin"]}, False),
    "part-of-a-name": ({"roles": ["renku-admin-x"]}, False),
}


# Spec: authentication.md 3.3
@pytest.mark.parametrize("access, is_admin", ROLES.values(), ids=ROLES.keys())
def test_the_role_makes_the_administrator(api, realm, someone, access, is_admin):
    token = token_of(realm, someone, realm_access=access)
    assert api.with_token(token).get("/user").json()["is_admin"] is is_admin


ODD_CLAIMS = {
    "roles-no-list": {"realm_access": {"roles": "renku-admin"}},
    "roles-null": {"realm_access": {"roles": None}},
    "access-no-object": {"realm_access": ["renku-admin"]},
    "role-no-text": {"realm_access": {"roles": [1, {}, None]}},
    "email-no-text": {"email": 1},
    "email-null-list": {"email": []},
    "name-no-text": {"given_name": 5, "family_name": {}, "name": []},
    "name-with-nul": {"given_name": "a\u0000b"},
    "email-with-nul": {"email": "a\u0000b@example.org"},
    "subject-with-nul": {"sub": "a\u0000b"},
    "subject-with-blank": {"sub": "a b"},
    "subject-empty": {"sub": ""},
    "subject-star": {"sub": "*"},
    "subject-long": {"sub": "x" * 300},
    "name-long": {"given_name": "x" * 300},
    "email-long": {"email": "x" * 400 + "@example.org"},
    "surrogate": {"given_name": "\ud800"},
}


# Spec: authentication.md 3.2, 3.3; DESIGN 10: signed by the realm, and still odd: never a 5xx
@pytest.mark.parametrize("claims", ODD_CLAIMS.values(), ids=ODD_CLAIMS.keys())
def test_odd_claims_never_break_the_server(api, realm, someone, claims):
    caller = api.with_token(token_of(realm, someone, **claims))
    for path in ("/user", "/users?exact_email=x", "/projects", "/user/preferences", "/namespaces"):
        response = caller.get(path)
        assert response.status_code < 500
        if path == "/user" and response.status_code == 200:
            assert response.json()["is_admin"] is False
    assert (
        caller.post("/user/preferences/pinned_projects", json={"project_slug": "abc"}).status_code
        < 500
    )


# --- 3.1 keys ------------------------------------------------------------------------------------


@pytest.fixture
def own_realm():
    with Realm() as realm:
        yield realm


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
    assert server.process.wait(10) == 1
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
    assert poll(lambda: late.get("/user").status_code == 200, 15)


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
    assert poll(lambda: visitor.get("/user").status_code == 200, 15)


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
            started = time.monotonic()
            assert user.get("/user").status_code == 200
            assert own_api.anonymous().get("/version").status_code == 200
            assert time.monotonic() - started < 1
        assert statuses == []
    finally:
        own_realm.fast()
    for thread in threads:
        thread.join(30)
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
    assert poll(lambda: own_api.visitor().get("/user").status_code == 200, 15)


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


# --- 5 internal tokens ---------------------------------------------------------------------------

INTERNAL_KEY = bytes(range(64))


def internal_token(someone: str, **more) -> str:
    now = int(time.time())
    claims = {
        "sub": someone,
        "email": "jane@example.org",
        "exp": now + 900,
        "iat": now,
        "nbf": now - 1,
        "iss": "renku-self",
        "aud": "renku-self",
        "jti": "01J2F86WS7S8N6159WA3X4042H",
        "typ": "Bearer",
    } | more
    claims = {name: value for name, value in claims.items() if value is not None}
    return sign(claims, INTERNAL_KEY, "HS512")


# Spec: authentication.md 1, 7: an internal token is nobody on an operation for Keycloak tokens
def test_an_internal_token_is_nobody_here(api, user):
    for more in ({}, {"aud": ["renku-self", "renku"]}, {"typ": "Refresh"}):
        is_anonymous(api.with_token(internal_token(user.id, **more)).get("/user"))


# --- 5.5 POST /internal/authentication/token -----------------------------------------------------

TOKEN_PATH = "/internal/authentication/token"
GRANT = {"grant_type": "refresh_token"}


def payload_bytes(token: str) -> bytes:
    part = token.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def payload(token: str) -> dict:
    return json.loads(payload_bytes(token))


def refresh(api, someone: str, **claims):
    token = internal_token(someone, **({"typ": "Refresh"} | claims))
    return api.anonymous().post(TOKEN_PATH, data=GRANT | {"refresh_token": token})


# Spec: authentication.md 5.1, 5.5
def test_a_refresh_token_is_exchanged(api, someone):
    names = {"name": "Jane Doe", "given_name": "Jane", "family_name": ""}
    response = refresh(api, someone, **names, scope="custom other")
    assert response.status_code == 200, response.text
    body = response.json()
    assert list(body)[:4] == ["access_token", "token_type", "expires_in", "refresh_token"]
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
    assert (body["refresh_expires_in"], body["scope"]) == (3600, "custom other")
    for token, kind, life in (
        (body["access_token"], "Bearer", 900),
        (body["refresh_token"], "Refresh", 3600),
    ):
        claims = payload(token)
        assert sign(payload_bytes(token), INTERNAL_KEY, "HS512") == token
        assert ULID.match(claims.pop("jti"))
        issued = claims.pop("iat")
        assert abs(issued - time.time()) < 30
        assert (claims.pop("exp"), claims.pop("nbf")) == (issued + life, issued - 1)
        assert claims == {
            "sub": someone,
            "email": "jane@example.org",
            "name": "Jane Doe",
            "given_name": "Jane",
            "iss": "renku-self",
            "aud": "renku-self",
            "typ": kind,
            "scope": "custom other",
        }


# Spec: authentication.md 5.5: no rotation, and other tokens each time
def test_an_old_refresh_token_stays_valid(api, someone):
    token = internal_token(someone, typ="refresh")
    answers = [
        api.anonymous().post(TOKEN_PATH, data=GRANT | {"refresh_token": token}).json()
        for _ in range(2)
    ]
    assert answers[0]["scope"] == ""
    assert answers[0]["access_token"] != answers[1]["access_token"]
    assert "scope" not in payload(answers[0]["access_token"])
    again = api.anonymous().post(
        TOKEN_PATH, data=GRANT | {"refresh_token": answers[0]["refresh_token"]}
    )
    assert again.status_code == 200
    refused = api.anonymous().post(
        TOKEN_PATH, data=GRANT | {"refresh_token": answers[0]["access_token"]}
    )
    is_anonymous(refused)


BAD_REFRESH = {
    "access-token": {"typ": "Bearer"},
    "no-type": {"typ": None},
    "expired": {"exp": NOW},
    "not-yet": {"nbf": FUTURE},
    "issued-later": {"iat": FUTURE},
    "other-issuer": {"iss": "renku"},
    "no-issuer": {"iss": None},
    "other-audience": {"aud": "renku"},
    "no-audience": {"aud": None},
    "no-subject": {"sub": None},
    "no-email": {"email": None},
}


# Spec: authentication.md 5.2, 5.5
@pytest.mark.parametrize("claims", BAD_REFRESH.values(), ids=BAD_REFRESH.keys())
def test_a_bad_refresh_token_is_401(api, someone, claims):
    is_anonymous(refresh(api, someone, **claims))


# Spec: authentication.md 5.2: signed with HS512 and our key, and nothing else
@pytest.mark.parametrize("key, alg", [(b"x" * 64, "HS512"), (INTERNAL_KEY, "HS256"), (b"", "none")])
def test_a_forged_refresh_token_is_401(api, someone, key, alg):
    claims = payload(internal_token(someone, typ="Refresh"))
    for token in (sign(claims, key, alg), "nonsense", "a.b.c", api.realm.token(someone, email="a")):
        is_anonymous(api.anonymous().post(TOKEN_PATH, data=GRANT | {"refresh_token": token}))


FORMS = {
    "empty": ({}, ["grant_type: Field required", "refresh_token: Field required"]),
    "no-token": (GRANT, ["refresh_token: Field required"]),
    "blank-token": (GRANT | {"refresh_token": ""}, ["refresh_token: Field required"]),
    "other-grant": (
        {"grant_type": "password", "refresh_token": "x"},
        ["grant_type: Input should be 'refresh_token'"],
    ),
    "token-twice": (
        GRANT | {"refresh_token": ["x", "y"]},
        ["refresh_token: Input should be a valid string"],
    ),
}


# Spec: authentication.md 5.5; foundations.md 5.5
@pytest.mark.parametrize("form, violations", FORMS.values(), ids=FORMS.keys())
def test_violations_of_the_form(anonymous, form, violations):
    check_error(anonymous.post(TOKEN_PATH, data=form), 422, fields_error(*violations))


# Spec: authentication.md 5.5; foundations.md 5.5: with another type, or malformed, a form is empty
def test_what_is_no_form_is_an_empty_form(anonymous, someone):
    token = internal_token(someone, typ="Refresh")
    message = fields_error("grant_type: Field required", "refresh_token: Field required")
    form = f"grant_type=refresh_token&refresh_token={token}"
    for content_type in ("application/json", "text/plain", "multipart/form-data"):
        headers = {"content-type": content_type}
        check_error(anonymous.send("POST", TOKEN_PATH, form, headers=headers), 422, message)
    json_body = anonymous.post(TOKEN_PATH, json=GRANT | {"refresh_token": token})
    check_error(json_body, 422, message)
    check_error(anonymous.post(TOKEN_PATH), 422, message)


# Spec: foundations.md 5.5: both forms; unknown fields are allowed
def test_both_kinds_of_forms_are_read(anonymous, someone):
    token = internal_token(someone, typ="Refresh")
    fields = GRANT | {"refresh_token": token, "more": "x"}
    assert anonymous.post(TOKEN_PATH, data=fields).status_code == 200
    multipart = {name: (None, value) for name, value in fields.items()}
    assert anonymous.post(TOKEN_PATH, files=multipart).status_code == 200


# Spec: authentication.md 5.4
def test_a_session_that_does_not_exist_is_no_scope(api, someone):
    for scope in ("session:nobody", "SESSION:nobody", "custom session:nobody"):
        error = check_error(refresh(api, someone, scope=scope), 403)
        assert error["detail"] == "Failed to verify session scope 'nobody'."


# Spec: authentication.md 5.3, 9; foundations.md 22.3
def test_lives_and_names_of_internal_tokens_are_settings(other_server, make_api, someone):
    settings = {
        "INTERNAL_AUTHN_DEFAULT_ACCESS_TOKEN_EXPIRATION_SECONDS": "60",
        "INTERNAL_AUTHN_DEFAULT_REFRESH_TOKEN_EXPIRATION_SECONDS": "120",
        "INTERNAL_AUTHN_ISSUER": "us",
        "INTERNAL_AUTHN_AUDIENCE": "them",
    }
    api = make_api(other_server(settings, workers=1))
    is_anonymous(refresh(api, someone))
    body = refresh(api, someone, iss="us", aud=["x", "them"]).json()
    assert (body["expires_in"], body["refresh_expires_in"]) == (60, 120)
    claims = payload(body["access_token"])
    assert (claims["iss"], claims["aud"], claims["exp"] - claims["iat"]) == ("us", "them", 60)


# --- 4 GitLab ------------------------------------------------------------------------------------


# Spec: authentication.md 1, 4: the GitLab header does not count where Keycloak decides
def test_a_gitlab_token_alone_is_nobody_here(api):
    is_anonymous(api.anonymous(**{"gitlab-access-token": "x"}).get("/user"))


# --- 8 development mode --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def development_server(start_server):
    server = start_server(
        {
            name: None
            for name in (
                "KEYCLOAK_URL",
                "KEYCLOAK_CLIENT_ID",
                "KEYCLOAK_CLIENT_SECRET",
                "KEYCLOAK_TOKEN_SIGNATURE_ALGS",
                "INTERNAL_AUTHN_SECRET_KEY_PATH",
            )
        }
        | {"DUMMY_STORES": "true"},
        workers=1,
    )
    yield server
    server.stop()


@pytest.fixture
def development(development_server, make_api):
    return make_api(development_server)


# Spec: authentication.md 8
@pytest.mark.parametrize("prefix", ["", "Bearer ", "bearer "])
def test_in_development_mode_the_header_is_the_user(development, prefix):
    person = {
        "id": str(uuid.uuid4()),
        "email": f"{unique('dev')}@example.org",
        "first_name": "Dev",
        "last_name": "Eloper",
        "full_name": "Dev Eloper",
        "is_admin": True,
    }
    caller = development.anonymous(authorization=prefix + json.dumps(person))
    user = caller.get("/user")
    assert user.status_code == 200, user.text
    expected = {
        name: person[name] for name in ("id", "email", "first_name", "last_name", "is_admin")
    }
    assert {name: user.json()[name] for name in expected} == expected


# Spec: authentication.md 8
@pytest.mark.parametrize(
    "value",
    ["", "nonsense", "{}", "[]", '{"email":"a@b.c"}', '{"id":null}', '{"id":1}', '"x"', "{"],
    ids=repr,
)
def test_in_development_mode_nonsense_is_nobody(development, value):
    is_anonymous(development.anonymous(authorization=value).get("/user"))


# Spec: authentication.md 8
def test_in_development_mode_the_defaults_are_harmless(development):
    person = {"id": str(uuid.uuid4()), "first_name": "A", "last_name": unique("B")}
    caller = development.anonymous(authorization=json.dumps(person))
    assert caller.get("/user").json()["is_admin"] is False
    check_error(caller.get("/users"), 403)
    assert ULID.match(caller.create_group()["id"])
