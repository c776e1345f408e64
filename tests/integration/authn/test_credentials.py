# SPDX-License-Identifier: Apache-2.0
"""What a request brings along, and whom that makes the caller. Spec: authentication.md 1, 2, 8"""

import json

import pytest

from support.driver import ACCESS, GITLAB, INTERNAL, KEYCLOAK, NOBODY, is_anonymous, is_nobody, is_user
from support.internal_tokens import INTERNAL_KEY, internal_claims
from support.realm import CERTS, sign


# --- 2 general rules ---------------------------------------------------------------------------------------------


# Spec: authentication.md 2
@pytest.mark.parametrize("prefix", ["", "Bearer ", "bearer "])
def test_the_scheme_may_be_missing(calm, calm_token, someone, prefix):
    answer = calm.authenticate(prefix + calm_token)
    is_user(answer, someone)
    assert answer["access_token"] == calm_token


# Spec: authentication.md 2
@pytest.mark.parametrize("prefix", ["BEARER ", "Bearer  ", "Bearer", "Basic ", " Bearer "])
def test_other_schemes_are_no_credentials(calm, calm_token, prefix):
    is_anonymous(calm.authenticate(prefix + calm_token))


# Spec: authentication.md 2.1
def test_the_header_names_an_anonymous_caller(calm):
    for value in ("abc", "", "anything at all"):
        answer = calm.authenticate(anonymous_id=value, cookie="Renku-Auth-Anon-Id=other")
        is_anonymous(answer)
        assert answer["id"] == value


COOKIES = {
    "plain": ("Renku-Auth-Anon-Id=abc", "abc"),
    "among-others": ("a=b; Renku-Auth-Anon-Id=abc; c=d", "abc"),
    "no-blank": ("a=b;Renku-Auth-Anon-Id=abc;c=d", "abc"),
    "host-wins": ("Renku-Auth-Anon-Id=a; __Secure-Renku-Auth-Anon-Id=b; __Host-Renku-Auth-Anon-Id=c", "c"),
    "secure-wins": ("Renku-Auth-Anon-Id=a; __Secure-Renku-Auth-Anon-Id=b", "b"),
    "quoted": ('Renku-Auth-Anon-Id="a b"', "a b"),
    "quoted-quote": (r'Renku-Auth-Anon-Id="a\"b\\c"', r'a"b\c'),
    "percent": ("Renku-Auth-Anon-Id=a%20b", "a%20b"),
    "empty": ("Renku-Auth-Anon-Id=", ""),
    "equals": ("Renku-Auth-Anon-Id=a=b", "a=b"),
    "first-of-two": ("Renku-Auth-Anon-Id=a; Renku-Auth-Anon-Id=b", "a"),
}


# Spec: authentication.md 2.1
@pytest.mark.parametrize("cookie, expected", COOKIES.values(), ids=COOKIES.keys())
def test_a_cookie_names_an_anonymous_caller(calm, cookie, expected):
    answer = calm.authenticate("nonsense", cookie=cookie)
    is_anonymous(answer)
    assert answer["id"] == expected


# Spec: authentication.md 2.1, 10
@pytest.mark.parametrize("cookie", [None, "", ";", "a=b", "renku-auth-anon-id=x", "Renku-Auth-Anon-Id", "=x", "xRenku-Auth-Anon-Id=1"])
def test_without_a_name_each_anonymous_caller_is_new(calm, cookie):
    ids = {calm.authenticate(cookie=cookie)["id"] for _ in range(3)}
    assert len(ids) == 3
    assert all(id.startswith("anon-") and len(id) == 31 for id in ids)


# Spec: authentication.md 1: operations without authenticator look at nothing
def test_nobody_is_asked_for(driver, own_realm, token):
    is_anonymous(driver.authenticate(token, kind=NOBODY))
    assert own_realm.count(CERTS) == 0


# --- 8 development mode ------------------------------------------------------------------------------------------


@pytest.fixture
def development(start_driver):
    keycloak = dict.fromkeys(("KEYCLOAK_URL", "KEYCLOAK_CLIENT_ID", "KEYCLOAK_CLIENT_SECRET", "KEYCLOAK_TOKEN_SIGNATURE_ALGS", "INTERNAL_AUTHN_SECRET_KEY_PATH"))
    return start_driver(DUMMY_STORES="true", **keycloak)


# Spec: authentication.md 8
@pytest.mark.parametrize("kind", [KEYCLOAK, GITLAB, INTERNAL])
def test_in_development_mode_the_header_is_the_caller(development, kind):
    person = {"id": "u1", "email": "u@doe.com", "first_name": "U", "last_name": "One", "full_name": "U One", "is_admin": True, "roles": ["a", "b"]}
    text = json.dumps(person)
    for prefix in ("", "Bearer ", "bearer "):
        answer = development.authenticate(prefix + text, kind=kind, refresh_token="r")
        is_user(answer, "u1")
        assert {name: answer[name] for name in person} == person
        assert (answer["access_token"], answer["refresh_token"]) == (text, "r")
    answer = development.authenticate('{"id":"u2"}', kind=kind)
    is_user(answer, "u2")
    assert (answer["email"], answer["is_admin"], answer["roles"]) == ("", False, [])


# Spec: authentication.md 8
@pytest.mark.parametrize("text", ["nonsense", "{}", "[]", '{"email":"a"}', '{"id":null}', '{"id":1}', '{"id":""}', "{", '"x"', "null"])
def test_in_development_mode_nonsense_is_nobody(development, text):
    is_nobody(development.authenticate(text, anonymous_id="abc"))


# Spec: authentication.md 8
@pytest.mark.parametrize("text", ["", None, "Bearer "])
def test_in_development_mode_nothing_is_anonymous(development, text):
    assert development.authenticate(text, anonymous_id="abc")["id"] == "abc"


# Spec: authentication.md 5.1, 8: the key is random
def test_in_development_mode_internal_tokens_stay_in_the_process(development, someone):
    token = development.call("mint", type=ACCESS, lifetime=60, sub=someone, email="a@b.c")["token"]
    is_user(development.authenticate(token, kind=INTERNAL), someone)
    is_nobody(development.authenticate(sign(internal_claims(someone), INTERNAL_KEY, "HS512"), kind=INTERNAL))
