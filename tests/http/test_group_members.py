# SPDX-License-Identifier: Apache-2.0
"""The members of groups, and what they may do. Spec: namespaces.md 3.6-3.9; authorization.md 4, 9, 10"""

import itertools
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.api import LAST_OWNER, LOGIN, at_once, check_error, unique
from support.database import Rows
from support.groups import old_slug, set_roles
from support.members import owner_and_nameless, roles_at
from support.server import poll


def roles(caller, group: dict) -> dict[str, str]:
    return roles_at(caller, f"/groups/{group['slug']}/members")


# --- 3.6 GET /groups/{slug}/members --------------------------------------------------------------


# Spec: namespaces.md 3.6
def test_everybody_sees_the_members(api, user):
    nameless = api.user(given_name=None, family_name=None)
    former, group = old_slug(user)
    set_roles(user, group, (nameless, "viewer"))
    expected = owner_and_nameless(user, nameless)
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


@pytest.fixture
def second(rows):
    """Another connection to the same database."""
    info = rows.connection.info
    second = Rows({"DB_HOST": info.host, "DB_PORT": str(info.port), "DB_USER": info.user, "DB_PASSWORD": info.password,
                   "DB_NAME": info.dbname})  # fmt: skip
    yield second
    second.close()


# Spec: authorization.md 10: who waits for a group finds another one by its slug, and waits for that too
def test_a_slug_that_changes_hands_meanwhile_leaves_an_owner(rows, second, user, other):
    former, latter = user.create_group(), user.create_group()
    set_roles(user, latter, (other, "owner"))
    rename = "UPDATE common.namespaces SET slug = %s WHERE group_id = %s"
    with ThreadPoolExecutor(1) as pool:
        with second.connection.transaction():
            second.run("SELECT FROM common.groups WHERE id = %s FOR UPDATE", latter["id"])
            second.run("DELETE FROM librenku.relation WHERE object_id = %s AND subject_id = %s", latter["id"], other.id)
            with rows.connection.transaction():
                rows.run(rename, unique("gone"), former["id"])
                rows.run(rename, former["slug"], latter["id"])
                answer = pool.submit(user.delete, f"/groups/{former['slug']}/members/{user.id}")
                poll(rows.is_waited_for)
            poll(lambda: answer.done() or second.is_waited_for())
        check_error(answer.result(), 422)
    assert roles(user, latter | {"slug": former["slug"]}) == {user.id: "owner"}
    assert rows.relations("g", former["id"]) >= {("o", "u", user.id)}


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
