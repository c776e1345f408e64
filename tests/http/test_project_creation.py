# SPDX-License-Identifier: Apache-2.0
"""Projects: create. Spec: projects.md 2-4.2, 8"""

import hashlib
from datetime import datetime

import pytest

from support.api import INSUFFICIENT, LOGIN, ULID, at_once, check_error, unique
from support.contents import insert_connector
from support.projects import NO_URL, by_path, stored

KEYS = [
    "id",
    "name",
    "namespace",
    "slug",
    "creation_date",
    "created_by",
    "updated_at",
    "repositories",
    "visibility",
    "description",
    "etag",
    "keywords",
    "documentation",
    "template_id",
    "is_template",
    "secrets_mount_directory",
]


# Spec: projects.md 2.3, 4.2
def test_a_project_with_defaults(user, rows):
    response = user.post("/projects", json={"name": "My Project", "namespace": user.slug})
    assert response.status_code == 201
    assert "etag" not in response.headers
    body = response.json()
    assert list(body) == [
        key for key in KEYS if key not in ("description", "documentation", "template_id")
    ]
    assert ULID.match(body["id"])
    assert body | {"id": 0, "creation_date": 0, "updated_at": 0, "etag": 0} == {
        "id": 0,
        "name": "My Project",
        "namespace": user.slug,
        "slug": "my-project",
        "creation_date": 0,
        "created_by": user.id,
        "updated_at": 0,
        "repositories": [],
        "visibility": "private",
        "etag": 0,
        "keywords": [],
        "is_template": False,
        "secrets_mount_directory": "/secrets",
    }
    assert user.project(body["id"]) == body
    assert stored(rows, "keywords", body) == []


# Spec: projects.md 2.3, 4.2
def test_a_project_with_everything(user):
    given = {
        "name": "Größe & Co.",
        "namespace": user.slug,
        "slug": unique("everything"),
        "repositories": ["https://example.org/b", "https://example.org/a"],
        "visibility": "public",
        "description": "About",
        "keywords": ["b", "a", "b", "Ä"],
        "secrets_mount_directory": "/a/b",
    }
    response = user.post("/projects", json=given | {"documentation": "# Text"})
    assert response.status_code == 201
    body = response.json()
    assert {name: body[name] for name in given} == given
    assert "documentation" not in body
    assert list(body) == [key for key in KEYS if key not in ("documentation", "template_id")]
    read = user.project(body["id"], with_documentation="true")
    assert read == body | {"documentation": "# Text"}
    assert list(read) == [key for key in KEYS if key != "template_id"]


# Spec: projects.md 2.2
def test_times_and_tag_of_a_new_project(user):
    body = user.create_project()
    created, updated = (
        datetime.fromisoformat(body[name]) for name in ("creation_date", "updated_at")
    )
    assert created.microsecond == 0
    assert abs((updated - created).total_seconds()) < 2
    text = f"{body['updated_at'][:-1]}+00:00-{body['namespace']}/{body['slug']}"
    assert body["etag"] == f'"{hashlib.md5(text.encode()).hexdigest().upper()}"'


# Spec: projects.md 3; authorization.md 9
@pytest.mark.parametrize("visibility", ["private", "public"])
@pytest.mark.parametrize("in_group", [False, True], ids=["user", "group"])
def test_relationships_of_a_new_project(user, rows, visibility, in_group):
    group = user.create_group() if in_group else None
    slug = group["slug"] if group else user.slug
    project = user.create_project(namespace=slug, visibility=visibility)
    parent = (
        ("N", "g", group["id"])
        if group
        else ("N", "n", rows.one("SELECT id FROM common.namespaces WHERE slug = %s", slug))
    )
    public = {("w", "u", "*"), ("w", "a", "*")} if visibility == "public" else set()
    assert (
        rows.relations("p", project["id"])
        == {("o", "u", user.id), ("L", "L", "renku"), parent} | public
    )


NULLS = {
    "description": (None, None),
    "keywords": (None, []),
    "repositories": (None, []),
    "visibility": (None, "private"),
    "slug": (None, "the-name"),
    "secrets_mount_directory": (None, "/secrets"),
    "documentation": (None, None),
}


# Spec: projects.md 4.2
@pytest.mark.parametrize(
    "field, given, expected", [(name, *pair) for name, pair in NULLS.items()], ids=NULLS.keys()
)
def test_null_is_absent_on_creation(user, field, given, expected):
    body = user.create_project(name="The Name", **{field: given})
    assert body.get(field) == expected


# Spec: projects.md 4.2: an empty description stays
def test_an_empty_description_stays_on_creation(user):
    project = user.create_project(description="", documentation="")
    assert project["description"] == ""
    assert user.project(project["id"], with_documentation="true")["documentation"] == ""


# Spec: projects.md 4.2: 401, 422, 422, 403, 404, 403, 409
def test_creating_a_project_checks_in_order(anonymous, user, other):
    taken = other.create_project()
    check_error(anonymous.post("/projects", json={}), 401, LOGIN)
    check_error(user.post("/projects", json={"nonsense": 1}), 422)
    body = {"name": "x", "namespace": unique("nobody")}
    check_error(user.post("/projects", json=body | {"repositories": ["x"]}), 422, contains=NO_URL)
    check_error(user.post("/projects", json=body | {"name": "日本"}), 422)
    check_error(user.post("/projects", json=body), 404)
    body = {"name": "x", "namespace": other.slug, "slug": taken["slug"]}
    check_error(user.post("/projects", json=body), 403, contains=INSUFFICIENT)
    check_error(other.post("/projects", json=body), 409)


# Spec: projects.md 4.2, 6; authorization.md 3.2
def test_the_platform_may_reserve_projects_for_administrators(rows, api, user, admin):
    saved = rows.withdraw("L", "P", "*")
    assert len(saved) == 1
    try:
        body = {"name": "x", "namespace": unique("nobody")}
        check_error(user.post("/projects", json={"nonsense": 1}), 422)
        check_error(user.post("/projects", json=body), 403)
        check_error(admin.post("/projects", json=body), 404)
        check_error(user.post("/projects", json=body | {"namespace": user.slug}), 403)
        assert admin.create_project(namespace=user.slug)["namespace"] == user.slug
    finally:
        rows.relate(*saved[0])
    assert user.create_project()["id"]


# Spec: projects.md 3, 4.2; authorization.md 4
@pytest.mark.parametrize(
    "role, status", [("owner", 201), ("editor", 201), ("viewer", 403), (None, 403)]
)
def test_who_may_create_a_project_in_a_group(user, other, role, status):
    group = user.create_group()
    if role:
        user.set_members(f"/groups/{group['slug']}/members", (other, role))
    response = other.post("/projects", json={"name": "x", "namespace": group["slug"]})
    assert response.status_code == status
    if status == 403:
        check_error(response, 403, contains=INSUFFICIENT)
    else:
        assert set(other.get(f"/projects/{response.json()['id']}/permissions").json().values()) == {
            True
        }


# Spec: projects.md 4.2
def test_an_administrator_creates_projects_anywhere(admin, user):
    project = admin.create_project(namespace=user.slug)
    assert project["created_by"] == admin.id
    assert set(user.get(f"/projects/{project['id']}/permissions").json().values()) == {True}


# Spec: projects.md 4.2: old slugs are not followed and do not block
def test_old_slugs_and_creation(user):
    former = unique("former")
    user.create_group(slug=former)
    user.patch(f"/groups/{former}", json={"slug": unique("latter")})
    check_error(user.post("/projects", json={"name": "x", "namespace": former}), 404)
    project = user.create_project()
    user.patch_project(project, slug=unique("renamed"))
    assert user.create_project(slug=project["slug"])["id"] != project["id"]


# Spec: projects.md 4.2 (the namespace is lower-cased), 8: per namespace
def test_one_slug_per_namespace(user, other):
    slug = unique("same")
    user.create_project(slug=slug)
    check_error(
        user.post("/projects", json={"name": "x", "namespace": user.slug, "slug": slug}), 409
    )
    check_error(user.post("/projects", json={"name": slug, "namespace": user.slug}), 409)
    assert other.create_project(slug=slug)["slug"] == slug


# Spec: projects.md 4.2 (compatibility quirk: 500): the loser of a race gets 409
def test_simultaneous_projects_of_one_path(user, rows):
    body = {"name": "x", "namespace": user.slug, "slug": unique("race")}
    answers = at_once(lambda _: user.post("/projects", json=body), range(6))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert rows.one("SELECT count(*) FROM projects.projects WHERE created_by_id = %s", user.id) == 1


# Spec: projects.md 8: a name without usable characters needs a slug
def test_a_name_without_usable_characters_may_bring_a_slug(user):
    slug = unique("slug")
    project = user.create_project(name="日本", slug=slug)
    assert (project["name"], project["slug"]) == ("日本", slug)


# Spec: projects.md 5.1 (compatibility quirk: 500): longer than its column
def test_a_slug_that_grows_too_long_is_422(user):
    body = {"name": "㍿" + "ﷺ" * 98, "namespace": user.slug}
    assert user.post("/projects", json=body).status_code == 422
    body = {"name": "½" * 99, "namespace": user.slug}
    check_error(user.post("/projects", json=body), 422)


# Spec: projects.md 8: slugs are unique per kind
def test_a_connector_does_not_block_a_project(user, rows):
    slug, group = unique("both"), user.create_group()["slug"]
    insert_connector(rows, user, namespace=group, slug=slug)
    project = user.create_project(namespace=group, slug=slug)
    assert by_path(user, group, slug).json() == project
    elsewhere = user.create_project(slug=slug)
    connector = insert_connector(rows, user, namespace=user.slug, slug="free")
    assert connector
    assert user.patch_project(elsewhere, slug="free").json()["slug"] == "free"


# Spec: projects.md 4.2: the exact comparison of slugs
def test_slugs_are_compared_exactly(user):
    upper = user.create_project(name="№ 12")
    assert upper["slug"] == "No-12"
    assert user.create_project(slug="no-12")["slug"] == "no-12"
