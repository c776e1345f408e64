# SPDX-License-Identifier: Apache-2.0
"""Copies of projects. Spec: projects.md 4.6"""

import pytest

from support.api import INSUFFICIENT, LOGIN, NO_ULID, check_error, fields_error, unique
from support.contents import (
    as_json,
    insert,
    insert_build_parameters,
    insert_class,
    insert_connector,
    insert_connector_slug,
    insert_environment,
    insert_launcher,
    insert_link,
    insert_slot,
    links,
    new_id,
)

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
def test_secret_slots_are_copied_without_values(user, other, rows):
    source = user.create_project(visibility="public")
    names = [f"name-{number}" for number in range(12)]
    for name in names:
        insert_slot(rows, user, source, name)
    slots = (
        "SELECT name, description, filename FROM projects.session_secret_slots"
        " WHERE project_id = %s ORDER BY id"
    )
    # of one millisecond, ids are in no order
    names = [name for (name, _, _) in rows.all(slots, source["id"])]
    body = made(copy(other, source))
    expected = [(name, f"about {name}", f"file-{name}") for name in reversed(names)]
    assert rows.all(slots, body["id"]) == expected
    creators = rows.all(
        "SELECT DISTINCT created_by_id FROM projects.session_secret_slots WHERE project_id = %s",
        body["id"],
    )
    assert creators == [(other.id,)]


LAUNCHERS = (
    "SELECT l.name, l.description, l.resource_class_id, l.disk_storage, l.env_variables,"
    "       l.launcher_type::text, l.created_by_id, l.environment_id"
    "  FROM sessions.launchers l WHERE l.project_id = %s ORDER BY l.creation_date, l.id"
)


# Spec: projects.md 4.6, 2: a shared environment stays the same
def test_launchers_with_a_global_environment_share_it(user, other, rows):
    source = user.create_project(visibility="public")
    shared = insert_environment(rows, user, environment_kind="GLOBAL", is_archived=True)
    hidden = insert_class(rows)
    for number in range(8):
        insert_launcher(
            rows,
            user,
            source,
            creation_date=f"2001-01-{20 - number // 2}T00:00:00Z",
            description=f"about {number}",
            environment_id=shared,
            resource_class_id=hidden,
            disk_storage=number + 1,
            env_variables=as_json({"A": str(number)}),
            launcher_type="non_interactive",
        )
    insert_launcher(rows, user, source)
    expected = [
        (*row[:5], "interactive", other.id, row[7])
        for row in reversed(rows.all(LAUNCHERS, source["id"]))
    ]
    assert rows.all(LAUNCHERS, made(copy(other, source))["id"]) == expected
    rows.run("DELETE FROM sessions.launchers WHERE environment_id = %s", shared)


ENVIRONMENT = (
    "SELECT name, description, container_image, default_url, environment_kind::text, port,"
    "       working_directory, mount_directory, uid, gid, args, command, is_archived,"
    "       environment_image_source::text, strip_path_prefix"
    "  FROM sessions.environments WHERE id = %s"
)
BUILD = (
    "SELECT b.repository, b.builder_variant, b.frontend_variant, b.repository_revision,"
    "       b.context_dir, ARRAY(SELECT f.platform::text FROM sessions.build_platforms f"
    "                             WHERE f.build_parameters_id = b.id ORDER BY 1)"
    "  FROM sessions.build_parameters b WHERE b.id = %s"
)


def environment_of(rows, project: dict) -> tuple[str, str | None, str]:
    """Id, build parameters and creator of the environment of the only launcher."""
    found = rows.all(
        "SELECT e.id, e.build_parameters_id, e.created_by_id, e.creation_date > '2020-01-01'"
        "  FROM sessions.launchers l JOIN sessions.environments e ON e.id = l.environment_id"
        " WHERE l.project_id = %s",
        project["id"],
    )
    assert len(found) == 1
    return found[0]


# Spec: projects.md 4.6, 2: a custom environment is duplicated, with what it is built from
@pytest.mark.parametrize("built", [False, True], ids=["image", "build"])
def test_a_custom_environment_is_duplicated(user, other, rows, built):
    source = user.create_project(visibility="public")
    parameters = insert_build_parameters(rows, "linux_amd64", "linux_arm64") if built else None
    environment = insert_environment(
        rows,
        user,
        description="about",
        working_directory="/work",
        mount_directory="/mount",
        args=as_json(["a"]),
        command=as_json(["b"]),
        strip_path_prefix=True,
        environment_image_source="build" if built else "image",
        build_parameters_id=parameters,
    )
    insert_launcher(rows, user, source, environment_id=environment)
    if built:
        insert(
            rows,
            "sessions.builds",
            id=new_id(rows),
            environment_id=environment,
            status="succeeded",
            created_at="now()",
        )
    new, new_parameters, creator, is_new = environment_of(rows, made(copy(other, source)))
    assert new != environment
    assert (creator, is_new) == (other.id, True)
    assert rows.all(ENVIRONMENT, new) == rows.all(ENVIRONMENT, environment)
    assert (new_parameters is not None) is built
    if built:
        assert new_parameters != parameters
        assert rows.all(BUILD, new_parameters) == rows.all(BUILD, parameters)
    assert rows.one("SELECT count(*) FROM sessions.builds WHERE environment_id = %s", new) == 0
    assert environment_of(rows, source)[0] == environment


# Spec: projects.md 4.6, 3: links to connectors that the caller can read, silently; never connectors
def test_readable_links_are_copied(user, other, rows):
    source = user.create_project()
    user.set_members(f"/projects/{source['id']}/members", (other, "viewer"))
    hidden, shared, public, inside = (insert_connector(rows, user) for _ in range(4))
    rows.relate("d", shared, "v", "u", other.id)
    rows.relate("d", public, "w", "u", "*")
    insert_connector_slug(rows, inside, project_id=source["id"])
    rows.relate("d", inside, "N", "p", source["id"])
    for connector in (hidden, shared, public, inside):
        insert_link(rows, user, connector, source)
    count = rows.one("SELECT count(*) FROM storage.data_connectors")
    body = made(copy(other, source))
    assert links(rows, body) == {shared, public, inside}
    assert links(rows, source) == {hidden, shared, public, inside}
    assert rows.one("SELECT count(*) FROM storage.data_connectors") == count
    creators = rows.all(
        "SELECT DISTINCT created_by_id FROM storage.data_connector_to_project_links"
        " WHERE project_id = %s",
        body["id"],
    )
    assert creators == [(other.id,)]


# Spec: projects.md 4.6: whoever copies has a record afterwards, for the slots to name
def test_an_administrator_without_record_copies(api, user, rows):
    source = user.create_project(visibility="public")
    insert_slot(rows, user, source, "slot")
    visitor = api.visitor()
    rows.relate("L", "renku", "A", "u", visitor.id)
    try:
        body = made(copy(visitor, source, namespace=user.slug))
    finally:
        rows.withdraw("L", "A", visitor.id)
    members = user.get(f"/projects/{body['id']}/members").json()
    assert [member["id"] for member in members] == [visitor.id]


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
