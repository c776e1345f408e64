# SPDX-License-Identifier: Apache-2.0
"""Tokens of a real issuer on the loopback interface. Spec: authentication.md 3.2, 3.3"""

import json
import math
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from support.driver import INTERNAL, KEYCLOAK, Driver, is_anonymous, is_user
from support.realm import Key, base64url, compact, sign
from support.server import poll

PUBLIC_PEM = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


# --- 3.2 validation ----------------------------------------------------------------------------------------------


def forgeries(realm, claims: dict) -> dict[str, str]:
    key = realm.keys[0]
    kid = {"kid": key.kid}
    pem = key.private.public_key().public_bytes(*PUBLIC_PEM)
    good = sign(claims, key.private, header=kid)
    head, body, mac = good.split(".")
    stranger, curve = Key(), ec.generate_private_key(ec.SECP256R1())
    admin = base64url(compact(claims | {"realm_access": {"roles": ["renku-admin"]}}))
    return {
        "none": sign(claims, None, "none", kid) + "x",
        "none-empty": sign(claims, None, "none", kid),
        "None": sign(claims, None, "None", kid),
        "no-alg": f"{base64url(compact(kid))}.{body}.{mac}",
        "alg-null": f"{base64url(compact(kid | {'alg': None}))}.{body}.{mac}",
        "alg-number": f"{base64url(compact(kid | {'alg': 256}))}.{body}.{mac}",
        "alg-lower-case": f"{base64url(compact(kid | {'alg': 'rs256'}))}.{body}.{mac}",
        "two-algs": f"{base64url(b'{%balg%b:%bnone%b,' % ((b'%c' % 34,) * 4) + compact(kid | {'alg': 'RS256'})[1:])}.{body}.{mac}",
        "hs256-with-the-public-key": sign(claims, pem, "HS256", kid),
        "hs512-with-the-public-key": sign(claims, pem, "HS512", kid),
        "hs256-with-the-modulus": sign(claims, key.jwk()["n"].encode(), "HS256", kid),
        "hs512-with-nothing": sign(claims, b"", "HS512", kid),
        "es256-for-an-rsa-key": sign(claims, curve, "ES256", kid),
        "ps256": sign(claims, key.private, "PS256", kid),
        "rs512": sign(claims, key.private, "RS512", kid),
        "no-kid": sign(claims, key.private),
        "kid-empty": sign(claims, key.private, header={"kid": ""}),
        "kid-number": sign(claims, key.private, header={"kid": 1}),
        "kid-with-nul": sign(claims, key.private, header={"kid": key.kid + "\0x"}),
        "stranger": sign(claims, stranger.private, header=kid),
        "stranger-brings-its-key": sign(claims, stranger.private, header=kid | {"jwk": stranger.jwk()}),
        "crit": sign(claims, key.private, header=kid | {"crit": ["exp"]}),
        "crit-empty": sign(claims, key.private, header=kid | {"crit": []}),
        "b64": sign(claims, key.private, header=kid | {"b64": False}),
        "payload-changed": f"{head}.{admin}.{mac}",
        "payload-no-json": sign(b"nonsense", key.private, header=kid),
        "payload-a-list": sign([claims], key.private, header=kid),
        "payload-null": sign(b"null", key.private, header=kid),
        "payload-with-more": sign(compact(claims) + b"x", key.private, header=kid),
        "payload-not-utf8": sign(compact(claims)[:-1] + b',"x":"\xff"}', key.private, header=kid),
        "payload-deep": sign(b'{"a":' * 64 + b"1" + b"}" * 64, key.private, header=kid),
        "header-a-list": f"{base64url(b'[]')}.{body}.{mac}",
        "header-no-base64": f"!{head[1:]}.{body}.{mac}",
        "header-empty": f".{body}.{mac}",
        "payload-empty": f"{head}..{mac}",
        "signature-empty": f"{head}.{body}.",
        "signature-cut": good[:-4],
        "signature-longer": good + "AAAA",
        "padded": f"{head}.{body}.{mac}==",
        "one-part": head,
        "two-parts": f"{head}.{body}",
        "four-parts": f"{good}.x",
        "jwe-of-five-parts": f"{base64url(compact({'alg': 'RSA-OAEP', 'enc': 'A256GCM', **kid}))}.AAAA.AAAA.AAAA.AAAA",
        "jwe-that-looks-signed": f"{head}.{body}.{mac}.AAAA.AAAA",
        "blank-at-the-end": good + " ",
        "line-end-inside": good[:30] + "\n" + good[30:],
        "dots": "...", "nothing": ".", "nonsense": "nonsense",
        "huge": sign(claims | {"x": "y" * 16384}, key.private, header=kid),
        "endless": "a" * 2_000_000,
        "endless-header": "a" * 200_000 + "." + body + "." + mac,
    }


# Spec: authentication.md 3.2
def test_a_forged_token_is_nobody(calm, calm_realm, someone):
    claims = calm_realm.claims(someone, email="a@example.org")
    is_user(calm.authenticate(sign(claims, calm_realm.keys[0].private, header={"kid": calm_realm.keys[0].kid})), someone)
    for name, forged in forgeries(calm_realm, claims).items():
        answer = calm.authenticate(forged)
        assert answer.get("kind") == "anonymous", (name, answer)


# Spec: authentication.md 3.2: what cannot be accepted never makes us fetch keys
def test_nonsense_costs_no_request_to_the_issuer(driver, own_realm, someone):
    claims = own_realm.claims(someone, email="a@example.org")
    for name, forged in forgeries(own_realm, claims).items():
        if name.startswith(("none", "alg", "hs", "ps", "es", "no-kid", "jwe", "dots", "huge", "endless", "crit")):
            driver.authenticate(forged)
    assert own_realm.requests == []


# Spec: authentication.md 3.2: the header says RS256, the key of that name is of another kind
def test_the_algorithm_must_fit_the_key(start_driver, own_realm, someone):
    driver = start_driver(KEYCLOAK_TOKEN_SIGNATURE_ALGS="RS256,ES256,ES384,HS256,HS512")
    private = ec.generate_private_key(ec.SECP256R1())
    jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(private.public_key())) | {"kid": "curve"}
    own_realm.published = [own_realm.keys[0].jwk(), jwk, {"kty": "oct", "kid": "secret", "k": base64url(b"x" * 64)}]
    claims = own_realm.claims(someone, email="a@example.org")
    is_user(driver.authenticate(sign(claims, private, "ES256", {"kid": "curve"})), someone)
    signature = sign(claims, private, "ES256", {"kid": "curve"}).split(".")[2]
    for alg in ("RS256", "ES384"):
        text = f"{base64url(compact({'alg': alg, 'kid': 'curve'}))}.{base64url(compact(claims))}"
        is_anonymous(driver.authenticate(f"{text}.{signature}"))
    is_anonymous(driver.authenticate(sign(claims, own_realm.keys[0].private, "RS256", {"kid": "curve"})))
    is_anonymous(driver.authenticate(sign(claims, private, "ES256", {"kid": own_realm.keys[0].kid})))
    is_anonymous(driver.authenticate(sign(claims, b"x" * 64, "HS512", {"kid": "secret"})))


CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}


def key_pair(alg: str):
    if alg in CURVES:
        return ec.generate_private_key(CURVES[alg]()), jwt.algorithms.ECAlgorithm
    if alg.startswith("Ed"):
        kind = ed25519.Ed25519PrivateKey if alg == "Ed25519" else ed448.Ed448PrivateKey
        return kind.generate(), jwt.algorithms.OKPAlgorithm
    return rsa.generate_private_key(65537, 2048), jwt.algorithms.RSAAlgorithm


# Spec: authentication.md 3.2: every algorithm of a realm, signed by a foreign library
@pytest.mark.parametrize("kind", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", *CURVES, "Ed25519", "Ed448"])
def test_every_algorithm_is_understood(start_driver, own_realm, someone, kind):
    alg = "EdDSA" if kind.startswith("Ed") else kind
    driver = start_driver(KEYCLOAK_TOKEN_SIGNATURE_ALGS=f"XX1 , {alg}")
    private, algorithm = key_pair(kind)
    jwk = algorithm.to_jwk(private.public_key())
    own_realm.published = [(jwk if isinstance(jwk, dict) else json.loads(jwk)) | {"kid": "k", "use": "sig"}]
    claims = own_realm.claims(someone, email="a@example.org")
    good = jwt.encode(claims, private, alg, {"kid": "k"})
    is_user(driver.authenticate(good), someone)
    head, body, mac = good.split(".")
    for place in (0, len(mac) // 2, len(mac) - 3):
        other = "A" if mac[place] != "A" else "B"
        is_anonymous(driver.authenticate(f"{head}.{body}.{mac[:place]}{other}{mac[place + 1:]}"))
    is_anonymous(driver.authenticate(f"{head}.{base64url(compact(claims | {'sub': 'x'}))}.{mac}"))


# Spec: authentication.md 9; 3.1
def test_without_a_usable_algorithm_there_is_no_start(driver_settings, tmp_path):
    for algs in ("none", "HS256", "HS512", "nonsense", ","):
        env = driver_settings | {"KEYCLOAK_URL": "http://127.0.0.1:1", "KEYCLOAK_TOKEN_SIGNATURE_ALGS": algs}
        driver = Driver(env, tmp_path / "log")
        assert driver.stop() == 1
        assert "KEYCLOAK_TOKEN_SIGNATURE_ALGS" in driver.text()


TIMES = {
    "exp-past": ({"exp": -1}, False),
    "exp-number-in-text": ({"exp": "+60"}, True),
    "exp-fraction": ({"exp": 60.9}, True),
    "exp-bool": ({"exp": True}, False),
    "exp-no-number": ({"exp": "soon"}, False),
    "exp-list": ({"exp": [1]}, False),
    "nbf-past": ({"nbf": -5}, True),
    "nbf-future": ({"nbf": 2}, False),
    "iat-future": ({"iat": 2}, False),
    "iat-past": ({"iat": -100000}, True),
    "iat-no-number": ({"iat": "x"}, False),
    "nbf-no-number": ({"nbf": {}}, False),
}


def shifted(now: int, value):
    if isinstance(value, str) and value[0] in "+-":
        return str(now + int(value))
    return now + value if isinstance(value, (int, float)) and not isinstance(value, bool) else value


# Spec: authentication.md 3.2 point 3
@pytest.mark.parametrize("claims, valid", TIMES.values(), ids=TIMES.keys())
def test_times_decide(calm, calm_realm, someone, claims, valid):
    now = int(time.time())
    answer = calm.authenticate(calm_realm.token(someone, email="a@b.c", **{k: shifted(now, v) for k, v in claims.items()}))
    assert answer["kind"] == ("user" if valid else "anonymous"), answer


# Spec: authentication.md 3.2 point 3 (compatibility quirk)
def test_a_token_need_not_expire(calm, calm_realm, someone):
    answer = calm.authenticate(calm_realm.token(someone, email="a@b.c", exp=None))
    is_user(answer, someone)
    assert "expires_micros" not in answer


def until_fraction(low: float, high: float) -> float:
    """Waits until the clock stands between these parts of a second."""
    return poll(lambda: (lambda t: t if low <= t - math.floor(t) < high else None)(time.time()), pause=0.001)


# Spec: authentication.md 3.2, 10: no leeway, and parts of a second count
@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_a_token_begins_on_the_second(calm, calm_realm, someone, claim):
    calm.authenticate(calm_realm.token(someone, email="a@b.c"))
    begin = 0
    while time.time() >= begin:  # whoever was held up tries again
        begin = math.floor(until_fraction(0.3, 0.6)) + 1
        early = calm_realm.token(someone, email="a@b.c", **{claim: begin})
        answer = calm.authenticate(early)
    is_anonymous(answer)
    poll(lambda: time.time() > begin + 0.005, pause=0.001)
    is_user(calm.authenticate(early), someone)


# Spec: authentication.md 3.2, 10; issue: a cached token never outlives its exp
def test_a_token_ends_on_the_second(driver, own_realm, someone):
    end = math.floor(until_fraction(0.3, 0.6)) + 2
    short = own_realm.token(someone, email="a@b.c", exp=end)
    is_user(driver.authenticate(short), someone)
    while time.time() < end - 0.1:
        answer = driver.authenticate(short)
        if time.time() < end:
            is_user(answer, someone)
    assert driver.state()["cached"] == 1
    poll(lambda: time.time() > end + 0.005, pause=0.001)
    is_anonymous(driver.authenticate(short))
    assert driver.state()["cached"] == 0


AUDIENCES = {
    "renku": ("renku", True),
    "renku-ui": ("renku-ui", True),
    "renku-cli": (["account", "renku-cli"], True),
    "swagger": (["swagger"], True),
    "other": ("account", False),
    "others": (["account", "x"], False),
    "part": ("renku-u", False),
    "longer": ("renku-ui-2", False),
    "case": ("Renku", False),
    "nul": ("renku\0x", False),
    "list-with-number": (["renku", 1], False),
    "empty": ([], False),
    "empty-text": ("", False),
    "none": (None, False),
    "object": ({"renku": True}, False),
    "number": (1, False),
    "nested": ([["renku"]], False),
}


# Spec: authentication.md 3.2 point 4
@pytest.mark.parametrize("audience, valid", AUDIENCES.values(), ids=AUDIENCES.keys())
def test_the_audience_decides(calm, calm_realm, someone, audience, valid):
    answer = calm.authenticate(calm_realm.token(someone, email="a@b.c", aud=audience))
    assert answer["kind"] == ("user" if valid else "anonymous"), answer


# Spec: authentication.md 3.2 point 5, 3.3
@pytest.mark.parametrize("claims", [{"jti": 1}, {"sub": 1}, {"sub": None}, {"sub": ""}, {"sub": "a\0b"}, {"email": 1}, {"email": "a\0"}], ids=repr)
def test_ids_are_texts(calm, calm_realm, claims):
    is_anonymous(calm.authenticate(calm_realm.token("x", **({"email": "a@b.c"} | claims))))


# Spec: authentication.md 3.2: these claims are not looked at
def test_issuer_party_and_type_do_not_count(calm, calm_realm, someone):
    is_user(calm.authenticate(calm_realm.token(someone, email="a@b.c", iss="x", azp=None, typ="ID", jti=None)), someone)


# --- 3.3 claims --------------------------------------------------------------------------------------------------


# Spec: authentication.md 3.3
def test_claims_become_the_caller(calm, calm_realm, someone):
    token = calm_realm.token(
        someone, email="jane@example.org", name="Jane Döe", given_name="Jane", family_name="Döe",
        realm_access={"roles": ["a", "renku-admin", 1, "b"]},
    )
    expected = {
        "kind": "user", "id": someone, "email": "jane@example.org", "full_name": "Jane Döe", "first_name": "Jane",
        "last_name": "Döe", "access_token": token, "refresh_token": "again", "is_admin": True,
        "roles": ["a", "renku-admin", "b"], "expires_micros": jwt.decode(token, options={"verify_signature": False})["exp"] * 1000000,
    }
    for _ in range(2):  # the second time from the cache
        answer = calm.authenticate("Bearer " + token, refresh_token="again")
        answer.pop("took_us")
        assert answer == expected


# Spec: authentication.md 3.3: the refresh token belongs to the request, not to the token
def test_the_cache_keeps_nothing_of_the_request(calm, calm_token, someone):
    assert calm.authenticate(calm_token, refresh_token="one")["refresh_token"] == "one"
    assert calm.authenticate(calm_token, refresh_token="two")["refresh_token"] == "two"
    assert calm.authenticate(calm_token, refresh_token="")["refresh_token"] is None
    assert calm.authenticate(calm_token)["refresh_token"] is None


# Spec: authentication.md 3.3, 7, 10
def test_a_service_account_gets_an_email(calm, calm_realm, someone):
    assert calm.authenticate(calm_realm.token(someone, azp="bot"))["email"] == "service-account-bot@renku.local"
    assert calm.authenticate(calm_realm.token(someone, email="", azp="bot"))["email"] == ""
    is_anonymous(calm.authenticate(calm_realm.token(someone, azp="")))
    is_anonymous(calm.authenticate(calm_realm.token(someone, azp=None)))


# Spec: foundations.md 14: neither tokens nor their parts are logged
def test_no_token_is_logged(start_driver, own_realm, someone, token):
    driver = start_driver(DEBUG_LOGGING="renku_data_services.authn")
    claims = own_realm.claims(someone, email="secret@example.org")
    tokens = [token, *forgeries(own_realm, claims).values(), "secret-refresh", own_realm.token(someone, Key(), email="a@b.c")]
    for one in tokens:
        for kind in (KEYCLOAK, INTERNAL):
            driver.authenticate(one, refresh_token="secret-refresh", kind=kind)
    log = driver.text()
    assert "Anonymous caller" in log
    for one in tokens:
        assert not any(len(part) > 8 and part in log for part in one.split("."))
    assert "secret" not in log and someone not in log


# --- costs -------------------------------------------------------------------------------------------------------


# Issue: a verified token costs next to nothing
def test_what_a_token_costs(calm, calm_token, record_property):
    hit = calm.call("repeat", authorization="Bearer " + calm_token, rounds=2000, cached=1)["nanoseconds"]
    verified = calm.call("repeat", authorization="Bearer " + calm_token, rounds=200, cached=0)["nanoseconds"]
    record_property("cached_ns", hit)
    record_property("verified_ns", verified)
    print(f"token from the cache {hit} ns, RS256 verified {verified} ns")
    assert hit < 100_000
