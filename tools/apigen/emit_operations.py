# SPDX-License-Identifier: Apache-2.0
"""gen/operations.c: the table of operations of each service, and the table of services."""

from . import names
from .emit_header import top_form
from .model import SERVICES

HEAD = "/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by tools/apigen from the apispec files of all rooms: do not edit. */\n"


def _run(operation):
    out = "out, " if operation.output else ""
    unused = "" if operation.output else "    (void)out;\n"
    return (
        f"static int run_{operation.id}(void *out, rk_op *op, const void *in)\n{{\n{unused}"
        f"    return {operation.handler}({out}op, in);\n}}\n"
    )


def _path(operation):
    if not operation.path_params:
        return ""
    rows = ""
    for param in operation.path_params:
        check = f"&{param.check.symbol}" if param.check else "NULL"
        place = f"offsetof({operation.input}, {param.member})"
        decoded = str(param.decoded).lower()
        rows += f"    {{{names.quote(param.name)}, RK_PATH_{param.kind}, {place}, {check}, {decoded}}},\n"
    return f"static const rk_path_param {operation.id}_path[] = {{\n{rows}}};\n"


def _schema(schema):
    return f"&{schema.symbol}" if schema else "NULL"


def _offset(operation, member, present):
    return f"offsetof({operation.input}, {member})" if present else "SIZE_MAX"


def _members(operation):
    yield f".id = {names.quote(operation.id)}"
    yield f".method = {names.quote(operation.method)}"
    yield f".path = {names.quote(operation.path)}"
    checks = [f"RK_CHECK_{check.upper()}" for check in operation.checks] + ["RK_CHECK_END"]
    yield f".checks = {{{', '.join(checks)}}}"
    yield f".authentication = RK_AUTHENTICATE_{operation.authentication.upper()}"
    if operation.role:
        yield f".role = RK_SET_{operation.role}"
    if operation.path_params:
        yield f".path_params = {operation.id}_path"
        yield f".path_count = {len(operation.path_params)}"
    for name in ("query", "body", "output"):
        yield f".{name} = {_schema(getattr(operation, name))}"
    yield f".input_size = sizeof({operation.input})"
    yield f".output_size = {f'sizeof({top_form(operation.output).strip()})' if operation.output else 0}"
    yield f".query_offset = {_offset(operation, 'query', operation.query)}"
    yield f".body_offset = {_offset(operation, 'body', operation.body)}"
    yield f".page_offset = {_offset(operation, 'page', operation.paginated)}"
    etag = f"offsetof({operation.output.struct}, etag)" if operation.etag else "SIZE_MAX"
    yield f".etag_offset = {etag}"
    yield f".if_match_offset = {_offset(operation, 'if_match', operation.takes_if_match)}"
    yield f".status = {operation.status}"
    for flag, value in (("form", operation.form), ("paginated", operation.paginated), ("whole", operation.whole),
                        ("person", operation.person), ("point", operation.point), ("local", operation.local),
                        ("transaction", operation.transaction)):  # fmt: skip
        if value:
            yield f".{flag} = true"
    if operation.permission:
        kind, scope = operation.permission
        yield ".guarded = true"
        yield f".permission_type = RK_OBJECT_{kind.upper()}"
        yield f".permission_scope = RK_SCOPE_{scope.upper()}"
    yield f".run = run_{operation.id}"


def _row(operation):
    members = "".join(f"        {text},\n" for text in _members(operation))
    return f"    {{\n{members}    }},\n"


def _table(service, operations):
    rows = "".join(_row(operation) for operation in operations)
    by_id = sorted(range(len(operations)), key=lambda index: operations[index].id)
    order = ", ".join(map(str, by_id))
    return (
        f"static const rk_operation {service}_operations[] = {{\n{rows}}};\n"
        f"static const unsigned short {service}_by_id[] = {{{order}}};\n"
    )


def _service(name, operations):
    about = SERVICES[name]
    members = {
        "name": names.quote(name),
        "prefix": names.quote(about["prefix"]),
        "operations": f"{name}_operations",
        "by_id": f"{name}_by_id",
        "operation_count": len(operations),
        "internal": str(about["internal"]).lower(),
    }
    text = ", ".join(f".{member} = {value}" for member, value in members.items())
    return f"    [RK_SERVICE_{name.upper()}] = {{{text}}},\n"


def emit(api):
    """Yields (file, text)."""
    includes = '#include "librenku/http/operation.h"\n\n#include <stddef.h>\n#include <stdint.h>\n\n'
    own = ["authz_schema.h"] + sorted(f"{room.name}_api.h" for room in api.rooms)
    includes += "".join(f'#include "{file}"\n' for file in own)
    blocks = [HEAD + includes]
    blocks += [_path(operation) + _run(operation) for operation in api.operations]
    offered = {service: api.of(service).operations for service in SERVICES}
    blocks += [_table(service, operations) for service, operations in offered.items() if operations]
    services = "".join(_service(service, operations) for service, operations in offered.items() if operations)
    blocks.append(f"const rk_service rk_services[RK_SERVICE_COUNT_] = {{\n{services}}};\n")
    yield "operations.c", "\n".join(blocks)
