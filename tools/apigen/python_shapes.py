# SPDX-License-Identifier: Apache-2.0
"""What librenku/_operations.py says about answers: which of their parts become Ulid and datetime."""

from .python_text import quoted, shown
from .python_types import is_ulid, parts, reachable

LEAVES = {"TIME": "to_time", "ULID": "Ulid"}


def is_converted(schema):
    """Whether anything in it becomes more than JSON."""
    return any(part.kind == "TIME" or is_ulid(part) for part in reachable(schema))


class Shapes:
    """Names of the converters, and the lines that make them."""

    def __init__(self):
        self.names = {}  # id of the schema -> expression
        self.first = []  # declarations
        self.then = []  # their members, which may lead back

    def of(self, schema):
        """The expression that converts an answer; "None" when there is nothing to convert."""
        if schema is None or not is_converted(schema):
            return "None"
        if id(schema) not in self.names:
            self._make(schema)
        return self.names[id(schema)]

    def _make(self, schema):
        if schema.kind == "TIME" or is_ulid(schema):
            self.names[id(schema)] = LEAVES["TIME" if schema.kind == "TIME" else "ULID"]
            return
        name = f"_SHAPE_{len(self.first)}"
        self.names[id(schema)] = name
        if schema.kind == "OBJECT":
            self.first.append(f"{name} = Members()")
            rows = [(field.name, self.of(field.schema)) for field in schema.fields]
            text = "".join(f"({quoted(field)}, {shape}), " for field, shape in rows if shape != "None")
        elif schema.kind == "UNION":
            self.first.append(f"{name} = Choice()")
            text = "".join(f"({_fits(option)}, {self.of(option)}), " for _, option in schema.options)
        else:
            self.first.append(f"{name} = {'Values' if schema.kind == 'MAP' else 'Items'}()")
            text = f"{self.of(schema.items)},"
        self.then.append(f"{name}.parts = ({text.rstrip()})")

    def text(self):
        return "".join(f"{line}\n" for line in self.first + self.then)


def _fits(schema):
    """What a value of that alternative looks like: its type, and of an object the members that it must have."""
    if schema.kind == "OBJECT":
        needed = [field.name for field in schema.fields if field.required]
        words = {field.name: tuple(field.schema.enum.values) for field in schema.fields if field.schema.enum}
        known = [field.name for field in schema.fields] if schema.extra == "FORBID" else None
        return f"Fits(dict, {shown(needed)}, {shown(words)}, {shown(known)})"
    if schema.kind == "UNION":
        return f"Either({', '.join(_fits(option) for option in parts(schema))})"
    plain = {"MAP": "dict", "ARRAY": "list", "TEXTS": "list", "INT": "int", "NUMBER": "float", "BOOL": "bool"}
    return f"Fits({plain.get(schema.kind, 'str')})"
