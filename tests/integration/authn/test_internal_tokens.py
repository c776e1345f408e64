# SPDX-License-Identifier: Apache-2.0
"""Tokens of our own. Spec: authentication.md 5"""

import base64
import time

import jwt
import pytest

from support.driver import ACCESS, INTERNAL, KEYCLOAK, REFRESH, Driver, is_anonymous, is_user
from support.internal_tokens import INTERNAL_KEY, internal_claims
from support.realm import sign
from support.server import poll


def claims_of(subject: str, **more) -> dict:
    return internal_claims(subject, **{"name": "Jane", "scope": "session:x"} | more)


# Spec: authentication.md 1, 5.2: only the chain takes internal tokens
def test_the_chain_takes_internal_and_keycloak_tokens(calm, calm_realm, calm_token, someone):
    internal = sign(claims_of(someone, realm_access={"roles": ["renku-admin"]}), INTERNAL_KEY, "HS512")
    answer = calm.authenticate("Bearer " + internal, kind=INTERNAL)
    is_user(answer, someone)
    assert (answer["email"], answer["full_name"], answer["is_admin"], answer["roles"]) == ("jane@example.org", "Jane", False, [])
    assert answer["access_token"] == internal
    is_anonymous(calm.authenticate(internal, kind=KEYCLOAK))
    is_user(calm.authenticate(calm_token, kind=INTERNAL), someone)
    answer = calm.authenticate("nonsense", kind=INTERNAL, anonymous_id="abc")
    is_anonymous(answer)
    assert answer["id"] == "abc"


WRONG = {
    "issuer": {"iss": "other"}, "issuer-missing": {"iss": None}, "issuer-list": {"iss": ["renku-self"]}, "audience": {"aud": "renku"},
    "audience-missing": {"aud": None}, "expired": {"exp": 1}, "early": {"nbf": int(time.time()) + 600}, "issued-later": {"iat": int(time.time()) + 600},
    "no-sub": {"sub": None}, "sub-empty": {"sub": ""}, "no-email": {"email": None}, "no-type": {"typ": None}, "refresh": {"typ": "Refresh"}, "type-number": {"typ": 1},
}


# Spec: authentication.md 5.2
@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_internal_token_is_nobody(calm, someone, change):
    token = sign(claims_of(someone, **change), INTERNAL_KEY, "HS512")
    is_anonymous(calm.authenticate(token, kind=INTERNAL))
    assert calm.call("verify", token=token, type=ACCESS)["code"] == 1401


RIGHT = {"upper": {"typ": "BEARER"}, "lower": {"typ": "bearer"}, "no-exp": {"exp": None}, "aud-list": {"aud": ["x", "renku-self"]}, "plain": {}}


# Spec: authentication.md 5.2
@pytest.mark.parametrize("change", RIGHT.values(), ids=RIGHT.keys())
def test_a_right_internal_token_is_taken(calm, someone, change):
    is_user(calm.authenticate(sign(claims_of(someone, **change), INTERNAL_KEY, "HS512"), kind=INTERNAL), someone)


# Spec: authentication.md 5.2: HS512 only, with our key only
def test_internal_tokens_are_signed_with_our_key(calm, calm_realm, someone):
    claims, rsa_key = claims_of(someone), calm_realm.keys[0].private
    for forged in (
        sign(claims, INTERNAL_KEY, "HS256"), sign(claims, INTERNAL_KEY, "HS384"), sign(claims, b"x" * 64, "HS512"),
        sign(claims, INTERNAL_KEY[:63], "HS512"), sign(claims, None, "none"), sign(claims, rsa_key, "RS512"),
        sign(claims, INTERNAL_KEY, "HS512", {"crit": ["x"]}), sign(claims, INTERNAL_KEY, "HS512")[:-3],
    ):
        is_anonymous(calm.authenticate(forged, kind=INTERNAL))
        assert calm.call("verify", token=forged, type=ACCESS)["code"] == 1401


# Spec: authentication.md 5.1: read by a foreign library
def test_minted_tokens_are_readable_elsewhere(calm, someone):
    subject = {"sub": someone, "email": "j\u00e4ne@example.org", "name": 'J "\\\n', "given_name": "", "scope": "session:a b"}
    token = calm.call("mint", type=REFRESH, lifetime=60, **subject)["token"]
    assert jwt.get_unverified_header(token) == {"alg": "HS512", "typ": "JWT"}
    claims = jwt.decode(token, INTERNAL_KEY, ["HS512"], audience="renku-self", issuer="renku-self", options={"require": ["exp", "iat", "nbf", "jti"]})
    assert list(claims) == ["sub", "email", "name", "exp", "iat", "nbf", "iss", "aud", "jti", "typ", "scope"]
    assert claims["exp"] - claims["iat"] == 60 and claims["iat"] - claims["nbf"] == 1 and abs(claims["iat"] - time.time()) < 5
    assert {name: claims[name] for name in ("sub", "email", "name", "scope")} == {k: v for k, v in subject.items() if v}
    assert claims["typ"] == "Refresh" and len(claims["jti"]) == 26
    assert calm.call("verify", token=token, type=REFRESH)["scope"] == "session:a b"
    assert calm.call("verify", token=token, type=ACCESS)["code"] == 1401
    assert calm.call("mint", type=REFRESH, lifetime=60, **subject)["token"] != token


# Spec: authentication.md 5.1, 10
@pytest.mark.parametrize("subject", [{"sub": "x"}, {"email": "x"}, {"sub": "", "email": "x"}, {"sub": "x", "email": ""}], ids=repr)
def test_nothing_is_minted_for_half_a_subject(calm, subject):
    assert calm.call("mint", type=ACCESS, lifetime=60, **subject)["code"] == 1500


BAD_KEYS = {"short": b"AAAA", "63-bytes": None, "no-base64": b"!" * 100, "no-padding": b"A" * 87, "standard-alphabet": b"+" * 88, "empty": b""}


# Spec: authentication.md 5.1: refusing to start is preferred
@pytest.mark.parametrize("content", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_a_bad_key_file_stops_the_start(driver_settings, key_file, tmp_path, content):
    key_file.write_bytes(base64.urlsafe_b64encode(bytes(63)) if content is None else content)
    driver = Driver(driver_settings | {"KEYCLOAK_URL": "http://127.0.0.1:1"}, tmp_path / "log")
    assert driver.stop() == 1
    assert str(key_file) in driver.text()


# Spec: authentication.md 5.1: line ends are ignored
def test_line_ends_in_the_key_file_do_no_harm(start_driver, key_file, someone):
    content = key_file.read_bytes()
    key_file.write_bytes(content[:40] + b"\r\n" + content[40:] + b"\n")
    driver = start_driver()
    is_user(driver.authenticate(sign(claims_of(someone), INTERNAL_KEY, "HS512"), kind=INTERNAL), someone)
    key_file.chmod(0o644)
    assert "is open to others" in poll(start_driver().text)
