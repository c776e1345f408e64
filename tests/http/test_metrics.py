# SPDX-License-Identifier: Apache-2.0
"""Events of product metrics. Spec: foundations.md 17; users.md 4.2; projects.md 4.2-4.9"""

import hashlib
import random

import pytest

from support.api import unique


@pytest.fixture(scope="module")
def watched_server(start_server):
    server = start_server({"POSTHOG_ENABLED": "true"}, workers=1)
    yield server
    server.stop()


@pytest.fixture
def watched(watched_server, make_api):
    return make_api(watched_server)


def anonymised(user_id: str) -> str:
    return hashlib.md5(user_id.encode()).hexdigest()


def events(rows, caller) -> list[tuple]:
    """Name and metadata, oldest first."""
    return rows.all(
        "SELECT event, metadata FROM metrics.metrics WHERE anonymous_user_id = %s"
        " ORDER BY timestamp, ctid",
        anonymised(caller.id),
    )


def new_events(rows, caller, action) -> list[tuple]:
    """What an action stores, in its order."""
    before = len(events(rows, caller))
    response = action()
    assert response.status_code < 300, response.text
    return events(rows, caller)[before:]


# Spec: foundations.md 17: when disabled, nothing is stored
def test_nothing_is_stored_while_disabled(user, rows):
    user.create_project(repositories=["https://e.org/a"])
    user.create_group()
    assert events(rows, user) == []
    assert (
        rows.one(
            "SELECT count(*) FROM users.user_metrics m JOIN users.users u USING (id)"
            " WHERE u.keycloak_id = %s",
            user.id,
        )
        == 0
    )


# Spec: foundations.md 17; users.md 4.2
@pytest.mark.parametrize("last_name", ["Doe", None])
def test_a_new_user_is_identified_once(watched, rows, last_name):
    visitor = watched.visitor(family_name=last_name)
    username = visitor.email.split("@")[0]
    identity = {"user_id": visitor.id, "email": visitor.email, "first_name": "Jane"}
    identity |= {"last_name": last_name} if last_name else {}
    identity["username"] = username
    for _ in range(2):
        assert visitor.get("/user").status_code == 200
    assert events(rows, visitor) == [("identify_user", identity)]
    text = (
        f"user_id={visitor.id}email={visitor.email}first_name=Jane"
        f"last_name={last_name}username={username}"
    )
    stored = rows.one(
        "SELECT metrics_identity_hash FROM users.user_metrics m JOIN users.users u USING (id)"
        " WHERE u.keycloak_id = %s",
        visitor.id,
    )
    assert stored == hashlib.sha1(text.encode()).hexdigest()


# Spec: foundations.md 17; projects.md 4.2
def test_creating_a_project_is_an_event(watched, rows):
    user = watched.user()
    created = ("project_created", {"project_creation_kind": "new"})
    body = {"name": unique(), "namespace": user.slug}
    assert new_events(rows, user, lambda: user.post("/projects", json=body)) == [created]
    body = {"name": unique(), "namespace": user.slug, "repositories": ["https://e.org/a"]}
    linked = ("code_repo_linked_to_project", None)
    assert new_events(rows, user, lambda: user.post("/projects", json=body)) == [created, linked]


# Spec: projects.md 4.4: when the number of repositories grew
@pytest.mark.parametrize("names, stored", [("ab", True), ("b", False), ("", False), ("abc", True)])
def test_more_repositories_are_an_event(watched, rows, names, stored):
    user = watched.user()
    project = user.create_project(repositories=["https://e.org/a"])
    repositories = [f"https://e.org/{name}" for name in names]
    found = new_events(rows, user, lambda: user.patch_project(project, repositories=repositories))
    assert found == ([("code_repo_linked_to_project", None)] if stored else [])


# Spec: metrics.md 3.1: what fails records nothing
def test_failures_are_no_events(watched, rows):
    user, other = watched.user(), watched.user()
    project = user.create_project(repositories=["https://e.org/a"])
    more = ["https://e.org/a", "https://e.org/b"]
    before = len(events(rows, user)), len(events(rows, other))
    body = {"name": "x", "namespace": user.slug, "slug": project["slug"], "repositories": more}
    members = f"/projects/{project['id']}/members"
    added = [{"id": other.id, "role": "owner"}]
    for response in (
        user.post("/projects", json=body),
        other.post("/projects", json=body),
        user.post(f"/projects/{project['id']}/copies", json=body),
        user.patch_project(project, etag="wrong", repositories=more),
        user.patch_project(project, repositories=more, namespace=other.slug),
        user.patch(members, json=added + [{"id": "nobody", "role": "viewer"}]),
        other.patch(members, json=added),
    ):
        assert 400 <= response.status_code < 500
    assert (len(events(rows, user)), len(events(rows, other))) == before


# Spec: projects.md 4.6, 4.9
def test_copies_and_migrations_are_events_of_their_kind(watched, rows):
    user = watched.user()
    project = user.create_project(repositories=["https://e.org/a"])
    body = {"name": unique(), "namespace": user.slug}
    copied = new_events(
        rows, user, lambda: user.post(f"/projects/{project['id']}/copies", json=body)
    )
    assert copied == [("project_created", {"project_creation_kind": "copied"})]
    path = f"/renku_v1_projects/{random.randrange(1, 2**31)}/migrations"
    body = {
        "project": {"name": unique(), "namespace": user.slug, "repositories": ["https://e.org/a"]}
    }
    migrated = new_events(rows, user, lambda: user.post(path, json=body))
    assert migrated == [("project_created", {"project_creation_kind": "migrated"})]


# Spec: namespaces.md 3.2, 3.7; projects.md 4.7
def test_groups_and_members_are_events(watched, rows):
    user, other = watched.user(), watched.user()
    slug = unique("group")
    created = new_events(rows, user, lambda: user.post("/groups", json={"name": "x", "slug": slug}))
    assert created == [("group_created", None)]
    project = user.create_project()
    for path, event in (
        (f"/groups/{slug}/members", "group_member_added"),
        (f"/projects/{project['id']}/members", "project_member_added"),
    ):
        added = [{"id": other.id, "role": "viewer"}]
        assert new_events(rows, user, lambda p=path, a=added: user.patch(p, json=a)) == [
            (event, None)
        ]
        changed = [{"id": other.id, "role": "editor"}]
        assert new_events(rows, user, lambda p=path, c=changed: user.patch(p, json=c)) == []


# Spec: foundations.md 17: the example
def test_the_example_of_the_specification_holds_for_this_test():
    assert anonymised("11111111-2222-3333-4444-555555555555") == "c6426b96020dfc0cac3adc1cf3952797"
    text = (
        "user_id=11111111-2222-3333-4444-555555555555email=jane@example.orgfirst_name=Jane"
        "last_name=Noneusername=jane"
    )
    expected = "09801ec017cf13dbdaeae8635d02e045f6c25ee3"
    assert hashlib.sha1(text.encode()).hexdigest() == expected
