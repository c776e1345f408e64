# SPDX-License-Identifier: Apache-2.0
"""What the fuzz targets stand on: a deployment for the handler of requests, and seeds made from the documents of the rooms."""

import json
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.api import ADMIN_ROLE, NO_ULID, Api, ServerErrors
from support.postgres import Postgres
from support.realm import Realm
from support.server import Server, make_keys
from support.server import deployment as environment_of
from support.spec import Operation, documents, operations

CUT = "\x1e"
ALREADY = {"group_slug": "$G", "project_id": "$P", "user_id": "$U", "namespace": "$S", "slug": "$S"}


# --- seeds ----------------------------------------------------------------------------------------------------------


def example(schema: dict | None, depth: int = 0):
    """Some value that may fit the schema."""
    schema = schema or {}
    for name in ("example", "default"):
        if name in schema:
            return schema[name]
    if schema.get("enum"):
        return schema["enum"][0]
    for name in ("oneOf", "anyOf"):
        if schema.get(name):
            return example(schema[name][0], depth + 1)
    kind = schema.get("type", "object")
    if kind == "array":
        return [example(schema.get("items"), depth + 1)]
    if kind == "object":
        return {name: example(value, depth + 1) for name, value in schema.get("properties", {}).items() if depth < 6}
    return {"integer": 1, "number": 1.5, "boolean": True}.get(kind, text(schema))


def text(schema: dict) -> str:
    if schema.get("format") == "date-time":
        return "2026-03-04T05:06:07Z"
    if "26" in schema.get("pattern", "") or schema.get("minLength") == 26:
        return NO_ULID
    return "x" * max(1, schema.get("minLength", 1))


def path_of(operation: Operation) -> str:
    path = operation.path
    for name in operation.path_parameters:
        path = path.replace("{" + name + "}", ALREADY.get(name, NO_ULID))
    return path


def request(operation: Operation, caller: str) -> str:
    query = "&".join(f"{name}={example(schema)}" for name, schema in operation.query.items())
    lines = [f"{operation.method} /api/data{path_of(operation)}{'?' + query if query else ''}", f"As: {caller}"]
    if operation.if_match:
        lines.append("If-Match: $E")
    body = json.dumps(example(operation.body)) if operation.body else ""
    return "\n".join(lines) + "\n\n" + body


def whole(operation: Operation) -> str:
    """The request, behind one that tells the ETag which it needs."""
    caller = "admin" if operation.is_privileged else "user"
    own = request(operation, caller)
    if not operation.if_match:
        return own
    return f"GET /api/data{path_of(operation)}\nAs: {caller}\n\n{CUT}{own}"


def _write(folder: Path, name: str, content: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content)


def write_seeds(folder: Path) -> None:
    for operation in operations():
        _write(folder / "http", operation.id, whole(operation))
        if operation.body:
            _write(folder / "json", operation.id, f"{operation.id}\n{json.dumps(example(operation.body))}")
        if operation.query:
            pairs = "&".join(f"{name}={example(schema)}" for name, schema in operation.query.items())
            _write(folder / "query", operation.id, f"\x00{operation.id}\n{pairs}")
    write_dictionary(folder)


def words(node) -> Iterator[str]:
    """Names of members and values of enumerations."""
    if isinstance(node, list):
        for item in node:
            yield from words(item)
    if isinstance(node, dict):
        properties = node.get("properties")
        yield from (name for name in (properties if isinstance(properties, dict) else ()) if isinstance(name, str))
        enum = node.get("enum")
        yield from (str(value) for value in (enum if isinstance(enum, list) else ()))
        for value in node.values():
            yield from words(value)


def write_dictionary(folder: Path) -> None:
    found = {word for document in documents().values() for word in words(document)}
    paths = {path_of(operation) for operation in operations()}
    identifiers = {operation.id for operation in operations()}
    for name, entries in {"http": found | paths, "json": found | identifiers, "query": found | identifiers}.items():
        lines = [f'"{entry}"' for entry in sorted(entries) if entry.isascii() and entry.isprintable() and not set(entry) & set('"\\')]
        _write(folder, f"{name}.dict", "\n".join(lines) + "\n")


# --- the deployment -------------------------------------------------------------------------------------------------


def _migrate(env: dict[str, str], program: Path) -> None:
    done = subprocess.run([program, "db", "migrate"], env=env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)


@contextmanager
def deployment(build: Path) -> Iterator[dict[str, str]]:
    """The environment of a target that handles requests: a database with a few rows, a realm, callers."""
    folder = Path(tempfile.mkdtemp(prefix="renku-fuzz-"))
    folder.chmod(0o755)
    with Postgres() as postgres, Realm() as realm:
        env = environment_of(postgres.create_database(), realm.url, make_keys(folder / "keys"))
        env |= {"DB_POOL_SIZE": "2", "PATH": os.environ["PATH"]}
        _migrate(env, Path(os.environ.get("RENKU_BUILD") or build.parent / "build") / "bin/renku")
        try:
            yield env | _populate(env, realm, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _populate(env: dict[str, str], realm: Realm, folder: Path) -> dict[str, str]:
    server = Server(env, folder / "server.log", workers=1).start()
    api = Api(server.url, realm, ServerErrors())
    lasting = {"exp": 4_000_000_000}
    try:
        user, other = api.user(**lasting), api.user(**lasting)
        admin = api.user(roles=(ADMIN_ROLE,), user_id=str(uuid.uuid4()), **lasting)
        group, project = user.create_group(), user.create_project(visibility="public")
    finally:
        api.close()
        server.stop()
    return {
        "RENKU_FUZZ_TOKEN": user.token,
        "RENKU_FUZZ_TOKEN_ADMIN": admin.token,
        "RENKU_FUZZ_TOKEN_OTHER": other.token,
        "RENKU_FUZZ_PROJECT": project["id"],
        "RENKU_FUZZ_GROUP": group["slug"],
        "RENKU_FUZZ_USER": user.id,
        "RENKU_FUZZ_SLUG": user.slug,
    }
