# SPDX-License-Identifier: Apache-2.0
"""gen/descriptions.c: the operations of the data API as programs ask for them at run time."""

import json

from . import names

HEAD = "/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by tools/apigen from the apispec files of all rooms: do not edit. */\n"
TYPES = {
    "INT": "integer", "NUMBER": "number", "BOOL": "boolean", "TEXTS": "array", "ARRAY": "array", "OBJECT": "object", "MAP": "object",
    "ANY": "any", "RAW": "any",
}  # fmt: skip


def parameters(operation):
    """The parameters of path and query, as renku_operation_list() tells them."""
    for param in operation.path_params:
        kind = "integer" if param.kind == "INT" else "string"
        yield {"name": param.name, "in": "path", "type": kind, "required": True, "description": param.description}
    for field in operation.query.fields if operation.query else []:
        yield member(field, "query")


def member(field, place):
    """One member of the query or of the body."""
    kind = TYPES.get(field.schema.kind, "string")
    row = {"name": field.name, "in": place, "type": kind, "required": field.required, "description": field.description}
    enum = field.schema.enum or (field.schema.items and field.schema.items.enum)
    return {**row, "enum": enum.values} if enum else row


def members(body):
    """The members of a body; of its items when it is a list."""
    fields = body.items.fields if body.items else body.fields
    return [member(field, "body") for field in fields]


def describe(operation):
    body = None if not operation.body else "form" if operation.form else "json"
    return {
        "id": operation.id,
        "method": operation.method,
        "path": operation.path,
        "summary": operation.summary,
        "description": operation.description,
        "room": operation.room,
        "authentication": operation.authentication,
        "parameters": list(parameters(operation)),
        "body": body,
        "list": bool(operation.body and operation.body.items),
        "members": members(operation.body) if operation.body else [],
        "errors": [
            {"status": int(status), "description": text} for status, text in operation.responses if status[:1] in "45"
        ],
        "status": operation.status,
        "paginated": operation.pages,
        "etag": operation.etag,
        "if_match": operation.takes_if_match,
        "person": operation.person,
    }


def emit(api):
    """Yields (file, text)."""
    operations = api.of("data").operations
    rows = [json.dumps(describe(operation), ensure_ascii=False, separators=(",", ":")) for operation in operations]
    lines = [names.quote(text) for text in (f"{row}{',' if row is not rows[-1] else ''}" for row in rows)]
    include = '#include "librenku/http/operation.h"\n\n'
    body = "".join(f"    {line}\n" for line in lines)
    yield "descriptions.c", f'{HEAD}{include}const char rk_operation_descriptions[] =\n    "["\n{body}    "]";\n'
