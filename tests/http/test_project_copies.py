# SPDX-License-Identifier: Apache-2.0
"""Copies of projects. Spec: projects.md 4.6"""

import pytest

from support.api import NO_ULID, check_error, fields_error, unique

LOGIN = "You have to be authenticated to perform this operation."
INSUFFICIENT = "you do not have sufficient permissions"
SOURCE = {
    "description": "About",
    "keywords": ["a", "b"],
    "repositories": ["https://e.org/b", "https://e.org/a"],
    "documentation": "Text",
    "secrets_mount_directory": "/source",
}


def copy(caller, source: dict, **body):
    body = {"name": unique("Copy"), "namespace": caller.slug} | body
    return caller.post(f"/projects/{source['id']}/copies", json=body)


def made(response) -> dict:
    assert response.status_code == 201, response.text
    assert "etag" not in response.headers
    return response.json()


# --- POST ----------------------------------------------------------------------------------------


# Spec: projects.md 4.6
def test_a_copy_inherits_what_the_body_does_not_say(user, other):
    source = user.create_project(visibility="public", **SOURCE)
    body = made(copy(other, source, name="The Copy"))
    assert (body["name"], body["slug"], body["namespace"]) == ("The Copy", "the-copy", other.slug)
    for name in ("description", "keywords", "repositories", "visibility"):
        assert body[name] == source[name], name
    assert body["secrets_mount_directory"] == "/secrets"
    assert body["template_id"] == source["id"]
    assert body["is_template"] is False
    assert body["created_by"] == other.id
    assert "documentation" not in body
    assert other.project(body["id"], with_documentation="1") == body | {"documentation": "Text"}


OVERRIDES = {
    "description": ({"description": "Own"}, {"description": "Own"}),
    "keywords": ({"keywords": ["own"]}, {"keywords": ["own"]}),
    "repositories": (
        {"repositories": ["https://e.org/own/"]},
        {"repositories": ["https://e.org/own"]},
    ),
    "visibility": ({"visibility": "private"}, {"visibility": "private"}),
    "slug": ({"slug": "own-slug"}, {"slug": "own-slug"}),
    "mount-directory": (
        {"secrets_mount_directory": "/own//x"},
        {"secrets_mount_directory": "/own/x"},
    ),
    "empty-inherits": ({"description": "", "keywords": [], "repositories": []}, {}),
    "null-inherits": (
        {"description": None, "keywords": None, "repositories": None, "visibility": None},
        {},
    ),
}


# Spec: projects.md 4.6
@pytest.mark.parametrize("given, expected", OVERRIDES.values(), ids=OVERRIDES.keys())
def test_the_body_wins_where_it_says_something(user, given, expected):
    source = user.create_project(visibility="public", **SOURCE)
    body = made(copy(user, source, **given))
    inherited = {
        name: source[name] for name in ("description", "keywords", "repositories", "visibility")
    }
    for name, value in (inherited | expected).items():
        assert body[name] == value, name


# Spec: projects.md 4.6 (compatibility quirk, kept): the documentation of the body is ignored
def test_the_documentation_is_always_that_of_the_source(user):
    for text in ("Text", None):
        source = user.create_project(documentation=text)
        body = made(copy(user, source, documentation="Own"))
        assert user.project(body["id"], with_documentation="1").get("documentation") == text


# Spec: projects.md 4.6; authorization.md 9
def test_the_copier_owns_the_copy_alone(api, user, other, rows):
    source = user.create_project()
    third = api.user()
    user.set_members(f"/projects/{source['id']}/members", (other, "viewer"), (third, "editor"))
    body = made(copy(other, source))
    members = other.get(f"/projects/{body['id']}/members").json()
    assert [(member["id"], member["role"]) for member in members] == [(other.id, "owner")]
    for caller in (user, third, api.anonymous()):
        check_error(caller.get(f"/projects/{body['id']}"), 404)
    namespace = rows.one("SELECT id FROM common.namespaces WHERE slug = %s", other.slug)
    assert rows.relations("p", body["id"]) == {
        ("o", "u", other.id),
        ("L", "L", "renku"),
        ("N", "n", namespace),
    }


# Spec: projects.md 4.6: a copy of a template is no template; of a copy another copy
def test_copies_of_templates_and_of_copies(user):
    source = user.create_project()
    user.patch_project(source, is_template=True)
    first = made(copy(user, source))
    assert first["is_template"] is False
    assert made(copy(user, first))["template_id"] == first["id"]


# Spec: projects.md 4.6: 401, 422, 404, 422, 422, 404, 403, 409
def test_copying_checks_in_order(api, user, other):
    private, public = user.create_project(), user.create_project(visibility="public")
    check_error(api.anonymous().post(f"/projects/{public['id']}/copies", json={}), 401, LOGIN)
    check_error(other.post(f"/projects/{private['id']}/copies", json={"name": 1}), 422)
    check_error(copy(other, private, repositories=["x"]), 404)
    check_error(copy(other, {"id": NO_ULID}, namespace=unique("nobody")), 404)
    check_error(copy(other, public, repositories=["x"], namespace=unique("nobody")), 422)
    check_error(copy(other, public, name="日本", namespace=unique("nobody")), 422)
    check_error(copy(other, public, namespace=unique("nobody")), 404)
    check_error(
        copy(other, public, namespace=user.slug, slug=public["slug"]), 403, contains=INSUFFICIENT
    )
    check_error(copy(user, public, slug=public["slug"]), 409)
    check_error(
        copy(user, public, is_template=True),
        422,
        fields_error("is_template: Extra inputs are not permitted"),
    )
    assert user.get(f"/projects/{public['id']}/copies").json() == []


# Spec: projects.md 4.6: secret slots without values, in reverse order of their ids
def test_secret_slots_are_copied_without_values(user, rows):
    source = user.create_project()
    for number in range(3):
        rows.run(
            "INSERT INTO projects.session_secret_slots (id, project_id, name, description,"
            " filename, created_by_id, creation_date, updated_at)"
            " VALUES (generate_ulid(), %s, %s, %s, %s, %s, now(), now())",
            source["id"],
            f"name {number}",
            f"about {number}",
            f"file-{number}",
            user.id,
        )
    body = made(copy(user, source))
    slots = (
        "SELECT name, description, filename, created_by_id"
        "  FROM projects.session_secret_slots WHERE project_id = %s"
    )
    copied = rows.all(slots, body["id"])
    assert sorted(copied) == sorted(rows.all(slots, source["id"]))
    assert len(copied) == 3


# --- GET -----------------------------------------------------------------------------------------


# Spec: projects.md 4.6
def test_copies_are_listed_for_those_who_see_them(api, user, other):
    source = user.create_project(visibility="public")
    public = made(copy(user, source))
    private = made(copy(user, source, visibility="private"))
    shared = made(copy(user, source, visibility="private"))
    user.set_members(f"/projects/{shared['id']}/members", (other, "viewer"))
    made(copy(user, public))

    def listed(caller, **query) -> set[str]:
        response = caller.get(f"/projects/{source['id']}/copies", params=query)
        assert response.status_code == 200
        assert "total" not in response.headers
        return {item["id"] for item in response.json()}

    assert listed(user) == {public["id"], private["id"], shared["id"]}
    assert listed(other) == {public["id"], shared["id"]}
    assert listed(api.user()) == {public["id"]}
    assert listed(user, writable="true") == {public["id"], private["id"], shared["id"]}
    assert listed(other, writable="true") == set()
    user.set_members(f"/projects/{shared['id']}/members", (other, "editor"))
    assert listed(other, writable="on") == {shared["id"]}
    assert listed(other, unknown="1") == {public["id"], shared["id"]}


# Spec: projects.md 4.6: access through a group counts
def test_copies_in_a_group_are_listed_for_its_members(user, other):
    source = user.create_project(visibility="public")
    group = user.create_group()
    user.set_members(f"/groups/{group['slug']}/members", (other, "viewer"))
    inside = made(copy(user, source, namespace=group["slug"], visibility="private"))
    path = f"/projects/{source['id']}/copies"
    assert [item["id"] for item in other.get(path).json()] == [inside["id"]]
    assert other.get(f"{path}?writable=true").json() == []


# Spec: projects.md 4.6
def test_an_item_of_the_copies_is_the_project(user):
    source = user.create_project(**SOURCE)
    body = made(copy(user, source))
    assert user.get(f"/projects/{source['id']}/copies").json() == [body]


# Spec: projects.md 4.6
def test_listing_copies_checks_in_order(anonymous, user, other):
    private = user.create_project()
    check_error(anonymous.get(f"/projects/{private['id']}/copies"), 401, LOGIN)
    check_error(other.get(f"/projects/{private['id']}/copies"), 404)
    check_error(user.get(f"/projects/{NO_ULID}/copies"), 404)
    check_error(
        user.get(f"/projects/{private['id']}/copies?writable=maybe"),
        422,
        contains="writable: Input should be a valid boolean",
    )
    assert user.get(f"/projects/{private['id']}/copies").json() == []
