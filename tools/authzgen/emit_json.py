# SPDX-License-Identifier: Apache-2.0
"""The statements as JSON, for tests: {"letters": .., "scopes": .., "types": {TYPE: {"bits": .., "can": .., ..}}}."""

import json

from language import Schema
from sql import CALLER, Compiler
from storage import Storage


def statements(compiler: Compiler, schema: Schema) -> dict:
    """Parameters: $1 type and $2 id of the subject, $3 the object; $1 alone, the object, of "subjects"."""
    found = {}
    for definition in schema.definitions.values():
        name = definition.name
        if not definition.permissions:
            continue
        found[name] = {
            "bits": f"SELECT {compiler.bits(name, '$3::text')}",
            "can": {p: f"SELECT {compiler.holds(name, p, '$3::text', CALLER)}" for p in definition.permissions},
            "objects": {p: compiler.objects(name, p) for p in definition.permissions},
            "subjects": {p: compiler.subjects(name, p) for p in definition.permissions},
        }
    return found


def emit_json(compiler: Compiler, schema: Schema, storage: Storage) -> str:
    return json.dumps({
        "types": {name: storage.types[name] for name in schema.definitions},
        "relations": storage.relations,
        "scopes": storage.scopes,
        "statements": statements(compiler, schema),
    }, indent=1) + "\n"
