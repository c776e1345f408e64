# SPDX-License-Identifier: Apache-2.0
"""Projects: move and rename. Spec: projects.md 5.4; namespaces.md 4.8"""

import pytest

from support.api import INSUFFICIENT, check_error, unique
from support.contents import insert_connector, insert_link
from support.projects import FULL, by_path, own_list


# Spec: projects.md 5.4; namespaces.md 4.8
def test_renaming_keeps_the_former_slug_once(user, rows):
    project = user.create_project(slug=unique("one"))
    other_slug = unique("two")
    for slug in (other_slug, project["slug"], other_slug, project["slug"]):
        assert user.patch_project(project, slug=slug).json()["slug"] == slug
    former = rows.all(
        "SELECT slug FROM common.entity_slugs_old WHERE project_id = %s ORDER BY slug",
        project["id"],
    )
    assert former == sorted([(project["slug"],), (other_slug,)])


# Spec: projects.md 5.4 ; authorization.md 9: to the group itself, and the old one goes
def test_moving_replaces_the_namespace(api, user, other, rows):
    group = user.create_group()
    user.set_members(f"/groups/{group['slug']}/members", (other, "viewer"))
    project = user.create_project()
    check_error(other.get(f"/projects/{project['id']}"), 404)
    response = user.patch_project(project, namespace=group["slug"])
    assert response.status_code == 200, response.text
    assert response.json()["namespace"] == group["slug"]
    assert other.project(project["id"])["namespace"] == group["slug"]
    parents = {relation for relation in rows.relations("p", project["id"]) if relation[0] == "N"}
    assert parents == {("N", "g", group["id"])}
    back = user.patch_project(project, namespace=user.slug)
    assert back.status_code == 200
    check_error(other.get(f"/projects/{project['id']}"), 404)
    assert own_list(other, namespace=user.slug) == []
    namespace_id = rows.one("SELECT id FROM common.namespaces WHERE slug = %s", user.slug)
    parents = {relation for relation in rows.relations("p", project["id"]) if relation[0] == "N"}
    assert parents == {("N", "n", namespace_id)}


# Spec: projects.md 4.4, 5.4: everything at once
def test_a_project_changes_in_every_way_at_once(api, user, rows):
    group = user.create_group()
    project = user.create_project(**FULL)
    given = {
        "name": "New",
        "namespace": group["slug"],
        "slug": unique("new"),
        "repositories": ["https://e.org/new"],
        "visibility": "public",
        "description": "New",
        "keywords": ["new"],
        "is_template": True,
        "secrets_mount_directory": "/new",
    }
    body = user.patch_project(project, **given, documentation="New text").json()
    assert {name: body[name] for name in given} == given
    assert api.anonymous().project(body["id"], with_documentation="1") == body | {
        "documentation": "New text"
    }
    assert rows.relations("p", project["id"]) == {
        ("o", "u", user.id),
        ("L", "L", "renku"),
        ("N", "g", group["id"]),
        ("w", "u", "*"),
        ("w", "a", "*"),
    }
    assert by_path(user, group["slug"], project["slug"]).json() == body


# Spec: projects.md 5.4: members stay
def test_direct_members_stay_on_a_move(user, other):
    group = user.create_group()
    project = user.create_project()
    user.set_members(f"/projects/{project['id']}/members", (other, "editor"))
    user.patch_project(project, namespace=group["slug"])
    members = user.get(f"/projects/{project['id']}/members").json()
    assert {member["id"]: member["role"] for member in members} == {
        user.id: "owner",
        other.id: "editor",
    }


# Spec: projects.md 5.4: a namespace by its former slug
def test_moving_follows_former_slugs_of_namespaces(user):
    former = unique("former")
    user.create_group(slug=former)
    slug = user.patch(f"/groups/{former}", json={"slug": unique("latter")}).json()["slug"]
    project = user.create_project()
    assert user.patch_project(project, namespace=former).json()["namespace"] == slug


# Spec: projects.md 5.4: but not while connectors live in the project
def test_a_project_with_connectors_moves_by_current_slugs_only(user, rows):
    former = unique("former")
    user.create_group(slug=former)
    slug = user.patch(f"/groups/{former}", json={"slug": unique("latter")}).json()["slug"]
    project = user.create_project()
    insert_link(rows, user, insert_connector(rows, user, namespace=user.slug), project)
    connector = insert_connector(rows, user, project_id=project["id"])
    check_error(user.patch_project(project, namespace=former), 404)
    assert user.project(project["id"]) == project
    assert user.patch_project(project, namespace=slug).json()["namespace"] == slug
    rows.run("DELETE FROM storage.data_connectors WHERE id = %s", connector)
    user.patch_project(project, namespace=user.slug)
    assert user.patch_project(project, namespace=former).json()["namespace"] == slug


# Spec: projects.md 5.4, 1: a namespace that the caller cannot read is as good as missing
def test_moving_to_a_hidden_namespace_is_moving_to_none(user, other, rows):
    former = unique("former")
    group = other.create_group(slug=former)
    slug = other.patch(f"/groups/{former}", json={"slug": unique("latter")}).json()["slug"]
    rows.run(
        "DELETE FROM librenku.relation WHERE object_id = %s AND relation = 'w'", group["id"]
    )
    project = user.create_project()
    missing = check_error(user.patch_project(project, namespace=unique("nobody")), 404)
    for name in (slug, former):
        hidden = check_error(user.patch_project(project, namespace=name), 404)
        assert hidden["message"] == missing["message"]


# Spec: projects.md 5.4, 1-4
def test_moving_checks_both_namespaces(user, other):
    foreign, project = other.create_group(), user.create_project()
    check_error(user.patch_project(project, namespace=unique("nobody")), 404)
    check_error(user.patch_project(project, namespace=foreign["slug"]), 404, contains=INSUFFICIENT)
    check_error(user.patch_project(project, namespace=other.slug), 404)
    group = other.create_group()
    other.set_members(f"/groups/{group['slug']}/members", (user, "viewer"))
    theirs = other.create_project(namespace=group["slug"])
    other.set_members(f"/projects/{theirs['id']}/members", (user, "owner"))
    check_error(user.patch_project(theirs, namespace=user.slug), 404)
    assert user.project(theirs["id"])["namespace"] == group["slug"]
    assert user.project(project["id"]) == project


# Spec: projects.md 5.4, namespaces.md 4.8 (the last row was a 500)
COLLISIONS = {
    "free": ((), {"namespace": "b"}, 200),
    "current-slug-taken-there": (("b/x",), {"namespace": "b"}, 422),
    "current-slug-taken-there-though-it-changes": (("b/x",), {"namespace": "b", "slug": "y"}, 422),
    "new-slug-taken-here": (("a/y",), {"slug": "y"}, 422),
    "new-slug-taken-here-though-it-moves": (("a/y",), {"namespace": "b", "slug": "y"}, 422),
    "new-slug-taken-there": (("b/y",), {"namespace": "b", "slug": "y"}, 422),
    "both-free": ((), {"namespace": "b", "slug": "y"}, 200),
}


# Spec: projects.md 5.4
@pytest.mark.parametrize("taken, change, status", COLLISIONS.values(), ids=COLLISIONS.keys())
def test_collisions_of_moves(user, taken, change, status):
    groups = {"a": user.create_group()["slug"], "b": user.create_group()["slug"]}
    project = user.create_project(namespace=groups["a"], slug="x")
    for path in taken:
        user.create_project(namespace=groups[path[0]], slug=path[2:])
    body = change | ({"namespace": groups[change["namespace"]]} if "namespace" in change else {})
    response = user.patch_project(project, **body)
    assert response.status_code == status, response.text
    if status == 422:
        check_error(response, 422)
        assert user.project(project["id"]) == project


# Spec: projects.md 5.4 (compatibility quirk, kept): the former slug of the current namespace
def test_naming_the_current_namespace_by_its_former_slug_is_422(user):
    former = unique("former")
    user.create_group(slug=former)
    project = user.create_project(namespace=former)
    user.patch(f"/groups/{former}", json={"slug": unique("latter")})
    check_error(user.patch_project(project, namespace=former), 422)


# Spec: projects.md 5.4: connectors that live in the project follow it
def test_connectors_of_a_project_follow_it(user, rows):
    group = user.create_group()
    project = user.create_project()
    connector = insert_connector(rows, user, project_id=project["id"])
    assert user.patch_project(project, namespace=group["slug"]).status_code == 200
    namespace = rows.one("SELECT id FROM common.namespaces WHERE slug = %s", group["slug"])
    assert (
        rows.one(
            "SELECT namespace_id FROM common.entity_slugs WHERE data_connector_id = %s", connector
        )
        == namespace
    )
    assert (
        rows.one(
            "SELECT count(*) FROM common.entity_slugs_old WHERE data_connector_id = %s", connector
        )
        == 1
    )
