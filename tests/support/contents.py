# SPDX-License-Identifier: Apache-2.0
"""What projects hold beside their own rows, as the rooms that own it would store it."""

import json

from .api import Caller, unique
from .database import Rows


def insert(rows: Rows, table: str, **values) -> None:
    columns, marks = ", ".join(values), ", ".join(["%s"] * len(values))
    rows.run(f"INSERT INTO {table} ({columns}) VALUES ({marks})", *values.values())


def new_id(rows: Rows) -> str:
    return rows.one("SELECT generate_ulid()")


def insert_connector(rows: Rows, user: Caller, **place: str) -> str:
    """A private data connector; in a project (project_id), in a namespace (namespace), or nowhere."""
    connector = new_id(rows)
    insert(
        rows,
        "storage.data_connectors",
        id=connector,
        created_by_id=user.id,
        name="connector",
        visibility="private",
        storage_type="s3",
        configuration="{}",
        source_path="x",
        target_path="x",
        readonly=False,
        creation_date="now()",
    )
    if place:
        insert_connector_slug(rows, connector, **place)
    return connector


def insert_connector_slug(
    rows: Rows, connector: str, project_id=None, namespace=None, slug=None
) -> None:
    rows.run(
        "INSERT INTO common.entity_slugs (slug, namespace_id, project_id, data_connector_id)"
        " SELECT %s, n.id, %s, %s FROM common.namespaces n"
        "  WHERE n.slug = %s OR n.id = (SELECT s.namespace_id FROM common.entity_slugs s"
        "         WHERE s.project_id = %s AND s.data_connector_id IS NULL)",
        slug or unique("connector"),
        project_id,
        connector,
        namespace,
        project_id,
    )


def insert_link(rows: Rows, user: Caller, connector: str, project: dict) -> None:
    insert(
        rows,
        "storage.data_connector_to_project_links",
        id=new_id(rows),
        data_connector_id=connector,
        project_id=project["id"],
        created_by_id=user.id,
        creation_date="now()",
    )


def links(rows: Rows, project: dict) -> set[str]:
    """The connectors that are linked to a project."""
    found = rows.all(
        "SELECT data_connector_id FROM storage.data_connector_to_project_links"
        " WHERE project_id = %s",
        project["id"],
    )
    return {connector for (connector,) in found}


def insert_slot(rows: Rows, user: Caller, project: dict, name: str) -> str:
    slot = new_id(rows)
    insert(
        rows,
        "projects.session_secret_slots",
        id=slot,
        project_id=project["id"],
        name=name,
        description=f"about {name}",
        filename=f"file-{name}",
        created_by_id=user.id,
        creation_date="now()",
    )
    return slot


def insert_environment(rows: Rows, user: Caller, **values) -> str:
    environment = new_id(rows)
    given = {
        "id": environment,
        "name": unique("environment"),
        "created_by_id": user.id,
        "creation_date": "2001-01-01T00:00:00Z",
        "container_image": "registry.example.org/image:1",
        "default_url": "/lab",
        "environment_kind": "CUSTOM",
        "port": 8000,
        "uid": 1001,
        "gid": 1002,
    }
    insert(rows, "sessions.environments", **(given | values))
    return environment


def insert_build_parameters(rows: Rows, *platforms: str) -> str:
    parameters = new_id(rows)
    insert(
        rows,
        "sessions.build_parameters",
        id=parameters,
        repository="https://e.org/code",
        builder_variant="python",
        frontend_variant="vscodium",
        repository_revision="main",
        context_dir="sub",
    )
    for platform in platforms:
        insert(
            rows, "sessions.build_platforms", platform=platform, build_parameters_id=parameters
        )
    return parameters


def insert_launcher(rows: Rows, user: Caller, project: dict, **values) -> str:
    launcher = new_id(rows)
    given = {
        "id": launcher,
        "name": unique("launcher"),
        "created_by_id": user.id,
        "creation_date": "2001-01-01T00:00:00Z",
        "project_id": project["id"],
    }
    insert(rows, "sessions.launchers", **(given | values))
    return launcher


def insert_class(rows: Rows, *readers: str) -> int:
    """A resource class in a pool that these users, or all ("*"), may read."""
    pool = rows.one(
        'INSERT INTO resource_pools.resource_pools (name, "default", public)'
        " VALUES ('pool', false, false) RETURNING id"
    )
    for reader in readers:
        relation = "w" if reader == "*" else "v"
        rows.relate("r", str(pool), relation, "u", reader)
    return rows.one(
        "INSERT INTO resource_pools.resource_classes"
        ' (name, cpu, memory, max_storage, default_storage, "default", gpu, resource_pool_id)'
        " VALUES ('class', 1, 1, 1, 1, false, 0, %s) RETURNING id",
        pool,
    )


def as_json(value) -> str:
    return json.dumps(value)
