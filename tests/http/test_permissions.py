# SPDX-License-Identifier: Apache-2.0
"""Who may do what: the matrix of authorization.md 4 over the whole API, and 11, 12, 15"""

import itertools

import pytest

from support.api import NO_ULID, check_error, unique

EVERYTHING = {"write": True, "delete": True, "change_membership": True}
NOTHING = {"write": False, "delete": False, "change_membership": False}
WRITE = {"write": True, "delete": False, "change_membership": False}


@pytest.fixture
def cast(api, admin):
    """Everybody who could want something."""
    people = {
        name: api.user()
        for name in (
            "group-owner",
            "group-editor",
            "group-viewer",
            "project-owner",
            "project-editor",
            "project-viewer",
            "stranger",
        )
    }
    return people | {
        "platform-admin": admin,
        "token-admin": api.token_admin(),
        "anonymous": api.anonymous(),
    }


@pytest.fixture
def in_group(cast):
    """A group with its members, and a project in it with others."""
    owner = cast["group-owner"]
    group = owner.create_group()
    owner.set_members(
        f"/groups/{group['slug']}/members",
        (cast["group-editor"], "editor"),
        (cast["group-viewer"], "viewer"),
    )
    project = owner.create_project(namespace=group["slug"])
    path = f"/projects/{project['id']}/members"
    owner.set_members(
        path,
        (cast["project-owner"], "owner"),
        (cast["project-editor"], "editor"),
        (cast["project-viewer"], "viewer"),
    )
    assert cast["project-owner"].delete(f"{path}/{owner.id}").status_code == 204
    return group, project


GROUP_MATRIX = {
    "platform-admin": EVERYTHING,
    "group-owner": EVERYTHING,
    "group-editor": WRITE,
    "group-viewer": NOTHING,
    "project-owner": NOTHING,
    "project-editor": NOTHING,
    "project-viewer": NOTHING,
    "stranger": NOTHING,
    "token-admin": NOTHING,
    "anonymous": NOTHING,
}


# Spec: authorization.md 4: the group column
def test_permissions_on_a_group(cast, in_group):
    group, _ = in_group
    found = {
        name: caller.get(f"/groups/{group['slug']}/permissions").json()
        for name, caller in cast.items()
    }
    assert found == GROUP_MATRIX


PROJECT_MATRIX = {
    "platform-admin": EVERYTHING,
    "group-owner": EVERYTHING,
    "group-editor": NOTHING,
    "group-viewer": NOTHING,
    "project-owner": EVERYTHING,
    "project-editor": WRITE,
    "project-viewer": NOTHING,
    "stranger": None,
    "token-admin": None,
    "anonymous": None,
}


def project_permissions(caller, project: dict) -> dict | None:
    response = caller.get(f"/projects/{project['id']}/permissions")
    if response.status_code == 404:
        check_error(response, 404)
        return None
    assert response.status_code == 200
    return response.json()


# Spec: authorization.md 4: the project column; None is no read
@pytest.mark.parametrize("visibility", ["private", "public"])
def test_permissions_on_a_project_in_a_group(cast, in_group, visibility):
    _, project = in_group
    assert cast["group-owner"].patch_project(project, visibility=visibility).status_code == 200
    found = {name: project_permissions(caller, project) for name, caller in cast.items()}
    expected = PROJECT_MATRIX
    if visibility == "public":
        expected = {name: value or NOTHING for name, value in PROJECT_MATRIX.items()}
    assert found == expected


# Spec: authorization.md 4: what is shown, what is listed and what is refused agree
@pytest.mark.parametrize("visibility", ["private", "public"])
def test_reading_listing_and_permissions_agree(cast, in_group, visibility):
    group, project = in_group
    cast["group-owner"].patch_project(project, visibility=visibility)
    for name, caller in cast.items():
        reads = project_permissions(caller, project) is not None
        status = 200 if reads else 404
        assert caller.get(f"/projects/{project['id']}").status_code == status, name
        assert (
            caller.get(f"/namespaces/{group['slug']}/projects/{project['slug']}").status_code
            == status
        ), name
        assert caller.get(f"/namespaces/{group['slug']}/{project['slug']}").status_code == status, (
            name
        )
        assert caller.get(f"/projects/{project['id']}/members").status_code == status, name
        listed = caller.get("/projects", params={"namespace": group["slug"]})
        assert ([item["id"] for item in listed.json()], listed.headers["total"]) == (
            ([project["id"]], "1") if reads else ([], "0")
        ), name


# Spec: authorization.md 4: what /permissions promises holds, and nothing more
def test_permissions_are_what_is_enforced(cast, in_group):
    _, project = in_group
    for name, caller in cast.items():
        if not caller.token:
            continue
        granted = project_permissions(caller, project) or NOTHING
        status = {True: 200, False: 404}
        etag = cast["platform-admin"].project(project["id"])["etag"]
        assert (
            caller.patch_project(project, etag=etag, description=name).status_code
            == status[granted["write"]]
        ), name
        etag = cast["platform-admin"].project(project["id"])["etag"]
        assert (
            caller.patch_project(project, etag=etag, slug=unique()).status_code
            == status[granted["delete"]]
        ), name
        members = [{"id": cast["stranger"].id, "role": "viewer"}]
        response = caller.patch(f"/projects/{project['id']}/members", json=members)
        assert response.status_code == status[granted["change_membership"]], name
        if granted["change_membership"]:
            assert (
                caller.delete(
                    f"/projects/{project['id']}/members/{cast['stranger'].id}"
                ).status_code
                == 204
            )
        if not granted["delete"]:
            check_error(caller.delete(f"/projects/{project['id']}"), 404)


# Spec: authorization.md 4: the owner of a user namespace has everything in it
def test_the_owner_of_the_namespace_has_everything(api, user, admin):
    project = admin.create_project(namespace=user.slug)
    assert user.get("/projects?direct_member=true").json() == []
    assert project_permissions(user, project) == EVERYTHING
    assert user.delete(f"/projects/{project['id']}").status_code == 204


# Spec: authorization.md 4: an editor of the group who creates a project owns it
def test_an_editor_owns_what_the_editor_creates(cast, in_group):
    group, _ = in_group
    editor, viewer = cast["group-editor"], cast["group-viewer"]
    project = editor.create_project(namespace=group["slug"])
    assert project_permissions(editor, project) == EVERYTHING
    assert project_permissions(cast["group-owner"], project) == EVERYTHING
    assert project_permissions(viewer, project) == NOTHING
    assert project_permissions(cast["project-owner"], project) is None


# Spec: authorization.md 12: two notions of administrator
def test_two_notions_of_administrator(api, user, make_admin):
    project, group = user.create_project(), user.create_group()
    by_token, by_relationship = api.token_admin(), api.user()
    make_admin(by_relationship.id)
    check_error(by_token.get(f"/projects/{project['id']}"), 404)
    assert by_token.get("/users").status_code == 200
    assert by_relationship.project(project["id"]) == project
    check_error(by_relationship.get("/users"), 403)
    assert (
        by_relationship.patch(f"/groups/{group['slug']}", json={"name": "New"}).status_code == 200
    )
    assert project["id"] in [
        item["id"]
        for item in by_relationship.get("/projects", params={"namespace": user.slug}).json()
    ]


# Spec: authorization.md 9, 12: roles end at once
def test_roles_end_at_once(user, other):
    group = user.create_group()
    project = user.create_project(namespace=group["slug"])
    members = f"/groups/{group['slug']}/members"
    for role in ("owner", "editor", "viewer"):
        user.set_members(members, (other, role))
        assert other.get(f"/projects/{project['id']}").status_code == 200
        assert user.delete(f"{members}/{other.id}").status_code == 204
        check_error(other.get(f"/projects/{project['id']}"), 404)
        assert other.get("/projects", params={"namespace": group["slug"]}).headers["total"] == "0"


# Spec: authorization.md 4: the strongest of several ways counts
@pytest.mark.parametrize(
    "group_role, project_role",
    list(itertools.product([None, "viewer", "editor", "owner"], repeat=2)),
    ids=lambda role: str(role),
)
def test_ways_to_a_permission_add_up(user, other, group_role, project_role):
    group = user.create_group()
    project = user.create_project(namespace=group["slug"])
    if group_role:
        user.set_members(f"/groups/{group['slug']}/members", (other, group_role))
    if project_role:
        user.set_members(f"/projects/{project['id']}/members", (other, project_role))
    if "owner" in (group_role, project_role):
        expected = EVERYTHING
    elif project_role == "editor":
        expected = WRITE
    else:
        expected = NOTHING if group_role or project_role else None
    assert project_permissions(other, project) == expected


# Spec: authorization.md 15: an id is never a wildcard, and never another's
@pytest.mark.parametrize(
    "subject", ["*", "anonymous", "renku", "migrations", "internal-service-admin", "k8s_watcher"]
)
def test_special_names_are_only_users(api, user, subject):
    project = user.create_project()
    visitor = api.visitor(user_id=subject)
    for response in (
        visitor.get(f"/projects/{project['id']}"),
        visitor.get(f"/projects/{project['id']}/permissions"),
    ):
        check_error(response, 404)
    check_error(visitor.get("/users"), 403)
    assert visitor.get("/projects", params={"namespace": user.slug}).headers["total"] == "0"
    check_error(visitor.get(f"/projects/{NO_ULID}"), 404)
