# SPDX-License-Identifier: Apache-2.0
"""Namespaces as a list and by path; old slugs. Spec: namespaces.md 2.6, 3.10-3.12, 4"""

import pytest

from support.api import LOGIN, NO_ULID, all_pages, check_error, fields_error, total_headers, unique


def row_id(rows, slug: str) -> str:
    return rows.one("SELECT id FROM common.namespaces WHERE slug = %s", slug)


# --- 3.10 GET /namespaces ------------------------------------------------------------------------


# Spec: namespaces.md 3.10
def test_namespaces_need_a_login(anonymous):
    check_error(anonymous.get("/namespaces"), 401, LOGIN)


# Spec: namespaces.md 2.6, 3.10
def test_a_user_sees_the_own_namespace_first_and_all_groups(api, rows):
    user = api.user(given_name="Ada", family_name="Lovelace")
    group = api.user().create_group()
    items = all_pages(user, "/namespaces")
    assert items[0] == {
        "id": row_id(rows, user.slug),
        "name": "Ada Lovelace",
        "slug": user.slug,
        "created_by": user.id,
        "namespace_kind": "user",
        "path": user.slug,
    }
    assert [item["namespace_kind"] for item in items[1:]] == ["group"] * (len(items) - 1)
    ids = [item["id"] for item in items[1:]]
    assert ids == sorted(ids)
    assert len(ids) == rows.one("SELECT count(*) FROM common.groups")
    assert {
        "id": row_id(rows, group["slug"]),
        "name": group["name"],
        "slug": group["slug"],
        "creation_date": group["creation_date"],
        "created_by": group["created_by"],
        "namespace_kind": "group",
        "path": group["slug"],
    } in items


# Spec: namespaces.md 3.10: the body in schema order
def test_a_namespace_is_written_in_schema_order(user):
    user.create_group()
    item = user.get("/namespaces?kinds=group").json()[0]
    assert list(item) == [
        "id",
        "name",
        "slug",
        "creation_date",
        "created_by",
        "namespace_kind",
        "path",
    ]


ROLE_LISTS = {
    None: {"owned", "edited", "viewed", "strange"},
    "viewer": {"owned", "edited", "viewed"},
    "editor": {"owned", "edited"},
    "owner": {"owned"},
}


@pytest.fixture
def four_groups(api, user, other):
    """Groups in which the user has different roles."""
    groups = {name: other.create_group() for name in ("edited", "viewed", "strange")}
    groups["owned"] = user.create_group()
    other.set_members(f"/groups/{groups['edited']['slug']}/members", (user, "editor"))
    other.set_members(f"/groups/{groups['viewed']['slug']}/members", (user, "viewer"))
    return groups


# Spec: namespaces.md 3.10: read, read_children, write, delete
@pytest.mark.parametrize("role, names", ROLE_LISTS.items(), ids=[str(role) for role in ROLE_LISTS])
def test_the_minimum_role_filters_groups(user, four_groups, role, names):
    params = {"minimum_role": role} if role else {}
    items = all_pages(user, "/namespaces", **params)
    assert items[0]["slug"] == user.slug
    slugs = {item["slug"] for item in items}
    assert {name for name, group in four_groups.items() if group["slug"] in slugs} == names
    if role:
        assert len(items) == 1 + len(names)


KINDS = {
    "user": (["user"], {"user"}),
    "group": (["group"], {"group"}),
    "user-and-group": (["user", "group"], {"user", "group"}),
    "project": (["project"], {"project"}),
    "all": (["project", "group", "user"], {"user", "group", "project"}),
    "twice": (["user", "user"], {"user"}),
}


# Spec: namespaces.md 3.10
@pytest.mark.parametrize("kinds, expected", KINDS.values(), ids=KINDS.keys())
def test_kinds_choose_and_the_order_is_fixed(user, four_groups, kinds, expected):
    user.create_project()
    user.create_project(namespace=four_groups["owned"]["slug"])
    items = all_pages(user, "/namespaces", minimum_role="viewer", kinds=kinds)
    order = [item["namespace_kind"] for item in items]
    assert set(order) == expected
    assert order == sorted(order, key=["user", "group", "project"].index)
    assert len(items) == len({(item["path"], item["namespace_kind"]) for item in items})


# Spec: namespaces.md 2.6, 3.10 (compatibility quirk): a project bears the id of its parent's row
def test_a_project_as_a_namespace(user, rows):
    group = user.create_group()
    project = user.create_project(namespace=group["slug"], name="The Name")
    item = user.get("/namespaces", params={"kinds": "project", "minimum_role": "owner"}).json()[0]
    assert item == {
        "id": row_id(rows, group["slug"]),
        "name": "The Name",
        "slug": project["slug"],
        "creation_date": project["creation_date"],
        "created_by": user.id,
        "namespace_kind": "project",
        "path": f"{group['slug']}/{project['slug']}",
    }


# Spec: namespaces.md 3.10; authorization.md 4: roles on projects
@pytest.mark.parametrize(
    "minimum, visible",
    [
        ("viewer", {"owner", "editor", "viewer"}),
        ("editor", {"owner", "editor"}),
        ("owner", {"owner"}),
    ],
)
def test_the_minimum_role_filters_projects(user, other, minimum, visible):
    projects = {}
    for role in ("owner", "editor", "viewer"):
        projects[role] = other.create_project()
        other.set_members(f"/projects/{projects[role]['id']}/members", (user, role))
    other.create_project(visibility="public")
    other.create_project()
    items = all_pages(user, "/namespaces", kinds="project", minimum_role=minimum)
    assert {item["path"] for item in items} == {
        f"{other.slug}/{projects[role]['slug']}" for role in visible
    }


# Spec: namespaces.md 3.10: without a minimum role whatever is readable
def test_public_projects_are_listed_without_minimum_role(api, user):
    project = user.create_project(visibility="public")
    hidden = user.create_project()
    paths = {item["path"] for item in all_pages(api.user(), "/namespaces", kinds="project")}
    assert f"{user.slug}/{project['slug']}" in paths
    assert f"{user.slug}/{hidden['slug']}" not in paths


# Spec: namespaces.md 3.10: the own namespace whatever the role; never that of others
@pytest.mark.parametrize("role", [None, "viewer", "editor", "owner"])
def test_only_the_own_user_namespace_is_listed(user, admin, role):
    params = {"kinds": "user"} | ({"minimum_role": role} if role else {})
    for caller in (user, admin):
        response = caller.get("/namespaces", params=params)
        assert [item["slug"] for item in response.json()] == [caller.slug]
        assert total_headers(response) == (1, 20, 1, 1)


# Spec: authorization.md 4: a platform administrator may everything
def test_an_administrator_owns_all_groups(admin, user, rows):
    user.create_group()
    response = admin.get(
        "/namespaces", params={"kinds": "group", "minimum_role": "owner", "per_page": 1}
    )
    assert int(response.headers["total"]) == rows.one("SELECT count(*) FROM common.groups")


# Spec: namespaces.md 3.10, 4.6; foundations.md 7: without holes and repetitions
@pytest.mark.parametrize("per_page", [1, 2, 3, 5, 20])
def test_pages_cross_the_lists_without_holes(api, per_page):
    user = api.user()
    for _ in range(4):
        user.create_group()
        user.create_project()
    params = {"kinds": ["user", "group", "project"], "minimum_role": "owner"}
    whole = [item["path"] for item in all_pages(user, "/namespaces", **params)]
    assert len(whole) == 9
    pieces = [item["path"] for item in all_pages(user, "/namespaces", per_page=per_page, **params)]
    assert pieces == whole
    response = user.get("/namespaces", params=params | {"page": 2, "per_page": per_page})
    assert total_headers(response) == (2, per_page, 9, -(-9 // per_page))


# Spec: namespaces.md 3.10; foundations.md 6: a blank value is none
@pytest.mark.parametrize("query", ["?kinds=", "?kinds", "?kinds=&minimum_role="])
def test_blank_kinds_are_the_usual_ones(user, query):
    whole = user.get("/namespaces")
    response = user.get(f"/namespaces{query}")
    assert (response.status_code, response.json()) == (200, whole.json())


# Spec: namespaces.md 3.10, 4.6; users.md 3.4: what cannot be shown is not counted either
@pytest.mark.parametrize("role", [None, "viewer", "editor", "owner"])
def test_projects_of_a_deleted_user_are_not_listed(admin, user, other, role):
    project = user.create_project()
    user.set_members(f"/projects/{project['id']}/members", (other, "owner"))
    kept = other.create_project()
    assert admin.delete(f"/users/{user.id}").status_code == 204
    params = {"kinds": "project"} | ({"minimum_role": role} if role else {})
    for caller in (other, admin):
        listed = all_pages(caller, "/namespaces", **params)
        response = caller.get("/namespaces", params=params)
        assert int(response.headers["total"]) == len(listed)
        assert f"{other.slug}/{kept['slug']}" in [item["path"] for item in listed]


BAD_QUERIES = {
    "unknown-parameter": ("x=1", "x: Extra inputs are not permitted"),
    "unknown-role": (
        "minimum_role=admin",
        "minimum_role: Input should be 'owner', 'editor' or 'viewer'",
    ),
    "unknown-kind": ("kinds=team", "kinds.0: Input should be 'group', 'user' or 'project'"),
}


# Spec: namespaces.md 3.10
@pytest.mark.parametrize("query, violation", BAD_QUERIES.values(), ids=BAD_QUERIES.keys())
def test_bad_queries_of_namespaces(user, query, violation):
    check_error(user.get(f"/namespaces?{query}"), 422, fields_error(violation))


# --- 3.11 GET /namespaces/{slug} -----------------------------------------------------------------


# Spec: namespaces.md 3.11
def test_anybody_sees_a_namespace(api, rows):
    user = api.user(given_name="Ada", family_name="Lovelace")
    group = user.create_group(name="The Group")
    assert api.anonymous().get(f"/namespaces/{user.slug.upper()}").json() == {
        "id": row_id(rows, user.slug),
        "name": "Ada Lovelace",
        "slug": user.slug,
        "created_by": user.id,
        "namespace_kind": "user",
        "path": user.slug,
    }
    assert api.anonymous().get(f"/namespaces/{group['slug']}").json() == {
        "id": row_id(rows, group["slug"]),
        "name": "The Group",
        "slug": group["slug"],
        "created_by": user.id,
        "namespace_kind": "group",
        "path": group["slug"],
    }


NAMES = {
    "first-only": ({"given_name": "Ada", "family_name": None}, "Ada"),
    "last-only": ({"given_name": None, "family_name": "Lovelace"}, "Lovelace"),
    "none": ({"given_name": None, "family_name": None}, None),
    "empty": ({"given_name": "", "family_name": ""}, None),
}


# Spec: namespaces.md 2.6
@pytest.mark.parametrize("claims, name", NAMES.values(), ids=NAMES.keys())
def test_the_name_of_a_user_namespace(api, claims, name):
    user = api.user(**claims)
    assert user.get(f"/namespaces/{user.slug}").json().get("name") == name


# Spec: namespaces.md 3 (a 500 of the original): a combined name longer than the response allows
def test_a_long_combined_name_is_no_5xx(api):
    user = api.user(given_name="x" * 90, family_name="y" * 90)
    assert user.get(f"/namespaces/{user.slug}").status_code == 200
    assert user.get("/namespaces").status_code == 200
    assert api.anonymous().get(f"/users/{user.id}").status_code == 200


# Spec: namespaces.md 3.11
def test_an_old_slug_of_a_group_leads_to_its_namespace(anonymous, user):
    former = unique("former")
    user.create_group(slug=former)
    slug = user.patch(f"/groups/{former}", json={"slug": unique("latter")}).json()["slug"]
    response = anonymous.get(f"/namespaces/{former}")
    assert response.status_code == 200
    assert (response.json()["slug"], response.json()["path"]) == (slug, slug)


# Spec: namespaces.md 3.11
def test_an_unknown_namespace_is_404(anonymous):
    check_error(anonymous.get(f"/namespaces/{unique('nobody')}"), 404)
    check_error(anonymous.get(f"/namespaces/{NO_ULID}"), 404)


# --- 3.12 GET /namespaces/{first}/{second} -------------------------------------------------------


# Spec: namespaces.md 3.12
def test_a_project_namespace_by_path(anonymous, user, rows):
    project = user.create_project(name="The Name", visibility="public")
    assert anonymous.get(f"/namespaces/{user.slug}/{project['slug']}").json() == {
        "id": row_id(rows, user.slug),
        "name": "The Name",
        "slug": project["slug"],
        "created_by": user.id,
        "namespace_kind": "project",
        "path": f"{user.slug}/{project['slug']}",
    }


# Spec: namespaces.md 3.12: exact, and hidden from those who may not read
def test_a_project_namespace_is_compared_exactly(anonymous, user, other):
    project = user.create_project(visibility="public", slug=unique("exact"))
    hidden = user.create_project()
    check_error(anonymous.get(f"/namespaces/{user.slug.upper()}/{project['slug']}"), 404)
    check_error(anonymous.get(f"/namespaces/{user.slug}/{project['slug'].upper()}"), 404)
    check_error(anonymous.get(f"/namespaces/{user.slug}/{unique('nobody')}"), 404)
    check_error(anonymous.get(f"/namespaces/{user.slug}/{hidden['slug']}"), 404)
    error = check_error(other.get(f"/namespaces/{user.slug}/{hidden['slug']}"), 404)
    missing = check_error(other.get(f"/namespaces/{user.slug}/missing"), 404)
    assert error["message"].replace(hidden["slug"], "missing") == missing["message"]
    assert user.get(f"/namespaces/{user.slug}/{hidden['slug']}").status_code == 200


# Spec: namespaces.md 3.12: old slugs are not followed
def test_old_slugs_of_project_namespaces_are_not_followed(user):
    former = unique("former")
    group = user.create_group(slug=former)
    project = user.create_project(namespace=group["slug"], slug=unique("old"))
    renamed = user.patch_project(project, slug=unique("new")).json()
    check_error(user.get(f"/namespaces/{former}/{project['slug']}"), 404)
    assert user.get(f"/namespaces/{former}/{renamed['slug']}").status_code == 200
    slug = user.patch(f"/groups/{former}", json={"slug": unique("latter")}).json()["slug"]
    check_error(user.get(f"/namespaces/{former}/{renamed['slug']}"), 404)
    assert user.get(f"/namespaces/{slug}/{renamed['slug']}").status_code == 200


# Spec: namespaces.md 5
def test_a_project_does_not_answer_as_a_namespace_of_one_slug(user):
    project = user.create_project()
    check_error(user.get(f"/namespaces/{project['slug']}"), 404)
