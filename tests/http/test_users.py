# SPDX-License-Identifier: Apache-2.0
"""User records. Spec: users.md (without the synchronisation with Keycloak), namespaces.md 4.4"""

import base64
import re
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.api import LOGIN, NO_ULID, at_once, check_error, fields_error, unique


def record(rows, user_id: str) -> tuple | None:
    found = rows.all(
        "SELECT email, first_name, last_name FROM users.users WHERE keycloak_id = %s", user_id
    )
    return found[0] if found else None


# --- 3.1 GET /user -------------------------------------------------------------------------------


# Spec: users.md 3.1, 4.1
def test_the_first_call_makes_the_record(api, rows):
    visitor = api.visitor(given_name="Ada", family_name="Lovelace")
    assert record(rows, visitor.id) is None
    body = visitor.get("/user").json()
    assert body == {
        "id": visitor.id,
        "username": visitor.email.split("@")[0],
        "email": visitor.email,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "is_admin": False,
    }
    assert record(rows, visitor.id) == (visitor.email, "Ada", "Lovelace")


# Spec: users.md 4.1, authorization.md 9
def test_a_new_user_owns_a_public_namespace(api, rows):
    user = api.user()
    namespace = rows.one("SELECT id FROM common.namespaces WHERE user_id = %s", user.id)
    assert rows.relations("n", namespace) == {
        ("o", "u", user.id),
        ("L", "L", "renku"),
        ("w", "u", "*"),
        ("w", "a", "*"),
    }


# Spec: users.md 3.1, 8: an existing record is not updated from the token
def test_a_later_token_does_not_change_the_record(api):
    user = api.user(given_name="First", family_name="Name")
    before = user.get("/user").json()
    again = api.visitor(
        user_id=user.id, given_name="Other", family_name="Person", email=f"{unique()}@example.org"
    )
    assert again.get("/user").json() == before


# Spec: users.md 3.1: is_admin is that of the token
def test_is_admin_is_that_of_the_token(api, make_admin):
    user = api.user()
    make_admin(user.id)
    assert user.get("/user").json()["is_admin"] is False
    assert api.token_admin(user_id=user.id).get("/user").json()["is_admin"] is True


# Spec: users.md 3: empty and null names are omitted
@pytest.mark.parametrize(
    "claims",
    [{"given_name": None, "family_name": None}, {"given_name": "", "family_name": ""}],
    ids=["missing", "empty"],
)
def test_names_without_value_are_omitted(api, claims):
    body = api.visitor(**claims).get("/user").json()
    assert list(body) == ["id", "username", "email", "is_admin"]


# Spec: users.md 3.1; DESIGN 10: simultaneous first calls all succeed
def test_simultaneous_first_calls_make_one_record(api, rows):
    visitor = api.visitor()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: visitor.get("/user"), range(16)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert rows.one("SELECT count(*) FROM users.users WHERE keycloak_id = %s", visitor.id) == 1
    assert rows.one("SELECT count(*) FROM common.namespaces WHERE user_id = %s", visitor.id) == 1


# Spec: users.md 1: a record without namespace is an internal inconsistency, wherever it is loaded
@pytest.mark.server_error
def test_a_record_without_namespace_is_an_internal_error(api, rows):
    user = api.user()
    rows.run("DELETE FROM common.namespaces WHERE user_id = %s", user.id)
    try:
        check_error(user.get("/user"), 500, code=1500)
        check_error(api.anonymous().get(f"/users/{user.id}"), 500, code=1500)
        check_error(user.get("/users", params={"exact_email": user.email}), 500, code=1500)
        check_error(api.token_admin().get("/users"), 500, code=1500)
    finally:
        rows.run("DELETE FROM users.users WHERE keycloak_id = %s", user.id)


# --- 4.1 the slug of the namespace: namespaces.md 4.4, foundations.md 9.5 ------------------------

SLUG_SOURCES = {
    "local-part": ({"email": "Kim.Lee{u}@example.org"}, "kim.lee{u}"),
    "first-at-sign": ({"email": "kim{u}@x@y.org"}, "kim{u}"),
    "no-at-sign": ({"email": "kim{u}"}, "kim{u}"),
    "plus": ({"email": "kim{u}+renku@example.org"}, "kim{u}-renku"),
    "first-and-last": ({"email": "", "given_name": "Jane{u}", "family_name": "Doe"}, "jane{u}-doe"),
    "last-name": ({"email": "", "given_name": None, "family_name": "Doe{u}"}, "doe{u}"),
    "last-name-with-empty-first": (
        {"email": "", "given_name": "", "family_name": "Doe{u}"},
        "doe{u}",
    ),
    "first-name": ({"email": "", "given_name": "Jane{u}", "family_name": None}, "jane{u}"),
    "accents": ({"email": "jürgen{u}@example.org"}, "jurgen{u}"),
}


# Spec: foundations.md 9.5; namespaces.md 4.4
@pytest.mark.parametrize("claims, slug", SLUG_SOURCES.values(), ids=SLUG_SOURCES.keys())
def test_the_username_comes_from_the_best_source(api, claims, slug):
    mark = uuid.uuid4().hex[:8]
    claims = {name: value and value.replace("{u}", mark) for name, value in claims.items()}
    assert api.visitor(**claims).get("/user").json()["username"] == slug.replace("{u}", mark)


# Spec: foundations.md 9.5
def test_without_any_name_the_id_makes_the_username(api):
    visitor = api.visitor(email="", given_name=None, family_name="")
    assert visitor.get("/user").json()["username"] == f"user_{visitor.id}"


# Spec: foundations.md 9.5: cut to 80 code points before the slug is made
def test_a_long_local_part_is_cut(api):
    mark = uuid.uuid4().hex
    visitor = api.visitor(email=f"{mark}{'é' * 47}.x{'y' * 90}@example.org")
    assert visitor.get("/user").json()["username"] == mark + "e" * 47


# Spec: foundations.md 9.5: no fall-through to the names; users.md 8
@pytest.mark.parametrize("email", ["@corp", "連句@example.org", "--@example.org"])
def test_a_local_part_without_slug_is_422(api, rows, email):
    visitor = api.visitor(email=email)
    check_error(visitor.get("/user"), 422)
    assert record(rows, visitor.id) is None


# Spec: namespaces.md 4.4
def test_a_taken_username_gets_a_number_and_then_random_letters(api):
    local = f"kim{uuid.uuid4().hex[:8]}"
    names = [
        api.visitor(email=f"{local}@{number}.org").get("/user").json()["username"]
        for number in range(8)
    ]
    assert names[:6] == [local] + [f"{local}-{number}" for number in range(1, 6)]
    for name in names[6:]:
        assert re.fullmatch(local + "-[a-z0-9]{8}", name)
    assert len(set(names)) == 8


# Spec: namespaces.md 4.4, 5: groups and users share the slugs
def test_the_slug_of_a_group_is_taken_for_users(api, user):
    slug = unique("shared")
    user.create_group(slug=slug)
    assert api.visitor(email=f"{slug}@example.org").get("/user").json()["username"] == f"{slug}-1"
    taken = api.user()
    check_error(user.post("/groups", json={"name": "x", "slug": taken.slug}), 422)


# Spec: namespaces.md 4.4: old slugs are ignored
def test_the_old_slug_of_a_group_is_free_for_users(api, user):
    slug = unique("former")
    user.create_group(slug=slug)
    assert user.patch(f"/groups/{slug}", json={"slug": unique("latter")}).status_code == 200
    assert api.visitor(email=f"{slug}@example.org").get("/user").json()["username"] == slug


# Spec: namespaces.md 4.4 (a 500 of the original): users who arrive at once with one name all get in
def test_simultaneous_users_of_one_name_get_different_usernames(api):
    local = f"ann{uuid.uuid4().hex[:8]}"
    visitors = [api.visitor(email=f"{local}@{number}.org") for number in range(5)]
    answers = at_once(lambda visitor: visitor.get("/user"), visitors)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["username"] for answer in answers}) == 5


# Spec: users.md 2.1 (a 500 of the original): values longer than their columns
@pytest.mark.parametrize(
    "claims",
    [{"given_name": "x" * 257}, {"family_name": "x" * 257}, {"email": "x" * 330 + "@a.b"}],
    ids=["first", "last", "email"],
)
def test_values_longer_than_their_columns_are_no_5xx(api, claims):
    assert api.visitor(**claims).get("/user").status_code in (200, 422)


# --- 3.2 GET /users ------------------------------------------------------------------------------


# Spec: users.md 3.2
def test_the_query_is_checked_before_the_login(anonymous):
    check_error(
        anonymous.get("/users?nonsense=1"),
        422,
        fields_error("nonsense: Extra inputs are not permitted"),
    )
    check_error(anonymous.get("/users"), 401, LOGIN)
    check_error(anonymous.get("/users?exact_email=x"), 401, LOGIN)


# Spec: users.md 3.2, 8
@pytest.mark.parametrize("path", ["/users", "/users?exact_email=", "/users?exact_email"])
def test_only_administrators_list_everybody(api, path):
    check_error(api.user().get(path), 403)


# Spec: users.md 3.2
def test_an_administrator_lists_everybody_once(api, user, rows):
    admin = api.token_admin()
    body = admin.get("/users").json()
    listed = {item["id"]: item for item in body}
    assert len(listed) == len(body) == rows.one("SELECT count(*) FROM users.users")
    assert listed[user.id] == {
        "id": user.id,
        "username": user.slug,
        "email": user.email,
        "first_name": "Jane",
        "last_name": "Doe",
    }


# Spec: users.md 3.2, 8: listing inserts the administrator
def test_listing_inserts_the_administrator(api, rows):
    admin = api.visitor(roles=("renku-admin",))
    body = admin.get("/users").json()
    assert [item["id"] for item in body].count(admin.id) == 1
    assert record(rows, admin.id) is not None


# Spec: users.md 3.2
def test_an_exact_email_finds_all_its_users_and_nobody_else(api, rows):
    email = f"{unique('Shared')}@example.org"
    owners = sorted(api.user(email=email).id for _ in range(2))
    visitor = api.visitor()
    found = visitor.get("/users", params={"exact_email": email})
    assert found.status_code == 200
    assert sorted(item["id"] for item in found.json()) == owners
    assert {item["email"] for item in found.json()} == {email}
    assert visitor.get("/users", params={"exact_email": email.lower()}).json() == []
    assert visitor.get("/users", params={"exact_email": email[:-1]}).json() == []
    assert visitor.get("/users", params={"exact_email": "%"}).json() == []
    assert record(rows, visitor.id) is None


# --- 3.3 GET /users/{user_id} --------------------------------------------------------------------


# Spec: users.md 3.3
def test_anybody_sees_a_user_but_not_the_email(api, user):
    public = {"id": user.id, "username": user.slug, "first_name": "Jane", "last_name": "Doe"}
    assert api.anonymous().get(f"/users/{user.id}").json() == public
    assert api.user().get(f"/users/{user.id}").json() == public
    assert user.get(f"/users/{user.id}").json() == public | {"email": user.email}
    assert api.token_admin().get(f"/users/{user.id}").json() == public | {"email": user.email}


# Spec: users.md 3.3
def test_asking_for_oneself_makes_the_record(api, rows):
    visitor = api.visitor()
    response = visitor.get(f"/users/{visitor.id}")
    assert response.status_code == 200
    assert response.json()["email"] == visitor.email
    assert record(rows, visitor.id) is not None


# Spec: users.md 3.3: the path is not checked
@pytest.mark.parametrize("user_id", ["x", "-", "a%20b", "*", "..-", "'", "%00", "a" * 200, NO_ULID])
def test_an_unknown_user_is_404(api, user_id):
    check_error(api.user().get(f"/users/{user_id}"), 404)
    check_error(api.anonymous().get(f"/users/{user_id}"), 404)


# Spec: users.md 3.3 (compatibility quirk that we do not follow): no record for an anonymous id
def test_an_anonymous_id_never_becomes_a_user(api, rows):
    anonymous_id = unique("anon")
    check_error(
        api.anonymous(**{"renku-auth-anon-id": anonymous_id}).get(f"/users/{anonymous_id}"), 404
    )
    assert record(rows, anonymous_id) is None


# --- 3.4 DELETE /users/{user_id} -----------------------------------------------------------------


# Spec: users.md 3.4: pattern, login, role
def test_deleting_checks_the_id_then_the_login_then_the_role(api, anonymous, user):
    for user_id in ("a", "-ab", "a%20b", "a.b", "*"):
        check_error(anonymous.delete(f"/users/{user_id}"), 422)
    check_error(anonymous.delete(f"/users/{user.id}"), 401)
    check_error(user.delete(f"/users/{user.id}"), 403)
    check_error(user.delete(f"/users/{uuid.uuid4()}"), 403)


# Spec: users.md 3.4
def test_an_unknown_user_is_already_deleted(admin):
    response = admin.delete(f"/users/{uuid.uuid4()}")
    assert response.status_code == 204
    assert response.content == b""


# Spec: users.md 3.4: the role in the token is not enough
def test_deleting_needs_the_platform_administrator(api, rows, user):
    check_error(api.token_admin().delete(f"/users/{user.id}"), 404)
    assert record(rows, user.id) is not None


# Spec: users.md 3.2-3.4; authorization.md 12: nor is the relationship without the role
def test_users_are_for_administrators_by_the_token(api, make_admin, user):
    root = api.user()
    make_admin(root.id)
    check_error(root.get("/users"), 403)
    check_error(root.delete(f"/users/{user.id}"), 403)
    assert "email" not in root.get(f"/users/{user.id}").json()


# Spec: users.md 2.1, 3.4, 8; authorization.md 9
def test_a_deleted_user_is_gone_with_namespace_and_memberships(api, admin, rows, user, other):
    group, project = other.create_group(), other.create_project()
    other.set_members(f"/groups/{group['slug']}/members", (user, "editor"))
    other.set_members(f"/projects/{project['id']}/members", (user, "viewer"))
    response = admin.delete(f"/users/{user.id}")
    assert response.status_code == 204
    assert response.content == b""
    assert record(rows, user.id) is None
    assert rows.one("SELECT count(*) FROM common.namespaces WHERE user_id = %s", user.id) == 0
    assert (
        rows.one(
            "SELECT count(*) FROM librenku.relation WHERE subject_type = 'u' AND subject_id = %s",
            user.id,
        )
        == 0
    )
    check_error(api.anonymous().get(f"/users/{user.id}"), 404)
    check_error(api.anonymous().get(f"/namespaces/{user.slug}"), 404)
    assert [member["id"] for member in other.get(f"/groups/{group['slug']}/members").json()] == [
        other.id
    ]
    assert [member["id"] for member in other.get(f"/projects/{project['id']}/members").json()] == [
        other.id
    ]


# Spec: users.md 8: last-owner rules do not apply to the removal of a user
def test_a_deleted_user_may_be_the_last_owner(api, admin, user, other):
    group, project = other.create_group(), other.create_project()
    for path in (f"/groups/{group['slug']}/members", f"/projects/{project['id']}/members"):
        other.set_members(path, (user, "owner"), (other, "viewer"))
    assert admin.delete(f"/users/{user.id}").status_code == 204
    left = other.get(f"/groups/{group['slug']}/members").json()
    assert [(member["id"], member["role"]) for member in left] == [(other.id, "viewer")]
    path = f"/groups/{group['slug']}/members"
    check_error(other.patch(path, json=[{"id": other.id, "role": "owner"}]), 404)
    check_error(admin.patch(path, json=[{"id": other.id, "role": "editor"}]), 422)
    admin.set_members(path, (other, "owner"))
    assert other.get(f"/projects/{project['id']}/permissions").json()["delete"] is True


# Spec: users.md 3.4: a later login makes the record again
def test_a_deleted_user_comes_back_with_the_next_login(admin, user):
    assert admin.delete(f"/users/{user.id}").status_code == 204
    assert user.get("/user").json()["username"] == user.slug


# Spec: users.md 3.4 (a 500 of the original)
def test_a_user_who_created_a_group_cannot_be_deleted(admin, rows, user):
    user.create_group()
    response = admin.delete(f"/users/{user.id}")
    assert response.status_code in (409, 422)
    check_error(response, response.status_code)
    assert record(rows, user.id) is not None


# Spec: users.md 3.4 (compatibility quirk: 500): projects without slug do not exist
def test_projects_of_a_deleted_user_do_not_exist(api, admin, user, other):
    project = user.create_project(visibility="public")
    user.set_members(f"/projects/{project['id']}/members", (other, "owner"))
    assert admin.delete(f"/users/{user.id}").status_code == 204
    for caller in (admin, other, api.anonymous()):
        check_error(caller.get(f"/projects/{project['id']}"), 404)
        assert caller.get("/projects", params={"per_page": 100}).status_code == 200
    assert [item["id"] for item in other.get("/projects?direct_member=true").json()] == []


# --- 3.5 GET /user/secret_key --------------------------------------------------------------------


# Spec: users.md 3.5
def test_the_secret_key_is_made_once_and_stored_encrypted(user, rows):
    first = user.get("/user/secret_key")
    assert first.status_code == 200
    assert list(first.json()) == ["secret_key"]
    key = first.json()["secret_key"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", key)
    assert len(base64.urlsafe_b64decode(key + "=")) == 32
    assert user.get("/user/secret_key").json() == first.json()
    stored = bytes(rows.one("SELECT secret_key FROM users.users WHERE keycloak_id = %s", user.id))
    assert key.encode() not in stored


# Spec: users.md 3.5
def test_users_have_different_secret_keys(user, other):
    assert user.get("/user/secret_key").json() != other.get("/user/secret_key").json()


# Spec: users.md 3.5: the record is not created here
def test_a_secret_key_needs_a_record(api, rows):
    visitor = api.visitor()
    check_error(visitor.get("/user/secret_key"), 404)
    assert record(rows, visitor.id) is None


# Spec: users.md 3.5 (quirk: the later commit won): simultaneous first calls agree
def test_simultaneous_first_calls_return_one_key(user):
    keys = set(at_once(lambda _: user.get("/user/secret_key").text, range(8)))
    assert keys == {user.get("/user/secret_key").text}


# Spec: users.md 3.1: the record of one user never shows in that of another
def test_ids_are_compared_exactly(api):
    user = api.user()
    check_error(api.anonymous().get(f"/users/{user.id.upper()}"), 404)
    check_error(api.anonymous().get(f"/users/{user.id[:-1]}"), 404)
    check_error(api.anonymous().get(f"/users/{NO_ULID}"), 404)
