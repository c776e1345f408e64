# SPDX-License-Identifier: Apache-2.0
"""For every operation a request that is accepted, and a world in which it makes sense."""

import json
import uuid
from dataclasses import dataclass, field
from urllib.parse import quote

from .api import NO_ULID, Api, Caller, unique
from .database import Rows
from .spec import Operation

STORAGE = {
    "project_id": "123456",
    "name": "storage",
    "configuration": {"type": "s3", "provider": "AWS"},
    "source_path": "bucket",
    "target_path": "data",
    "readonly": True,
}
BODIES = {
    "POST /groups": {"name": "x", "slug": "{new}", "description": "d"},
    "PATCH /groups/{group_slug}": {"name": "x", "slug": "{new}", "description": "d"},
    "PATCH /groups/{group_slug}/members": [{"id": "{other}", "role": "viewer"}],
    "POST /projects": {
        "name": "x",
        "namespace": "{me}",
        "slug": "{new}",
        "repositories": ["https://example.org/a"],
        "visibility": "private",
        "description": "d",
        "keywords": ["k"],
        "documentation": "t",
        "secrets_mount_directory": "/s",
    },
    "PATCH /projects/{project_id}": {
        "name": "y",
        "namespace": "{me}",
        "slug": "{new}",
        "repositories": ["https://example.org/b"],
        "visibility": "public",
        "description": "d",
        "keywords": ["k"],
        "documentation": "t",
        "template_id": "",
        "is_template": True,
        "secrets_mount_directory": "/s",
    },
    "PATCH /projects/{project_id}/members": [{"id": "{other}", "role": "viewer"}],
    "POST /projects/{project_id}/copies": {
        "name": "x",
        "namespace": "{me}",
        "slug": "{new}",
        "repositories": ["https://example.org/a"],
        "visibility": "private",
        "description": "d",
        "keywords": ["k"],
        "documentation": "t",
        "secrets_mount_directory": "/s",
    },
    "POST /renku_v1_projects/{v1_id}/migrations": {
        "project": {
            "name": "x",
            "namespace": "{me}",
            "slug": "{new}",
            "repositories": [],
            "keywords": [],
        },
        "session_launcher": {
            "name": "x",
            "container_image": "image",
            "default_url": "/lab",
            "resource_class_id": 1,
            "disk_storage": 1,
        },
    },
    "POST /user/preferences/pinned_projects": {"project_slug": "abc/def"},
    "PATCH /platform/config": {"incident_banner": "x"},
    "PATCH /platform/authorization_config": {
        "create_projects": "registered_users",
        "create_groups": "registered_users",
    },
    "POST /platform/redirects": {
        "source_url": "/projects/x/{new}",
        "target_url": "https://example.org/a",
    },
    "PATCH /platform/redirects/{source_url}": {"target_url": "https://example.org/b"},
    "POST /alerts": {
        "title": "t",
        "message": "m",
        "event_type": "e",
        "user_id": "{other}",
        "session_name": "s",
    },
    "PATCH /alerts/{alert_id}": {"resolved": True},
    "POST /webhooks/alertmanager": {
        "version": "4",
        "groupKey": "g",
        "status": "firing",
        "receiver": "r",
        "groupLabels": {"a": "b"},
        "commonLabels": {"a": "b"},
        "commonAnnotations": {"a": "b"},
        "externalURL": "http://example.org",
        "truncatedAlerts": 0,
        "alerts": [
            {
                "status": "firing",
                "labels": {"safe_username": "{other}", "statefulset": "s", "alertname": "a"},
                "annotations": {"title": "t", "description": "d"},
                "startsAt": "2026-01-02T03:04:05Z",
                "endsAt": "2026-01-02T03:04:05Z",
                "generatorURL": "http://example.org",
                "fingerprint": "f",
            }
        ],
    },
    "POST /user/secrets": {
        "name": "x",
        "value": "v",
        "kind": "general",
        "expiration_timestamp": "2039-01-01T00:00:00Z",
        "default_filename": "{new}",
    },
    "PATCH /user/secrets/{secret_id}": {
        "name": "x",
        "value": "v",
        "expiration_timestamp": "2039-01-01T00:00:00Z",
        "default_filename": "{new}",
    },
    "POST /session_secret_slots": {
        "project_id": "{project}",
        "name": "x",
        "description": "d",
        "filename": "{new}",
    },
    "PATCH /session_secret_slots/{slot_id}": {"name": "x", "description": "d", "filename": "{new}"},
    "PATCH /projects/{project_id}/session_secrets": [{"secret_slot_id": "{slot}", "value": "v"}],
    "POST /storage": STORAGE,
    "PUT /storage/{storage_id}": STORAGE,
    "PATCH /storage/{storage_id}": STORAGE | {"storage_type": "s3"},
    "POST /storage_schema/validate": STORAGE["configuration"],
    "POST /storage_schema/test_connection": {"configuration": {"type": "local"}, "source_path": "x"},
    "POST /storage_schema/obscure": {"configuration": {"type": "webdav", "pass": "x"}},
}


@dataclass
class World:
    """One user with everything that paths can name, and another one who may nothing."""

    me: Caller
    other: Caller
    nobody: Caller
    root: Caller  # by the token
    group: dict
    project: dict
    redirect: dict
    values: dict[str, str] = field(default_factory=dict)

    def path(self, operation: Operation, **replaced: str) -> str:
        path = operation.path
        for name, value in (self.values | replaced).items():
            path = path.replace(f"{{{name}}}", value)
        assert "{" not in path, f"no value for a parameter of {operation.path}"
        return path

    def by(self, operation: Operation) -> Caller:
        """Who gets as far as possible."""
        return self.root if operation.is_privileged else self.me

    def body(self, operation: Operation):
        """A body that would be accepted; None where there is none."""
        if not operation.body:
            return None
        text = json.dumps(BODIES[operation.name])
        for name, value in {
            "new": unique("new"),
            "me": self.me.slug,
            "other": self.other.id,
            "project": self.project["id"],
            "slot": self.values["slot_id"],
        }.items():
            text = text.replace(f"{{{name}}}", value)
        return json.loads(text)

    def headers(self, operation: Operation) -> dict[str, str]:
        if not operation.if_match:
            return {}
        if operation.path in ("/platform/config", "/platform/authorization_config"):
            return {"if-match": self.nobody.get(operation.path).json()["etag"]}
        if operation.path.startswith("/platform/redirects"):
            return {"if-match": self.redirect["etag"]}
        if "{slot_id}" in operation.path:
            slot = self.me.get(f"/session_secret_slots/{self.values['slot_id']}")
            return {"if-match": slot.json()["etag"]}
        return {"if-match": self.me.project(self.project["id"])["etag"]}


def make_secret(rows: Rows, caller: Caller) -> str:
    """A secret of a user, whose value nobody will read."""
    return rows.one(
        "INSERT INTO secrets.secrets (id, name, default_filename, encrypted_value, encrypted_key, modification_date,"
        " user_id) VALUES (public.generate_ulid(), 'n', 'file', 'x', 'y', now(), %s) RETURNING id",
        caller.id,
    )


def make_world(api: Api, rows: Rows, with_secrets: bool = True) -> World:
    """Everything that the paths name; secrets take their time."""
    me, other, root = api.user(), api.user(), api.token_admin()
    me.post("/user/preferences/pinned_projects", json={"project_slug": "abc/own"})
    if with_secrets:
        me.get("/user/secret_key")  # makes it, which takes its time
    group, project = me.create_group(), me.create_project()
    me.get("/platform/config")  # makes it
    source = f"/projects/x/{unique()}"
    redirect = root.post(
        "/platform/redirects",
        json={"source_url": source, "target_url": "https://example.org/a"},
    )
    alert = {"title": "t", "message": "m", "event_type": "e", "user_id": me.id}
    slot = me.post("/session_secret_slots", json={"project_id": project["id"], "filename": "f"}).json()
    secret = make_secret(rows, me) if with_secrets else NO_ULID
    values = {
        "source_url": quote(source, safe=""),
        "alert_id": root.post("/alerts", json=alert).json()["id"],
        "user_id": other.id,
        "member_id": other.id,
        "group_slug": group["slug"],
        "namespace_slug": group["slug"],
        "namespace": me.slug,
        "first_slug": me.slug,
        "second_slug": project["slug"],
        "slug": project["slug"],
        "project_id": project["id"],
        "slot_id": slot["id"],
        "secret_id": secret,
        "storage_id": NO_ULID,
        "v1_id": str(uuid.uuid4().int % 2_000_000_000),
    }
    return World(
        me, other, api.anonymous(), root, group, project, redirect.json(), values
    )
