# SPDX-License-Identifier: Apache-2.0
"""librenku/types.py: the bodies and answers of all operations as TypedDicts."""

from .errors import SpecError
from .python_text import MADE, camel, docstring, imports, is_name, quoted, sentence, wrapped

ANSWER, BODY = "answer", "body"
PLAIN = {"TEXT": "str", "INT": "int", "NUMBER": "float", "BOOL": "bool", "ANY": "Any", "RAW": "Any"}
ABOUT = '''"""Bodies and answers of the operations.

Members that an object may lack are those of a class with total=False: read them with get().
"""

from __future__ import annotations

'''


def is_ulid(schema):
    return schema.kind == "TEXT" and schema.name == "Ulid"


def parts(schema):
    """The schemas that a schema is made of."""
    yield from (field.schema for field in schema.fields)
    yield from (option for _, option in schema.options)
    if schema.items:
        yield schema.items


def reachable(schema, seen=None):
    """A schema and all that it leads to."""
    seen = seen if seen is not None else []
    if not any(schema is other for other in seen):
        seen.append(schema)
        for part in parts(schema):
            reachable(part, seen)
    return seen


def _has_forms(schema):
    """Whether it looks different in a body and in an answer."""
    optional = any(not field.required and field.nullable for field in schema.fields)
    return schema.kind == "TIME" or is_ulid(schema) or optional


def _literal(enum):
    return f"Literal[{', '.join(quoted(value) for value in enum.values)}]"


class Types:
    """The names of the types, and the module that declares them."""

    def __init__(self, api):
        self.api = api
        self.room = ""
        self.blocks = []  # texts of the declarations
        self.names = {}  # (id of the schema, role) -> name
        self.taken = {}  # name -> text that it was declared with
        self.both = self._in_both_roles(api)

    @staticmethod
    def _in_both_roles(api):
        """Ids of the schemas of bodies that are also in answers and look different there."""
        bodies, answers = [], []
        for operation in api.operations:
            for root, seen in ((operation.body, bodies), (operation.output, answers)):
                if root:
                    reachable(root, seen)
        shared = [schema for schema in bodies if any(schema is other for other in answers)]
        return {id(schema) for schema in shared if any(_has_forms(part) for part in reachable(schema))}

    # --- the text of a type ---

    def text(self, schema, role, prefix=""):
        """How an annotation names the type, with what stands before the names of this module."""
        if is_ulid(schema) and role == ANSWER:
            return "Ulid"
        if schema.kind == "TIME":
            return "datetime" if role == ANSWER else "Union[datetime, str]"
        if schema.kind in PLAIN:
            return PLAIN[schema.kind]
        if schema.kind in ("ARRAY", "TEXTS"):
            return f"List[{self._item(schema, role, prefix)}]"
        if schema.kind == "MAP":
            return f"Dict[str, {self._item(schema, role, prefix) if schema.items else 'Any'}]"
        if schema.kind in ("ENUM", "UNION") and not schema.name:
            return self._choice(schema, role, prefix)
        return prefix + self._named(schema, role)

    def _item(self, schema, role, prefix):
        text = self.text(schema.items, role, prefix)
        return f"Optional[{text}]" if schema.items_nullable and text != "Any" else text

    def _named(self, schema, role):
        key = (id(schema), role if id(schema) in self.both else None)
        if key not in self.names:
            plain = schema.name or camel(schema.struct[len("rk_") :])
            self._declare(schema, role, f"{plain}Body" if role == BODY and key[1] else plain, key)
        return self.names[key]

    def _options(self, schema, role, prefix=""):
        return list(dict.fromkeys(self.text(option, role, prefix) for _, option in schema.options))

    def _choice(self, schema, role, prefix):
        if schema.kind == "ENUM":
            return _literal(schema.enum)
        options = self._options(schema, role, prefix)
        return f"Union[{', '.join(options)}]" if len(options) > 1 else options[0]

    # --- declarations ---

    def _declare(self, schema, role, name, key):
        """Declares it once; another room's schema of the same name and another shape gets the room before it."""
        for wanted in (name, f"{camel(self.room)}{name}"):
            self.names[key] = wanted
            text = self._class(schema, role, wanted) if schema.kind == "OBJECT" else self._alias(schema, role, wanted)
            if self.taken.setdefault(wanted, text) == text:
                if text not in self.blocks:
                    self.blocks.append(text)
                return
        raise SpecError(self.room, name, "two schemas of that name look different")

    def _alias(self, schema, role, name):
        # not in quotes: they would be looked up where the alias is used; what it names stands above it
        text = _literal(schema.enum) if schema.kind == "ENUM" else f"Union[{', '.join(self._options(schema, role))}]"
        about = "".join(f"# {line}\n" for line in wrapped(sentence(schema.description), "", ""))
        return f"{about}{name} = {text}\n"

    @staticmethod
    def _is_present(field, role):
        """In an answer, what has no value is omitted or null."""
        return field.required if role == BODY else (field.required and not field.nullable) or field.shows_null

    def _member(self, field, role):
        text = self.text(field.schema, role)
        null = field.shows_null if role == ANSWER else field.nullable
        return f"Optional[{text}]" if null and text != "Any" else text

    def _class(self, schema, role, name):
        members = [(field, self._member(field, role)) for field in schema.fields]
        present = [row for row in members if self._is_present(row[0], role)]
        absent = [row for row in members if not self._is_present(row[0], role)]
        doc = docstring(list(self._about(schema, name)), "    ")
        if present and absent:
            base = f"_{name}Required"
            return self._dict(base, "TypedDict", present, "") + "\n\n" + self._dict(name, f"{base}, total=False", absent, doc)
        return self._dict(name, "TypedDict, total=False" if absent else "TypedDict", members, doc)

    @staticmethod
    def _dict(name, bases, members, doc):
        """A class, or a call where a member's name is none of Python."""
        if all(is_name(field.name) for field, _ in members):
            lines = "".join(f"    {field.name}: {text}\n" for field, text in members)
            return f"class {name}({bases}):\n{doc}{lines}"
        base, _, total = bases.partition(", ")
        rows = ", ".join(f"{quoted(field.name)}: {quoted(text)}" for field, text in members)
        if base == "TypedDict":
            return f"{name} = TypedDict({quoted(name)}, {{{rows}}}{', ' + total if total else ''})\n"
        own = f"_{name}Optional"
        call = f"{own} = TypedDict({quoted(own)}, {{{rows}}}, total=False)\n"
        return f"{call}\n\nclass {name}({base}, {own}):\n{doc}"

    @staticmethod
    def _about(schema, name):
        yield sentence(schema.description) or f"{name}."
        described = [field for field in schema.fields if field.description]
        if described:
            yield ""
        for field in described:
            yield from wrapped(f"{field.name}: {sentence(field.description)}", "    ")

    def module(self):
        text = "\n\n".join(self.blocks)
        return f"{MADE}{ABOUT}{imports(text)}\n\n{text}"
