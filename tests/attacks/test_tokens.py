# SPDX-License-Identifier: Apache-2.0
"""Tokens that try to be taken for another's. RFC 7515, RFC 7519, RFC 8725; the plain forgeries stand in
tests/http/test_authentication_tokens.py. Spec: authentication.md 3, 5"""

import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from support.api import ADMIN_ROLE, check_error, unique
from support.internal_tokens import INTERNAL_KEY, internal_token
from support.raw import exchange
from support.realm import Key, base64url, compact, sign, signature

STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
REFRESH = "/internal/authentication/token"


@pytest.fixture(scope="module")
def thief():
    """A server that offers the key of a stranger, and counts who asks for it."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = compact({"keys": [Key(kid="stolen", private=STRANGER).jwk()]})
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()
    thread.join()


def claims_of(realm, **more) -> dict:
    return realm.claims(str(uuid.uuid4()), email=f"{unique('thief')}@example.org", realm_access={"roles": [ADMIN_ROLE]}, **more)


def with_header(header: bytes, payload: bytes, key) -> str:
    """Signed with RS256, header and payload byte by byte."""
    text = f"{base64url(header)}.{base64url(payload)}"
    return f"{text}.{base64url(signature(key, 'RS256', text.encode()))}"


def is_nobody(api, token: str) -> None:
    check_error(api.with_token(token).get("/user"), 401)


FOREIGN_KEYS = {
    "jku": lambda url: {"jku": f"{url}/keys"},
    "x5u": lambda url: {"x5u": f"{url}/certificate"},
    "jwk": lambda url: {"jwk": Key(kid="stolen", private=STRANGER).jwk()},
    "jwk of the same name": lambda url: {"jwk": Key(kid="stolen", private=STRANGER).jwk(), "kid": None},
    "x5c": lambda url: {"x5c": ["MIIB"]},
    "x5t": lambda url: {"x5t": "AAAA", "x5t#S256": "AAAA"},
    "iss in the header": lambda url: {"iss": url},
    "kid that is a URL": lambda url: {"kid": f"{url}/keys"},
}


@pytest.mark.parametrize("name", FOREIGN_KEYS)
def test_a_token_never_brings_its_key_along(api, realm, thief, name):
    url, asked = thief
    asked.clear()
    header = {"kid": realm.keys[0].kid} | FOREIGN_KEYS[name](url)
    is_nobody(api, sign(claims_of(realm), STRANGER, header={name: value for name, value in header.items() if value is not None}))
    assert asked == []


KIDS = [
    "../../../../dev/null", "/dev/null", "/proc/self/environ", "' OR '1'='1", "'; SELECT 1; --", "x\u0000", "{kid}\u0000", "{kid} ",
    " {kid}", "{KID}", "%s%s%n", "$(id)", "|id", "x" * 5000, "\u202e", "*", "null", "0",
]  # fmt: skip


@pytest.mark.parametrize("form", KIDS, ids=lambda form: ascii(form)[:24])
def test_a_kid_is_only_a_name(api, realm, form):
    kid = form.format(kid=realm.keys[0].kid, KID=realm.keys[0].kid.upper())
    for key, algorithm in ((realm.keys[0].private, "RS256"), (b"", "HS256")):
        is_nobody(api, sign(claims_of(realm), key, algorithm, {"kid": kid}))


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512", "none", "None", "nOnE"])
def test_what_is_public_is_no_secret(api, realm, algorithm):
    public = realm.keys[0].private.public_key()
    numbers = public.public_numbers()
    secrets = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).strip(),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        numbers.n.to_bytes(256, "big"),
        compact(realm.keys[0].jwk()),
        realm.keys[0].kid.encode(),
        b"",
    ]
    for secret in secrets:
        is_nobody(api, sign(claims_of(realm), secret, algorithm, {"kid": realm.keys[0].kid}))


def twice(text: bytes, member: bytes) -> bytes:
    """The object with one member before all others."""
    return b"{" + member + b"," + text[1:]


HEADERS = {
    "algorithm twice": lambda header: twice(header, b'"alg":"none"'),
    "algorithm twice, good one first": lambda header: header[:-1] + b',"alg":"none"}',
    "kid twice": lambda header: twice(header, b'"kid":"other"'),
    "crit": lambda header: twice(header, b'"crit":["exp"],"exp":1'),
    "empty crit": lambda header: twice(header, b'"crit":[]'),
    "crit that is no list": lambda header: twice(header, b'"crit":"b64"'),
    "b64": lambda header: twice(header, b'"crit":["b64"],"b64":false'),
    "NUL behind": lambda header: header + b"\0",
    "something behind": lambda header: header + b"{}",
    "a list": lambda header: b"[" + header + b"]",
    "single quotes": lambda header: header.replace(b'"', b"'"),
    "a comment": lambda header: b"/**/" + header,
    "not UTF-8": lambda header: twice(header, b'"x":"\xff"'),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_with_two_meanings_is_nobodys(api, realm, name):
    key = realm.keys[0]
    header = compact({"alg": "RS256", "typ": "JWT", "kid": key.kid})
    good = with_header(header, compact(claims_of(realm)), key.private)
    assert api.with_token(good).get("/user").status_code == 200
    is_nobody(api, with_header(HEADERS[name](header), compact(claims_of(realm)), key.private))


PAYLOADS = {
    "subject twice": lambda payload: twice(payload, b'"sub":"other"'),
    "expiry twice": lambda payload: twice(payload, b'"exp":1'),
    "audience twice": lambda payload: twice(payload, b'"aud":"other"'),
    "roles twice": lambda payload: twice(payload, b'"realm_access":{"roles":[]}'),
    "NUL behind": lambda payload: payload + b"\0",
    "something behind": lambda payload: payload + b" {}",
    "deep": lambda payload: twice(payload, b'"x":' + b"[" * 200 + b"]" * 200),
    "no number": lambda payload: twice(payload, b'"x":NaN'),
    "not UTF-8": lambda payload: twice(payload, b'"x":"\xc0\x80"'),
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_with_two_meanings_is_nobodys(api, realm, name):
    key = realm.keys[0]
    header = compact({"alg": "RS256", "typ": "JWT", "kid": key.kid})
    is_nobody(api, with_header(header, PAYLOADS[name](compact(claims_of(realm))), key.private))


SPELLINGS = {
    "padding": lambda part: part + "=",
    "blank": lambda part: part[:8] + " " + part[8:],
    "line end": lambda part: part[:8] + "%0a" + part[8:],
    "other alphabet": lambda part: part + "+/",
    "last bits": lambda part: part[:-1] + chr(ord(part[-1]) + 1) if part[-1].isalnum() else part + "A",
    "NUL": lambda part: part + "%00",
}


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_part_has_one_spelling(api, realm, name, place):
    parts = sign(claims_of(realm), realm.keys[0].private, header={"kid": realm.keys[0].kid}).split(".")
    parts[place] = SPELLINGS[name](parts[place])
    assert exchange(api.url, "GET", "/api/data/user", [("Authorization", f"Bearer {'.'.join(parts)}")]).status == 401


SIZES = {"17 KB": 17_000, "60 KB": 60_000}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_token_that_is_huge_is_nobodys(api, realm, size):
    token = realm.token(str(uuid.uuid4()), email="a@example.org", x="x" * (size * 3 // 4))
    assert exchange(api.url, "GET", "/api/data/user", [("Authorization", f"Bearer {token[:64000]}")]).status in (401, 413)


# --- tokens of the service itself ------------------------------------------------------------------------------------


def internal(**more) -> str:
    return internal_token(str(uuid.uuid4()), **{"typ": "Refresh", "scope": "x"} | more)


def refresh(api, token: str):
    return api.anonymous().post(REFRESH, data={"grant_type": "refresh_token", "refresh_token": token})


WRONG = {
    "issuer": {"iss": "renku-other"},
    "no issuer": {"iss": None},
    "issuer as a list": {"iss": ["renku-self"]},
    "audience": {"aud": "renku"},
    "no audience": {"aud": None},
    "kind": {"typ": "Bearer"},
    "no kind": {"typ": None},
    "subject": {"sub": None},
    "expired": {"exp": 1},
    "from the future": {"iat": 4_000_000_000},
    "not yet": {"nbf": 4_000_000_000},
}


@pytest.mark.parametrize("name", WRONG)
def test_an_internal_token_that_is_not_for_this_is_refused(api, name):
    assert refresh(api, internal()).status_code != 401
    check_error(refresh(api, internal(**WRONG[name])), 401)


def test_an_internal_token_opens_nothing_but_its_door(api):
    for kind in ("Refresh", "Bearer", "Access"):
        is_nobody(api, internal(typ=kind, realm_access={"roles": [ADMIN_ROLE]}))


def test_a_token_of_the_realm_is_no_refresh_token(api, realm):
    check_error(refresh(api, realm.token(str(uuid.uuid4()), email="a@example.org", typ="Refresh", iss="renku-self", aud="renku-self")), 401)


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "none"])
def test_an_internal_token_has_one_algorithm(api, algorithm):
    payload = {"sub": "x", "exp": int(time.time()) + 60, "iss": "renku-self", "aud": "renku-self", "typ": "Refresh"}
    check_error(refresh(api, sign(payload, INTERNAL_KEY, algorithm)), 401)
