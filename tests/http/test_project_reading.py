# SPDX-License-Identifier: Apache-2.0
"""Projects: list, read by id and by path, permissions.

Spec: projects.md 4.1, 4.3, 4.8, 5.5; namespaces.md 4.3"""

import pytest
from psycopg.errors import UniqueViolation

from support.api import NO_ULID, check_error, total_headers, unique
from support.contents import insert, insert_connector
from support.projects import by_path, own_list

HIDDEN = "does not exist or you do not have access to it"


# --- 4.1 GET /projects ---------------------------------------------------------------------------


# Spec: projects.md 3, 4.1; authorization.md 4
def test_the_list_shows_what_one_may_read(api, admin, user, other):
    group = user.create_group()
    user.set_members(f"/groups/{group['slug']}/members", (other, "viewer"))
    projects = {
        "private": user.create_project(),
        "public": user.create_project(visibility="public"),
        "in-group": user.create_project(namespace=group["slug"]),
        "shared": user.create_project(),
    }
    user.set_members(f"/projects/{projects['shared']['id']}/members", (other, "viewer"))
    visible = {
        "anonymous": (api.anonymous(), {"public"}),
        "stranger": (api.user(), {"public"}),
        "token-admin": (api.token_admin(), {"public"}),
        "member": (other, {"public", "in-group", "shared"}),
        "owner": (user, set(projects)),
        "admin": (admin, set(projects)),
    }
    for who, (caller, expected) in visible.items():
        listed = own_list(caller, namespace=user.slug) + own_list(caller, namespace=group["slug"])
        assert {
            name for name, project in projects.items() if project["id"] in listed
        } == expected, who
        assert len(listed) == len(expected), who


# Spec: projects.md 2.3, 4.1
def test_an_item_of_the_list_is_the_project(user):
    project = user.create_project(
        description="About", documentation="Text", keywords=["a"], repositories=["https://e.org/a"]
    )
    response = user.get("/projects", params={"namespace": user.slug})
    assert response.json() == [project]


# Spec: projects.md 4.1
def test_the_list_begins_with_the_latest_change(user):
    first, second, third = (user.create_project() for _ in range(3))
    assert own_list(user, namespace=user.slug) == [third["id"], second["id"], first["id"]]
    user.patch_project(first, description="changed")
    assert own_list(user, namespace=user.slug) == [first["id"], third["id"], second["id"]]


# Spec: projects.md 4.1: without updated_at the creation date counts
def test_a_project_never_updated_is_listed_by_its_creation(user, rows):
    old, new = user.create_project(), user.create_project()
    rows.run(
        "UPDATE projects.projects SET updated_at = NULL, creation_date = '2001-01-01'"
        " WHERE id = %s",
        new["id"],
    )
    assert own_list(user, namespace=user.slug) == [old["id"], new["id"]]
    body = user.project(new["id"])
    assert "updated_at" not in body and "etag" not in body


# Spec: projects.md 4.1
def test_direct_member_lists_own_roles_only(api, admin, user, other):
    group = other.create_group()
    other.set_members(f"/groups/{group['slug']}/members", (user, "owner"))
    other.create_project(namespace=group["slug"])
    other.create_project(visibility="public")
    own = [user.create_project()["id"]]
    for role in ("viewer", "editor", "owner"):
        project = other.create_project()
        other.set_members(f"/projects/{project['id']}/members", (user, role))
        own.insert(0, project["id"])
    response = user.get("/projects", params={"direct_member": "true"})
    assert sorted(item["id"] for item in response.json()) == sorted(own)
    assert total_headers(response) == (1, 20, 4, 1)
    for caller in (api.anonymous(), api.user()):
        empty = caller.get("/projects", params={"direct_member": "1"})
        assert (empty.json(), total_headers(empty)) == ([], (1, 20, 0, 0))
    assert own_list(user, direct_member="true", namespace=other.slug) == [
        item for item in own_list(user, direct_member="true") if item != own[-1]
    ]
    assert (
        admin.get("/projects", params={"direct_member": "true", "namespace": user.slug}).json()
        == []
    )


# Spec: projects.md 4.1
def test_the_namespace_filter_takes_current_slugs_only(user):
    former = unique("former")
    user.create_group(slug=former)
    project = user.create_project(namespace=former)
    assert own_list(user, namespace=former.upper()) == [project["id"]]
    slug = user.patch(f"/groups/{former}", json={"slug": unique("latter")}).json()["slug"]
    assert own_list(user, namespace=former) == []
    assert own_list(user, namespace=slug) == [project["id"]]
    for nothing in (unique("nobody"), f"{slug}/{project['slug']}", "%", "*", "a b", "'"):
        response = user.get("/projects", params={"namespace": nothing})
        assert (response.status_code, response.json()) == (200, [])
        assert total_headers(response) == (1, 20, 0, 0)


# Spec: projects.md 4.1: an empty namespace counts as absent
def test_an_empty_namespace_is_absent(user):
    user.create_project()
    assert (
        user.get("/projects?namespace=").headers["total"] == user.get("/projects").headers["total"]
    )


# Spec: projects.md 4.1: totals follow every change of visibility and membership
def test_totals_follow_changes(api, user, other):
    def total(caller) -> int:
        return int(
            caller.get("/projects", params={"namespace": user.slug, "per_page": 1}).headers["total"]
        )

    project = user.create_project()
    anonymous = api.anonymous()
    assert (total(anonymous), total(other), total(user)) == (0, 0, 1)
    user.set_members(f"/projects/{project['id']}/members", (other, "viewer"))
    assert (total(anonymous), total(other), total(user)) == (0, 1, 1)
    user.patch_project(project, visibility="public")
    assert (total(anonymous), total(other), total(user)) == (1, 1, 1)
    user.delete(f"/projects/{project['id']}/members/{other.id}")
    assert (total(anonymous), total(other), total(user)) == (1, 1, 1)
    user.patch_project(project, visibility="private")
    assert (total(anonymous), total(other), total(user)) == (0, 0, 1)
    user.delete(f"/projects/{project['id']}")
    assert (total(anonymous), total(other), total(user)) == (0, 0, 0)


# --- 4.3 GET -------------------------------------------------------------------------------------


# Spec: projects.md 3, 4.3
def test_a_private_project_is_missing_for_others(api, admin, user, other):
    project = user.create_project()
    missing = [
        caller.get(f"/projects/{project_id}")
        for caller in (api.anonymous(), other, api.token_admin())
        for project_id in (project["id"], NO_ULID)
    ]
    for response in missing:
        check_error(response, 404, contains=HIDDEN)
    for caller in (api.anonymous(), other):
        check_error(by_path(caller, user.slug, project["slug"]), 404)
    assert admin.project(project["id"]) == project


# Spec: projects.md 4.3: the same message for both causes
def test_a_hidden_project_reads_like_a_missing_one(user, other):
    project = user.create_project()
    hidden = other.get(f"/projects/{project['id']}").json()["error"]["message"]
    missing = other.get(f"/projects/{NO_ULID}").json()["error"]["message"]
    assert hidden.replace(project["id"], NO_ULID) == missing


# Spec: projects.md 4.3, 8
@pytest.mark.parametrize(
    "text, shown",
    [
        ("true", True),
        ("1", True),
        ("YES", True),
        ("on", True),
        ("false", False),
        ("no", False),
        ("", False),
    ],
)
def test_documentation_is_shown_on_request(user, text, shown):
    project = user.create_project(documentation="Text")
    for response in (
        user.get(f"/projects/{project['id']}", params={"with_documentation": text}),
        by_path(user, user.slug, project["slug"], with_documentation=text),
    ):
        assert response.status_code == 200
        assert response.json() == (project | {"documentation": "Text"} if shown else project)


# Spec: projects.md 4.3, 8
def test_queries_of_one_project(user):
    project = user.create_project()
    for path in (
        f"/projects/{project['id']}",
        f"/namespaces/{user.slug}/projects/{project['slug']}",
    ):
        check_error(
            user.get(f"{path}?with_documentation=maybe"),
            422,
            contains="with_documentation: Input should be a valid boolean",
        )
        assert user.get(f"{path}?unknown=1").status_code == 200
        assert "documentation" not in user.get(f"{path}?with_documentation=true").json()


# Spec: projects.md 3: missing and hidden look alike
def test_a_path_does_not_tell_whether_a_hidden_project_is_there(user, other):
    project = user.create_project(visibility="private")
    hidden = check_error(by_path(other, user.slug, project["slug"]), 404)
    user.delete(f"/projects/{project['id']}")
    assert check_error(by_path(other, user.slug, project["slug"]), 404) == hidden
    assert project["id"] not in hidden["message"]


# Spec: projects.md 4.3
def test_a_read_by_path_is_a_read_by_id(user):
    project = user.create_project()
    response = by_path(user, user.slug, project["slug"])
    assert response.json() == project
    assert response.headers["etag"] == project["etag"]
    path = f"/namespaces/{user.slug}/projects/{project['slug']}"
    for query in ("", "?with_documentation=true"):
        again = user.get(path + query, headers={"if-none-match": project["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert "etag" not in again.headers


# --- 5.5 lookup by path --------------------------------------------------------------------------


# Spec: projects.md 5.5: the namespace in any case, the slug exactly
def test_the_case_of_a_path(user):
    project = user.create_project(name="№ 5")
    assert by_path(user, user.slug.upper(), "No-5").json() == project
    check_error(by_path(user, user.slug, "no-5"), 404)


# Spec: projects.md 5.5; namespaces.md 4.3
def test_old_slugs_lead_to_the_project(user):
    namespaces, slugs = [unique("ns-a"), unique("ns-b")], [unique("pr-a"), unique("pr-b")]
    user.create_group(slug=namespaces[0])
    project = user.create_project(namespace=namespaces[0], slug=slugs[0])
    assert user.patch_project(project, slug=slugs[1]).status_code == 200
    assert user.patch(f"/groups/{namespaces[0]}", json={"slug": namespaces[1]}).status_code == 200
    expected = user.project(project["id"])
    assert (expected["namespace"], expected["slug"]) == (namespaces[1], slugs[1])
    for namespace in namespaces:
        for slug in slugs:
            response = by_path(user, namespace, slug)
            assert response.status_code == 200, (namespace, slug)
            assert response.json() == expected


# Spec: projects.md 5.5: a current slug hides an old one
def test_a_freed_slug_belongs_to_the_new_project(user):
    project = user.create_project()
    user.patch_project(project, slug=unique("renamed"))
    assert by_path(user, user.slug, project["slug"]).json()["id"] == project["id"]
    newer = user.create_project(slug=project["slug"])
    assert by_path(user, user.slug, project["slug"]).json()["id"] == newer["id"]


# Spec: projects.md 5.5 (compatibility quirk, kept): former slugs of connectors that live in the project
def test_a_former_slug_of_a_connector_leads_to_its_project(user, rows):
    former, group = unique("former"), user.create_group()["slug"]
    project = user.create_project(namespace=group)
    connector = insert_connector(rows, user, project_id=project["id"])
    row = rows.one("SELECT id FROM common.entity_slugs WHERE data_connector_id = %s", connector)
    insert(
        rows,
        "common.entity_slugs_old",
        slug=former,
        latest_slug_id=row,
        project_id=project["id"],
        data_connector_id=connector,
    )
    assert by_path(user, group, former).json() == project
    renamed = user.patch(f"/groups/{group}", json={"slug": unique("latter")}).json()["slug"]
    for namespace in (group, renamed):
        assert by_path(user, namespace, former).json()["id"] == project["id"]
    other = user.create_project(namespace=renamed, slug=former)
    user.patch_project(other, slug=unique("renamed"))
    assert by_path(user, renamed, former).json()["id"] == other["id"]
    check_error(by_path(user, user.slug, former), 404)


# Spec: projects.md 5.5: moving breaks the old path
def test_moving_breaks_the_old_path(user):
    group = user.create_group()
    project = user.create_project()
    assert user.patch_project(project, namespace=group["slug"]).status_code == 200
    check_error(by_path(user, user.slug, project["slug"]), 404)
    assert by_path(user, group["slug"], project["slug"]).json()["id"] == project["id"]


# Spec: projects.md 4, 5.5
@pytest.mark.parametrize("slug", ["a--b", "a.git", "-a", "a b"])
def test_a_path_with_a_bad_slug_does_not_match(api, user, slug):
    escaped = slug.replace(" ", "%20")
    for path in (
        f"/namespaces/{user.slug}/projects/{escaped}",
        f"/namespaces/{escaped}/projects/x",
    ):
        check_error(user.get(path), 404, f"Requested URL /api/data{path} not found")


# --- 4.8 permissions -----------------------------------------------------------------------------


# Spec: projects.md 4.8; authorization.md 7.1
def test_a_second_home_of_a_project_gives_nobody_anything(user, other, rows):
    """Not even to whoever writes relationships directly; what each home would grant, tests/integration/authz tries."""
    group = user.create_group()
    project = user.create_project(namespace=group["slug"])
    relate = "INSERT INTO librenku.relation VALUES (%s, %s, %s, %s, %s)"
    rows.run(relate, "n", group["id"], "o", "u", other.id)
    with pytest.raises(UniqueViolation, match="relation_arrow"):
        rows.run(relate, "p", project["id"], "N", "n", group["id"])
    check_error(other.get(f"/projects/{project['id']}/permissions"), 404)
    assert user.delete(f"/projects/{project['id']}").status_code == 204
    rows.run("DELETE FROM librenku.relation WHERE object_type = 'n' AND object_id = %s", group["id"])


# Spec: projects.md 4.8
def test_permissions_need_read(api, anonymous, user, other):
    project = user.create_project()
    for caller in (anonymous, other):
        check_error(caller.get(f"/projects/{project['id']}/permissions"), 404)
    check_error(user.get(f"/projects/{NO_ULID}/permissions"), 404)
    user.patch_project(project, visibility="public")
    body = anonymous.get(f"/projects/{project['id']}/permissions").json()
    assert body == {"write": False, "delete": False, "change_membership": False}
    assert list(body) == ["write", "delete", "change_membership"]
