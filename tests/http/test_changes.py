# SPDX-License-Identifier: Apache-2.0
"""What operations record of their changes: what the outboxes of events and search are fed from.

Spec: events.md 7; projects.md 4; namespaces.md 3"""

import random
import re
import uuid

import pytest

from support.api import unique
from support.contents import insert_connector
from support.server import poll

LINE = re.compile(r" - change: (.*)$")


@pytest.fixture(scope="module")
def talking_server(start_server):
    server = start_server({"LOG_APP_LEVEL": "DEBUG"}, workers=1)
    yield server
    server.stop()


@pytest.fixture
def user(talking_server, make_api):
    return make_api(talking_server).user()


@pytest.fixture
def other(talking_server, make_api):
    return make_api(talking_server).user()


@pytest.fixture
def changes(talking_server):
    """What a request records, in order; and its answer."""

    def request(caller, method: str, path: str, **more) -> tuple[list[str], object]:
        name, end = str(uuid.uuid4()), str(uuid.uuid4())
        headers = more.pop("headers", {}) | {"x-request-id": name}
        response = caller.request(method, path, headers=headers, **more)
        assert response.status_code < 300, response.text
        caller.get("/error", headers={"x-request-id": end})
        poll(lambda: end in talking_server.log())
        lines = [line for line in talking_server.log().splitlines() if name in line]
        found = [match[1] for match in map(LINE.search, lines) if match]
        return found, response.json() if response.content else None

    return request


pytestmark = pytest.mark.server_error  # the end of a request is told by one that fails


# Spec: events.md 7.1
def test_a_first_login_and_a_deletion(talking_server, make_api, changes, rows):
    api = make_api(talking_server)
    visitor, admin = api.visitor(), api.token_admin()
    rows.relate("L", "renku", "A", "u", admin.id)
    for expected in ([f"user added: {visitor.id}"], []):
        assert changes(visitor, "GET", "/user")[0] == expected
    for expected in ([f"user removed: {visitor.id}"], []):
        assert changes(admin, "DELETE", f"/users/{visitor.id}")[0] == expected
    rows.withdraw("L", "A", admin.id)


# Spec: events.md 7.3: creation, copy, migration: the project, then its owner
def test_a_new_project_and_its_owner(user, changes):
    body = {"name": unique("Project"), "namespace": user.slug}
    found, project = changes(user, "POST", "/projects", json=body)
    copy = ("POST", f"/projects/{project['id']}/copies", {"json": body | {"name": unique()}})
    migration = (
        "POST",
        f"/renku_v1_projects/{random.randrange(1, 2**31)}/migrations",
        {"json": {"project": body | {"name": unique()}}},
    )
    answers = [(found, project)]
    answers += [changes(user, method, path, **more) for method, path, more in (copy, migration)]
    for found, made in answers:
        assert found == [
            f"project added: {made['id']}",
            f"project member added: {made['id']} {user.id} owner",
        ]


# Spec: events.md 7.3: also when nothing changes
@pytest.mark.parametrize("patch", [{}, {"visibility": "public", "slug": "renamed"}], ids=len)
def test_a_patch_is_one_change(user, changes, patch):
    project = user.create_project()
    etag = {"if-match": project["etag"]}
    found, _ = changes(user, "PATCH", f"/projects/{project['id']}", json=patch, headers=etag)
    assert found == [f"project updated: {project['id']}"]


# Spec: events.md 7.3; projects.md 4.5: search forgets the connectors, too
def test_a_deleted_project_and_what_lives_in_it(user, changes, rows):
    project = user.create_project()
    connector = insert_connector(rows, user, project_id=project["id"])
    found, _ = changes(user, "DELETE", f"/projects/{project['id']}")
    assert found == [
        f"data connector removed along: {connector}",
        f"project removed: {project['id']}",
    ]


# Spec: events.md 7.2, 7.3: what changes of members are; nothing for who has the role already
def test_members_of_projects_and_groups(user, other, changes):
    project, group = user.create_project(), user.create_group()
    for kind, path, object_id in (
        ("project", f"/projects/{project['id']}/members", project["id"]),
        ("group", f"/groups/{group['slug']}/members", group["id"]),
    ):
        for role, expected in (
            ("viewer", ["added"]),
            ("viewer", []),
            ("editor", ["updated"]),
        ):
            body = [{"id": other.id, "role": role}, {"id": user.id, "role": "owner"}]
            found, _ = changes(user, "PATCH", path, json=body)
            assert found == [
                f"{kind} member {verb}: {object_id} {other.id} {role}" for verb in expected
            ]
        for expected in ([f"{kind} member removed: {object_id} {other.id} editor"], []):
            assert changes(user, "DELETE", f"{path}/{other.id}")[0] == expected


# Spec: events.md 7.2: no events for what goes with a group, though search forgets it
def test_a_group_from_its_creation_to_its_end(user, changes, rows):
    slug = unique("group")
    found, group = changes(user, "POST", "/groups", json={"name": slug, "slug": slug})
    assert found == [
        f"group added: {group['id']}",
        f"group member added: {group['id']} {user.id} owner",
    ]
    for patch in ({}, {"slug": unique("renamed")}):
        found, body = changes(user, "PATCH", f"/groups/{slug}", json=patch)
        assert found == [f"group updated: {group['id']}"]
    project = user.create_project(namespace=body["slug"])
    inside = insert_connector(rows, user, project_id=project["id"])
    beside = insert_connector(rows, user, namespace=body["slug"])
    found, _ = changes(user, "DELETE", f"/groups/{body['slug']}")
    assert sorted(found[:2]) == sorted(
        f"data connector removed along: {connector}" for connector in (inside, beside)
    )
    assert found[2:] == [f"project removed along: {project['id']}", f"group removed: {group['id']}"]
    assert changes(user, "DELETE", f"/groups/{body['slug']}")[0] == []
