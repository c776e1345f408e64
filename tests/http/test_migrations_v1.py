# SPDX-License-Identifier: Apache-2.0
"""Migrations of projects of the first version. Spec: projects.md 4.9"""

import itertools
import random

import pytest

from support.api import LOGIN, NO_ULID, at_once, check_error, unique
from support.contents import insert_class

_ids = itertools.count(random.randrange(1, 1_000_000_000))


@pytest.fixture
def v1_id() -> int:
    return next(_ids)


def migrate(caller, v1_id: int, **project):
    body = {"project": {"name": unique("Migrated"), "namespace": caller.slug} | project}
    return caller.post(f"/renku_v1_projects/{v1_id}/migrations", json=body)


def migrated(caller, v1_id: int, **project) -> dict:
    response = migrate(caller, v1_id, **project)
    assert response.status_code == 201, response.text
    assert "etag" not in response.headers
    return response.json()


# Spec: projects.md 4.9
def test_a_migration_creates_a_project(user, v1_id):
    body = migrated(user, v1_id, description="About", documentation="Text", visibility="public")
    assert (body["namespace"], body["description"], body["visibility"]) == (
        user.slug,
        "About",
        "public",
    )
    assert body["created_by"] == user.id
    assert "documentation" not in body
    assert user.project(body["id"]) == body


# Spec: projects.md 4.9
def test_the_project_of_a_migration_is_found(api, user, v1_id):
    public = migrated(user, v1_id, visibility="public", documentation="Text")
    for caller in (api.anonymous(), user):
        response = caller.get(f"/renku_v1_projects/{v1_id}/migrations")
        assert response.status_code == 200
        assert response.json() == public
        assert "etag" not in response.headers


# Spec: projects.md 4.9: the two messages of 404
def test_an_unknown_and_a_hidden_migration_read_differently(api, user, v1_id):
    missing = check_error(user.get(f"/renku_v1_projects/{v1_id}/migrations"), 404)
    project = migrated(user, v1_id)
    for caller in (api.anonymous(), api.user()):
        hidden = check_error(caller.get(f"/renku_v1_projects/{v1_id}/migrations"), 404)
        assert project["id"] not in hidden["message"]
        assert hidden["message"] != missing["message"]


# Spec: projects.md 4.9: migrated already is 422, not 409
def test_a_second_migration_is_422(user, other, v1_id):
    first = migrated(user, v1_id)
    check_error(migrate(other, v1_id), 422)
    check_error(migrate(user, v1_id, namespace=unique("nobody")), 422)
    assert user.get(f"/renku_v1_projects/{v1_id}/migrations").json()["id"] == first["id"]


# Spec: projects.md 4.9: 401, 422, 422, 422, 404, 403, 409
def test_migrating_checks_in_order(anonymous, user, other, v1_id):
    path = f"/renku_v1_projects/{v1_id}/migrations"
    check_error(anonymous.post(path, json={}), 401, LOGIN)
    check_error(user.post(path, json={}), 422, contains="project: Field required")
    check_error(
        user.post(path, json={"project": {}}),
        422,
        contains="project.name: Field required, project.namespace: Field required",
    )
    check_error(
        user.post(path, json={"project": {"name": "x", "namespace": "x"}, "x": 1}),
        422,
        contains="x: Extra inputs are not permitted",
    )
    check_error(migrate(user, v1_id, repositories=["x"], namespace=unique("nobody")), 422)
    check_error(migrate(user, v1_id, namespace=unique("nobody")), 404)
    taken = other.create_project()
    check_error(migrate(user, v1_id, namespace=other.slug, slug=taken["slug"]), 403)
    check_error(migrate(other, v1_id, slug=taken["slug"]), 409)
    check_error(user.get(path), 404)


# Spec: projects.md 4: a value outside int32
@pytest.mark.parametrize(
    "number", ["2147483648", "-2147483649", "9223372036854775808", "1" + "0" * 30], ids=len
)
def test_an_id_beyond_int32_is_422(user, number):
    path = f"/renku_v1_projects/{number}/migrations"
    check_error(user.get(path), 422)
    response = user.post(path, json={"project": {"name": "x", "namespace": user.slug}})
    check_error(response, 422)
    assert user.get("/projects", params={"namespace": user.slug}).json() == []


# Spec: foundations.md 2.1; projects.md 4
@pytest.mark.parametrize("text, number", [("{}", 1), ("+{}", 1), ("00{}", 1), ("-{}", -1)])
def test_an_id_may_be_written_in_several_ways(user, v1_id, text, number):
    body = migrated(user, text.format(v1_id))
    info = user.get(f"/projects/{body['id']}/migration_info").json()
    assert info == {"project_id": body["id"], "v1_id": number * v1_id}


# --- lists and info ------------------------------------------------------------------------------


# Spec: projects.md 4.9
def test_readable_migrations_are_listed(api, anonymous, user, other):
    public, private, shared = next(_ids), next(_ids), next(_ids)
    projects = {
        public: migrated(user, public, visibility="public"),
        private: migrated(user, private),
        shared: migrated(user, shared),
    }
    user.set_members(f"/projects/{projects[shared]['id']}/members", (other, "viewer"))
    check_error(anonymous.get("/renku_v1_projects/migrations"), 401, LOGIN)
    for caller, expected in (
        (user, {public, private, shared}),
        (other, {public, shared}),
        (api.user(), {public}),
    ):
        response = caller.get("/renku_v1_projects/migrations")
        assert response.status_code == 200
        found = {item["v1_id"]: item for item in response.json() if item["v1_id"] in projects}
        assert set(found) == expected
        for number, item in found.items():
            assert item == {"project_id": projects[number]["id"], "v1_id": number}


# Spec: projects.md 4.9
def test_migration_info_needs_write(api, anonymous, user, other, v1_id):
    body = migrated(user, v1_id, visibility="public")
    path = f"/projects/{body['id']}/migration_info"
    response = user.get(path)
    assert response.status_code == 200
    assert response.text == f'{{"project_id":"{body["id"]}","v1_id":{v1_id}}}'
    check_error(anonymous.get(path), 401, LOGIN)
    check_error(other.get(path), 404)
    user.set_members(f"/projects/{body['id']}/members", (other, "viewer"))
    check_error(other.get(path), 404)
    user.set_members(f"/projects/{body['id']}/members", (other, "editor"))
    assert other.get(path).json() == response.json()
    check_error(user.get(f"/projects/{NO_ULID}/migration_info"), 404)


# Spec: projects.md 4.9 (compatibility quirk, kept): 404 with an empty body
def test_a_project_that_was_not_migrated_has_no_info(user):
    project = user.create_project()
    response = user.get(f"/projects/{project['id']}/migration_info")
    assert (response.status_code, response.content) == (404, b"")
    assert response.headers["content-length"] == "0"


# Spec: projects.md 4.5: the same id can be migrated again
def test_after_deletion_the_id_is_free(user, v1_id):
    body = migrated(user, v1_id)
    assert user.delete(f"/projects/{body['id']}").status_code == 204
    check_error(user.get(f"/renku_v1_projects/{v1_id}/migrations"), 404)
    assert migrated(user, v1_id)["id"] != body["id"]


# Spec: projects.md 4.9 (compatibility quirks: 500, and projects left behind)
def test_simultaneous_migrations_of_one_id(user, rows, v1_id):
    answers = at_once(lambda _: migrate(user, v1_id), range(6))
    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 5
    assert rows.one("SELECT count(*) FROM projects.projects WHERE created_by_id = %s", user.id) == 1


# Spec: projects.md 4.9: null is no launcher
def test_a_null_launcher_is_none(user, v1_id):
    body = {"project": {"name": "x", "namespace": user.slug}, "session_launcher": None}
    response = user.post(f"/renku_v1_projects/{v1_id}/migrations", json=body)
    assert response.status_code == 201, response.text
    assert "launcher_id" not in user.get(f"/projects/{response.json()['id']}/migration_info").json()


# --- the launcher ---------------------------------------------------------------------------------

LAUNCHER = {"name": "Launcher", "container_image": "registry.example.org/image:1"}
ARGUMENTS = (
    "jupyter server --ServerApp.ip=$RENKU_SESSION_IP --ServerApp.port=$RENKU_SESSION_PORT"
    " --ServerApp.allow_origin=* --ServerApp.base_url=$RENKU_BASE_URL_PATH"
    " --ServerApp.root_dir=$RENKU_WORKING_DIR --ServerApp.allow_remote_access=True"
    ' --ContentsManager.allow_hidden=True --ServerApp.token="" --ServerApp.password=""'
)


def migrate_with(caller, v1_id: int, **launcher):
    body = {
        "project": {"name": unique("Migrated"), "namespace": caller.slug},
        "session_launcher": LAUNCHER | launcher,
    }
    return caller.post(f"/renku_v1_projects/{v1_id}/migrations", json=body)


# Spec: projects.md 4.9: the values of launcher and environment
def test_a_migration_creates_a_launcher(user, rows, v1_id):
    chosen = insert_class(rows, user.id)
    more = {"resource_class_id": chosen, "disk_storage": 7, "default_url": "/tree"}
    response = migrate_with(user, v1_id, **more)
    assert response.status_code == 201, response.text
    project_id = response.json()["id"]
    info = user.get(f"/projects/{project_id}/migration_info").json()
    assert list(info) == ["project_id", "v1_id", "launcher_id"]
    launcher = rows.all(
        "SELECT name, description, created_by_id, project_id, resource_class_id, disk_storage,"
        "       env_variables, launcher_type::text FROM sessions.launchers WHERE id = %s",
        info["launcher_id"],
    )
    assert launcher == [
        ("Launcher", None, user.id, project_id, chosen, 7, None, "interactive")
    ]
    environment = rows.all(
        "SELECT e.name, e.description, e.created_by_id, e.container_image, e.default_url,"
        "       e.environment_kind::text, e.port, e.uid, e.gid, e.working_directory,"
        "       e.mount_directory, e.command, e.args, e.environment_image_source::text,"
        "       e.is_archived, e.strip_path_prefix, e.build_parameters_id"
        "  FROM sessions.environments e JOIN sessions.launchers l ON l.environment_id = e.id"
        " WHERE l.id = %s",
        info["launcher_id"],
    )
    assert environment == [
        (
            *("Launcher", None, user.id, LAUNCHER["container_image"], "/tree", "CUSTOM"),
            *(8888, 1000, 1000, "/home/jovyan/work", "/home/jovyan/work"),
            *(["sh", "-c"], [ARGUMENTS], "image", False, False, None),
        )
    ]
    listed = user.get("/renku_v1_projects/migrations").json()
    assert [item for item in listed if item["v1_id"] == v1_id] == [info]


# Spec: projects.md 4.9: /lab unless the body says otherwise
def test_a_launcher_with_defaults(user, rows, v1_id):
    response = migrate_with(user, v1_id, resource_class_id=None)
    assert response.status_code == 201, response.text
    launcher = rows.all(
        "SELECT e.default_url, l.resource_class_id, l.disk_storage"
        "  FROM sessions.launchers l JOIN sessions.environments e ON e.id = l.environment_id"
        " WHERE l.project_id = %s",
        response.json()["id"],
    )
    assert launcher == [("/lab", None, None)]


# Spec: projects.md 4.9: 404 and 403 of the resource class; nothing is left behind
@pytest.mark.parametrize("status", [403, 404])
def test_a_class_that_the_caller_cannot_use(user, other, rows, v1_id, status):
    chosen = insert_class(rows, other.id) if status == 403 else 2**31 - 1
    check_error(migrate_with(user, v1_id, resource_class_id=chosen), status)
    check_error(user.get(f"/renku_v1_projects/{v1_id}/migrations"), 404)
    assert user.get("/projects", params={"namespace": user.slug}).json() == []
    sql = "SELECT count(*) FROM sessions.environments WHERE created_by_id = %s"
    assert rows.one(sql, user.id) == 0


LAUNCHER_BODIES = {
    "disk": ({"disk_storage": 0}, "disk_storage: Input should be greater than or equal to 1"),
    "image": ({"container_image": "x"}, "container_image: String should have at least 3 characters"),
    "name": ({"name": ""}, "name: String should have at least 1 character"),
    "url": ({"default_url": "x" * 201}, "default_url: String should have at most 200 characters"),
    "unknown": ({"port": 1}, "port: Extra inputs are not permitted"),
}


# Spec: projects.md 4.9
@pytest.mark.parametrize("launcher, violation", LAUNCHER_BODIES.values(), ids=LAUNCHER_BODIES)
def test_violations_of_a_launcher(user, v1_id, launcher, violation):
    check_error(
        migrate_with(user, v1_id, **launcher), 422, contains=f"session_launcher.{violation}"
    )


# Spec: projects.md 4.9, 4.5: the launcher may be gone, the record still names it
def test_a_record_outlives_its_launcher(user, rows, v1_id):
    project_id = migrate_with(user, v1_id).json()["id"]
    info = user.get(f"/projects/{project_id}/migration_info").json()
    rows.run("DELETE FROM sessions.launchers WHERE id = %s", info["launcher_id"])
    assert user.get(f"/projects/{project_id}/migration_info").json() == info


# Spec: projects.md 4: an integer beyond int32 for a 32-bit column
@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, 2**63])
def test_a_class_beyond_int32_is_422(user, v1_id, number):
    check_error(migrate_with(user, v1_id, resource_class_id=number), 422)
