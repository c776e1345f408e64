# SPDX-License-Identifier: Apache-2.0
"""Internal tokens and their exchange. Spec: authentication.md 5"""

import base64
import json
import time

import pytest

from support.api import ULID, check_error, fields_error, is_anonymous
from support.internal_tokens import INTERNAL_KEY, internal_token
from support.realm import FUTURE, PAST, sign

TOKEN_PATH = "/internal/authentication/token"
GRANT = {"grant_type": "refresh_token"}


# Spec: authentication.md 1, 7: an internal token is nobody on an operation for Keycloak tokens
def test_an_internal_token_is_nobody_here(api, user):
    for more in ({}, {"aud": ["renku-self", "renku"]}, {"typ": "Refresh"}):
        is_anonymous(api.with_token(internal_token(user.id, **more)).get("/user"))


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
    "expired": {"exp": PAST},
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
