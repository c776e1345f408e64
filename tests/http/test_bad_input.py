# SPDX-License-Identifier: Apache-2.0
"""Bad paths, queries and headers for every operation: a documented 4xx, never a 5xx, and the database stays as it was.

Spec: foundations.md 2.1, 2.5, 3, 6, 8, 9"""

import json
from urllib.parse import quote

import pytest

from support.api import NO_ULID, PREFIX, unique
from support.bad_input import INJECTIONS, OPERATIONS, WITH_BODY, each
from support.examples import BODIES, World
from support.raw import exchange
from support.spec import Operation, operations_of

WITH_PATH = [operation for operation in OPERATIONS if operation.path_parameters]
WITH_TAG = [operation for operation in OPERATIONS if operation.if_match]


# Every operation of the document has its rows here.
def test_the_documents_of_the_rooms_are_the_document_of_the_server(anonymous):
    served = {operation.name for operation in operations_of(anonymous.get("/spec.json").json())}
    assert served == {operation.name for operation in OPERATIONS}
    assert len(served) >= 40
    assert {operation.name for operation in WITH_BODY} == set(BODIES)


# --- paths ---------------------------------------------------------------------------------------

FOREIGN = [
    "x",
    "0",
    "-1",
    "9" * 40,
    NO_ULID,
    NO_ULID.lower(),
    "..",
    "%2e%2e",
    "%00",
    "%0d%0aSet-Cookie:%20a=b",
    "*",
    "%",
    "%zz",
    "%F0%28",
    "null",
    "None",
]
FOREIGN += [quote(text, safe="") for text in INJECTIONS if len(text) < 200]


# Spec: foundations.md 2.1, 9.2
@each(WITH_PATH)
def test_foreign_and_strange_ids(api, world, unchanged, operation):
    headers = [("Authorization", f"Bearer {world.by(operation).token}"), *world.headers(operation).items()]
    body = json.dumps(world.body(operation)).encode() if operation.body else None
    strange = FOREIGN + [
        world.values[name] for name in ("project_id", "group_slug", "user_id", "v1_id")
    ]
    with unchanged:
        for name in operation.path_parameters:
            for value in strange:
                if value == world.values[name] or harmless(operation, name, value, world):
                    continue
                path = world.path(operation, **{name: value})
                answer = exchange(api.url, operation.method, PREFIX + path, headers, body)
                if (
                    answer is None
                    or answer.status >= 500
                    or (
                        operation.writes
                        and answer.status not in (204, 400, 401, 403, 404, 405, 409, 422)
                    )
                ):
                    unchanged.wrong.append(f"{path}: {answer}")
                elif [key for key, _ in answer.headers if key == "set-cookie"]:
                    unchanged.wrong.append(f"{path}: a header was injected")


def harmless(operation: Operation, name: str, value: str, world: World) -> bool:
    """Values that change something rightly: an unused number can be migrated."""
    return name == "v1_id" and operation.writes and value.lstrip("-").isdigit() and len(value) < 12


# It removes what is the caller's own, whatever the project: session-secrets.md 4.3
NO_PROJECT_CHECK = "DELETE /projects/{project_id}/session_secrets"


# Spec: authorization.md 14: what one may not see is missing
@each(
    [
        operation
        for operation in OPERATIONS
        if "project_id" in operation.path_parameters and operation.name != NO_PROJECT_CHECK
    ]
)
def test_the_project_of_another(world, unchanged, operation):
    body = world.body(operation) if operation.body else None
    with unchanged:
        for caller in (world.other, world.nobody):
            response = caller.request(
                operation.method, world.path(operation), json=body, headers=world.headers(operation)
            )
            unchanged.expect(response, f"as {caller.id or 'nobody'}", 401, 404)


# --- queries -------------------------------------------------------------------------------------

QUERY_VALUES = [
    "x",
    "-1",
    "0",
    "1.5",
    "9" * 40,
    "1e400",
    "%00",
    "%zz",
    "%ff%fe",
    "%0d%0aX-Injected:%201",
    "null",
    "true",
    "a&{name}=b",
    "[]",
    "*",
]
QUERY_VALUES += [quote(text, safe="") for text in INJECTIONS if len(text) < 200]


# Spec: foundations.md 6, 7
@each(OPERATIONS)
def test_strange_queries(api, world, unchanged, operation):
    if operation.writes and not operation.query:
        queries = []
    else:
        queries = [f"{name}={value}" for name in operation.query for value in QUERY_VALUES]
    if not operation.writes:
        queries += [
            "x=1",
            "=",
            "=x",
            "&&&",
            "%00=1",
            "%zz",
            "?",
            "'",
            "a" * 3000,
            "&".join(f"a{n}={n}" for n in range(500)),
        ]
    headers = [("Authorization", f"Bearer {world.by(operation).token}")]
    with unchanged:
        for query in queries:
            query = query.replace("{name}", next(iter(operation.query), "x"))
            path = f"{world.path(operation)}?{query}"
            if operation.writes and not query.endswith("x=1"):
                path += "&unknown=1"
            answer = exchange(api.url, operation.method, PREFIX + path, headers)
            if answer is None or answer.status >= 500 or (operation.writes and answer.status < 400):
                unchanged.wrong.append(f"{path}: {answer}")
            elif answer.header("x-injected"):
                unchanged.wrong.append(f"{path}: a header was injected")


# --- headers -------------------------------------------------------------------------------------

TAGS = [
    "",
    '""',
    "*",
    "W/x",
    "x" * 3000,
    '"\\"',
    "'; DROP TABLE x; --",
    "ä",
    '"a", "b"',
    "\t",
    "%00",
]


# Spec: foundations.md 8
@each(WITH_TAG)
def test_wrong_tags(api, world, unchanged, operation):
    body = json.dumps(world.body(operation)).encode() if operation.body else None
    with unchanged:
        for tag in TAGS:
            headers = [("Authorization", f"Bearer {world.by(operation).token}"), ("If-Match", tag)]
            answer = exchange(
                api.url, operation.method, PREFIX + world.path(operation), headers, body
            )
            if answer is None or answer.status not in (400, 409, 428):
                unchanged.wrong.append(f"{tag!r}: {answer}")


STRANGE_HEADERS = {
    "authorization": [
        "",
        "Bearer",
        "Bearer ",
        "x" * 5000,
        "Bearer " + "a." * 1000,
        "Bearer ä.ö.ü",
        "Bearer {}.{}.{}",
        "Negotiate",
        "Bearer null",
    ],
    "x-request-id": ["%0d%0ax-injected: 1", "x" * 3000, "ä", "9" * 3000, "-", "' --"],
    "renku-auth-anon-id": ["*", "'; --", "x" * 3000, "ä"],
    "renku-auth-refresh-token": ["x" * 3000],
    "cookie": ["Renku-Auth-Anon-Id", "=", ";;;", 'Renku-Auth-Anon-Id="', "a=b; " * 500],
    "content-type": ["application/json; charset=utf-16", "multipart/form-data", "x", ""],
    "accept": ["text/html", "nonsense", "*/*;q=x"],
    "accept-encoding": ["gzip, br", "x"],
    "if-none-match": ["*", "x" * 3000, '"'],
    "origin": ["null", "x" * 2000],
    "x-forwarded-for": ["'", "1.2.3.4, " * 200],
    "x-forwarded-host": ["evil.example"],
    "host": ["", "evil.example", "a b", "x" * 3000],
    "range": ["bytes=0-1"],
    "transfer-encoding": ["identity", "gzip"],
}


# Spec: foundations.md 2.4, 2.5, 12
@each([operation for operation in OPERATIONS if not operation.writes])
def test_strange_headers(api, world, unchanged, operation):
    with unchanged:
        for name, values in STRANGE_HEADERS.items():
            for value in values:
                headers = (
                    []
                    if name == "authorization"
                    else [("Authorization", f"Bearer {world.by(operation).token}")]
                )
                answer = exchange(
                    api.url, "GET", PREFIX + world.path(operation), [*headers, (name, value)]
                )
                if answer is None or answer.status >= 500:
                    unchanged.wrong.append(f"{name}: {value:.40}: {answer}")
                elif answer.header("x-injected") or "evil.example" in answer.body.decode(
                    errors="replace"
                ):
                    unchanged.wrong.append(f"{name}: {value:.40}: it was believed")


# --- texts that look dangerous and are only texts ------------------------------------------------


# Spec: DESIGN 4: values are never part of a statement
@pytest.mark.parametrize(
    "text",
    [text for text in INJECTIONS if len(text) < 99 and "\r" not in text]
    + ["\\", "'", '"', "a\u0301", "\\u0041", "\x1b[31m"],
    ids=ascii,
)
def test_dangerous_texts_are_stored_as_they_are(user, text):
    group = user.create_group(name=text, description=text)
    assert (group["name"], group["description"]) == (text, text)
    assert user.get(f"/groups/{group['slug']}").json() == group
    project = user.create_project(
        name=text,
        slug=unique(),
        description=text,
        documentation=text,
        keywords=[text, f"{text}, x", "NULL", "{}"],
        secrets_mount_directory=f"/x{text}",
    )
    assert (project["name"], project["description"], project["keywords"]) == (
        text,
        text,
        [text, f"{text}, x", "NULL", "{}"],
    )
    assert user.project(project["id"], with_documentation="1")["documentation"] == text
    assert user.get("/projects", params={"namespace": text}).json() == []
    assert user.get("/users", params={"exact_email": text}).json() == []
    changed = user.patch_project(project, name=f"{text}!", keywords=[text])
    assert (changed.json()["name"], changed.json()["keywords"]) == (f"{text}!", [text])
