# SPDX-License-Identifier: Apache-2.0
"""Who is calling: tokens of a real issuer on the loopback interface, keys that rotate, issuers that are slow or gone."""

import base64
import json
import math
import os
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from support.driver import GITLAB, INTERNAL, KEYCLOAK, NOBODY, Driver, run_driver
from support.realm import CERTS, DISCOVERY, Key, Realm, base64url, compact, sign
from support.server import poll
from support.tls import make_authority

PUBLIC_PEM = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def is_user(answer: dict, subject: str) -> None:
    assert answer.get("kind") == "user", answer
    assert answer["id"] == subject


def is_anonymous(answer: dict) -> None:
    assert answer.get("kind") == "anonymous", answer
    assert answer["is_admin"] is False
    assert answer["roles"] == []
    assert answer["access_token"] is None
    assert answer["refresh_token"] is None
    assert answer["email"] is None


@pytest.fixture(scope="module")
def calm_realm():
    """A realm that no test changes."""
    with Realm() as realm:
        yield realm


@pytest.fixture(scope="module")
def calm(calm_realm, tmp_path_factory):
    """The driver of the tests that change nothing."""
    yield from run_driver(calm_realm, tmp_path_factory.mktemp("calm"))


@pytest.fixture
def calm_token(calm_realm, someone):
    return calm_realm.token(someone, email="jane@example.org")


@pytest.fixture
def someone():
    return str(uuid.uuid4())


@pytest.fixture
def token(own_realm, someone):
    return own_realm.token(someone, email="jane@example.org")


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
    return poll(lambda: (lambda t: t if low <= t - math.floor(t) < high else None)(time.time()), 5, 0.001)


# Spec: authentication.md 3.2, 10: no leeway, and parts of a second count
@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_a_token_begins_on_the_second(calm, calm_realm, someone, claim):
    calm.authenticate(calm_realm.token(someone, email="a@b.c"))
    now = until_fraction(0.3, 0.6)
    early = calm_realm.token(someone, email="a@b.c", **{claim: math.floor(now) + 1})
    is_anonymous(calm.authenticate(early))
    poll(lambda: time.time() > math.floor(now) + 1.005, 5, 0.001)
    is_user(calm.authenticate(early), someone)


# Spec: authentication.md 3.2, 10; issue: a cached token never outlives its exp
def test_a_token_ends_on_the_second(driver, own_realm, someone):
    now = until_fraction(0.3, 0.6)
    short = own_realm.token(someone, email="a@b.c", exp=math.floor(now) + 2)
    is_user(driver.authenticate(short), someone)
    while time.time() < math.floor(now) + 1.9:
        is_user(driver.authenticate(short), someone)
    assert driver.state()["cached"] == 1
    poll(lambda: time.time() > math.floor(now) + 2.005, 5, 0.001)
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


# --- 3.1 keys ----------------------------------------------------------------------------------------------------


# Spec: authentication.md 3.1
def test_the_key_set_is_fetched_once(driver, own_realm, someone):
    assert own_realm.requests == []
    for i in range(5):
        is_user(driver.authenticate(own_realm.token(someone, email=f"{i}@b.c")), someone)
    assert own_realm.requests == [DISCOVERY, CERTS]


# Spec: authentication.md 3.1: many first tokens at once make one fetch
def test_the_first_fetch_is_made_once(driver, own_realm, someone):
    tokens = [own_realm.token(someone, email=f"{i}@b.c") for i in range(64)]
    own_realm.slow()
    places = [driver.begin("authenticate", authorization=token) for token in tokens]
    poll(lambda: own_realm.count(DISCOVERY) == 1)
    own_realm.fast()
    for place in places:
        is_user(place.get(timeout=20), someone)
    assert own_realm.requests == [DISCOVERY, CERTS]


# Spec: authentication.md 3.1: rotation, at once and in a row
def test_a_rotated_key_is_found_at_once(driver, own_realm, someone):
    is_user(driver.authenticate(own_realm.token(someone, email="0@b.c")), someone)
    for i in range(1, 4):
        own_realm.rotate()
        is_user(driver.authenticate(own_realm.token(someone, email=f"{i}@b.c")), someone)
        assert own_realm.count(CERTS) == 1 + i


# Spec: authentication.md 3.1
def test_a_key_that_went_is_no_longer_accepted(start_driver, own_realm, someone):
    driver = start_driver(DRIVER_CACHE_MS=300)
    old = own_realm.token(someone, email="a@b.c")
    is_user(driver.authenticate(old), someone)
    own_realm.rotate(keep=False)
    is_user(driver.authenticate(own_realm.token(someone, email="b@b.c")), someone)
    poll(lambda: driver.authenticate(old)["kind"] == "anonymous", 5)


# Issue: a flood of unknown keys costs the issuer nearly nothing, and those who have a key nothing
def test_a_flood_of_unknown_keys_is_dammed(driver, own_realm, someone):
    token = own_realm.token(someone, email="a@b.c")
    is_user(driver.authenticate(token), someone)
    own_realm.forget()
    key, claims = Key(), own_realm.claims(someone, email="a@b.c")
    started, slowest = time.monotonic(), 0
    for i in range(60):
        flood = [driver.begin("authenticate", authorization=sign(claims, key.private, header={"kid": f"{i}-{j}"})) for j in range(5)]
        for place in flood:
            is_anonymous(place.get(timeout=20))
        slowest = max(slowest, driver.authenticate(token)["took_us"])
    seconds = time.monotonic() - started
    assert own_realm.count(CERTS) <= 1 + seconds / 2
    assert own_realm.most[CERTS] == 1
    assert slowest < 250_000
    own_realm.rotate()  # and a key that is really new is still found
    late = own_realm.token(someone, email="late@b.c")
    poll(lambda: driver.authenticate(late)["kind"] == "user", 5, 0.1)


# Spec: authentication.md 3.1, 10; issue: a slow issuer costs only who needs a new key
def test_a_slow_issuer_costs_only_who_needs_a_new_key(driver, own_realm, someone):
    token = own_realm.token(someone, email="a@b.c")
    is_user(driver.authenticate(token), someone)
    own_realm.rotate()
    own_realm.forget()
    own_realm.slow()
    waiting = [driver.begin("authenticate", authorization=own_realm.token(someone, email=f"{i}@b.c")) for i in range(8)]
    poll(lambda: own_realm.count(CERTS) == 1)
    for i in range(50):
        other = own_realm.token(someone, own_realm.keys[1], email=f"other-{i}@b.c")
        for known in (token, other):
            answer = driver.authenticate(known)
            is_user(answer, someone)
            assert answer["took_us"] < 250_000
    assert all(place.empty() for place in waiting)
    own_realm.fast()
    for place in waiting:
        is_user(place.get(timeout=20), someone)
    assert own_realm.count(CERTS) == own_realm.most[CERTS] == 1


# Issue: who waits for a key waits no longer than its operation may take
def test_waiting_for_a_key_ends_with_the_deadline(driver, own_realm, token, someone):
    own_realm.slow()
    places = [driver.begin("authenticate", authorization=token, deadline_ms=ms) for ms in (100, 400, 800)]
    for place, least in zip(places, (100, 400, 800)):
        answer = place.get(timeout=10)
        is_anonymous(answer)
        assert least * 1000 <= answer["took_us"] + 20_000 and answer["took_us"] < least * 1000 + 500_000
    own_realm.fast()
    poll(lambda: driver.authenticate(token)["kind"] == "user", 5)
    assert own_realm.count(DISCOVERY) == 1


# Issue: a dead issuer costs only who needs a new key; deviation: known keys stay in use, an hour at most
def test_known_keys_outlive_the_issuer(start_driver, own_realm, someone):
    driver = start_driver(DRIVER_REFRESH_MS=200, DRIVER_PAUSE_MS=100, DRIVER_CACHE_MS=50)
    token = own_realm.token(someone, email="a@b.c")
    is_user(driver.authenticate(token), someone)
    own_realm.stop()
    try:
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            answer = driver.authenticate(token)
            is_user(answer, someone)
            assert answer["took_us"] < 250_000
            is_anonymous(driver.authenticate(own_realm.token(someone, Key(), email="a@b.c")))
        assert driver.state()["failing"] == 1
    finally:
        own_realm.start()
    poll(lambda: driver.authenticate(token)["kind"] == "user" and driver.state()["failing"] == 0, 5)
    assert "fetched again" in driver.text()


# Deviation: the age at which keys are given up
def test_keys_of_a_dead_issuer_are_given_up_in_the_end(start_driver, own_realm, someone):
    driver = start_driver(DRIVER_REFRESH_MS=100, DRIVER_KEEP_MS=600, DRIVER_PAUSE_MS=100, DRIVER_CACHE_MS=50)
    token = own_realm.token(someone, email="a@b.c")
    is_user(driver.authenticate(token), someone)
    own_realm.failing = 503
    poll(lambda: driver.authenticate(token)["kind"] == "anonymous", 5)
    assert driver.state()["keys"] == 0 and driver.state()["age_ms"] >= 600
    own_realm.failing = 0
    poll(lambda: driver.authenticate(token)["kind"] == "user", 5)


# Spec: authentication.md 3.1: the set is refreshed after 300 s, here sooner, without anyone waiting
def test_the_key_set_is_refreshed_beside_the_requests(start_driver, own_realm, someone):
    driver = start_driver(DRIVER_REFRESH_MS=300, DRIVER_CACHE_MS=20)
    token = own_realm.token(someone, email="a@b.c")
    is_user(driver.authenticate(token), someone)
    time.sleep(0.35)
    own_realm.slow()
    for _ in range(20):
        answer = driver.authenticate(token)
        is_user(answer, someone)
        assert answer["took_us"] < 250_000
        time.sleep(0.02)
    assert own_realm.count(CERTS) == 2
    own_realm.fast()
    poll(lambda: driver.state()["fetches"] == 2)


# Spec: authentication.md 3.1: every token asks again, here with a pause of its own between failures
def test_an_issuer_that_comes_late_is_found(start_driver, own_realm, token, someone):
    own_realm.stop()
    driver = start_driver(DRIVER_PAUSE_MS=200)
    is_anonymous(driver.authenticate(token))
    own_realm.start()
    poll(lambda: driver.authenticate(token)["kind"] == "user", 5)


BAD_SETS = {
    "no-json": b"<html>", "no-object": b"[]", "no-list": b"{}", "empty": b'{"keys":[]}', "nothing": b"",
    "keys-no-objects": b'{"keys":[1,null,"x",[]]}', "only-encryption": None,
}


# Spec: authentication.md 7
@pytest.mark.parametrize("published", BAD_SETS.values(), ids=BAD_SETS.keys())
def test_a_key_endpoint_that_answers_nonsense_is_an_error(start_driver, own_realm, token, someone, published):
    driver = start_driver(DRIVER_PAUSE_MS=300)
    own_realm.published = published or [own_realm.keys[0].jwk(use="enc")]
    for _ in range(2):
        answer = driver.authenticate(token)
        assert (answer["status"], answer["code"]) == (500, 1500)
    is_anonymous(driver.authenticate("nonsense"))
    own_realm.published = None
    poll(lambda: driver.authenticate(token).get("kind") == "user", 5)


# Issue: nonsense from the issuer takes nothing from those whose key is known
def test_nonsense_from_the_issuer_keeps_known_keys(start_driver, own_realm, someone):
    driver = start_driver(DRIVER_REFRESH_MS=100, DRIVER_PAUSE_MS=100, DRIVER_CACHE_MS=20)
    token = own_realm.token(someone, email="a@b.c")
    is_user(driver.authenticate(token), someone)
    own_realm.published = b"nonsense"
    poll(lambda: driver.authenticate(token)["kind"] == "user" and driver.state()["failing"] == 1)
    is_user(driver.authenticate(token), someone)


# Issue: sizes and counts of a peer are bounded
def test_an_oversized_key_set_is_refused(driver, own_realm, token, someone):
    own_realm.published = b'{"keys":[' + b" " * 300_000 + b"]}"
    is_anonymous(driver.authenticate(token))
    assert "too large" in driver.text()


SKIPPED = {
    "enc": {"use": "enc"}, "use-number": {"use": 1}, "no-kid": {"kid": None}, "kid-empty": {"kid": ""}, "kid-number": {"kid": 5},
    "type": {"kty": "XYZ"}, "type-missing": {"kty": None}, "symmetric": {"kty": "oct", "k": "c2VjcmV0"}, "no-modulus": {"n": None},
    "modulus-no-base64": {"n": "!!!"}, "modulus-empty": {"n": ""}, "no-exponent": {"e": None}, "modulus-list": {"n": ["x"]},
    "other-alg": {"alg": "RSA-OAEP"}, "unknown-alg": {"alg": "XX"}, "curve-without-point": {"kty": "EC", "crv": "P-256"},
    "point-off-curve": {"kty": "EC", "crv": "P-256", "x": base64url(b"\1" * 32), "y": base64url(b"\2" * 32), "alg": None},
    "okp-short": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "alg": None}, "unknown-curve": {"kty": "EC", "crv": "P-192", "alg": None},
    "modulus-small": {"n": base64url(rsa.generate_private_key(65537, 1024).public_key().public_numbers().n.to_bytes(128, "big"))},
    "modulus-huge": {"n": base64url(b"\xff" * 4096)},
}


# Spec: authentication.md 3.1
@pytest.mark.parametrize("change", SKIPPED.values(), ids=SKIPPED.keys())
def test_unusable_keys_are_left_out(start_driver, own_realm, someone, change):
    driver = start_driver(KEYCLOAK_TOKEN_SIGNATURE_ALGS="RS256,ES256,EdDSA")
    key, other = own_realm.keys[0], Key()
    own_realm.published = [{k: v for k, v in key.jwk(**change).items() if v is not None}, other.jwk()]
    is_user(driver.authenticate(own_realm.token(someone, other, email="a@b.c")), someone)
    assert driver.state()["keys"] == 1
    is_anonymous(driver.authenticate(own_realm.token(someone, key, email="a@b.c")))


# Spec: authentication.md 3.1: a private part, a missing use or alg do no harm
def test_odd_keys_are_used(driver, own_realm, someone):
    private = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(own_realm.keys[0].private))
    own_realm.published = [{"kid": own_realm.keys[0].kid} | {k: v for k, v in private.items() if k != "key_ops"}]
    is_user(driver.authenticate(own_realm.token(someone, email="a@b.c")), someone)


class Redirecting:
    """Answers everything with a redirect to the same path of another server."""

    def __init__(self, target: str, paths=("",), status: int = 302):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_args):
                pass

            def do_GET(self):
                outer.seen.append((self.path, dict(self.headers)))
                self.send_response(status)
                self.send_header("location", target + self.path)
                self.send_header("content-length", "0")
                self.end_headers()

        self.seen: list = []
        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.httpd.server_address[1]}"
        threading.Thread(target=self.httpd.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.httpd.shutdown()
        self.httpd.server_close()


# Spec: authentication.md 3.1; foundations.md 20: the key set may be elsewhere, the discovery document may not
def test_redirects_are_followed_for_the_key_set_only(start_driver, own_realm, token, someone, monkeypatch):
    with Redirecting(own_realm.url) as elsewhere:
        documents = own_realm.documents
        monkeypatch.setattr(own_realm, "documents", lambda: documents() | {DISCOVERY: {"jwks_uri": elsewhere.url + CERTS}})
        is_user(start_driver().authenticate(token), someone)
        assert len(elsewhere.seen) == 1
        is_anonymous(start_driver(KEYCLOAK_URL=elsewhere.url).authenticate(token))
    with Redirecting("file:///etc/passwd#") as evil:
        monkeypatch.setattr(own_realm, "documents", lambda: documents() | {DISCOVERY: {"jwks_uri": evil.url + CERTS}})
        is_anonymous(start_driver().authenticate(token))


BAD_DOCUMENTS = {"file": "file:///etc/passwd", "gopher": "gopher://127.0.0.1/x", "empty": "", "nonsense": "::", "no-host": "http://"}


# Spec: authentication.md 3.1: whatever the document names, only HTTP is spoken
@pytest.mark.parametrize("url", BAD_DOCUMENTS.values(), ids=BAD_DOCUMENTS.keys())
def test_an_odd_key_url_makes_callers_anonymous(driver, own_realm, token, monkeypatch, url):
    documents = own_realm.documents
    monkeypatch.setattr(own_realm, "documents", lambda: documents() | {DISCOVERY: {"jwks_uri": url}})
    is_anonymous(driver.authenticate(token))


# Spec: authentication.md 3.1, 9
def test_discovery_at_start(start_driver, own_realm, token, someone, monkeypatch):
    driver = start_driver()
    assert "code" not in driver.call("discover", attempts=1)
    assert driver.state()["discovered"] == 1 and driver.state()["keys"] == 0
    assert own_realm.requests == [DISCOVERY]
    is_user(driver.authenticate(token), someone)
    assert own_realm.requests == [DISCOVERY, CERTS]
    documents = own_realm.documents
    monkeypatch.setattr(own_realm, "documents", lambda: documents() | {DISCOVERY: {"issuer": "x"}})
    failed = start_driver().call("discover", attempts=20)
    assert failed["code"] == 1500 and "jwks_uri" in failed["message"] and failed["took_us"] < 1_000_000


# Spec: authentication.md 3.1: tried again every 2 s
def test_discovery_is_tried_again(start_driver, own_realm):
    own_realm.failing = 500
    driver = start_driver()
    assert driver.call("discover", attempts=1)["code"] == 1500
    place = driver.begin("discover", attempts=20)
    poll(lambda: own_realm.count(DISCOVERY) == 3)
    own_realm.failing = 0
    answer = place.get(timeout=10)
    assert "code" not in answer
    assert 3_900_000 < answer["took_us"] < 6_000_000
    answer = start_driver(KEYCLOAK_URL="http://127.0.0.1:1").call("discover", attempts=2)
    assert answer["code"] == 1500 and "cannot be reached" in answer["message"] and answer["took_us"] > 1_900_000


# Spec: foundations.md 20
def test_a_private_authority_is_trusted_when_it_is_named(start_driver, tmp_path, someone):
    with Realm(make_authority(tmp_path)) as realm:
        url, token = realm.url, realm.token(someone, email="jane@example.org")
        is_anonymous(start_driver(KEYCLOAK_URL=url).authenticate(token))
        is_user(start_driver(KEYCLOAK_URL=url, SSL_CERT_FILE=tmp_path / "ca.pem").authenticate(token), someone)
        is_anonymous(start_driver(KEYCLOAK_URL=url, SSL_CERT_FILE=tmp_path / "missing.pem").authenticate(token))
        other = url.replace("127.0.0.1", "localhost")  # the certificate is for the address only
        is_anonymous(start_driver(KEYCLOAK_URL=other, SSL_CERT_FILE=tmp_path / "ca.pem").authenticate(token))



# Issue: no descriptor goes to a program that the host starts meanwhile
def test_connections_are_closed_on_exec(driver, own_realm, token):
    own_realm.slow()
    place = driver.begin("authenticate", authorization=token)
    poll(lambda: own_realm.count(DISCOVERY) == 1)
    port = f"{own_realm.port:04X}"
    peers = [line.split() for line in open(f"/proc/{driver.process.pid}/net/tcp").readlines()[1:]]
    inodes = {fields[9] for fields in peers if fields[2].endswith(":" + port)}
    found = [flags for flags, target in descriptors(driver.process.pid) if target[8:-1] in inodes]
    assert found and all(flags & 0o2000000 for flags in found)
    own_realm.fast()
    place.get(timeout=10)


def descriptors(pid: int):
    for number in os.listdir(f"/proc/{pid}/fd"):
        target = os.readlink(f"/proc/{pid}/fd/{number}")
        flags = next(line for line in open(f"/proc/{pid}/fdinfo/{number}") if line.startswith("flags"))
        yield int(flags.split()[1], 8), target


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


# Issue: verified tokens are cached
def test_many_threads_share_the_cache(driver, own_realm):
    people = [str(uuid.uuid4()) for _ in range(20)]
    tokens = [own_realm.token(person, email="a@b.c", realm_access={"roles": [person]}) for person in people]

    def check(i: int) -> None:
        answer = driver.authenticate(tokens[i % 20])
        is_user(answer, people[i % 20])
        assert answer["roles"] == [people[i % 20]]

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(check, range(800)))
    assert driver.state()["cached"] == 20


# --- 4 GitLab ----------------------------------------------------------------------------------------------------


class GitLab:
    """The one endpoint of GitLab that matters here."""

    def __init__(self):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_args):
                pass

            def do_GET(self):
                outer.seen.append((self.path, self.headers["authorization"]))
                status, headers, body = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.seen: list = []
        self.answers: list = [(200, {}, {"id": 7, "name": "Jane Mary  Doe", "email": "jane@example.org", "state": "active"})]
        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.httpd.server_address[1]}"
        threading.Thread(target=self.httpd.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.httpd.shutdown()
        self.httpd.server_close()


@pytest.fixture
def gitlab():
    with GitLab() as gitlab:
        yield gitlab


@pytest.fixture
def gitlab_driver(start_driver, gitlab):
    return start_driver(ENABLE_INTERNAL_GITLAB="true", GITLAB_URL=gitlab.url + "/")


def is_nobody(answer: dict) -> None:
    """Not even an anonymous id."""
    is_anonymous(answer)
    assert answer["id"] is None


# Spec: authentication.md 4
def test_gitlab_tells_who_is_calling(gitlab_driver, gitlab):
    answer = gitlab_driver.authenticate(kind=GITLAB, gitlab_token="abc", gitlab_expires="1700000000.25", refresh_token="r")
    is_user(answer, "7")
    expected = {
        "full_name": "Jane Mary  Doe", "first_name": "Jane", "last_name": "Mary Doe", "email": "jane@example.org",
        "is_admin": False, "roles": [], "access_token": "abc", "expires_micros": 1700000000250000,
    }
    assert {name: answer[name] for name in expected} == expected
    assert gitlab.seen == [("/api/v4/user", "Bearer abc")]


NAMES = {"Jane": ("Jane", None), "": (None, None), "  A  B\tC ": ("A", "B C"), None: (None, None)}


# Spec: authentication.md 4
@pytest.mark.parametrize("name, expected", NAMES.items(), ids=repr)
def test_names_are_taken_apart(gitlab_driver, gitlab, name, expected):
    gitlab.answers = [(200, {}, {"id": 7, "name": name, "state": "active"})]
    answer = gitlab_driver.authenticate(kind=GITLAB, gitlab_token="abc")
    assert (answer["first_name"], answer["last_name"]) == expected


# Spec: authentication.md 4
@pytest.mark.parametrize("text", ["", "soon", "-5", "1e9", "1700000000x", "999999999999999999", "1.2.3", None], ids=repr)
def test_an_odd_expiry_is_none(gitlab_driver, text):
    answer = gitlab_driver.authenticate(kind=GITLAB, gitlab_token="abc", gitlab_expires=text)
    is_user(answer, "7")
    assert "expires_micros" not in answer


# Spec: authentication.md 4, 7
def test_unknown_to_gitlab_is_nobody(gitlab_driver, gitlab, start_driver):
    gitlab.answers = [(401, {}, {"message": "401 Unauthorized"})]
    is_nobody(gitlab_driver.authenticate(kind=GITLAB, gitlab_token="abc"))
    assert len(gitlab.seen) == 1
    is_nobody(gitlab_driver.authenticate(kind=GITLAB))
    is_nobody(gitlab_driver.authenticate(kind=GITLAB, gitlab_token=""))
    disabled = start_driver(ENABLE_INTERNAL_GITLAB="false", GITLAB_URL=gitlab.url)
    is_nobody(disabled.authenticate(kind=GITLAB, gitlab_token="abc"))
    assert len(gitlab.seen) == 1


FAILURES = {
    "down": ((502, {}, b"<html>"), 500, 1500), "forbidden": ((403, {}, {}), 500, 1500), "redirect": ((302, {"location": "/x"}, b""), 500, 1500),
    "no-json": ((200, {}, b"<html>"), 500, 1500), "list": ((200, {}, []), 500, 1500),
    "blocked": ((200, {}, {"id": 7, "state": "blocked", "name": "x"}), 403, 1403), "no-state": ((200, {}, {"id": 7}), 403, 1403),
    "no-id": ((200, {}, {"state": "active"}), 401, 1401), "id-null": ((200, {}, {"id": None, "state": "active"}), 401, 1401),
    "huge": ((200, {}, b'{"id":' + b" " * 2_000_000 + b"1}"), 500, 1500),
}


# Spec: authentication.md 4, 7
@pytest.mark.parametrize("given, status, code", FAILURES.values(), ids=FAILURES.keys())
def test_gitlab_may_refuse(gitlab_driver, gitlab, given, status, code):
    gitlab.answers = [given]
    answer = gitlab_driver.authenticate(kind=GITLAB, gitlab_token="s3cret")
    assert (answer["status"], answer["code"]) == (status, code), answer
    assert "s3cret" not in answer["message"]
    if code == 1403:
        assert answer["message"] == "User isn't active in Gitlab"
    if status == 500 and given[0] != 200:
        assert answer["message"].startswith(f"Error on remote connection GET {gitlab.url}/api/v4/user: ")


# Spec: authentication.md 4
def test_a_dead_gitlab_is_an_error(start_driver):
    driver = start_driver(ENABLE_INTERNAL_GITLAB="true", GITLAB_URL="http://user:pass@127.0.0.1:1")
    answer = driver.authenticate(kind=GITLAB, gitlab_token="abc")
    assert answer["code"] == 1500
    assert answer["message"].startswith("Error on remote connection GET http://127.0.0.1:1/api/v4/user: ")


# Spec: authentication.md 4: 429 is repeated as Retry-After says, ten times
def test_gitlab_may_ask_to_wait(gitlab_driver, gitlab):
    user = gitlab.answers[0]
    gitlab.answers = [(429, {"Retry-After": "0"}, b"")] * 10 + [user]
    is_user(gitlab_driver.authenticate(kind=GITLAB, gitlab_token="abc"), "7")
    assert len(gitlab.seen) == 11
    gitlab.answers = [(429, {"Retry-After": "1"}, b""), user]
    answer = gitlab_driver.authenticate(kind=GITLAB, gitlab_token="abc")
    is_user(answer, "7")
    assert answer["took_us"] > 990_000
    gitlab.seen.clear()
    gitlab.answers = [(429, {"Retry-After": "0"}, b"")]
    assert gitlab_driver.authenticate(kind=GITLAB, gitlab_token="abc")["code"] == 1500
    assert len(gitlab.seen) == 11
    gitlab.answers = [(429, {"Retry-After": "3600"}, b"")]
    answer = gitlab_driver.authenticate(kind=GITLAB, gitlab_token="abc", deadline_ms=2000)
    assert answer["code"] == 1500 and answer["took_us"] < 1_000_000
    gitlab.answers = [(429, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, b""), user]
    is_user(gitlab_driver.authenticate(kind=GITLAB, gitlab_token="abc"), "7")


# --- 5 internal tokens -------------------------------------------------------------------------------------------

INTERNAL_KEY = bytes(range(64))
ACCESS, REFRESH = 1, 2


def internal_claims(subject: str, **more) -> dict:
    now = int(time.time())
    claims = {"sub": subject, "email": "jane@example.org", "name": "Jane", "exp": now + 60, "iat": now, "nbf": now - 1}
    claims |= {"iss": "renku-self", "aud": "renku-self", "jti": str(uuid.uuid4()), "typ": "Bearer", "scope": "session:x"}
    return {name: value for name, value in (claims | more).items() if value is not None}


# Spec: authentication.md 1, 5.2: only the chain takes internal tokens
def test_the_chain_takes_internal_and_keycloak_tokens(calm, calm_realm, calm_token, someone):
    internal = sign(internal_claims(someone, realm_access={"roles": ["renku-admin"]}), INTERNAL_KEY, "HS512")
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
    token = sign(internal_claims(someone, **change), INTERNAL_KEY, "HS512")
    is_anonymous(calm.authenticate(token, kind=INTERNAL))
    assert calm.call("verify", token=token, type=ACCESS)["code"] == 1401


RIGHT = {"upper": {"typ": "BEARER"}, "lower": {"typ": "bearer"}, "no-exp": {"exp": None}, "aud-list": {"aud": ["x", "renku-self"]}, "plain": {}}


# Spec: authentication.md 5.2
@pytest.mark.parametrize("change", RIGHT.values(), ids=RIGHT.keys())
def test_a_right_internal_token_is_taken(calm, someone, change):
    is_user(calm.authenticate(sign(internal_claims(someone, **change), INTERNAL_KEY, "HS512"), kind=INTERNAL), someone)


# Spec: authentication.md 5.2: HS512 only, with our key only
def test_internal_tokens_are_signed_with_our_key(calm, calm_realm, someone):
    claims, rsa_key = internal_claims(someone), calm_realm.keys[0].private
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
    is_user(driver.authenticate(sign(internal_claims(someone), INTERNAL_KEY, "HS512"), kind=INTERNAL), someone)
    key_file.chmod(0o644)
    assert "is open to others" in poll(start_driver().text)


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


# --- costs -------------------------------------------------------------------------------------------------------


# Issue: a verified token costs next to nothing
def test_what_a_token_costs(calm, calm_token, record_property):
    hit = calm.call("repeat", authorization="Bearer " + calm_token, rounds=2000, cached=1)["nanoseconds"]
    verified = calm.call("repeat", authorization="Bearer " + calm_token, rounds=200, cached=0)["nanoseconds"]
    record_property("cached_ns", hit)
    record_property("verified_ns", verified)
    print(f"token from the cache {hit} ns, RS256 verified {verified} ns")
    assert hit < 100_000
