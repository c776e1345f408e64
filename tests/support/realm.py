# SPDX-License-Identifier: Apache-2.0
"""An identity provider of the tests' own: OIDC discovery, a key set, tokens as of Keycloak."""

import base64
import json
import socket
import ssl
import threading
import time
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from . import leaks

NAME = "Renku"
DISCOVERY = f"/realms/{NAME}/.well-known/openid-configuration"
CERTS = f"/realms/{NAME}/protocol/openid-connect/certs"
TOKEN = f"/realms/{NAME}/protocol/openid-connect/token"
PAST, FUTURE = 1_000_000_000, 4_000_000_000  # both far away
HMACS = {"HS256": hashes.SHA256, "HS384": hashes.SHA384, "HS512": hashes.SHA512}


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value: int) -> str:
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def compact(value) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


@dataclass
class Key:
    """One RSA key pair of the realm."""

    kid: str = field(default_factory=lambda: uuid.uuid4().hex)
    private: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )

    def jwk(self, **more) -> dict:
        numbers = self.private.public_key().public_numbers()
        jwk = {"kid": self.kid, "kty": "RSA", "alg": "RS256", "use": "sig"}
        return jwk | {"n": _number(numbers.n), "e": _number(numbers.e)} | more


def signature(key, alg: str, text: bytes) -> bytes:
    """Signs with an RSA or EC private key, or with an HMAC key; "none" signs with nothing."""
    if alg.lower() == "none":
        return b""
    if alg in HMACS:
        mac = hmac.HMAC(key, HMACS[alg]())
        mac.update(text)
        return mac.finalize()
    if alg == "ES256":
        r, s = utils.decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    digest = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}[alg[2:]]()
    scheme = padding.PSS(padding.MGF1(digest), 32) if alg[0] == "P" else padding.PKCS1v15()
    return key.sign(text, scheme, digest)


def sign(payload, key, alg: str = "RS256", header: dict | None = None) -> str:
    """A compact JWS. `payload` may be bytes, to be sent as they are."""
    header = {"alg": alg, "typ": "JWT"} | (header or {})
    body = payload if isinstance(payload, bytes) else compact(payload)
    text = f"{base64url(compact(header))}.{base64url(body)}".encode()
    token = f"{text.decode()}.{base64url(signature(key, alg, text))}"
    leaks.remember(token)
    return token


def part(token: str, number: int) -> dict:
    """The header (0) or the claims (1) of a token."""
    return json.loads(base64.urlsafe_b64decode(token.split(".")[number] + "=="))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    realm: "Realm"

    def log_message(self, *_args):
        pass

    def _answer(self, status: int, body) -> None:
        data = body if isinstance(body, bytes) else compact(body)
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _serve(self) -> None:
        realm = self.realm
        self.rfile.read(int(self.headers.get("content-length") or 0))
        with realm.counting(self.path):
            realm.gate.wait(60)
            failing = realm.failing
        if failing:
            return self._answer(failing, {"error": "down"})
        answer = realm.documents().get(self.path.split("?")[0])
        self._answer(*((200, answer) if answer is not None else (404, {"error": "not found"})))

    def do_GET(self) -> None:
        try:
            self._serve()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_POST = do_GET


class _Counting:
    """Notes a request, and how many for the same path were under way at once."""

    def __init__(self, realm: "Realm", path: str):
        self.realm, self.path = realm, path

    def __enter__(self):
        with self.realm.lock:
            self.realm.requests.append(self.path)
            now = self.realm.running[self.path] = self.realm.running.get(self.path, 0) + 1
            self.realm.most[self.path] = max(now, self.realm.most.get(self.path, 0))

    def __exit__(self, *_exc):
        with self.realm.lock:
            self.realm.running[self.path] = self.realm.running.get(self.path, 1) - 1


class Realm:
    """Serves one realm on a free port of the loopback interface."""

    handler = _Handler
    name = NAME

    def __init__(self, tls: ssl.SSLContext | None = None):
        self.tls = tls
        self.keys = [Key()]
        self.published: list[dict] | bytes | None = None  # instead of the keys' own JWKs
        self.failing = 0  # a status to answer everything with
        self.gate = threading.Event()  # clear: every answer waits
        self.gate.set()
        self.lock = threading.Lock()
        self.port = 0
        self.place: socket.socket | None = None
        self.forget()

    def forget(self) -> None:
        """Starts counting requests anew."""
        with self.lock:
            self.requests: list[str] = []
            self.running: dict[str, int] = {}
            self.most: dict[str, int] = {}

    def counting(self, path: str) -> _Counting:
        return _Counting(self, path)

    def count(self, path: str) -> int:
        with self.lock:
            return self.requests.count(path)

    # -- life -------------------------------------------------------------------------------

    def start(self) -> "Realm":
        """Listens; after stop() on the same port again."""
        if not self.place:
            self._take_port()
        handler = type("Handler", (self.handler,), {"realm": self})
        self.httpd = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        if self.tls:
            self.httpd.socket = self.tls.wrap_socket(self.httpd.socket, server_side=True)
        self.httpd.daemon_threads = True
        self.thread = threading.Thread(target=self.httpd.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def _take_port(self) -> None:
        """It stays ours also while nobody listens on it."""
        self.place = socket.socket()
        self.place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.place.bind(("127.0.0.1", 0))
        self.port = self.place.getsockname()[1]

    def stop(self) -> None:
        self.httpd.shutdown()
        self.httpd.server_close()
        self.thread.join()

    def __enter__(self) -> "Realm":
        return self.start()

    def __exit__(self, *_exc) -> None:
        self.gate.set()
        self.stop()
        self.place.close()

    def slow(self) -> None:
        """Every answer waits until fast()."""
        self.gate.clear()

    def fast(self) -> None:
        self.gate.set()

    def rotate(self, keep: bool = True) -> Key:
        """Signs with a new key from now on; the old ones stay published if `keep`."""
        key = Key()
        self.keys = [key] + (self.keys if keep else [])
        return key

    # -- documents --------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def issuer(self) -> str:
        return f"{self.url}/realms/{NAME}"

    def documents(self) -> dict:
        jwks = self.published
        if not isinstance(jwks, bytes):
            jwks = {"keys": [key.jwk() for key in self.keys] if jwks is None else jwks}
        discovery = {
            "issuer": self.issuer,
            "jwks_uri": self.url + CERTS,
            "token_endpoint": self.url + TOKEN,
            "authorization_endpoint": f"{self.issuer}/protocol/openid-connect/auth",
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        admin = {"access_token": "admin", "token_type": "Bearer", "expires_in": 3600}
        return {DISCOVERY: discovery, CERTS: jwks, TOKEN: admin} | {
            f"/admin/realms/{NAME}/users": [],
            f"/admin/realms/{NAME}/roles/renku-admin/users": [],
        }

    # -- tokens -----------------------------------------------------------------------------

    def claims(self, subject: str, **more) -> dict:
        """The claims of an access token as Keycloak writes them, without those that are None."""
        now = int(time.time())
        claims = {
            "exp": now + 7200,
            "iat": now,
            "jti": str(uuid.uuid4()),
            "iss": self.issuer,
            "aud": ["renku", "account"],
            "sub": subject,
            "typ": "Bearer",
            "azp": "renku",
            "acr": "1",
            "scope": "openid profile email",
            "email_verified": True,
            "preferred_username": subject,
            "realm_access": {"roles": ["offline_access", "uma_authorization"]},
        } | more
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, subject: str, key: Key | None = None, **more) -> str:
        key = key or self.keys[0]
        return sign(self.claims(subject, **more), key.private, header={"kid": key.kid})
