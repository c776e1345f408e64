# SPDX-License-Identifier: Apache-2.0
"""A realm whose admin API tells of users, administrators and events; and that lies, when it is told to."""

import base64
import json
import time
import uuid
from collections.abc import Callable
from urllib.parse import parse_qs, parse_qsl, urlsplit

from cryptography.hazmat.primitives import hashes, hmac

from . import leaks
from .realm import NAME, TOKEN, Realm, _Handler, compact, part
from .server import CLIENT_SECRET

ADMIN = f"/admin/realms/{NAME}"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NOW = 1_700_000_000_000  # of events, in milliseconds


def person(number: int, **more) -> dict:
    """A user as Keycloak describes one."""
    user_id = str(uuid.UUID(int=number))
    user = {"id": user_id, "username": f"u{number}", "enabled": True, "emailVerified": True}
    return user | {"firstName": f"First{number}", "lastName": "Last", "email": f"person{number}@example.org"} | more


def registered(number: int, time: int, **details) -> dict:
    details = details or {"email": f"person{number}@example.org", "first_name": f"First{number}", "last_name": "Last"}
    return {"time": NOW + time, "type": "REGISTER", "userId": person(number)["id"], "details": details}


def changed(number: int, time: int, **details) -> dict:
    return {"time": NOW + time, "type": "UPDATE_PROFILE", "userId": person(number)["id"], "details": details}


def by_admin(operation: str, number: int, time: int, **fields) -> dict:
    event = {"time": NOW + time, "resourceType": "USER", "operationType": operation, "resourcePath": f"users/{person(number)['id']}"}
    return event | ({"representation": json.dumps(fields)} if fields else {})


def _is_signed(assertion: str, secret: str) -> bool:
    text, _, signature = assertion.rpartition(".")
    mac = hmac.HMAC(secret.encode(), hashes.SHA256())
    mac.update(text.encode())
    return base64.urlsafe_b64decode(signature + "==") == mac.finalize()


class _AdminHandler(_Handler):
    realm: "Keycloak"

    def _serve(self) -> None:
        url = urlsplit(self.path)
        if url.path != TOKEN and not url.path.startswith(ADMIN):
            return super()._serve()
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        self.realm.seen.append((self.command, self.path))
        lie = self.realm.lies.pop(0) if self.realm.lies and url.path != TOKEN else None
        if lie:
            return lie(self)
        if url.path == TOKEN:
            return self._answer(*self.realm.grant(dict(parse_qsl(body)), self.headers))
        self._answer(*self.realm.admin(url.path, parse_qs(url.query), self.headers.get("authorization")))


class Keycloak(Realm):
    """Whoever asks needs the secret of the client, and then a token that is good."""

    handler = _AdminHandler

    def __init__(self, users: list | None = None):
        super().__init__()
        self.users: list = users or []
        self.admins: list = []
        self.events: list[dict] = []
        self.admin_events: list[dict] = []
        self.lies: list[Callable | None] = []  # what answers the next requests to the admin API; None: the truth
        self.seen: list[tuple[str, str]] = []
        self.tokens: dict[str, float] = {}
        self.grants: list[dict] = []
        self.lifetime, self.refresh_lifetime = 300, 0
        self.clients = {"renku": CLIENT_SECRET}

    # -- tokens -----------------------------------------------------------------------------

    def _new(self, lifetime: float) -> str:
        token = f"token-{uuid.uuid4()}"
        leaks.remember(token)
        self.tokens[token] = time.monotonic() + lifetime
        return token

    def _is_client(self, form: dict) -> bool:
        secret = self.clients.get(form.get("client_id", ""))
        assertion = form.get("client_assertion", "..")
        if not secret or form.get("client_secret") != secret or form.get("client_assertion_type") != ASSERTION:
            return False
        claims = part(assertion, 1)
        right = {"iss": form["client_id"], "sub": form["client_id"], "aud": self.url + TOKEN}
        return (
            part(assertion, 0)["alg"] == "HS256"
            and _is_signed(assertion, secret)
            and claims.items() >= right.items()
            and claims["exp"] - claims["iat"] == 3600
            and abs(claims["iat"] - time.time()) < 10
            and len(claims["jti"]) == 36
        )

    def grant(self, form: dict, headers) -> tuple[int, dict]:
        self.grants.append(form)
        if headers["content-type"] != "application/x-www-form-urlencoded;charset=UTF-8" or not self._is_client(form):
            word = "unauthorized_client" if form.get("client_id") in self.clients else "invalid_client"
            return 401, {"error": word, "error_description": form.get("client_secret", "")}
        if form["grant_type"] == "refresh_token" and form["refresh_token"] not in self.tokens:
            return 400, {"error": "invalid_grant", "error_description": "Invalid refresh token"}
        answer = {"access_token": self._new(self.lifetime), "expires_in": self.lifetime, "token_type": "Bearer"}
        answer |= {"refresh_expires_in": 0, "not-before-policy": 0, "scope": "profile email"}
        if self.refresh_lifetime:
            answer |= {"refresh_token": self._new(3600), "refresh_expires_in": self.refresh_lifetime}
        return 200, answer

    # -- admin API --------------------------------------------------------------------------

    def admin(self, path: str, query: dict, authorization: str | None) -> tuple[int, object]:
        token = (authorization or "").removeprefix("Bearer ")
        if self.tokens.get(token, 0) < time.monotonic():
            return 401, {"error": "HTTP 401 Unauthorized"}
        lists = {
            "/users": lambda: self.users,
            "/roles/renku-admin/users": lambda: self.admins,
            "/events": lambda: [e for e in self.events if e.get("type") in query["type"]],
            "/admin-events": lambda: [e for e in self.admin_events if e.get("operationType") in query["operationTypes"]],
        }
        found = lists.get(path.removeprefix(ADMIN))
        if not found:
            return 404, {"error": "not found"}
        first, most = int(query["first"][0]), int(query["max"][0])
        return 200, found()[first : first + most]

    def pages(self, path: str) -> list[str]:
        """The queries with which a list was asked for."""
        return [urlsplit(url).query for _, url in self.seen if urlsplit(url).path == ADMIN + path]


# -- lies ------------------------------------------------------------------------------------


def says(status: int, body, **headers: str) -> Callable:
    data = body if isinstance(body, bytes) else compact(body)

    def lie(handler: _Handler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("content-length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return lie


def cuts(handler: _Handler) -> None:
    """Half an answer, and then nothing more."""
    handler.send_response(200)
    handler.send_header("content-length", "1000")
    handler.end_headers()
    handler.wfile.write(b"[")
    handler.wfile.flush()
    handler.connection.shutdown(2)
    handler.close_connection = True


def floods(handler: _Handler) -> None:
    handler.send_response(200)
    handler.send_header("content-length", str(1 << 30))
    handler.end_headers()
    for _ in range(1 << 10):
        handler.wfile.write(b" " * (1 << 20))
