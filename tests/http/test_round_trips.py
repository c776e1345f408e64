# SPDX-License-Identifier: Apache-2.0
"""How often a request asks the database: once for a read and for a new project, twice for another change."""

import itertools

import pytest

from support.api import Caller, unique
from support.wire import Wire


@pytest.fixture(scope="module")
def wire(postgres):
    with Wire(postgres.socket) as wire:
        yield wire


@pytest.fixture(scope="module")
def counted_server(wire, start_server):
    """One process with one connection, through the counting proxy."""
    server = start_server({"DB_HOST": str(wire.folder), "DB_POOL_SIZE": "1"}, workers=1)
    yield server
    server.stop()


@pytest.fixture
def counted(counted_server, make_api):
    return make_api(counted_server)


@pytest.fixture
def owner(counted) -> Caller:
    return counted.user()


def cost(wire: Wire, action, status: int) -> int:
    """The round trips of an action once its token is known and its statements are prepared."""

    def run() -> None:
        response = action()
        assert response.status_code == status, response.text

    for _ in range(2):
        run()
    trips, ready = wire.count(run)
    assert ready <= trips
    return trips


READS = {
    "project": lambda c, p: c.get(f"/projects/{p['id']}"),
    "project-with-documentation": lambda c, p: c.get(
        f"/projects/{p['id']}?with_documentation=true"
    ),
    "project-by-path": lambda c, p: c.get(f"/namespaces/{p['namespace']}/projects/{p['slug']}"),
    "permissions": lambda c, p: c.get(f"/projects/{p['id']}/permissions"),
    "list": lambda c, p: c.get("/projects"),
    "list-of-a-namespace": lambda c, p: c.get("/projects", params={"namespace": p["namespace"]}),
    "user": lambda c, p: c.get("/user"),
    "other-user": lambda c, p: c.get(f"/users/{p['created_by']}"),
    "groups": lambda c, p: c.get("/groups"),
    "secrets": lambda c, p: c.get("/user/secrets"),
    "secret-slots": lambda c, p: c.get(f"/projects/{p['id']}/session_secret_slots"),
    "session-secrets": lambda c, p: c.get(f"/projects/{p['id']}/session_secrets"),
}


# Spec: DESIGN 2: one round trip, the permission check included
@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
def test_a_read_is_one_round_trip(wire, owner, read):
    project = owner.create_project(documentation="Text")
    assert cost(wire, lambda: read(owner, project), 200) == 1


@pytest.fixture
def root(counted) -> Caller:
    return counted.token_admin()


def create_redirect(root: Caller) -> dict:
    body = {"source_url": f"/projects/x/{unique()}", "target_url": "https://example.org/a"}
    return root.post("/platform/redirects", json=body).json()


# Spec: DESIGN 2, platform.md 4, notifications.md 3.2
def test_a_read_of_the_platform_is_one_round_trip(wire, counted, root, owner):
    nobody, path = counted.anonymous(), create_redirect(root)["source_url"].replace("/", "%2F")
    for caller, target in (
        (nobody, "/platform/config"),
        (nobody, "/platform/authorization_config"),
        (nobody, f"/platform/redirects/{path}"),
        (root, "/platform/redirects"),
        (owner, "/alerts"),
    ):
        assert cost(wire, lambda c=caller, t=target: c.get(t), 200) == 1, target
    nobody.get("/alerts")
    assert wire.count(lambda: nobody.get("/alerts")) == (0, 0)


# Spec: DESIGN 2, 4: a change is two, with its lock
def test_changes_of_the_platform_are_two_round_trips(wire, root, owner):
    numbers = itertools.count()
    redirect = create_redirect(root)
    path = f"/platform/redirects/{redirect['source_url'].replace('/', '%2F')}"
    alert = {"title": "t", "message": "m", "user_id": owner.id}

    def config():
        tag = {"if-match": root.get("/platform/config").json()["etag"]}
        return root.patch("/platform/config", json={"incident_banner": str(next(numbers))}, headers=tag)

    def authorization():
        tag = {"if-match": root.get("/platform/authorization_config").json()["etag"]}
        body = {"create_groups": "registered_users", "create_projects": "registered_users"}
        return root.patch("/platform/authorization_config", json=body, headers=tag)

    def target():
        tag = {"if-match": root.get(path).json()["etag"]}
        body = {"target_url": f"https://example.org/{next(numbers)}"}
        return root.patch(path, json=body, headers=tag)

    def post():
        return root.post("/alerts", json=alert | {"event_type": f"e{next(numbers)}"})

    assert cost(wire, config, 200) == 1 + 2
    assert cost(wire, authorization, 200) == 1 + 2
    assert cost(wire, target, 200) == 1 + 2
    assert cost(wire, lambda: root.post("/platform/redirects", json={
        "source_url": f"/projects/x/{unique()}", "target_url": "https://example.org/a"}), 201) <= 2
    assert cost(wire, post, 201) == 2


# Spec: DESIGN 2
def test_a_read_of_a_public_project_by_anybody_is_one_round_trip(wire, counted, owner):
    project = owner.create_project(visibility="public")
    assert cost(wire, lambda: counted.anonymous().get(f"/projects/{project['id']}"), 200) == 1
    assert cost(wire, lambda: counted.anonymous().get("/projects"), 200) == 1


# Spec: DESIGN 2
def test_a_refused_read_is_one_round_trip(wire, counted, owner):
    project, stranger = owner.create_project(), counted.user()
    assert cost(wire, lambda: stranger.get(f"/projects/{project['id']}"), 404) == 1


# Spec: DESIGN 2
def test_an_unchanged_read_is_one_round_trip(wire, owner):
    project = owner.create_project()
    headers = {"if-none-match": project["etag"]}
    assert cost(wire, lambda: owner.get(f"/projects/{project['id']}", headers=headers), 304) == 1


# Spec: DESIGN 2, foundations.md 11
@pytest.mark.parametrize("path", ["/version", "/error", "/spec.json", "/nothing", "/user/nothing"])
def test_what_needs_no_database_asks_none(wire, counted, path):
    caller = counted.user()
    caller.get(path)
    assert wire.count(lambda: caller.get(path)) == (0, 0)


# Spec: foundations.md 3: a body that is refused has cost nothing
def test_an_invalid_body_asks_no_database(wire, owner):
    assert wire.count(lambda: owner.post("/projects", json={"nonsense": 1})) == (0, 0)
    assert wire.count(lambda: owner.post("/groups", json={})) == (0, 0)


# Spec: issue: creating a project is one, the permission check included
@pytest.mark.parametrize("in_group", [False, True], ids=["own-namespace", "group"])
def test_creating_a_project_is_one_round_trip(wire, owner, in_group):
    namespace = owner.create_group()["slug"] if in_group else owner.slug
    body = {
        "namespace": namespace,
        "repositories": ["https://e.org/a", "https://e.org/b"],
        "keywords": ["k"],
        "visibility": "public",
    }

    def create():
        return owner.post("/projects", json=body | {"name": unique("Project")})

    assert cost(wire, create, 201) == 1


# Spec: DESIGN 2, 4: a change is two
def test_other_changes_are_few_round_trips(wire, counted, owner):
    project, group, friend = owner.create_project(), owner.create_group(), counted.user()
    numbers = itertools.count()
    roles = itertools.cycle(["viewer", "editor"])

    def change():
        etag = tags.pop()
        response = owner.patch_project(project, etag=etag, description=str(next(numbers)))
        tags.append(response.json()["etag"])
        return response

    tags = [project["etag"]]
    costs = {
        "create group": cost(
            wire, lambda: owner.post("/groups", json={"name": "x", "slug": unique()}), 201
        ),
        "change project": cost(wire, change, 200),
        "change group": cost(
            wire,
            lambda: owner.patch(f"/groups/{group['slug']}", json={"name": str(next(numbers))}),
            200,
        ),
        "change member": cost(
            wire,
            lambda: owner.patch(
                f"/projects/{project['id']}/members", json=[{"id": friend.id, "role": next(roles)}]
            ),
            200,
        ),
    }
    assert {name: trips for name, trips in costs.items() if trips > 4} == {}, costs
    assert costs["create group"] <= 2 and costs["change project"] <= 3, costs


# Spec: secrets.md 3: one for the key of the user, one for the secret
def test_storing_a_secret_is_two_round_trips(wire, owner):
    def create():
        return owner.post("/user/secrets", json={"name": unique("secret"), "value": "v"})

    assert cost(wire, create, 201) == 2
    path = f"/user/secrets/{create().json()['id']}"
    assert cost(wire, lambda: owner.get(path), 200) == 1
    assert cost(wire, lambda: owner.patch(path, json={"name": unique()}), 200) == 1
    assert cost(wire, lambda: owner.patch(path, json={"value": "w"}), 200) == 3
    assert cost(wire, lambda: owner.delete(path), 204) == 1


# Spec: session-secrets.md 3, 4: the permission check included
def test_changes_of_session_secrets_are_few_round_trips(wire, owner):
    project, names = owner.create_project(), itertools.count()
    body = {"project_id": project["id"]}
    add = lambda: owner.post("/session_secret_slots", json=body | {"filename": f"f{next(names)}"})  # noqa: E731
    assert cost(wire, add, 201) <= 4
    slot = add().json()
    path = f"/session_secret_slots/{slot['id']}"
    assert cost(wire, lambda: owner.get(path), 200) == 1
    fill = [{"secret_slot_id": slot["id"], "value": "v"}]
    assert cost(wire, lambda: owner.patch(f"/projects/{project['id']}/session_secrets", json=fill), 200) <= 5
    assert cost(wire, lambda: owner.delete(f"/projects/{project['id']}/session_secrets"), 204) == 1
    assert cost(wire, lambda: owner.delete(path), 204) <= 2
