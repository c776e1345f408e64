# SPDX-License-Identifier: Apache-2.0
"""Projects: delete. Spec: projects.md 4.5"""

from support.api import LOGIN, NO_ULID, at_once, check_error, unique
from support.contents import (
    insert,
    insert_connector,
    insert_environment,
    insert_launcher,
    insert_link,
    insert_slot,
    new_id,
)
from support.projects import own_list


# Spec: projects.md 4.5; authorization.md 9
def test_deleting_a_project_leaves_nothing(api, user, rows):
    project = user.create_project(repositories=["https://e.org/a"], visibility="public")
    user.patch_project(project, slug=unique("renamed"))
    connector = insert_connector(rows, user, project_id=project["id"])
    response = user.delete(f"/projects/{project['id']}")
    assert (response.status_code, response.content) == (204, b"")
    for table, column in (
        ("projects.projects", "id"),
        ("projects.projects_repositories", "project_id"),
        ("common.entity_slugs", "project_id"),
        ("common.entity_slugs_old", "project_id"),
    ):
        assert rows.one(f"SELECT count(*) FROM {table} WHERE {column} = %s", project["id"]) == 0, (
            table
        )
    assert rows.one("SELECT count(*) FROM storage.data_connectors WHERE id = %s", connector) == 0
    assert rows.relations("p", project["id"]) == set()
    check_error(user.get(f"/projects/{project['id']}"), 404)
    assert own_list(user, namespace=user.slug) == []


# Spec: projects.md 4.5: what goes with a project, and what stays
def test_what_a_deleted_project_takes_with_it(user, rows):
    project = user.create_project()
    slot = insert_slot(rows, user, project, "slot")
    secret = new_id(rows)
    insert(
        rows,
        "secrets.secrets",
        id=secret,
        name="secret",
        default_filename="secret",
        encrypted_value=b"x",
        encrypted_key=b"x",
        kind="general",
        modification_date="now()",
        user_id=user.id,
    )
    insert(
        rows,
        "projects.session_secrets",
        id=new_id(rows),
        user_id=user.id,
        secret_slot_id=slot,
        secret_id=secret,
    )
    environment = insert_environment(rows, user)
    launcher = insert_launcher(rows, user, project, environment_id=environment)
    linked = insert_connector(rows, user, namespace=user.slug)
    insert_link(rows, user, linked, project)
    for owner in (project["id"], NO_ULID):
        insert(
            rows,
            "storage.cloud_storage",
            project_id=owner,
            storage_type="s3",
            configuration="{}",
            source_path="x",
            target_path="x",
            name=unique("storage"),
            storage_id=new_id(rows),
        )
    assert user.delete(f"/projects/{project['id']}").status_code == 204
    gone = {
        "projects.session_secret_slots": ("id", slot),
        "projects.session_secrets": ("secret_slot_id", slot),
        "sessions.launchers": ("id", launcher),
        "storage.data_connector_to_project_links": ("project_id", project["id"]),
        "storage.cloud_storage": ("project_id", project["id"]),
    }
    left = {
        "secrets.secrets": ("id", secret),
        "sessions.environments": ("id", environment),
        "storage.data_connectors": ("id", linked),
        "storage.cloud_storage": ("project_id", NO_ULID),
    }
    for tables, count in ((gone, 0), (left, 1)):
        for table, (column, value) in tables.items():
            sql = f"SELECT count(*) FROM {table} WHERE {column} = %s"
            assert rows.one(sql, value) == count, table
    rows.run("DELETE FROM storage.cloud_storage WHERE project_id = %s", NO_ULID)


# Spec: projects.md 4.5: relationships whose subject is the project
def test_no_relationship_names_a_deleted_project(user, rows):
    project = user.create_project()
    inside = insert_connector(rows, user, project_id=project["id"])
    outside = insert_connector(rows, user)
    rows.relate("d", inside, "N", "p", project["id"])
    rows.relate("d", inside, "o", "u", user.id)
    rows.relate("d", outside, "l", "p", project["id"])
    rows.relate("d", outside, "o", "u", user.id)
    rows.relate("r", "1000001", "p", "p", project["id"])
    assert user.delete(f"/projects/{project['id']}").status_code == 204
    sql = "SELECT count(*) FROM librenku.relation WHERE %s IN (object_id, subject_id)"
    assert rows.one(sql, project["id"]) == 0
    assert rows.relations("d", inside) == set()
    assert rows.relations("d", outside) == {("o", "u", user.id)}


# Spec: projects.md 4.5: 204 when only relationships are left
def test_relationships_without_a_project_are_removed(user, other, rows):
    left = new_id(rows)
    rows.relate("p", left, "o", "u", user.id)
    rows.relate("r", "1000002", "p", "p", left)
    check_error(other.delete(f"/projects/{left}"), 404)
    response = user.delete(f"/projects/{left}")
    assert (response.status_code, response.content) == (204, b"")
    assert rows.relations("p", left) == set()
    assert rows.relations("r", "1000002") == set()
    check_error(user.delete(f"/projects/{left}"), 404)


# Spec: projects.md 2.1, 4.5: deletion is explicit, also of what lost its path with its namespace
def test_a_project_without_a_path_is_removed(user, rows):
    project = user.create_project(repositories=["https://e.org/a"])
    rows.run("DELETE FROM common.entity_slugs WHERE project_id = %s", project["id"])
    check_error(user.get(f"/projects/{project['id']}"), 404)
    assert user.delete(f"/projects/{project['id']}").status_code == 204
    assert rows.one("SELECT count(*) FROM projects.projects WHERE id = %s", project["id"]) == 0
    assert rows.relations("p", project["id"]) == set()
    check_error(user.delete(f"/projects/{project['id']}"), 404)


# Spec: projects.md 4.5 (compatibility quirk, kept): a project that never existed is 404
def test_who_may_delete_a_project(api, anonymous, user, other):
    project = user.create_project(visibility="public")
    check_error(anonymous.delete(f"/projects/{project['id']}"), 401, LOGIN)
    check_error(user.delete(f"/projects/{NO_ULID}"), 404)
    for role in (None, "viewer", "editor"):
        if role:
            user.set_members(f"/projects/{project['id']}/members", (other, role))
        check_error(other.delete(f"/projects/{project['id']}"), 404)
    check_error(api.token_admin().delete(f"/projects/{project['id']}"), 404)
    user.set_members(f"/projects/{project['id']}/members", (other, "owner"))
    assert other.delete(f"/projects/{project['id']}").status_code == 204
    check_error(other.delete(f"/projects/{project['id']}"), 404)


# Spec: projects.md 4.5, 8: copies live on
def test_deleting_a_template_unlinks_its_copies(user):
    template = user.create_project()
    copy = user.post(
        f"/projects/{template['id']}/copies", json={"name": unique("Copy"), "namespace": user.slug}
    ).json()
    assert copy["template_id"] == template["id"]
    assert user.delete(f"/projects/{template['id']}").status_code == 204
    left = user.project(copy["id"])
    assert "template_id" not in left
    assert left["etag"] == copy["etag"]


# Spec: projects.md 4.5: the path is free again
def test_the_path_of_a_deleted_project_is_free(user):
    project = user.create_project()
    assert user.delete(f"/projects/{project['id']}").status_code == 204
    assert user.create_project(slug=project["slug"])["id"] != project["id"]


# Spec: projects.md 4.5: simultaneous deletions
def test_simultaneous_deletions_delete_once(user):
    project = user.create_project()
    statuses = sorted(
        at_once(lambda _: user.delete(f"/projects/{project['id']}").status_code, range(4))
    )
    assert statuses[0] == 204
    assert set(statuses) <= {204, 404}
