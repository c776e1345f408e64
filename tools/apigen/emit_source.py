# SPDX-License-Identifier: Apache-2.0
"""gen/<room>_api.c: names of enumerations, descriptors of schemas."""

from . import names
from .emit_header import HEAD


def _number(value):
    return repr(value) if isinstance(value, float) else str(value)


def _limits(schema):
    yield f".min_length = {schema.min_length}"
    yield f".max_length = {schema.max_length}"
    yield f".pattern_index = {schema.pattern_index}"
    if schema.pattern is not None:
        yield f".pattern = {names.quote(schema.pattern)}"
    for end in ("minimum", "maximum"):
        value = getattr(schema, end)
        if value is not None:
            yield f".has_{end} = true"
            yield f".{end} = {_number(value)}"
        if getattr(schema, f"exclusive_{end}"):
            yield f".exclusive_{end} = true"
    for flag in ("saturates", "unique_items", "items_nullable"):
        if getattr(schema, flag):
            yield f".{flag} = true"


def _members(schema):
    yield f".name = {names.quote(schema.name)}" if schema.name else ".name = NULL"
    yield f".kind = RK_KIND_{schema.kind}"
    yield from _limits(schema)
    if schema.enum:
        yield f".names = &{schema.enum.names}"
    if schema.items:
        yield f".items = &{schema.items.symbol}"
    if schema.kind == "OBJECT":
        if schema.fields:
            yield f".fields = {schema.struct}_fields"
            yield f".field_count = {len(schema.fields)}"
        yield f".size_bytes = sizeof({schema.struct})"
        yield f".extra = RK_EXTRA_{schema.extra}"
    if schema.extra == "KEEP":
        yield f".extra_offset = offsetof({schema.struct}, extra)"
    if schema.options:
        yield f".options = {schema.symbol}_options"
        yield f".option_tags = {schema.symbol}_tags"
        yield f".option_count = {len(schema.options)}"
    if schema.present:
        yield f".present = {names.quote(schema.present)}"


def _field(schema, field):
    flags = "".join(f", .{flag} = true" for flag in ("required", "nullable", "shows_null") if getattr(field, flag))
    fallback = f", .fallback = {names.quote(field.fallback)}" if field.fallback is not None else ""
    place = f".schema = &{field.schema.symbol}, .offset = offsetof({schema.struct}, {field.member})"
    return f"    {{RK_MEMBER({names.quote(field.name)}), {place}{flags}{fallback}}},\n"


def _fields(schema):
    if schema.kind != "OBJECT" or not schema.fields:
        return ""
    rows = "".join(_field(schema, field) for field in schema.fields)
    return f"static const rk_field {schema.struct}_fields[] = {{\n{rows}}};\n"


def _options(schema):
    if not schema.options:
        return ""
    options = "".join(f"    &{option.symbol},\n" for _, option in schema.options)
    tags = "".join(f"    {names.quote(tag)},\n" for tag, _ in schema.options)
    return (
        f"static const rk_schema *const {schema.symbol}_options[] = {{\n{options}}};\n"
        f"static const char *const {schema.symbol}_tags[] = {{\n{tags}}};\n"
    )


def _needed(schema):
    yield from (field.schema for field in schema.fields)
    yield from (option for _, option in schema.options)
    if schema.items:
        yield schema.items


def _schema(schema, known):
    """Descriptor with its tables; what it names and what comes later is announced first."""
    ahead = ""
    for other in _needed(schema):
        if other.symbol not in known and not other.public:
            ahead += f"static const rk_schema {other.symbol};\n"
            known.add(other.symbol)
    known.add(schema.symbol)
    members = "".join(f"    {text},\n" for text in _members(schema))
    storage = "" if schema.public else "static "
    return f"{ahead}{_fields(schema)}{_options(schema)}{storage}const rk_schema {schema.symbol} = {{\n{members}}};\n"


def _enum(enum):
    values = "".join(f"    {names.quote(value)},\n" for value in enum.values)
    return (
        f"static const char *const {enum.name}_texts[] = {{\n{values}}};\n"
        f"const rk_enum {enum.names} = {{{len(enum.values)}, {enum.name}_texts}};\n"
    )


def _text(room):
    known = set()
    blocks = [_enum(enum) for enum in room.enums] + [_schema(schema, known) for schema in room.schemas]
    return f'{HEAD.format(room=room.name)}#include "{room.name}_api.h"\n\n#include <stddef.h>\n\n' + "\n".join(blocks)


def emit(api):
    """Yields (file, text)."""
    for room in api.rooms:
        yield f"{room.name}_api.c", _text(room)
