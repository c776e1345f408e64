# SPDX-License-Identifier: Apache-2.0
"""The data API as its clients see it."""

import itertools
import json
import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from . import leaks
from .realm import Realm
from .server import poll

PREFIX = "/api/data"
ADMIN_ROLE = "renku-admin"
ULID = re.compile(r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$")
LOGIN = "You have to be authenticated to perform this operation."
INSUFFICIENT = "you do not have sufficient permissions"
NO_ULID = "01J2F86WS7S8N6159WA3X4042H"  # well-formed, and nobody's
# Changes of members of what belongs to `user` alone, and their status. Spec: authorization.md 10.1
LAST_OWNER = {
    "alone": ([("user", "viewer")], 422),
    "hands-over": ([("user", "viewer"), ("other", "owner")], 200),
    "hands-over-in-any-order": ([("other", "owner"), ("user", "editor")], 200),
    "another-becomes-less": ([("user", "editor"), ("other", "editor")], 422),
    "stays": ([("user", "owner")], 200),
}
_numbers = itertools.count(1)
_session = uuid.uuid4().hex[:6]


def unique(word: str = "x") -> str:
    """A name that nothing else in this run bears; also a slug."""
    return f"{word}-{_session}-{next(_numbers)}"


def fields_error(*violations: str) -> str:
    """The message of a validation error. Spec: foundations.md 5.4"""
    return "There are errors in the following fields, " + ", ".join(violations)


def check_error(
    response: httpx.Response,
    status: int,
    message: str | None = None,
    contains: str | None = None,
    code: int | None = None,
) -> dict:
    """Checks status and error body, and returns the error. Spec: foundations.md 4.1"""
    text = (
        f"{response.request.method} {response.request.url}: {response.status_code} {response.text}"
    )
    assert response.status_code == status, text
    assert response.headers["content-type"].startswith("application/json"), text
    body = response.json()
    assert list(body) == ["error"], text
    error = body["error"]
    assert set(error) <= {"code", "message", "detail", "trace_id"}, text
    assert error["code"] == (code or 1000 + status), text
    assert isinstance(error["message"], str) and error["message"], text
    assert all(isinstance(value, str) for name, value in error.items() if name != "code"), text
    if message is not None:
        assert error["message"] == message
    if contains is not None:
        assert contains in error["message"], text
    return error


def is_anonymous(response: httpx.Response) -> None:
    """The answer to somebody without a usable credential, where one is needed."""
    check_error(response, 401, LOGIN)


def note_secrets(response: httpx.Response) -> None:
    """Tokens that the service itself has made, and values that it was given to keep."""
    request = response.request
    if request.url.path.endswith("/authentication/token") and response.status_code == 200:
        response.read()
        for name in ("access_token", "refresh_token"):
            leaks.remember(response.json()[name])
    if request.url.path.startswith(f"{PREFIX}/user/secrets") and request.content:
        for value in re.findall(rb'"value": ?"([^"\\]{16,})"', request.content):
            leaks.remember(value)


class ServerErrors:
    """Collects answers of 500 and above; a test that expects one takes it out."""

    def __init__(self):
        self.seen: list[str] = []
        self.expected = False

    def look(self, response: httpx.Response) -> None:
        if response.status_code >= 500 and not self.expected:
            response.read()
            request = response.request
            self.seen.append(
                f"{request.method} {request.url}: {response.status_code} {response.text}"
            )


@dataclass
class Caller:
    """Somebody who calls the API: a user with a token, or nobody."""

    http: httpx.Client
    token: str | None = None
    id: str = ""
    email: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    slug: str = ""  # of the own namespace, once known

    def request(self, method: str, path: str, headers=None, **more) -> httpx.Response:
        credentials = {"authorization": f"Bearer {self.token}"} if self.token else {}
        return self.http.request(
            method, path, headers=credentials | self.headers | dict(headers or {}), **more
        )

    def get(self, path: str, **more) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more) -> httpx.Response:
        return self.request("POST", path, **more)

    def patch(self, path: str, **more) -> httpx.Response:
        return self.request("PATCH", path, **more)

    def delete(self, path: str, **more) -> httpx.Response:
        return self.request("DELETE", path, **more)

    def send(self, method: str, path: str, body: bytes | str, **more) -> httpx.Response:
        """Sends a body as it is."""
        return self.request(method, path, content=body, **more)

    # -- what most tests need before they can begin -----------------------------------------

    def enter(self) -> "Caller":
        """Makes the user record and its namespace by reading it."""
        response = in_time(lambda: self.get("/user"))
        assert response.status_code == 200, response.text
        self.slug = response.json()["username"]
        return self

    def create_group(self, **body) -> dict:
        slug = body.get("slug") or unique("group")
        response = self.post("/groups", json={"name": slug, "slug": slug} | body)
        assert response.status_code == 201, response.text
        return response.json()

    def create_project(self, **body) -> dict:
        response = in_time(lambda: self.post("/projects", json={"name": unique("Project"), "namespace": self.slug} | body))
        assert response.status_code == 201, response.text
        return response.json()

    def project(self, project_id: str, **query) -> dict:
        response = in_time(lambda: self.get(f"/projects/{project_id}", params=query))
        assert response.status_code == 200, response.text
        return response.json()

    def patch_project(self, project: dict, etag: str | None = None, **body) -> httpx.Response:
        """PATCH with the current ETag, or with the given one."""
        etag = etag if etag is not None else self.project(project["id"])["etag"]
        return self.patch(f"/projects/{project['id']}", json=body, headers={"if-match": etag})

    def set_members(self, path: str, *members: tuple["Caller", str]) -> None:
        body = [{"id": member.id, "role": role} for member, role in members]
        response = self.patch(path, json=body)
        assert response.status_code == 200, response.text


class Api:
    """One server and the realm that it trusts."""

    def __init__(
        self,
        url: str,
        realm: Realm,
        errors: ServerErrors,
        transport: httpx.BaseTransport | None = None,
        prefix: str = PREFIX,
    ):
        self.url, self.realm, self.errors = url, realm, errors
        self.http = httpx.Client(
            base_url=url + prefix,
            timeout=60,
            transport=transport,
            event_hooks={"response": [errors.look, note_secrets]},
        )

    def close(self) -> None:
        self.http.close()

    def anonymous(self, **headers: str) -> Caller:
        return Caller(self.http, headers=headers)

    def with_token(self, token: str) -> Caller:
        return Caller(self.http, token=token)

    def visitor(self, user_id: str | None = None, roles: tuple[str, ...] = (), **claims) -> Caller:
        """Somebody with a good token whom the database does not know yet."""
        user_id = user_id or str(uuid.uuid4())
        person = {
            "email": f"{unique('user')}@example.org",
            "given_name": "Jane",
            "family_name": "Doe",
            "name": "Jane Doe",
        } | claims
        if roles:
            person["realm_access"] = {"roles": list(roles)}
        token = self.realm.token(user_id, **person)
        return Caller(self.http, token=token, id=user_id, email=person["email"] or "")

    def user(self, **more) -> Caller:
        """Somebody with a good token, a record and a namespace."""
        return self.visitor(**more).enter()

    def token_admin(self, **more) -> Caller:
        """An administrator by the token alone. Spec: authorization.md 12"""
        return self.user(roles=(ADMIN_ROLE,), **more)


def in_time(request: Callable[[], httpx.Response]) -> httpx.Response:
    """An answer that has not come too late: on a busy machine also what is quick misses a deadline of a second. Where none is
    expected, a test fails for each that was missed."""
    return poll(lambda: next((answer for answer in [request()] if answer.status_code != 503), None))


def total_headers(response: httpx.Response) -> tuple[int, int, int, int]:
    """page, per-page, total, total-pages. Spec: foundations.md 7"""
    return tuple(
        int(response.headers[name]) for name in ("page", "per-page", "total", "total-pages")
    )


def all_pages(caller: Caller, path: str, per_page: int = 100, **params) -> list[dict]:
    """Everything that a paginated operation has."""
    items, page = [], 1
    while True:
        response = caller.get(path, params={"page": page, "per_page": per_page} | params)
        assert response.status_code == 200, response.text
        items += response.json()
        if page >= int(response.headers["total-pages"]):
            return items
        page += 1


def at_once(action, over) -> list:
    """What an action answers for each, all at the same time."""
    with ThreadPoolExecutor(len(over)) as pool:
        return list(pool.map(action, over))


def dumps(value) -> bytes:
    return json.dumps(value).encode()
