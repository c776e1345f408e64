# SPDX-License-Identifier: Apache-2.0
"""gen/renku/operations.h and gen/calls.c: one function of the library per operation."""

import textwrap

from . import names

MADE = "/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by tools/apigen from the apispec files of all rooms: do not edit. */\n"
WIDTH = 96
# kind -> (C type of the member, value in the initialiser)
FORMS = {"INT": ("int64_t ", "RENKU_UNSET"), "NUMBER": ("double ", "RENKU_UNSET"), "BOOL": ("int ", "RENKU_UNSET")}
LISTS = ("TEXTS", "ARRAY")
CHECKED = {
    "login": "401 the caller is anonymous",
    "admin": "401, 403 the caller is no administrator",
    "role": "401, 403 the caller lacks the role",
    "if_match": "428 call->if_match is missing",
    "path": "422 a part of the path is malformed",
    "query": "422 the query is malformed",
    "body": "400, 422 the body is malformed",
}


def query_fields(operation):
    return operation.query.fields if operation.query else []


def _struct(operation):
    return f"renku_{operation.id}_query"


def _member_kind(field):
    if field.schema.kind in LISTS:
        return "TEXTS"
    return field.schema.kind if field.schema.kind in FORMS else "TEXT"


# --- texts ---


def _wrap(text, first, rest):
    return "\n".join(textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False))


def _safe(text):
    return " ".join(str(text).replace("*/", "* /").split())


def _param(name, text):
    return _wrap(f"@param {name}  {_safe(text)}", " * ", " *     ")


def _checked(operation):
    """What the declared checks answer."""
    for check in operation.checks:
        if check in CHECKED:
            yield CHECKED[check]
    if operation.permission:
        yield f"404 or 403 without the permission {'.'.join(operation.permission)}"


def _errors(operation):
    """What the checks answer, then what the document tells."""
    told = [
        f"{status} {_safe(text)[:1].lower()}{_safe(text)[1:].rstrip('.')}"
        for status, text in operation.responses
        if status.isdigit() and int(status) >= 400
    ]
    return "; ".join([*_checked(operation), *told]) or "none of its own"


def _returns(operation):
    schema = operation.output
    what = f", the body is {schema.name}" if schema and schema.name else ", with a body" if schema else ", no body"
    return f"@return  never NULL; released with renku_result_free(). On success {operation.status}{what}"


def _facts(operation):
    """What the text of a function says beside its parameters."""
    yield _wrap(_returns(operation), " * ", " *     ")
    yield " *"
    yield _wrap(f"Errors:  {_errors(operation)}.", " * ", " *          ")
    yield " * Time:    bounded by the deadline of the call."
    yield " * Threads: safe."
    yield f" * REST:    {operation.method} /api/data{operation.path}"


def _parameters(operation):
    yield _param("ctx", "borrowed; any number of threads may share it")
    yield _param("caller", "on whose behalf; borrowed; NULL is the anonymous caller")
    for param in operation.path_params:
        yield _param(names.public_member(param.name), f"{param.description or 'part of the path'}; not NULL")
    if query_fields(operation):
        yield _param("query", "borrowed; NULL gives none")
    if operation.body:
        kind = "a form" if operation.form else "JSON"
        named = f": {operation.body.name}" if operation.body.name else ""
        yield _param("body", f"{kind}{named}; NUL-terminated; borrowed; NULL is none")
    yield _param("call", "NULL is RENKU_CALL_INIT" + ("; its if_match is needed" if operation.takes_if_match else ""))


def _comment(operation):
    yield "/**"
    yield _wrap(f"{_safe(operation.summary).rstrip('.')}.", " * ", " * ")
    if operation.description:
        yield _wrap(_safe(operation.description), " * ", " * ")
    yield " *"
    yield from _parameters(operation)
    yield from _facts(operation)
    yield " */"


# --- declarations ---


def _arguments(operation):
    yield "renku_ctx *ctx"
    yield "const renku_caller *caller"
    for param in operation.path_params:
        kind = "int64_t " if param.kind == "INT" else "const char *"
        yield f"{kind}{names.public_member(param.name)}"
    if query_fields(operation):
        yield f"const {_struct(operation)} *query"
    if operation.body:
        yield "const char *body"
    yield "const renku_call *call"


def _signature(operation, start):
    """Lines break between the arguments only."""
    lines = [f"{start}renku_result *renku_{operation.id}("]
    indent = " " * len(lines[0])
    if len(indent) > WIDTH // 2:
        indent = " " * 8
    for argument in [f"{text}, " for text in _arguments(operation)]:
        if len(lines[-1]) + len(argument) > WIDTH and lines[-1].strip():
            lines.append(indent)
        lines[-1] += argument
    return "\n".join(line.rstrip() for line in lines).rstrip(",") + ")"


def _query_member(field):
    kind = _member_kind(field)
    name = names.public_member(field.name)
    remark = f" /**< {_safe(field.description)} */" if field.description else ""
    if kind == "TEXTS":
        return f"    const char *const *{name};{remark}\n    size_t {name}_count; /**< of {name} */\n"
    return f"    {FORMS[kind][0] if kind in FORMS else 'const char *'}{name};{remark}\n"


def _initial(field):
    kind = _member_kind(field)
    return "0, 0" if kind == "TEXTS" else FORMS[kind][1] if kind in FORMS else "0"


def _ends_in_padding(fields):
    """Whether the structure has room for one int more at its end."""
    end = 0
    for field in fields:
        end = end + 4 if _member_kind(field) == "BOOL" else (end + 7) // 8 * 8 + 8
    return end % 8 != 0


def _query(operation):
    struct = _struct(operation)
    fields = query_fields(operation)
    members = "".join(_query_member(field) for field in fields)
    values = ", ".join([f"sizeof({struct})"] + [_initial(field) for field in fields])
    if _ends_in_padding(fields):  # a later member must not stand where older programs have arbitrary bytes
        members += "    int reserved; /**< RENKU_UNSET */\n"
        values += ", RENKU_UNSET"
    macro = " \\\n    ".join([f"#define {struct.upper()}_INIT", f"{{ {values} }}"])
    return (
        f"/** The query of renku_{operation.id}(). Initialise with {struct.upper()}_INIT. */\n"
        f"typedef struct {{\n    size_t size; /**< sizeof({struct}) */\n{members}}} {struct};\n\n/** Nothing asked for. */\n{macro}\n"
    )


def _declaration(operation):
    query = f"{_query(operation)}\n" if query_fields(operation) else ""
    comment = "\n".join(_comment(operation))
    return f"{query}{comment}\n{_signature(operation, 'RENKU_API ')};\n"


def _header(api):
    blocks = []
    for room in api.rooms:
        if room.operations:
            blocks.append(f"/* --- {room.name} --- */\n")
            blocks += [_declaration(operation) for operation in room.operations]
    guard = "#ifndef RENKU_OPERATIONS_H\n#define RENKU_OPERATIONS_H\n\n"
    about = "/** @file\n * One function for each operation of the API. */\n\n"
    text = "\n".join(blocks)
    return f'{MADE}{guard}#include "renku/call.h"\n\nRENKU_BEGIN_DECLS\n\n{about}{text}\nRENKU_END_DECLS\n\n#endif\n'


# --- definitions ---


def _table(operation):
    rows = "".join(
        f"    {{{names.quote(field.name)}, RK_KIND_{_member_kind(field)}, offsetof({_struct(operation)}, {names.public_member(field.name)})}},\n"
        for field in query_fields(operation)
    )
    return f"static const rk_query_member {operation.id}_members[] = {{\n{rows}}};\n\n"


def _values(operation):
    for param in operation.path_params:
        name = names.public_member(param.name)
        yield f"{{NULL, {name}}}" if param.kind == "INT" else f"{{{name}, 0}}"


def _given(operation, number):
    yield f".operation = &rk_services[RK_SERVICE_DATA].operations[{number}]"
    if operation.path_params:
        yield ".path = path"
    if query_fields(operation):
        yield ".query = query"
        yield f".members = {operation.id}_members"
        yield f".member_count = {len(query_fields(operation))}"
    if operation.body:
        yield ".body = body"
        yield ".body_size = body ? strlen(body) : 0"
    yield ".call = call"


def _definition(operation, number):
    table = _table(operation) if query_fields(operation) else ""
    path = f"    const rk_path_value path[] = {{{', '.join(_values(operation))}}};\n" if operation.path_params else ""
    given = "".join(f"        {text},\n" for text in _given(operation, number))
    return (
        f"{table}{_signature(operation, '')}\n{{\n{path}    const rk_arguments arguments = {{\n{given}    }};\n\n"
        "    return rk_operation_call(ctx, caller, &arguments);\n}\n"
    )


def _source(api):
    includes = '#include "renku/operations.h"\n\n#include <stddef.h>\n#include <string.h>\n\n#include "librenku/api/call.h"\n'
    return "\n".join([MADE + includes] + [_definition(operation, number) for number, operation in enumerate(api.operations)])


def emit(api):
    """Yields (file, text)."""
    data = api.of("data")
    yield "renku/operations.h", _header(data)
    yield "calls.c", _source(data)
