# SPDX-License-Identifier: Apache-2.0
"""gen/<room>_api.h: structs, enumerations, inputs, handlers, schemas."""

from . import names
from .schemas import HIDDEN

HEAD = "/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by tools/apigen from librenku/{room}/apispec.yaml: do not edit. */\n"
FORMS = {
    "TEXT": "const char *", "INT": "rk_opt_int ", "NUMBER": "rk_opt_number ", "BOOL": "rk_opt_bool ", "ENUM": "int ",
    "TIME": "rk_instant ", "MAP": "struct json_object *", "ANY": "struct json_object *", "RAW": "const char *",
    "UNION": "rk_union ", "TEXTS": "rk_strings ",
}  # fmt: skip


def item_form(schema):
    """The C form of a value as it stands in an array: objects by value."""
    return f"{schema.struct} " if schema.kind == "OBJECT" else form(schema)


def form(schema):
    """The C form of a member, ready for its name to follow."""
    if schema.struct:
        return f"{schema.struct} *" if schema.kind == "OBJECT" else f"{schema.struct} "
    if schema.kind == "ARRAY":
        return f"struct {{ bool set; size_t count; {item_form(schema.items)}*items; }} "
    return FORMS[schema.kind]


def top_form(schema):
    """The C form of a whole body, query or output."""
    return item_form(schema)


def _array(schema):
    if schema.kind == "TEXTS":
        return f"typedef rk_strings {schema.struct};\n"
    item = item_form(schema.items)
    return f"typedef struct {{\n    bool set;\n    size_t count;\n    {item}*items;\n}} {schema.struct};\n"


def _enum(enum):
    rows = []
    for number, value in enumerate(enum.values):
        start = " = 1" if number == 0 else ""
        rows.append(f"    {names.constant(enum.name, value)}{start},\n")
    return f"typedef enum {{\n{''.join(rows)}}} {enum.name};\nextern const rk_enum {enum.names};\n"


def _remark(field):
    if field.schema.kind == "ENUM":
        return f" /* {field.schema.enum.name} */"
    if field.schema.kind == "UNION":
        return f" /* {' | '.join(tag for tag, _ in field.schema.options)} */".replace("*/ */", "*/")
    return ""


def _struct(schema):
    rows = [f"    {form(field.schema)}{field.member};{_remark(field)}\n" for field in schema.fields]
    rows += [f"    {HIDDEN[kind]}{name}; /* never on the wire */\n" for name, kind in schema.hidden.items()]
    rows += ["    struct json_object *extra;\n"] if schema.extra == "KEEP" else []
    return f"struct {schema.struct} {{\n{''.join(rows) or '    char none;' + chr(10)}}};\n"


def _input(operation):
    rows = []
    for param in operation.path_params:
        kind = "rk_opt_int " if param.kind == "INT" else "const char *"
        rows.append(f"    {kind}{param.member};\n")
    for name, schema in (("query", operation.query), ("body", operation.body)):
        if schema:
            rows.append(f"    {top_form(schema)}{name};\n")
    if operation.paginated:
        rows.append("    rk_page page;\n")
    if operation.takes_if_match:
        rows.append("    const char *if_match;\n")
    return f"typedef struct {{\n{''.join(rows) or '    char none;' + chr(10)}}} {operation.input};\n"


def _handler(operation):
    out = f"{top_form(operation.output)}*out, " if operation.output else ""
    return f"int {operation.handler}({out}rk_op *op, const {operation.input} *in);\n"


def _operation(operation):
    """The input and the handler, under the summary."""
    summary = operation.summary.replace("*/", "* /")
    head = f"/* {operation.method} {operation.path}\n * {summary} */\n"
    return f"{head}{_input(operation)}{_handler(operation)}"


def _blocks(room):
    objects = [schema for schema in room.schemas if schema.kind == "OBJECT"]
    yield "".join(f"typedef struct {schema.struct} {schema.struct};\n" for schema in objects)
    yield from (_enum(enum) for enum in room.enums)
    yield from (_array(schema) for schema in room.schemas if schema.is_named_array)
    yield from (_struct(schema) for schema in objects)
    yield from (_operation(operation) for operation in room.operations)
    yield "".join(f"extern const rk_schema {schema.symbol};\n" for schema in room.schemas if schema.public)


def emit(api):
    """Yields (file, text)."""
    for room in api.rooms:
        file = f"{room.name}_api.h"
        guard = names.guard(file)
        includes = "".join(f'#include "librenku/{name}"\n' for name in ("base/op.h", "base/value.h", "http/reply.h", "http/schema.h"))
        body = "\n".join(block for block in _blocks(room) if block)
        yield file, f"{HEAD.format(room=room.name)}#ifndef {guard}\n#define {guard}\n\n{includes}\nstruct json_object;\n\n{body}\n#endif\n"
