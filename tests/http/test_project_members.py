# SPDX-License-Identifier: Apache-2.0
"""Members of projects. Spec: projects.md 4.7; authorization.md 10"""

import uuid

import pytest

from support.api import LAST_OWNER, NO_ULID, at_once, check_error, fields_error
from support.members import owner_and_nameless, roles_at, set_roles_at

USER_ID = "String should match pattern '^[A-Za-z0-9]{1}[A-Za-z0-9-]+$'"


def roles(caller, project: dict) -> dict[str, str]:
    return roles_at(caller, f"/projects/{project['id']}/members")


def set_roles(caller, project: dict, *members):
    return set_roles_at(caller, f"/projects/{project['id']}/members", *members)


# --- GET -----------------------------------------------------------------------------------------


# Spec: projects.md 4.7
def test_members_are_listed_with_names_and_roles(api, user):
    nameless = api.user(given_name=None, family_name=None)
    project = user.create_project(visibility="public")
    set_roles(user, project, (nameless, "viewer"))
    expected = owner_and_nameless(user, nameless)
    for caller in (api.anonymous(), user):
        response = caller.get(f"/projects/{project['id']}/members")
        assert response.status_code == 200
        assert sorted(response.json(), key=lambda member: member["role"]) == expected
    assert '"email"' not in user.get(f"/projects/{project['id']}/members").text


# Spec: projects.md 1, 4.7: derived access is not membership, nor is the wildcard
def test_members_of_the_group_are_no_members_of_the_project(user, other):
    group = user.create_group()
    user.set_members(f"/groups/{group['slug']}/members", (other, "owner"))
    project = user.create_project(namespace=group["slug"], visibility="public")
    assert roles(other, project) == {user.id: "owner"}


# Spec: projects.md 4.7
def test_members_need_read(api, user, other):
    project = user.create_project()
    for caller in (api.anonymous(), other):
        check_error(caller.get(f"/projects/{project['id']}/members"), 404)
    check_error(user.get(f"/projects/{NO_ULID}/members"), 404)


# Spec: projects.md 4.7: a listed user who no longer exists
def test_a_member_without_record_hides_the_list(user, rows):
    project = user.create_project()
    rows.relate("p", project["id"], "v", "u", str(uuid.uuid4()))
    check_error(user.get(f"/projects/{project['id']}/members"), 404)


# --- PATCH ---------------------------------------------------------------------------------------


# Spec: projects.md 4.7; authorization.md 10.1
def test_members_are_added_and_changed_and_never_removed(api, user):
    project = user.create_project()
    first, second = api.user(), api.user()
    response = set_roles(user, project, (first, "viewer"), (second, "editor"))
    assert (response.status_code, response.content) == (200, b"")
    assert roles(user, project) == {user.id: "owner", first.id: "viewer", second.id: "editor"}
    assert set_roles(user, project, (second, "owner"), (user, "owner")).status_code == 200
    assert roles(user, project) == {user.id: "owner", first.id: "viewer", second.id: "owner"}
    assert set_roles(user, project, (second, "owner")).status_code == 200


# Spec: projects.md 4.7: body, row, empty list, unknown users, permission, last owner
def test_changing_members_checks_in_order(api, user, other):
    project = user.create_project()
    ghost = str(uuid.uuid4())
    for caller in (api.anonymous(), other):
        missing = {"id": NO_ULID}
        check_error(caller.patch(f"/projects/{NO_ULID}/members", json={}), 422)
        check_error(set_roles(caller, missing), 404)
        check_error(set_roles(caller, missing, (ghost, "viewer")), 404)
        check_error(set_roles(caller, project), 422)
        check_error(
            set_roles(caller, project, (other, "viewer"), (ghost, "viewer")), 404, contains=ghost
        )
        check_error(set_roles(caller, project, (other, "owner")), 404)
        check_error(set_roles(caller, project, (user, "viewer")), 404)
    check_error(set_roles(user, project, (user, "viewer"), (ghost, "owner")), 404, contains=ghost)
    check_error(set_roles(user, project, (user, "viewer")), 422)
    assert roles(user, project) == {user.id: "owner"}


# Spec: projects.md 4.7: the message lists the unknown ids
def test_all_unknown_users_are_named(user, other):
    project = user.create_project()
    ghosts = [str(uuid.uuid4()) for _ in range(2)]
    error = check_error(
        set_roles(user, project, (ghosts[0], "viewer"), (other, "viewer"), (ghosts[1], "editor")),
        404,
    )
    assert all(ghost in error["message"] for ghost in ghosts)
    assert other.id not in error["message"]
    assert roles(user, project) == {user.id: "owner"}


BODIES = {
    "no-list": ({}, ": Input should be a valid list"),
    "wildcard": ([{"id": "*", "role": "viewer"}], f"0.id: {USER_ID}"),
    "empty-id": ([{"id": "", "role": "viewer"}], f"0.id: {USER_ID}"),
    "unknown-role": (
        [{"id": "ab", "role": "prohibited"}],
        "0.role: Input should be 'viewer', 'editor' or 'owner'",
    ),
    "missing": ([{}], "0.id: Field required, 0.role: Field required"),
    "extra": ([{"id": "ab", "role": "viewer", "x": 1}], "0.x: Extra inputs are not permitted"),
}


# Spec: projects.md 4.7
@pytest.mark.parametrize("body, violation", BODIES.values(), ids=BODIES.keys())
def test_violations_of_a_member_list(anonymous, body, violation):
    error = check_error(anonymous.patch(f"/projects/{NO_ULID}/members", json=body), 422)
    wrong_kind = "The validation failed because the provided input has the wrong type"
    assert error["message"] in (fields_error(violation), wrong_kind if body == {} else None)


# Spec: projects.md 3, 4.7; authorization.md 4
@pytest.mark.parametrize("role, status", [("owner", 200), ("editor", 404), ("viewer", 404)])
def test_only_owners_change_members(api, user, other, role, status):
    project = user.create_project()
    set_roles(user, project, (other, role))
    assert set_roles(other, project, (api.user(), "viewer")).status_code == status
    leaving = other.delete(f"/projects/{project['id']}/members/{other.id}")
    assert leaving.status_code == (204 if status == 200 else 404)


# Spec: authorization.md 4: owners of the group and platform administrators
def test_owners_of_the_group_and_administrators_change_members(api, admin, user, other):
    group = user.create_group()
    user.set_members(f"/groups/{group['slug']}/members", (other, "owner"))
    project = user.create_project(namespace=group["slug"])
    viewer = api.user()
    assert set_roles(other, project, (viewer, "viewer")).status_code == 200
    assert set_roles(admin, project, (viewer, "editor")).status_code == 200
    assert roles(user, project) == {user.id: "owner", viewer.id: "editor"}


# Spec: projects.md 4.7; authorization.md 10.1
@pytest.mark.parametrize("changes, status", LAST_OWNER.values(), ids=LAST_OWNER.keys())
def test_a_project_never_loses_its_last_owner(user, other, changes, status):
    project = user.create_project()
    people = {"user": user, "other": other}
    response = set_roles(user, project, *((people[name], role) for name, role in changes))
    assert response.status_code == status, response.text
    if status == 422:
        check_error(response, 422)
        assert roles(user, project) == {user.id: "owner"}
    else:
        assert "owner" in roles(other if len(changes) > 1 else user, project).values()


# Spec: projects.md 4.7: owners of the group and administrators do not count
def test_owners_of_the_group_are_no_owners_of_the_project(admin, user):
    group = user.create_group()
    project = user.create_project(namespace=group["slug"])
    check_error(set_roles(admin, project, (user, "editor")), 422)
    check_error(admin.delete(f"/projects/{project['id']}/members/{user.id}"), 422)


# Spec: projects.md 4.7 (compatibility quirks: two roles, or 500): one new member named twice
@pytest.mark.parametrize("second", ["viewer", "editor"])
def test_naming_a_new_member_twice_leaves_one_role(user, other, second):
    project = user.create_project()
    response = set_roles(user, project, (other, "viewer"), (other, second))
    assert response.status_code in (200, 422)
    assert roles(user, project) in ({user.id: "owner"}, {user.id: "owner", other.id: second})


# Spec: projects.md 4.7; authorization.md 10.1: several roles are repaired
def test_a_user_with_several_roles_is_left_with_one(user, other, rows):
    project = user.create_project()
    for letter in ("e", "v"):
        rows.relate("p", project["id"], letter, "u", other.id)
    assert set_roles(user, project, (other, "editor")).status_code == 200
    assert roles(user, project) == {user.id: "owner", other.id: "editor"}


# --- DELETE --------------------------------------------------------------------------------------


# Spec: projects.md 4.7: pattern, row, permission, last owner
def test_removing_a_member_checks_in_order(api, user, other):
    project = user.create_project()
    for caller in (api.anonymous(), other):
        for member_id in ("*", "a", "-ab", "a%20b"):
            check_error(caller.delete(f"/projects/{NO_ULID}/members/{member_id}"), 422)
        check_error(caller.delete(f"/projects/{NO_ULID}/members/{user.id}"), 404)
        check_error(caller.delete(f"/projects/{project['id']}/members/{user.id}"), 404)
    check_error(user.delete(f"/projects/{project['id']}/members/{user.id}"), 422)
    assert roles(user, project) == {user.id: "owner"}


# Spec: projects.md 4.7; authorization.md 10.2
@pytest.mark.parametrize("role", ["owner", "editor", "viewer"])
def test_a_member_is_removed_and_removing_again_is_fine(user, other, role):
    project = user.create_project()
    set_roles(user, project, (other, role))
    for member_id in (other.id, other.id, str(uuid.uuid4())):
        response = user.delete(f"/projects/{project['id']}/members/{member_id}")
        assert (response.status_code, response.content) == (204, b"")
    assert roles(user, project) == {user.id: "owner"}
    check_error(other.get(f"/projects/{project['id']}"), 404)


# Spec: authorization.md 10.2: a project keeps an owner under simultaneous removals
def test_simultaneous_removals_leave_an_owner(api, user):
    project = user.create_project(visibility="public")
    owners = [user] + [api.user() for _ in range(3)]
    set_roles(user, project, *((owner, "owner") for owner in owners[1:]))
    at_once(lambda owner: owner.delete(f"/projects/{project['id']}/members/{owner.id}"), owners)
    assert list(roles(user, project).values()).count("owner") == 1


# Spec: authorization.md 10.1: simultaneous handovers never leave a project without owner
def test_simultaneous_changes_leave_an_owner(api, user):
    project = user.create_project(visibility="public")
    owners = [user, api.user()]
    set_roles(user, project, (owners[1], "owner"))
    at_once(lambda owner: set_roles(owner, project, (owner, "viewer")), owners)
    assert list(roles(user, project).values()).count("owner") == 1


# Spec: authorization.md 7.1, 10: who waits for the loss of a role has lost it
@pytest.mark.parametrize("method, path", [("PATCH", ""), ("PATCH", "/members"), ("DELETE", "")])
def test_a_role_that_is_being_lost_does_not_count(rows, user, other, method, path):
    project = user.create_project(visibility="public")
    user.set_members(f"/projects/{project['id']}/members", (other, "owner"))
    body = [{"id": user.id, "role": "viewer"}] if path else {"name": "New"}
    etag = {"if-match": user.project(project["id"])["etag"]}
    response = rows.let_wait(
        [
            ("SELECT FROM projects.projects WHERE id = %s FOR UPDATE", project["id"]),
            ("DELETE FROM librenku.relation WHERE subject_id = %s AND relation = 'o'"
             " AND object_id = %s", other.id, project["id"]),
        ],
        lambda: other.request(method, f"/projects/{project['id']}{path}", json=body, headers=etag),
    )
    check_error(response, 404)
    members = user.get(f"/projects/{project['id']}/members").json()
    assert [(member["id"], member["role"]) for member in members] == [(user.id, "owner")]
