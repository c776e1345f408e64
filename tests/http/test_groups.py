# SPDX-License-Identifier: Apache-2.0
"""Groups and their members. Spec: namespaces.md 3.1-3.9, 4.3; authorization.md 9, 10"""

import itertools
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.api import (
    LAST_OWNER,
    LOGIN,
    NO_ULID,
    ULID,
    all_pages,
    at_once,
    check_error,
    fields_error,
    total_headers,
    unique,
)


def old_slug(user) -> tuple[str, dict]:
    """A former slug, and the group that had it."""
    former = unique("former")
    user.create_group(slug=former)
    response = user.patch(f"/groups/{former}", json={"slug": unique("latter")})
    assert response.status_code == 200, response.text
    return former, response.json()


def roles(caller, group: dict) -> dict[str, str]:
    response = caller.get(f"/groups/{group['slug']}/members")
    assert response.status_code == 200, response.text
    return {member["id"]: member["role"] for member in response.json()}


def set_roles(caller, group: dict, *members):
    body = [{"id": getattr(member, "id", member), "role": role} for member, role in members]
    return caller.patch(f"/groups/{group['slug']}/members", json=body)


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


# --- 3.6 GET /groups/{slug}/members --------------------------------------------------------------


# Spec: namespaces.md 3.6
def test_everybody_sees_the_members(api, user):
    nameless = api.user(given_name=None, family_name=None)
    former, group = old_slug(user)
    set_roles(user, group, (nameless, "viewer"))
    expected = [
        {
            "id": user.id,
            "namespace": user.slug,
            "first_name": "Jane",
            "last_name": "Doe",
            "role": "owner",
        },
        {"id": nameless.id, "namespace": nameless.slug, "role": "viewer"},
    ]
    for slug in (group["slug"], former):
        response = api.anonymous().get(f"/groups/{slug}/members")
        assert response.status_code == 200
        assert sorted(response.json(), key=lambda item: item["role"]) == expected


# Spec: namespaces.md 3.6, 3.7: users are not looked up, and only known ones shown
def test_members_unknown_to_the_database_are_not_shown(user, rows):
    group = user.create_group()
    ghost = str(uuid.uuid4())
    assert set_roles(user, group, (ghost, "editor")).json() == [{"id": ghost, "role": "editor"}]
    assert ("e", "u", ghost) in rows.relations("g", group["id"])
    assert roles(user, group) == {user.id: "owner"}


# Spec: namespaces.md 3.6, 3.7
def test_members_of_an_unknown_group_are_404(user):
    slug = unique("nobody")
    check_error(user.get(f"/groups/{slug}/members"), 404)
    check_error(user.patch(f"/groups/{slug}/members", json=[]), 404)
    check_error(user.delete(f"/groups/{slug}/members/{user.id}"), 404)
    check_error(user.get(f"/groups/{slug}/permissions"), 404)


# --- 3.7 PATCH /groups/{slug}/members ------------------------------------------------------------


# Spec: namespaces.md 3.7; authorization.md 10.1
def test_members_are_added_and_changed_and_only_changes_are_reported(api, user):
    group = user.create_group()
    first, second = api.user(), api.user()
    added = set_roles(user, group, (first, "viewer"), (second, "editor"))
    assert added.status_code == 200
    assert added.json() == [{"id": first.id, "role": "viewer"}, {"id": second.id, "role": "editor"}]
    assert roles(user, group) == {user.id: "owner", first.id: "viewer", second.id: "editor"}
    changed = set_roles(user, group, (first, "viewer"), (second, "owner"), (user, "owner"))
    assert changed.json() == [{"id": second.id, "role": "owner"}]
    assert roles(user, group) == {user.id: "owner", first.id: "viewer", second.id: "owner"}
    assert set_roles(user, group).json() == []


# Spec: namespaces.md 3.7: 401, 422, 404, 409, 404, 422
def test_changing_members_checks_in_order(anonymous, user, other):
    former, group = old_slug(user)
    check_error(anonymous.patch(f"/groups/{group['slug']}/members", json={}), 401, LOGIN)
    check_error(user.patch(f"/groups/{former}/members", json={}), 422)
    error = check_error(other.patch(f"/groups/{former}/members", json=[]), 409)
    assert group["slug"] in error["detail"]
    check_error(set_roles(other, group, (other, "owner")), 404)
    check_error(set_roles(other, group), 404)
    check_error(set_roles(user, group, (user, "viewer")), 422)


# Spec: authorization.md 4, 10
@pytest.mark.parametrize("role, status", [("owner", 200), ("editor", 404), ("viewer", 404)])
def test_only_owners_change_members(api, user, other, role, status):
    group = user.create_group()
    set_roles(user, group, (other, role))
    assert set_roles(other, group, (api.user(), "viewer")).status_code == status
    leaving = other.delete(f"/groups/{group['slug']}/members/{other.id}")
    assert leaving.status_code == (204 if status == 200 else 404)


# Spec: authorization.md 10.1: the owners are counted after the whole list, and nothing is written
@pytest.mark.parametrize("changes, status", LAST_OWNER.values(), ids=LAST_OWNER.keys())
def test_a_group_never_loses_its_last_owner(user, other, changes, status):
    group = user.create_group()
    before = roles(user, group)
    people = {"user": user, "other": other}
    response = set_roles(user, group, *((people[name], role) for name, role in changes))
    assert response.status_code == status, response.text
    if status == 422:
        check_error(response, 422)
        assert roles(user, group) == before


# Spec: authorization.md 10.1
def test_two_owners_cannot_both_step_down(user, other):
    group = user.create_group()
    set_roles(user, group, (other, "owner"))
    check_error(set_roles(user, group, (user, "viewer"), (other, "viewer")), 422)
    assert roles(user, group) == {user.id: "owner", other.id: "owner"}


# Spec: authorization.md 10.1 (a 500 of the original): one new member named twice
@pytest.mark.parametrize("second", ["viewer", "editor"])
def test_naming_a_new_member_twice_is_no_5xx(user, other, second):
    group = user.create_group()
    response = set_roles(user, group, (other, "viewer"), (other, second))
    assert response.status_code in (200, 422)
    found = roles(user, group)
    assert found in ({user.id: "owner"}, {user.id: "owner", other.id: second})


# Spec: authorization.md 10.1: several roles are repaired
def test_a_user_with_several_roles_is_left_with_one(user, other, rows):
    group = user.create_group()
    for letter in ("e", "v"):
        rows.relate("g", group["id"], letter, "u", other.id)
    assert set_roles(user, group, (other, "viewer")).status_code == 200
    left = {relation for relation in rows.relations("g", group["id"]) if relation[2] == other.id}
    assert left == {("v", "u", other.id)}


# --- 3.8 DELETE /groups/{slug}/members/{user_id} -------------------------------------------------


# Spec: namespaces.md 3.8: pattern, 401, 404, 404, 422
def test_removing_a_member_checks_in_order(anonymous, user, other):
    group = user.create_group()
    for user_id in ("*", "a", "-ab", "a%20b"):
        check_error(anonymous.delete(f"/groups/{group['slug']}/members/{user_id}"), 422)
    check_error(anonymous.delete(f"/groups/{group['slug']}/members/{user.id}"), 401, LOGIN)
    check_error(other.delete(f"/groups/{unique('nobody')}/members/{user.id}"), 404)
    check_error(other.delete(f"/groups/{group['slug']}/members/{user.id}"), 404)
    check_error(user.delete(f"/groups/{group['slug']}/members/{user.id}"), 422)
    assert roles(user, group) == {user.id: "owner"}


# Spec: namespaces.md 3.8; authorization.md 10.2
def test_a_member_is_removed_and_removing_again_is_fine(user, other):
    group = user.create_group()
    set_roles(user, group, (other, "owner"))
    for _ in range(2):
        response = user.delete(f"/groups/{group['slug']}/members/{other.id}")
        assert (response.status_code, response.content) == (204, b"")
    assert roles(user, group) == {user.id: "owner"}


# Spec: namespaces.md 3.8 (compatibility quirk): old slugs are accepted here
def test_a_member_is_removed_by_an_old_slug(user, other):
    former, group = old_slug(user)
    set_roles(user, group, (other, "viewer"))
    assert user.delete(f"/groups/{former}/members/{other.id}").status_code == 204
    assert roles(user, group) == {user.id: "owner"}


# Spec: authorization.md 10: simultaneous changes never leave a group without owner
def test_simultaneous_removals_leave_an_owner(api, user):
    group = user.create_group()
    owners = [user] + [api.user() for _ in range(3)]
    set_roles(user, group, *((owner, "owner") for owner in owners[1:]))
    at_once(lambda owner: owner.delete(f"/groups/{group['slug']}/members/{owner.id}"), owners)
    assert list(roles(user, group).values()).count("owner") == 1


# Spec: authorization.md 10: the same for owners who step down, and for those who are shut out
def test_simultaneous_changes_leave_an_owner(api, user):
    group = user.create_group()
    owners = [user] + [api.user() for _ in range(5)]
    set_roles(user, group, *((owner, "owner") for owner in owners[1:]))

    def leave(owner, number):
        if number % 2:
            return owner.delete(f"/groups/{group['slug']}/members/{owner.id}")
        return set_roles(owner, group, (owner, "viewer"))

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(leave, owners, itertools.count()))
    assert sorted(answer.status_code in (200, 204) for answer in answers) == [False] + [True] * 5
    assert [answer.status_code for answer in answers if answer.status_code >= 400] == [422]
    assert list(roles(user, group).values()).count("owner") == 1


# Spec: authorization.md 7.1, 10: who waits for the loss of a role has lost it
@pytest.mark.parametrize("method, path", [("PATCH", ""), ("PATCH", "/members"), ("DELETE", "")])
def test_a_role_that_is_being_lost_does_not_count(rows, user, other, method, path):
    group = user.create_group()
    set_roles(user, group, (other, "owner"))
    body = [{"id": user.id, "role": "viewer"}] if path else {"name": "New"}
    response = rows.let_wait(
        [
            ("SELECT FROM common.groups WHERE id = %s FOR UPDATE", group["id"]),
            ("DELETE FROM librenku.relation WHERE subject_id = %s AND relation = 'o'"
             " AND object_id = %s", other.id, group["id"]),
        ],
        lambda: other.request(method, f"/groups/{group['slug']}{path}", json=body),
    )
    check_error(response, 404)
    assert roles(user, group) == {user.id: "owner"}


# --- 3.9 GET /groups/{slug}/permissions ----------------------------------------------------------

PERMISSIONS = {
    "owner": (True, True, True),
    "editor": (True, False, False),
    "viewer": (False, False, False),
    None: (False, False, False),
}


# Spec: namespaces.md 3.9; authorization.md 4
@pytest.mark.parametrize("role, expected", PERMISSIONS.items(), ids=str)
def test_permissions_on_a_group(user, other, role, expected):
    former, group = old_slug(user)
    if role:
        set_roles(user, group, (other, role))
    for slug in (group["slug"], former):
        body = other.get(f"/groups/{slug}/permissions").json()
        assert body == dict(zip(("write", "delete", "change_membership"), expected, strict=True))
        assert list(body) == ["write", "delete", "change_membership"]


# Spec: namespaces.md 3.9; authorization.md 4, 12
def test_permissions_of_administrators_and_of_nobody(api, admin, user):
    group = user.create_group()
    path = f"/groups/{group['slug']}/permissions"
    assert set(admin.get(path).json().values()) == {True}
    assert set(api.token_admin().get(path).json().values()) == {False}
    assert set(api.anonymous().get(path).json().values()) == {False}
    assert len(api.anonymous().get(path).json()) == 3


# Spec: namespaces.md 3.7: unknown keys
def test_unknown_fields_of_a_group_are_forbidden(user):
    group = user.create_group()
    check_error(
        user.patch(f"/groups/{group['slug']}", json={"id": "x"}),
        422,
        fields_error("id: Extra inputs are not permitted"),
    )
