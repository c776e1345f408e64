# SPDX-License-Identifier: Apache-2.0
"""Whole answers, kept as snapshots: status, headers and body, with ids and times replaced.

`pytest --snapshot-update tests/http/test_snapshots.py` writes them anew."""

import json
import re

import pytest

from support.api import NO_ULID, Api, Caller, ServerErrors

KINDS = {
    "ulid": re.compile(r"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b"),
    "tag": re.compile(r'(?<=\\")[0-9A-F]{32}(?=\\")|(?<=")[0-9A-F]{32}(?=")'),
    "time": re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z"),
    "secret": re.compile(r'(?<="secret_key":")[A-Za-z0-9_-]{43}'),
}
HEADERS = [
    "content-type",
    "content-length",
    "etag",
    "allow",
    "page",
    "per-page",
    "total",
    "total-pages",
]


class Normal:
    """Replaces what differs from run to run by its kind and its number of appearance."""

    def __init__(self):
        self.known: dict[str, str] = {NO_ULID: NO_ULID}
        self.counts: dict[str, int] = {}

    def name(self, kind: str, text: str) -> str:
        if kind == "time":
            return "<time with microseconds>" if "." in text else "<time>"
        if text not in self.known:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            self.known[text] = f"<{kind} {self.counts[kind]}>"
        return self.known[text]

    def text(self, text: str) -> str:
        for kind, pattern in KINDS.items():
            text = pattern.sub(lambda match, kind=kind: self.name(kind, match.group(0)), text)
        return text

    def answer(self, response) -> dict:
        headers = {
            name: self.text(response.headers[name]) for name in HEADERS if name in response.headers
        }
        if response.content and response.status_code == 200:
            headers.pop("content-length", None)  # follows the ids
        body = self.text(response.text)
        if response.headers.get("content-type", "").startswith("application/json") and body:
            body = json.dumps(json.loads(body), indent=1, ensure_ascii=False)
        return {"status": response.status_code, "headers": headers, "body": body}


@pytest.fixture(scope="module")
def stage(make_database, start_server, environment, realm):
    """A database that holds exactly this: two users, a group, three projects."""
    server = start_server(make_database(), base=environment, workers=1)
    api = Api(server.url, realm, ServerErrors())
    ada = api.user(
        user_id="ada00000-0000-4000-8000-000000000001",
        email="ada@example.org",
        given_name="Ada",
        family_name="Lovelace",
    )
    bob = api.user(
        user_id="b0b00000-0000-4000-8000-000000000002",
        email="bob@example.org",
        given_name="Bob",
        family_name=None,
    )
    ada.create_group(name="Marine Lab", slug="marine-lab", description="We measure tides.")
    ada.set_members("/groups/marine-lab/members", (bob, "editor"))
    tides = ada.create_project(
        name="Tides",
        namespace="marine-lab",
        visibility="public",
        description="Tides of 1843",
        keywords=["tides", "größe"],
        repositories=["https://example.org/tides.git"],
        documentation="# Tides\n",
    )
    notes = ada.create_project(name="Notes", namespace="ada")
    root = api.token_admin(
        user_id="r00t0000-0000-4000-8000-000000000003",
        email="root@example.org",
        given_name="Root",
        family_name=None,
    )
    for source, target in (
        ("/projects/lab/tides", "/p/01FZ8RSZ9KAKYQZ1ZZZZZZZZZZ"),
        ("https://gitlab.renkulab.io/lab/tides", "https://example.org/tides"),
    ):
        body = {"source_url": source, "target_url": target}
        assert root.post("/platform/redirects", json=body).status_code == 201
    alert = {"title": "Memory", "message": "90% used", "event_type": "memory", "user_id": ada.id}
    assert root.post("/alerts", json=alert | {"session_name": "sess-1"}).status_code == 201
    copy = bob.post(
        f"/projects/{tides['id']}/copies", json={"name": "My Tides", "namespace": "bob"}
    ).json()
    bob.post(
        "/renku_v1_projects/42/migrations", json={"project": {"name": "Old", "namespace": "bob"}}
    )
    body = {"name": "Key of the buoy", "value": "v", "default_filename": "buoy-key"}
    secret = ada.post("/user/secrets", json=body).json()
    body = {"project_id": tides["id"], "filename": "buoy", "description": "Opens the buoy"}
    slot = ada.post("/session_secret_slots", json=body).json()
    link = [{"secret_slot_id": slot["id"], "secret_id": secret["id"]}]
    assert ada.patch(f"/projects/{tides['id']}/session_secrets", json=link).status_code == 200
    yield {
        "api": api,
        "ada": ada,
        "bob": bob,
        "root": root,
        "nobody": api.anonymous(),
        "tides": tides,
        "notes": notes,
        "copy": copy,
        "secret": secret,
        "slot": slot,
    }
    api.close()
    server.stop()


S3 = {"type": "s3", "provider": "AWS"}


def cases() -> dict[str, tuple]:
    """Name: who, method, path, more."""
    post_group = {"json": {"name": "Marine Lab", "slug": "marine-lab"}}
    return {
        "version": ("nobody", "GET", "/version"),
        "error": ("nobody", "GET", "/error"),
        "unknown-path": ("nobody", "GET", "/nothing"),
        "unknown-method": ("nobody", "PUT", "/groups"),
        "options": ("nobody", "OPTIONS", "/groups/marine-lab"),
        "head": ("nobody", "HEAD", "/groups"),
        "login-needed": ("nobody", "GET", "/user"),
        "user": ("ada", "GET", "/user"),
        "user-without-last-name": ("bob", "GET", "/user"),
        "users-for-administrators": ("ada", "GET", "/users"),
        "users-by-email": ("ada", "GET", "/users?exact_email=bob@example.org"),
        "users-unknown-parameter": ("ada", "GET", "/users?email=x"),
        "another-user": ("ada", "GET", "/users/b0b00000-0000-4000-8000-000000000002"),
        "unknown-user": ("ada", "GET", "/users/nobody"),
        "secret-key": ("ada", "GET", "/user/secret_key"),
        "no-preferences": ("ada", "GET", "/user/preferences"),
        "groups": ("nobody", "GET", "/groups"),
        "group": ("nobody", "GET", "/groups/marine-lab"),
        "group-members": ("nobody", "GET", "/groups/marine-lab/members"),
        "group-permissions-of-an-editor": ("bob", "GET", "/groups/marine-lab/permissions"),
        "group-invalid": ("ada", "POST", "/groups", {"json": {"name": "", "slug": "A", "x": 1}}),
        "group-taken": ("ada", "POST", "/groups", post_group),
        "group-of-another": ("bob", "PATCH", "/groups/marine-lab", {"json": {"name": "x"}}),
        "group-last-owner": (
            "ada",
            "PATCH",
            "/groups/marine-lab/members",
            {"json": [{"id": "ada00000-0000-4000-8000-000000000001", "role": "viewer"}]},
        ),
        "unknown-group": ("nobody", "GET", "/groups/nobody"),
        "namespaces": ("ada", "GET", "/namespaces"),
        "namespaces-of-projects": ("ada", "GET", "/namespaces?kinds=project"),
        "namespace-of-a-user": ("nobody", "GET", "/namespaces/bob"),
        "namespace-of-a-group": ("nobody", "GET", "/namespaces/marine-lab"),
        "namespace-of-a-project": ("nobody", "GET", "/namespaces/marine-lab/tides"),
        "unknown-namespace": ("nobody", "GET", "/namespaces/nobody"),
        "projects-of-everybody": ("nobody", "GET", "/projects"),
        "projects-of-a-user": ("ada", "GET", "/projects?per_page=2&page=2"),
        "projects-invalid-query": ("nobody", "GET", "/projects?page=0&x=1"),
        "project": ("nobody", "GET", "/projects/{tides}"),
        "project-with-documentation": (
            "nobody",
            "GET",
            "/projects/{tides}?with_documentation=true",
        ),
        "project-by-path": ("nobody", "GET", "/namespaces/marine-lab/projects/tides"),
        "private-project": ("ada", "GET", "/projects/{notes}"),
        "hidden-project": ("bob", "GET", "/projects/{notes}"),
        "unknown-project": ("ada", "GET", f"/projects/{NO_ULID}"),
        "project-invalid": ("ada", "POST", "/projects", {"json": {"visibility": "secret"}}),
        "project-taken": (
            "ada",
            "POST",
            "/projects",
            {"json": {"name": "Notes", "namespace": "ada"}},
        ),
        "project-in-a-foreign-namespace": (
            "bob",
            "POST",
            "/projects",
            {"json": {"name": "x", "namespace": "ada"}},
        ),
        "project-without-if-match": ("ada", "PATCH", "/projects/{notes}", {"json": {}}),
        "project-with-old-if-match": (
            "ada",
            "PATCH",
            "/projects/{notes}",
            {"json": {}, "headers": {"if-match": '"x"'}},
        ),
        "project-members": ("nobody", "GET", "/projects/{tides}/members"),
        "project-permissions": ("nobody", "GET", "/projects/{tides}/permissions"),
        "copies": ("bob", "GET", "/projects/{tides}/copies"),
        "copy": ("bob", "GET", "/projects/{copy}"),
        "v1-project": ("bob", "GET", "/renku_v1_projects/42/migrations"),
        "v1-projects": ("bob", "GET", "/renku_v1_projects/migrations"),
        "v1-unknown": ("nobody", "GET", "/renku_v1_projects/43/migrations"),
        "v1-again": (
            "bob",
            "POST",
            "/renku_v1_projects/42/migrations",
            {"json": {"project": {"name": "x", "namespace": "bob"}}},
        ),
        "not-migrated": ("ada", "GET", "/projects/{notes}/migration_info"),
        "platform": ("nobody", "GET", "/platform/config"),
        "platform-without-if-match": ("root", "PATCH", "/platform/config", {"json": {}}),
        "platform-of-a-user": ("ada", "PATCH", "/platform/config", {"json": {}}),
        "authorization-config": ("nobody", "GET", "/platform/authorization_config"),
        "authorization-config-stale": (
            "root",
            "PATCH",
            "/platform/authorization_config",
            {"json": {}, "headers": {"if-match": '"x"'}},
        ),
        "redirects": ("root", "GET", "/platform/redirects?per_page=1"),
        "redirect": ("nobody", "GET", "/platform/redirects/%2Fprojects%2Flab%2Ftides"),
        "unknown-redirect": ("nobody", "GET", "/platform/redirects/%2Fprojects%2Fx"),
        "redirect-invalid": (
            "root",
            "POST",
            "/platform/redirects",
            {"json": {"source_url": "/projects/a/../b", "target_url": "x"}},
        ),
        "redirect-taken": (
            "root",
            "POST",
            "/platform/redirects",
            {"json": {"source_url": "/projects/lab/tides#", "target_url": "https://e.org/"}},
        ),
        "alerts": ("ada", "GET", "/alerts"),
        "alert-for-an-unknown-user": (
            "root",
            "POST",
            "/alerts",
            {"json": {"title": "t", "message": "m", "event_type": "e", "user_id": "nobody"}},
        ),
        "unknown-alert": ("root", "PATCH", f"/alerts/{NO_ULID}", {"json": {"resolved": True}}),
        "webhook-without-role": ("ada", "POST", "/webhooks/alertmanager", {"json": {}}),
        "webhook-invalid": ("root", "POST", "/webhooks/alertmanager", {"json": {"alerts": [{}]}}),
        "alert-invalid": ("root", "POST", "/alerts", {"json": {"title": 1, "user_id": "-", "x": 1}}),
        "webhook-without-alerts": (
            "root",
            "POST",
            "/webhooks/alertmanager",
            {"json": {"version": "4", "groupKey": "g", "status": "firing", "alerts": []}},
        ),
        "unknown-redirect-changed": (
            "root",
            "PATCH",
            "/platform/redirects/%2Fprojects%2Fx",
            {"json": {}, "headers": {"if-match": '"x"'}},
        ),
        "unknown-redirect-removed": (
            "root",
            "DELETE",
            "/platform/redirects/%2Fprojects%2Fx",
            {"headers": {"if-match": '"x"'}},
        ),
        "secrets": ("ada", "GET", "/user/secrets"),
        "secrets-of-another": ("bob", "GET", "/user/secrets"),
        "secrets-invalid-query": ("ada", "GET", "/user/secrets?kind=all&x=1"),
        "secret": ("ada", "GET", "/user/secrets/{secret}"),
        "secret-of-another": ("bob", "GET", "/user/secrets/{secret}"),
        "secret-unchanged": ("ada", "PATCH", "/user/secrets/{secret}", {"json": {}}),
        "unknown-secret": ("ada", "PATCH", f"/user/secrets/{NO_ULID}", {"json": {"name": "x"}}),
        "unknown-secret-removed": ("ada", "DELETE", f"/user/secrets/{NO_ULID}"),
        "secret-invalid": (
            "ada",
            "POST",
            "/user/secrets",
            {"json": {"name": "", "value": "", "kind": "x", "default_filename": "a/b", "y": 1}},
        ),
        "secret-without-zone": (
            "ada",
            "POST",
            "/user/secrets",
            {"json": {"name": "n", "value": "v", "expiration_timestamp": "2030-01-01T00:00:00"}},
        ),
        "secret-file-name-taken": (
            "ada",
            "POST",
            "/user/secrets",
            {"json": {"name": "n", "value": "v", "default_filename": "buoy-key"}},
        ),
        "slots": ("nobody", "GET", "/projects/{tides}/session_secret_slots"),
        "slots-of-a-hidden-project": ("bob", "GET", "/projects/{notes}/session_secret_slots"),
        "slot": ("nobody", "GET", "/session_secret_slots/{slot}"),
        "unknown-slot": ("ada", "GET", f"/session_secret_slots/{NO_ULID}"),
        "slot-invalid": (
            "ada",
            "POST",
            "/session_secret_slots",
            {"json": {"project_id": "x", "filename": "a/b", "name": "", "y": 1}},
        ),
        "slot-without-if-match": ("ada", "PATCH", "/session_secret_slots/{slot}", {"json": {}}),
        "slot-for-readers": (
            "nobody",
            "PATCH",
            "/session_secret_slots/{slot}",
            {"json": {}, "headers": {"if-match": '"x"'}},
        ),
        "session-secrets": ("ada", "GET", "/projects/{tides}/session_secrets"),
        "session-secrets-of-another": ("bob", "GET", "/projects/{tides}/session_secrets"),
        "session-secrets-of-nobody": ("nobody", "GET", "/projects/{tides}/session_secrets"),
        "session-secrets-invalid": (
            "bob",
            "PATCH",
            "/projects/{tides}/session_secrets",
            {"json": [{"secret_slot_id": NO_ULID, "value": "", "x": 1}]},
        ),
        "session-secrets-twice": (
            "bob",
            "PATCH",
            "/projects/{tides}/session_secrets",
            {"json": [{"secret_slot_id": NO_ULID}, {"secret_slot_id": NO_ULID}]},
        ),
        "session-secrets-of-no-slot": (
            "bob",
            "PATCH",
            "/projects/{tides}/session_secrets",
            {"json": [{"secret_slot_id": NO_ULID, "value": "v"}]},
        ),
        "storage-valid": ("nobody", "POST", "/storage_schema/validate", {"json": S3}),
        "storage-with-missing-fields": (
            "nobody",
            "POST",
            "/storage_schema/validate",
            {"json": {"type": "s3"}},
        ),
        "storage-not-supported": (
            "nobody",
            "POST",
            "/storage_schema/validate",
            {"json": {"type": "local"}},
        ),
        "storage-without-passwords": (
            "nobody",
            "POST",
            "/storage_schema/obscure",
            {"json": {"configuration": S3}},
        ),
        "storage-not-obscured": (
            "nobody",
            "POST",
            "/storage_schema/obscure",
            {"json": {"configuration": {"type": "webdav", "pass": 5}}},
        ),
        "storage-connection-invalid": (
            "nobody",
            "POST",
            "/storage_schema/test_connection",
            {"json": {"configuration": S3}},
        ),
        "storages": ("ada", "GET", "/storage?project_id=42"),
        "storages-of-no-project": ("ada", "GET", "/storage"),
        "unknown-storage": ("ada", "GET", f"/storage/{NO_ULID}"),
        "storage-invalid": ("ada", "POST", "/storage", {"json": {"name": "a b", "storage_url": "x"}}),
        "storage-without-access": (
            "ada",
            "POST",
            "/storage",
            {
                "json": {
                    "project_id": "42",
                    "name": "tides",
                    "configuration": S3,
                    "source_path": "bucket",
                    "target_path": "tides",
                }
            },
        ),
        "broken-json": ("ada", "POST", "/groups", {"content": b"{"}),
        "null-byte": ("ada", "POST", "/groups", {"content": rb'"\u0000"'}),
    }


CASES = cases()


@pytest.mark.parametrize("name", CASES)
def test_answers_stay_as_they_are(stage, snapshot, name):
    who, method, path, *more = CASES[name]
    for key in ("tides", "notes", "copy", "secret", "slot"):
        path = path.replace(f"{{{key}}}", stage[key]["id"])
    caller: Caller = stage[who]
    response = caller.request(method, path, **(more[0] if more else {}))
    assert Normal().answer(response) == snapshot
