# SPDX-License-Identifier: Apache-2.0
"""Projects: change. Spec: projects.md 4.4"""

import pytest

from support.api import LOGIN, NO_ULID, check_error, fields_error, unique
from support.projects import FULL, by_path, stored

CHANGES = {
    "name": ({"name": "New"}, {"name": "New"}),
    "repositories": (
        {"repositories": ["https://e.org/z", "https://e.org/a/"]},
        {"repositories": ["https://e.org/z", "https://e.org/a"]},
    ),
    "repositories-cleared": ({"repositories": []}, {"repositories": []}),
    "description": ({"description": "New"}, {"description": "New"}),
    "description-cleared": ({"description": ""}, {"description": None}),
    "keywords": ({"keywords": ["z", "a"]}, {"keywords": ["z", "a"]}),
    "keywords-cleared": ({"keywords": []}, {"keywords": []}),
    "visibility": ({"visibility": "public"}, {"visibility": "public"}),
    "is-template": ({"is_template": True}, {"is_template": True}),
    "mount-directory": ({"secrets_mount_directory": "/x//y"}, {"secrets_mount_directory": "/x/y"}),
    "mount-directory-reset": (
        {"secrets_mount_directory": ""},
        {"secrets_mount_directory": "/secrets"},
    ),
    "template-unlinked": ({"template_id": ""}, {}),
    "several": (
        {"name": "New", "description": "", "keywords": ["k"]},
        {"name": "New", "description": None, "keywords": ["k"]},
    ),
}


# Spec: projects.md 4.4
@pytest.mark.parametrize("change, expected", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_touches_its_fields_only(user, change, expected):
    project = user.create_project(**FULL)
    response = user.patch_project(project, **change)
    assert response.status_code == 200, response.text
    assert "etag" not in response.headers
    body = response.json()
    kept = {name: value for name, value in (project | expected).items() if value is not None}
    for name in ("updated_at", "etag"):
        kept[name] = body[name]
    assert body == kept
    assert user.project(project["id"]) == body
    assert user.project(project["id"], with_documentation="1")["documentation"] == "Old text"


# Spec: projects.md 4.4: a change of documentation
@pytest.mark.parametrize("text", ["New", "", "x" * 5000], ids=["text", "empty", "long"])
def test_documentation_changes(user, text):
    project = user.create_project(**FULL)
    response = user.patch_project(project, documentation=text)
    assert "documentation" not in response.json()
    assert user.project(project["id"], with_documentation="1")["documentation"] == text


# Spec: projects.md 4.4: null is absent
def test_null_leaves_everything_unchanged(user):
    project = user.create_project(**FULL, visibility="public")
    fields = ["name", "namespace", "slug", "repositories", "visibility", "description", "keywords"]
    fields += ["documentation", "template_id", "is_template", "secrets_mount_directory"]
    response = user.patch_project(project, **{name: None for name in fields})
    assert response.status_code == 200, response.text
    assert response.json() == project
    assert user.project(project["id"], with_documentation="1")["documentation"] == "Old text"


PATCH_BODIES = {
    "template-id": (
        {"template_id": NO_ULID},
        "template_id: String should have at most 0 characters",
    ),
    "unknown": ({"created_by": "x"}, "created_by: Extra inputs are not permitted"),
    "etag": ({"etag": "x"}, "etag: Extra inputs are not permitted"),
    "id": ({"id": NO_ULID}, "id: Extra inputs are not permitted"),
    "name-empty": ({"name": ""}, "name: String should have at least 1 character"),
    "name-long": ({"name": "x" * 100}, "name: String should have at most 99 characters"),
    "visibility": ({"visibility": "hidden"}, "visibility: Input should be 'private' or 'public'"),
    "slug-long": ({"slug": "x" * 100}, "slug: String should have at most 99 characters"),
    "keyword-long": (
        {"keywords": ["x" * 100]},
        "keywords.0: String should have at most 99 characters",
    ),
}


# Spec: projects.md 4, 4.4
@pytest.mark.parametrize("body, violation", PATCH_BODIES.values(), ids=PATCH_BODIES.keys())
def test_violations_of_a_change(user, body, violation):
    project = user.create_project()
    headers = {"if-match": project["etag"]}
    response = user.patch(f"/projects/{project['id']}", json=body, headers=headers)
    check_error(response, 422, fields_error(violation))
    assert user.project(project["id"]) == project


# Spec: projects.md 2.2: what touches updated_at
TOUCHES = {
    "nothing": ({}, False),
    "same-name": ({"name": "Same"}, False),
    "same-values": (
        {"description": "Old", "keywords": ["old"], "is_template": False, "visibility": "private"},
        False,
    ),
    "same-mount-directory": ({"secrets_mount_directory": "/old/"}, False),
    "same-repositories": ({"repositories": FULL["repositories"]}, True),
    "same-documentation": ({"documentation": "Old text"}, True),
    "new-name": ({"name": "New"}, True),
    "new-slug": ({"slug": "new-slug"}, True),
    "new-visibility": ({"visibility": "public"}, True),
    "template-unlinked": ({"template_id": ""}, False),
}


# Spec: projects.md 2.2
@pytest.mark.parametrize("change, touched", TOUCHES.values(), ids=TOUCHES.keys())
def test_updated_at_follows_real_changes(user, change, touched):
    project = user.create_project(name="Same", **FULL)
    body = user.patch_project(project, **change).json()
    assert (body["updated_at"] > project["updated_at"]) is touched
    assert (body["etag"] != project["etag"]) is touched


# Spec: projects.md 2.2, 4.4, 8: an empty list becomes no list, once
def test_clearing_no_keywords_is_a_change_once(user, rows):
    project = user.create_project()
    named = user.patch_project(project, name="New").json()
    assert stored(rows, "keywords", project) == []
    cleared = user.patch_project(project, keywords=[]).json()
    assert cleared["keywords"] == []
    assert stored(rows, "keywords", project) is None
    assert cleared["updated_at"] > named["updated_at"]
    assert user.patch_project(project, keywords=[], is_template=False).json() == cleared
    assert user.patch_project(project, name="Newer").status_code == 200
    assert stored(rows, "keywords", project) is None


# Spec: projects.md 2.2, 4.4
def test_a_copy_forgets_its_template(user):
    template = user.create_project()
    body = {"name": unique("Copy"), "namespace": user.slug}
    copy = user.post(f"/projects/{template['id']}/copies", json=body).json()
    same = user.patch_project(copy, template_id=None).json()
    assert same == copy
    left = user.patch_project(copy, template_id="").json()
    assert left == {name: value for name, value in copy.items() if name != "template_id"} | {
        "updated_at": left["updated_at"],
        "etag": left["etag"],
    }
    assert left["updated_at"] > copy["updated_at"]
    assert user.get(f"/projects/{template['id']}/copies").json() == []


# Spec: projects.md 2.3, 4.4: without updated_at there is no tag that could match
def test_a_project_never_updated_has_no_tag(user, rows):
    project = user.create_project()
    rows.run("UPDATE projects.projects SET updated_at = NULL WHERE id = %s", project["id"])
    response = user.get(f"/projects/{project['id']}", headers={"if-none-match": project["etag"]})
    assert response.status_code == 200
    assert "etag" not in response.headers
    check_error(user.patch_project(project, etag=project["etag"], name="New"), 409)
    assert user.project(project["id"])["name"] == project["name"]


# Spec: projects.md 2.2
def test_members_do_not_touch_the_project(user, other):
    project = user.create_project()
    user.set_members(f"/projects/{project['id']}/members", (other, "editor"))
    user.delete(f"/projects/{project['id']}/members/{other.id}")
    assert user.project(project["id"]) == project


# Spec: projects.md 2.2: renaming a group changes the tags of its projects, and not the rows
def test_renaming_a_group_changes_the_tag_only(user):
    group = user.create_group()
    project = user.create_project(namespace=group["slug"])
    slug = user.patch(f"/groups/{group['slug']}", json={"slug": unique("renamed")}).json()["slug"]
    body = user.project(project["id"])
    assert body == project | {"namespace": slug, "etag": body["etag"]}
    assert body["etag"] != project["etag"]


# Spec: projects.md 4.4, 8: 401, 428, 422, 404, 404, 409
def test_changing_a_project_checks_in_order(anonymous, user, other):
    project = user.create_project(visibility="public")
    path = f"/projects/{project['id']}"
    wrong = {"if-match": "wrong"}
    check_error(anonymous.patch(path, json={"nonsense": 1}), 401, LOGIN)
    check_error(
        other.patch(path, json={"nonsense": 1}), 428, contains="If-Match header not provided"
    )
    check_error(other.patch(path, json={"nonsense": 1}, headers=wrong), 422)
    check_error(other.patch(path, json={"repositories": ["x"]}, headers=wrong), 422)
    check_error(other.patch(f"/projects/{NO_ULID}", json={}, headers=wrong), 404)
    check_error(other.patch(path, json={}, headers=wrong), 404)
    error = check_error(user.patch(path, json={"namespace": unique("nobody")}, headers=wrong), 409)
    assert "wrong" in error["message"] and project["etag"] in error["message"]
    check_error(user.patch(path, json={}, headers={"if-match": "*"}), 409)
    assert user.project(project["id"]) == project


# Spec: projects.md 3, 4.4, 8; authorization.md 4
@pytest.mark.parametrize("role", ["owner", "editor", "viewer"])
def test_what_roles_may_change(user, other, role):
    project = user.create_project()
    user.set_members(f"/projects/{project['id']}/members", (other, role))
    plain = other.patch_project(project, description=role)
    assert plain.status_code == (404 if role == "viewer" else 200)
    for change in ({"visibility": "public"}, {"slug": unique("new")}):
        response = other.patch_project(project, **change)
        assert response.status_code == (200 if role == "owner" else 404), change
    check_error(other.patch_project(project, namespace=other.slug), 404)


# Spec: projects.md 8: the complete current representation needs only write
def test_an_editor_may_send_everything_unchanged(user, other):
    project = user.create_project(**FULL)
    user.set_members(f"/projects/{project['id']}/members", (other, "editor"))
    same = {
        name: project[name]
        for name in (
            "name",
            "namespace",
            "slug",
            "repositories",
            "visibility",
            "description",
            "keywords",
            "is_template",
            "secrets_mount_directory",
        )
    }
    response = other.patch_project(project, **same)
    assert response.status_code == 200, response.text


# Spec: projects.md 5.7; authorization.md 11
def test_visibility_writes_and_removes_the_wildcards(api, user, rows):
    project = user.create_project()
    wildcards = {("w", "u", "*"), ("w", "a", "*")}
    private = rows.relations("p", project["id"])
    for visibility in ("public", "public", "private", "private"):
        assert user.patch_project(project, visibility=visibility).json()["visibility"] == visibility
        expected = private | wildcards if visibility == "public" else private
        assert rows.relations("p", project["id"]) == expected
        status = api.anonymous().get(f"/projects/{project['id']}").status_code
        assert status == (200 if visibility == "public" else 404)


# Spec: projects.md 4.4: a second change with the first one's tag is stale
def test_a_used_tag_is_stale(user):
    project = user.create_project()
    assert user.patch_project(project, etag=project["etag"], name="One").status_code == 200
    check_error(user.patch_project(project, etag=project["etag"], name="Two"), 409)
    assert user.project(project["id"])["name"] == "One"


# Spec: projects.md 8: legacy slugs with capitals
def test_a_legacy_slug_remains_usable(user, rows):
    project = user.create_project()
    rows.run(
        "UPDATE common.entity_slugs SET slug = 'Legacy-Slug' WHERE project_id = %s", project["id"]
    )
    assert by_path(user, user.slug, "Legacy-Slug").json()["slug"] == "Legacy-Slug"
    assert user.patch_project(project, name="New").json()["slug"] == "Legacy-Slug"
