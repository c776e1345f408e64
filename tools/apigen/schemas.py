# SPDX-License-Identifier: Apache-2.0
"""From the schemas of a document to the model: references, allOf, unions, defaults."""

import json
import re

from . import names
from .document import X
from .model import Enum, Field, Schema

ANNOTATIONS = {
    "default", "deprecated", "description", "discriminator", "example", "examples", "externalDocs",
    "nullable", "readOnly", "title", "writeOnly", X,
}  # fmt: skip
KEYWORDS = ANNOTATIONS | {
    "$ref", "additionalProperties", "allOf", "anyOf", "enum", "exclusiveMaximum", "exclusiveMinimum", "format",
    "items", "maxItems", "maxLength", "maximum", "minItems", "minLength", "minimum", "oneOf", "pattern",
    "properties", "required", "type", "uniqueItems",
}  # fmt: skip
FORMATS = {"string": {"date-time"}, "number": {"double", "float"}, "integer": {"int32", "int64"}}
SCALARS = {"string": "TEXT", "integer": "INT", "number": "NUMBER", "boolean": "BOOL"}
TAGS = {"TEXT": "str", "INT": "int", "NUMBER": "float", "BOOL": "bool", "TIME": "datetime", "MAP": "dict", "ANY": "any"}
PLAIN = {"TEXT": "text", "INT": "integer", "NUMBER": "number", "BOOL": "boolean", "TIME": "time", "ANY": "any"}
HIDDEN = {"text": "const char *", "int": "rk_opt_int ", "bool": "rk_opt_bool ", "bits": "int64_t ", "time": "rk_instant "}
SCHEMA_OWN = {"struct", "hidden", "enum", "raw", "tag", "keep_null", "dollar_newline", "present"}


class Patterns:
    """Every pattern once, numbered over all rooms."""

    def __init__(self):
        self.rows = []

    def index(self, text, dollar_newline):
        row = (text, dollar_newline)
        if row not in self.rows:
            self.rows.append(row)
        return self.rows.index(row)


def _union_key(flat):
    return next((key for key in ("oneOf", "anyOf") if key in flat), None)


def _without_choice(node):
    """A union of one alternative is that alternative."""
    key = _union_key(node)
    if key is None or len(node[key]) != 1 or "allOf" in node:
        return node
    return {"allOf" if name == key else name: value for name, value in node.items()}


class Schemas:
    """Builds the schemas of one room that its operations reach."""

    def __init__(self, document, patterns):
        self.document = document
        self.patterns = patterns
        self.done = {}  # component name or plain key -> Schema
        self.order = []
        self.enums = []

    # --- flattening ---

    def flatten(self, node, where):
        """The schema without references and allOf, and the name of the component that it is."""
        if not isinstance(node, dict):
            self.document.fail(where, "the schema is no object")
        for key in node:
            if key not in KEYWORDS:
                self.document.fail(where, f"the schema keyword '{key}' is not supported")
        node = _without_choice(node)
        if "$ref" in node:
            return self._flatten_reference(node, where)
        if "allOf" in node:
            return self._flatten_all(node, where)
        return dict(node), None

    def _flatten_reference(self, node, where):
        prefix = "#/components/schemas/"
        if not node["$ref"].startswith(prefix):
            self.document.fail(where, f"the reference '{node['$ref']}' is no schema")
        flat, name = self.flatten(self.document.target(node["$ref"], where), where)
        name = name or node["$ref"][len(prefix) :]
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return self._merge(flat, rest), None if set(rest) - ANNOTATIONS else name

    def _flatten_all(self, node, where):
        parts = [self.flatten(part, where) for part in node["allOf"]]
        parts.append(({key: value for key, value in node.items() if key != "allOf"}, None))
        merged, named = {}, []
        for flat, name in parts:
            if set(flat) - ANNOTATIONS:
                named.append(name)
            merged = self._merge(merged, flat)
        return merged, named[0] if len(named) == 1 else None

    def _merge(self, one, other):
        """The second adds to the first and overrides it."""
        merged = {**one, **other}
        for key in ("properties", X):
            if key in one and key in other:
                merged[key] = {**one[key], **other[key]}
        if "required" in one and "required" in other:
            merged["required"] = one["required"] + [name for name in other["required"] if name not in one["required"]]
        if one.get("additionalProperties") is False:
            merged["additionalProperties"] = False
        return merged

    # --- building ---

    def build(self, node, owner, where):
        """The schema of a node; `owner` names it when it has no name of its own."""
        flat, name = self.flatten(node, where)
        if name is None:
            return self._make(flat, None, owner, where)
        if name not in self.done:
            self._make(flat, name, names.snake(name), where)
        return self.done[name]

    def component(self, name, where):
        """A component by its name, for x-renku check."""
        reference = {"$ref": f"#/components/schemas/{name}"}
        return self.build(reference, names.snake(name), where)

    def _make(self, flat, name, owner, where):
        own = self.document.own(flat, where, SCHEMA_OWN)
        kind = self._kind(flat, own, where)
        schema = Schema(kind, symbol=f"{owner}_schema", name=name, tag=own.get("tag"))
        schema.description = flat.get("description", "")
        if name:
            self.done[name] = schema  # before its members: they may lead back here
        fill = getattr(self, f"_fill_{kind.lower()}", None)
        if fill:
            fill(schema, flat, own, owner, where)
        return self._settle(schema, name)

    def _settle(self, schema, name):
        """Anonymous scalars without limits are all the same one."""
        bare = Schema(schema.kind, symbol=schema.symbol, tag=schema.tag, description=schema.description)
        if not name and schema.kind in PLAIN and vars(schema) == vars(bare) and not schema.tag:
            key = f" {schema.kind}"
            if key in self.done:
                return self.done[key]
            self.done[key] = schema
            schema.symbol = f"plain_{PLAIN[schema.kind]}_schema"
            schema.description = ""
        self.order.append(schema)
        return schema

    def _kind(self, flat, own, where):
        if own.get("raw"):
            return "RAW"
        if _union_key(flat):
            return "UNION"
        if "enum" in flat:
            return "ENUM"
        kind = flat.get("type", "object" if "properties" in flat else None)
        if kind is None:
            return "ANY"
        if kind == "object":
            return "OBJECT" if flat.get("properties") else "MAP"
        if kind == "array":
            return "ARRAY"
        if kind not in SCALARS:
            self.document.fail(where, f"the type '{kind}' is not known")
        self._check_format(flat, kind, where)
        return "TIME" if flat.get("format") == "date-time" else SCALARS[kind]

    def _check_format(self, flat, kind, where):
        if "format" in flat and flat["format"] not in FORMATS.get(kind, ()):
            self.document.fail(where, f"the format '{flat['format']}' is not supported")

    # --- kinds ---

    def _fill_text(self, schema, flat, own, owner, where):
        schema.min_length = flat.get("minLength", -1)
        schema.max_length = flat.get("maxLength", -1)
        if "pattern" not in flat:
            return
        try:
            re.compile(flat["pattern"])
        except re.error as problem:
            self.document.fail(where, f"the pattern '{flat['pattern']}' is none: {problem}")
        schema.pattern = flat["pattern"]
        schema.pattern_index = self.patterns.index(
            schema.pattern, own.get("dollar_newline", self.document.dollar_newline)
        )

    def _fill_int(self, schema, flat, own, owner, where):
        schema.minimum, schema.exclusive_minimum = self._bound(flat, "minimum", "exclusiveMinimum")
        schema.maximum, schema.exclusive_maximum = self._bound(flat, "maximum", "exclusiveMaximum")

    _fill_number = _fill_int

    @staticmethod
    def _bound(flat, key, exclusive):
        """Both forms of exclusive bounds: a flag beside the bound, or the bound itself."""
        value = flat.get(exclusive, False)
        if isinstance(value, bool):
            return flat.get(key), value
        return value, True

    def _fill_enum(self, schema, flat, own, owner, where):
        values = flat["enum"]
        if not values or not all(isinstance(value, str) for value in values):
            self.document.fail(where, "an enumeration has texts, at least one")
        schema.enum = Enum(own.get("enum", f"rk_{owner}"), list(values))
        constants = [names.constant(schema.enum.name, value) for value in values]
        if len(set(constants)) < len(constants):
            self.document.fail(where, f"two values of the enumeration {schema.enum.name} have the same constant")
        self.enums.append(schema.enum)

    def _fill_array(self, schema, flat, own, owner, where):
        if "items" not in flat:
            self.document.fail(where, "the array has no items")
        item, _ = self.flatten(flat["items"], where)
        schema.items = self.build(flat["items"], f"{owner}_item", where)
        schema.kind = "TEXTS" if schema.items.kind == "TEXT" else "ARRAY"
        schema.items_nullable = bool(item.get("nullable"))
        schema.min_length = flat.get("minItems", -1)
        schema.max_length = flat.get("maxItems", -1)
        schema.unique_items = bool(flat.get("uniqueItems", False))
        if schema.name or "struct" in own:
            self._publish(schema, own, owner)

    def _publish(self, schema, own, owner):
        schema.struct = own.get("struct", f"rk_{owner}")
        schema.symbol = f"{schema.struct}_schema"
        schema.public = True

    def _fill_map(self, schema, flat, own, owner, where):
        values = flat.get("additionalProperties", True)
        if isinstance(values, dict) and values:
            schema.items = self.build(values, f"{owner}_value", where)
            schema.items_nullable = self._is_nullable(values, where)

    def _is_nullable(self, node, where):
        """Whether null is accepted: by the schema, or by one of its alternatives."""
        flat, _ = self.flatten(node, where)
        options = flat.get(_union_key(flat), [])
        return bool(flat.get("nullable")) or any(self._is_nullable(option, where) for option in options)

    def _fill_object(self, schema, flat, own, owner, where):
        self._publish(schema, own, owner)
        extra = flat.get("additionalProperties")
        if isinstance(extra, dict):
            self.document.fail(where, "members beside those of a schema for all others are not supported")
        schema.extra = {None: "IGNORE", False: "FORBID", True: "KEEP"}[extra]
        required = set(flat.get("required", []))
        for name in required - set(flat["properties"]):
            self.document.fail(where, f"the required member '{name}' is not among the properties")
        for name, node in flat["properties"].items():
            place = f"{where} {name}".strip()
            schema.fields.append(self.field(name, node, name in required, (owner, place)))
        schema.hidden = dict(own.get("hidden", {}))
        self._check_members(schema, where)

    def _check_members(self, schema, where):
        members = [field.member for field in schema.fields] + list(schema.hidden)
        members += ["extra"] if schema.extra == "KEEP" else []
        for name in members:
            if members.count(name) > 1:
                self.document.fail(where, f"the struct {schema.struct} would have two members '{name}'")
        for name, kind in schema.hidden.items():
            if kind not in HIDDEN or not names.is_identifier(name):
                self.document.fail(where, f"hidden '{name}: {kind}' is none of {', '.join(HIDDEN)}")

    def field(self, name, node, required, place):
        """A member of an object. `place` is (owner, where)."""
        owner, where = place
        if not re.fullmatch(r"[!#-\[\]-~]+", name):
            self.document.fail(where, f"the name '{name}' would need escapes in JSON")
        flat, _ = self.flatten(node, where)
        schema = self.build(node, f"{owner}_{names.snake(name)}", where)
        default = flat.get("default")
        optional = not required and self._own_default(node) is None
        return Field(
            name=name,
            member=names.member(name),
            schema=schema,
            required=required,
            nullable=bool(flat.get("nullable")) or optional,
            fallback=None if required or default is None else json.dumps(default, separators=(",", ":")),
            shows_null=bool(node.get(X, {}).get("keep_null")),
            description=flat.get("description", ""),
        )

    def _own_default(self, node):
        """The default that stands with a member, not with what it refers to."""
        if "default" in node:
            return node["default"]
        parts = [part for part in node.get("allOf", []) if "$ref" not in part]
        return next((part["default"] for part in parts if "default" in part), None)

    def _fill_union(self, schema, flat, own, owner, where):
        key = _union_key(flat)
        common = {name: value for name, value in flat.items() if name != key and name not in ANNOTATIONS}
        for number, node in enumerate(flat[key], 1):
            option = {"allOf": [common, node]} if common else node
            built = self.build(option, f"{owner}_{number}", where)
            schema.options.append((self._tag(built), built))
        schema.present = own.get("present")
        having = [any(field.name == schema.present for field in option.fields) for _, option in schema.options]
        if schema.present is not None and (all(having) or not any(having)):
            self.document.fail(where, f"the member '{schema.present}' does not tell the alternatives apart")

    def _tag(self, schema):
        """How messages name an alternative."""
        if schema.tag:
            return schema.tag
        if schema.kind in ("ARRAY", "TEXTS"):
            return f"list[{self._tag(schema.items)}]"
        if schema.kind in ("OBJECT", "ENUM", "UNION"):
            return schema.name or schema.symbol[: -len("_schema")]
        return TAGS.get(schema.kind, schema.kind.lower())
