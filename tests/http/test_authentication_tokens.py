# SPDX-License-Identifier: Apache-2.0
"""Which tokens are accepted, and what their claims become. Spec: authentication.md 3.2, 3.3"""

import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from support.api import ADMIN_ROLE, is_anonymous, unique
from support.realm import FUTURE, PAST, Key, Realm, base64url, compact, sign, signature
from support.server import poll


# --- 3.2 validation ------------------------------------------------------------------------------


def token_of(realm: Realm, someone: str, **more) -> str:
    return realm.token(someone, **({"email": f"{unique('user')}@example.org"} | more))
GOOD_CLAIMS = {
    "no-expiry": {"exp": None},
    "audience-as-text": {"aud": "renku"},
    "audience-renku-ui": {"aud": ["renku-ui"]},
    "audience-renku-cli": {"aud": "renku-cli"},
    "audience-swagger": {"aud": ["x", "swagger"]},
    "no-issued-at": {"iat": None},
    "fractional-times": {"iat": PAST + 0.5, "exp": FUTURE + 0.5},
    "not-before-in-the-past": {"nbf": PAST},
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
    "expired": {"exp": PAST},
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
    end = int(time.time()) + 3
    caller = api.with_token(token_of(realm, someone, exp=end))

    def is_refused() -> bool:
        before, status, after = time.time(), caller.get("/user").status_code, time.time()
        assert status == 200 or (status == 401 and after > end - 0.5)
        assert status == 401 or before < end + 0.5
        return status == 401

    assert not is_refused()
    poll(is_refused)


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
