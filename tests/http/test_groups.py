# SPDX-License-Identifier: Apache-2.0
"""Groups: their list, creation, changes, removal. Spec: namespaces.md 3.1-3.5, 4.3; authorization.md 9, 10"""

import pytest

from support.api import LOGIN, NO_ULID, ULID, all_pages, at_once, check_error, fields_error, total_headers, unique
from support.groups import old_slug, set_roles

# --- 3.1 GET /groups -----------------------------------------------------------------------------


# Spec: namespaces.md 3.1
def test_everybody_sees_all_groups_newest_first(api, user, rows):
    created = [user.create_group()["id"] for _ in range(3)]
    for caller in (api.anonymous(), api.user(), user):
        listed = all_pages(caller, "/groups")
        ids = [group["id"] for group in listed]
        assert ids == sorted(ids, reverse=True)
        assert set(created) <= set(ids)
        assert len(ids) == rows.one("SELECT count(*) FROM common.groups")


# Spec: namespaces.md 3.1
def test_a_page_of_groups_counts_them_all(api, user, rows):
    user.create_group()
    count = rows.one("SELECT count(*) FROM common.groups")
    response = api.anonymous().get("/groups", params={"page": 1, "per_page": 1})
    assert total_headers(response) == (1, 1, count, count)
    assert len(response.json()) == 1


# Spec: namespaces.md 3.1: any direct relationship counts
def test_direct_member_lists_only_own_groups(api, user, other):
    expected = []
    for role in ("owner", "editor", "viewer"):
        group = user.create_group()
        set_roles(user, group, (other, role))
        expected.insert(0, group["id"])
    user.create_group()
    response = other.get("/groups", params={"direct_member": "true"})
    assert [group["id"] for group in response.json()] == expected
    assert total_headers(response) == (1, 20, 3, 1)
    for caller in (api.anonymous(), api.user()):
        empty = caller.get("/groups", params={"direct_member": "yes"})
        assert empty.json() == []
        assert total_headers(empty) == (1, 20, 0, 0)


# Spec: namespaces.md 3.1; authorization.md 4: direct_member ignores administrators
def test_an_administrator_is_no_direct_member(admin, user):
    group = user.create_group()
    assert group["id"] not in [
        item["id"] for item in all_pages(admin, "/groups", direct_member="true")
    ]


# --- 3.2 POST /groups ----------------------------------------------------------------------------


# Spec: namespaces.md 3.2
def test_a_group_is_created(user, rows):
    slug = unique("new")
    response = user.post("/groups", json={"name": "A Group", "slug": slug, "description": "About"})
    assert response.status_code == 201
    body = response.json()
    assert list(body) == ["id", "name", "slug", "creation_date", "created_by", "description"]
    assert ULID.match(body["id"])
    assert (body["name"], body["slug"], body["description"]) == ("A Group", slug, "About")
    assert body["created_by"] == user.id
    assert user.get(f"/groups/{slug}").json() == body
    assert (
        rows.one(
            "SELECT count(*) FROM common.namespaces WHERE group_id = %s AND slug = %s",
            body["id"],
            slug,
        )
        == 1
    )


# Spec: namespaces.md 2.1, 3.2: the creator gets a record if there is none yet
def test_a_user_without_record_may_create_a_group(api, rows):
    visitor = api.visitor()
    assert visitor.create_group()["created_by"] == visitor.id
    assert rows.one("SELECT count(*) FROM users.users WHERE keycloak_id = %s", visitor.id) == 1


# Spec: namespaces.md 3.2; authorization.md 9
def test_a_new_group_has_an_owner_and_is_public(user, rows):
    group = user.create_group()
    assert rows.relations("g", group["id"]) == {
        ("o", "u", user.id),
        ("L", "L", "renku"),
        ("w", "u", "*"),
        ("w", "a", "*"),
    }


# Spec: namespaces.md 3.2, 3.4: an empty description stays, and becomes nothing on change
def test_an_empty_description_stays_on_creation(user):
    group = user.create_group(description="")
    assert group["description"] == ""
    assert (
        "description" not in user.patch(f"/groups/{group['slug']}", json={"description": ""}).json()
    )


# Spec: namespaces.md 3.2: 401, 422, then the platform's permission
def test_creating_a_group_needs_a_login_first(anonymous, user):
    check_error(anonymous.post("/groups", json={}), 401, LOGIN)
    check_error(user.post("/groups", json={}), 422)


# Spec: namespaces.md 3.2; authorization.md 3.2, 9
def test_the_platform_may_reserve_groups_for_administrators(rows, api, user, admin):
    saved = rows.withdraw("L", "G", "*")
    assert len(saved) == 1
    try:
        body = {"name": "x", "slug": unique()}
        check_error(user.post("/groups", json={"nonsense": 1}), 422)
        check_error(user.post("/groups", json=body), 403)
        check_error(api.token_admin().post("/groups", json=body), 403)
        assert admin.post("/groups", json=body).status_code == 201
    finally:
        rows.relate(*saved[0])
    assert user.create_group()["id"]


# Spec: namespaces.md 3.2, 5: taken by a group or a user is 422, not 409
def test_a_taken_slug_is_422_with_a_hint(user, other):
    group = user.create_group()
    for slug in (group["slug"], other.slug):
        error = check_error(user.post("/groups", json={"name": "x", "slug": slug}), 422)
        assert error["detail"]


# Spec: namespaces.md 3.2: old slugs of other groups do not block
def test_an_old_slug_is_free(user, other):
    former, group = old_slug(user)
    assert other.create_group(slug=former)["slug"] == former
    assert other.get(f"/groups/{former}").json()["created_by"] == other.id
    assert user.get(f"/groups/{group['slug']}").json() == group


SLUGS = ["a", "0", "a-b_c.d", "a-", "x" * 99, "1-2", "git", "agit", "a.gitx", "a.atoms", "atom.a"]


# Spec: namespaces.md 4.1
@pytest.mark.parametrize("slug", SLUGS, ids=lambda slug: slug[:10])
def test_good_slugs_of_groups(user, rows, slug):
    free = rows.one("SELECT count(*) FROM common.namespaces WHERE slug = %s", slug) == 0
    response = user.post("/groups", json={"name": "x", "slug": slug})
    assert response.status_code == (201 if free else 422)
    if free:
        assert user.delete(f"/groups/{slug}").status_code == 204


# Spec: namespaces.md 3.2 (a 500 of the original): the loser of a race
def test_simultaneous_groups_of_one_slug(user):
    slug = unique("race")
    answers = at_once(lambda _: user.post("/groups", json={"name": "x", "slug": slug}), range(6))
    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 5


# --- 3.3 GET /groups/{slug} ----------------------------------------------------------------------


# Spec: namespaces.md 3.3
def test_a_group_is_found_in_any_case(anonymous, user):
    group = user.create_group()
    assert anonymous.get(f"/groups/{group['slug'].upper()}").json() == group


# Spec: namespaces.md 3.3, 4.3
def test_an_old_slug_leads_to_the_group(anonymous, user):
    former, group = old_slug(user)
    response = anonymous.get(f"/groups/{former}")
    assert response.status_code == 200
    assert response.json() == group


# Spec: namespaces.md 4.3: of several groups that had a slug, the one that gave it up last
def test_the_newest_old_slug_wins(anonymous, user):
    former, first = old_slug(user)
    assert anonymous.get(f"/groups/{former}").json() == first
    user.create_group(slug=former)
    second = user.patch(f"/groups/{former}", json={"slug": unique("second")}).json()
    assert anonymous.get(f"/groups/{former}").json() == second


# Spec: namespaces.md 3.3, 4.3: former slugs are found in any case too, and taken as what they are
def test_former_slugs_are_compared_in_lower_case(anonymous, user):
    former, group = old_slug(user)
    assert anonymous.get(f"/groups/{former.upper()}").json() == group
    assert anonymous.get(f"/namespaces/{former.upper()}").json()["slug"] == group["slug"]
    error = check_error(user.patch(f"/groups/{former.upper()}", json={"name": "x"}), 409)
    assert group["slug"] in error["detail"]
    check_error(user.delete(f"/groups/{former.upper()}"), 409)


# Spec: namespaces.md 3.3, 4.3: the current slug of a user hides the former one of a group
def test_a_user_hides_a_former_slug(api, user):
    former, group = old_slug(user)
    heir = api.visitor(email=f"{former}@example.org").enter()
    assert heir.slug == former
    check_error(user.get(f"/groups/{former}"), 404)
    check_error(user.patch(f"/groups/{former}", json={"name": "x"}), 404)
    assert user.delete(f"/groups/{former}").status_code == 204
    assert user.get(f"/namespaces/{former}").json()["namespace_kind"] == "user"
    assert user.get(f"/groups/{group['slug']}").json() == group


# Spec: namespaces.md 3.3
def test_an_unknown_group_is_404(anonymous, user):
    check_error(anonymous.get(f"/groups/{unique('nobody')}"), 404)
    check_error(anonymous.get(f"/groups/{user.slug}"), 404)


# --- 3.4 PATCH /groups/{slug} --------------------------------------------------------------------


# Spec: namespaces.md 3.4
def test_the_fields_of_a_group_change(user):
    group = user.create_group(description="old")
    changed = user.patch(f"/groups/{group['slug']}", json={"name": "New", "description": "new"})
    assert changed.status_code == 200
    assert changed.json() == group | {"name": "New", "description": "new"}
    assert user.get(f"/groups/{group['slug']}").json() == changed.json()
    assert user.patch(f"/groups/{group['slug']}", json={}).json() == changed.json()


# Spec: namespaces.md 3.4
def test_renaming_keeps_the_former_slug(user, rows):
    group = user.create_group()
    slug = unique("renamed")
    assert user.patch(f"/groups/{group['slug']}", json={"slug": slug}).json() == group | {
        "slug": slug
    }
    assert (
        rows.one("SELECT count(*) FROM common.namespaces_old WHERE slug = %s", group["slug"]) == 1
    )
    same = user.patch(f"/groups/{slug}", json={"slug": slug})
    assert same.status_code == 200
    assert rows.one("SELECT count(*) FROM common.namespaces_old WHERE slug = %s", slug) == 0


# Spec: namespaces.md 3, 3.4-3.8: a path may have capital letters, and is current all the same
def test_a_group_is_changed_under_its_slug_in_any_case(user, other):
    group = user.create_group()
    path = f"/groups/{group['slug'].upper()}"
    assert user.patch(path, json={"name": "New"}).json() == group | {"name": "New"}
    added = user.patch(f"{path}/members", json=[{"id": other.id, "role": "viewer"}])
    assert added.status_code == 200
    assert other.get(f"{path}/permissions").json()["delete"] is False
    assert len(other.get(f"{path}/members").json()) == 2
    assert user.delete(f"{path}/members/{other.id}").status_code == 204
    assert user.delete(path).status_code == 204
    check_error(user.get(path), 404)


# Spec: namespaces.md 3.4: back to a former slug
def test_a_group_may_take_its_former_slug_again(user):
    former, group = old_slug(user)
    assert user.patch(f"/groups/{group['slug']}", json={"slug": former}).json()["slug"] == former
    assert user.get(f"/groups/{group['slug']}").json()["slug"] == former


# Spec: namespaces.md 3.4: 401, 422, 404, 409, 404, 422
def test_changing_a_group_checks_in_order(api, anonymous, user, other):
    former, group = old_slug(user)
    taken = user.create_group()["slug"]
    check_error(anonymous.patch(f"/groups/{group['slug']}", json={"nonsense": 1}), 401, LOGIN)
    check_error(user.patch(f"/groups/{unique('nobody')}", json={"nonsense": 1}), 422)
    check_error(other.patch(f"/groups/{unique('nobody')}", json={"slug": taken}), 404)
    error = check_error(other.patch(f"/groups/{former}", json={"slug": taken}), 409)
    assert group["slug"] in error["detail"]
    check_error(other.patch(f"/groups/{group['slug']}", json={"slug": taken}), 404)
    check_error(user.patch(f"/groups/{group['slug']}", json={"slug": taken}), 422)
    check_error(user.patch(f"/groups/{group['slug']}", json={"slug": other.slug}), 422)
    assert user.get(f"/groups/{group['slug']}").json() == group


# Spec: namespaces.md 3.4, 5; authorization.md 4
@pytest.mark.parametrize(
    "role, status", [("owner", 200), ("editor", 404), ("viewer", 404), (None, 404)]
)
def test_only_owners_change_a_group(user, other, role, status):
    group = user.create_group()
    if role:
        set_roles(user, group, (other, role))
    assert other.patch(f"/groups/{group['slug']}", json={"name": "New"}).status_code == status
    assert other.delete(f"/groups/{group['slug']}").status_code == (
        204 if status == 200 else status
    )


# Spec: authorization.md 4, 12
def test_platform_administrators_change_every_group_and_token_administrators_none(api, admin, user):
    group = user.create_group()
    check_error(api.token_admin().patch(f"/groups/{group['slug']}", json={"name": "New"}), 404)
    assert admin.patch(f"/groups/{group['slug']}", json={"name": "New"}).status_code == 200


# Spec: namespaces.md 3.4 (a 500 of the original)
def test_simultaneous_renames_to_one_slug(user):
    groups = [user.create_group() for _ in range(4)]
    slug = unique("race")
    answers = at_once(
        lambda group: user.patch(f"/groups/{group['slug']}", json={"slug": slug}), groups
    )
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422]


# Spec: namespaces.md 3.4, 3.5, 3.7: whoever waits for a renaming sees that it has happened
@pytest.mark.parametrize("method, path", [("PATCH", ""), ("DELETE", ""), ("PATCH", "/members")])
def test_a_renaming_that_is_under_way_makes_the_slug_stale(rows, user, method, path):
    group, slug = user.create_group(), unique("renamed")
    body = [] if path else {"name": "New"}
    response = rows.let_wait(
        [
            ("SELECT FROM common.groups WHERE id = %s FOR UPDATE", group["id"]),
            (
                "INSERT INTO common.namespaces_old (id, slug, latest_slug_id)"
                " SELECT generate_ulid(), slug, id FROM common.namespaces WHERE slug = %s",
                group["slug"],
            ),
            ("UPDATE common.namespaces SET slug = %s WHERE slug = %s", slug, group["slug"]),
            ("UPDATE common.groups SET name = name WHERE id = %s", group["id"]),
        ],
        lambda: user.request(method, f"/groups/{group['slug']}{path}", json=body),
    )
    error = check_error(response, 409)
    assert slug in error["detail"]
    assert user.get(f"/groups/{slug}").json() == group | {"slug": slug}


# --- 3.5 DELETE /groups/{slug} -------------------------------------------------------------------


# Spec: namespaces.md 3.5; authorization.md 9
def test_deleting_a_group_deletes_what_is_in_it(api, user, rows):
    group = user.create_group()
    project = user.create_project(
        namespace=group["slug"], visibility="public", repositories=["https://example.org/a"]
    )
    response = user.delete(f"/groups/{group['slug']}")
    assert response.status_code == 204
    assert response.content == b""
    check_error(api.anonymous().get(f"/groups/{group['slug']}"), 404)
    check_error(api.anonymous().get(f"/projects/{project['id']}"), 404)
    check_error(api.anonymous().get(f"/namespaces/{group['slug']}/projects/{project['slug']}"), 404)
    for table, column, value in (
        ("common.groups", "id", group["id"]),
        ("common.namespaces", "group_id", group["id"]),
        ("projects.projects", "id", project["id"]),
        ("common.entity_slugs", "project_id", project["id"]),
        ("projects.projects_repositories", "project_id", project["id"]),
    ):
        assert rows.one(f"SELECT count(*) FROM {table} WHERE {column} = %s", value) == 0
    assert rows.relations("g", group["id"]) == set()


# Spec: namespaces.md 3.5: also what is being created in it at that moment
def test_deleting_a_group_waits_for_what_is_being_created_in_it(rows, user):
    group, project = user.create_group(), NO_ULID
    response = rows.let_wait(
        [
            (
                "INSERT INTO projects.projects (id, name, visibility, created_by_id, creation_date)"
                " VALUES (%s, 'x', 'private', %s, now())",
                project,
                user.id,
            ),
            (
                "INSERT INTO common.entity_slugs (slug, project_id, namespace_id)"
                " SELECT 'x', %s, id FROM common.namespaces WHERE slug = %s",
                project,
                group["slug"],
            ),
        ],
        lambda: user.delete(f"/groups/{group['slug']}"),
    )
    assert response.status_code == 204
    assert rows.one("SELECT count(*) FROM projects.projects WHERE id = %s", project) == 0


# Spec: namespaces.md 3.5, 5: 204 for an unknown group, without any permission
def test_an_unknown_group_is_already_deleted(anonymous, user):
    slug = unique("nobody")
    assert user.delete(f"/groups/{slug}").status_code == 204
    check_error(anonymous.delete(f"/groups/{slug}"), 401, LOGIN)


# Spec: namespaces.md 3.5
def test_deleting_by_an_old_slug_is_409(user, other):
    former, group = old_slug(user)
    for caller in (user, other):
        error = check_error(caller.delete(f"/groups/{former}"), 409)
        assert group["slug"] in error["detail"]
    check_error(other.delete(f"/groups/{group['slug']}"), 404)


# Spec: namespaces.md 2.3: old slugs go with the group
def test_old_slugs_go_with_the_group(anonymous, user):
    former, group = old_slug(user)
    assert user.delete(f"/groups/{group['slug']}").status_code == 204
    check_error(anonymous.get(f"/groups/{former}"), 404)


# Spec: namespaces.md 3.7: unknown keys
def test_unknown_fields_of_a_group_are_forbidden(user):
    group = user.create_group()
    check_error(
        user.patch(f"/groups/{group['slug']}", json={"id": "x"}),
        422,
        fields_error("id: Extra inputs are not permitted"),
    )
