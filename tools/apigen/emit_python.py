# SPDX-License-Identifier: Apache-2.0
"""python/librenku/: the methods of clients, their types and their errors."""

import re

from . import python_errors
from .errors import SpecError
from .python_shapes import Shapes
from .python_text import MADE, docstring, imports, sentence, variable, wrapped
from .python_types import ANSWER, BODY, Types

WIDTH = 110
OPTIONS = ("timeout", "request_id", "cancel")
CONVERTERS = ("Choice", "Either", "Fits", "Items", "Members", "Ulid", "Values", "to_time")
RESERVED = {"self", "body", "if_match", "if_none_match", *OPTIONS}
STATUS_OF_CHECK = {
    "login": [(401, "the caller is anonymous")],
    "admin": [(401, "the caller is anonymous"), (403, "the caller is no administrator")],
    "role": [(401, "the caller is anonymous"), (403, "the caller lacks the role")],
    "if_match": [(428, "if_match is missing"), (409, "it has changed meanwhile")],
    "path": [(422, "a part of the path is malformed")],
    "query": [(422, "a parameter is malformed")],
    "body": [(422, "the body is malformed")],
}
ABOUT = '"""One method for each operation of the API."""\n\nfrom __future__ import annotations\n\n'
ABOUT_TABLE = '"""The table of the operations, and how the JSON of their answers becomes Python."""\n\n'


def query_fields(operation, without=()):
    fields = operation.query.fields if operation.query else []
    return [field for field in fields if field.name not in without]


class Method:
    """One method of a client, blocking or not."""

    def __init__(self, types, operation, blocking):
        self.types = types
        self.operation = operation
        self.blocking = blocking
        self.check_names()

    def check_names(self):
        operation = self.operation
        names = [param.name for param in operation.path_params] + [field.name for field in query_fields(operation)]
        plain = [variable(name) for name in names]
        for name in plain:
            if name in RESERVED or plain.count(name) > 1:
                raise SpecError(operation.room, operation.id, f"two arguments of the method would be called '{name}'")

    # --- types ---

    def local(self, schema, role):
        """A type as the modules of the methods name it."""
        return self.types.text(schema, role, "types.")

    def returned(self):
        output = self.operation.output
        return self.local(output, ANSWER) if output else "None"

    def item(self):
        return self.local(self.operation.output.items, ANSWER)

    # --- the parts of a signature ---

    def path(self):
        for param in self.operation.path_params:
            yield f"{variable(param.name)}: {'int' if param.kind == 'INT' else 'str'}"

    def query(self, without=()):
        for field in query_fields(self.operation, without):
            text = self.local(field.schema, BODY)
            end = text if field.required else f"Optional[{text}] = None"
            yield f"{variable(field.name)}: {end}"

    def options(self):
        yield "timeout: Optional[float] = None"
        yield "request_id: Optional[str] = None"
        if self.blocking:
            yield "cancel: Optional[Cancel] = None"

    def arguments(self, tag=None, without=()):
        """All arguments. `tag` is the text of if_none_match, where the operation takes it."""
        yield "self"
        yield from self.path()
        if self.operation.body:
            yield f"body: {self.local(self.operation.body, BODY)}"
        yield "*"
        if self.operation.takes_if_match:
            yield "if_match: str"
        yield from self.query(without)
        if tag:
            yield tag
        yield from self.options()

    def signature(self, name, arguments, returned):
        start = "    def " if self.blocking or name.endswith("_all") else "    async def "
        line = f"{start}{name}({', '.join(arguments)}) -> {returned}:"
        if len(line) <= WIDTH:
            return f"{line}\n"
        rows = "".join(f"        {argument},\n" for argument in arguments)
        return f"{start}{name}(\n{rows}    ) -> {returned}:\n"

    # --- docstrings ---

    def about_arguments(self, without):
        operation = self.operation
        for param in operation.path_params:
            yield variable(param.name), param.description
        if operation.body:
            yield "body", operation.body.description or ("The form" if operation.form else "The body")
        if operation.takes_if_match:
            yield "if_match", "The ETag that the object must have"
        for field in query_fields(operation, without):
            default = f" (default: {field.fallback})" if field.fallback not in (None, '""') else ""
            yield variable(field.name), f"{field.description.rstrip('.') or 'Part of the query'}{default}"
        if operation.etag and not without:
            yield "if_none_match", "The ETag that the caller has: then an unchanged object is None"
        yield "timeout", "Seconds; the default is the longest that the settings allow"
        yield "request_id", "Stands in the log records of the call"
        if self.blocking:
            yield "cancel", "Ends the call from another thread"

    def failures(self):
        """(class, when) of what the declared checks and the document tell."""
        operation = self.operation
        for check in operation.checks:
            yield from STATUS_OF_CHECK.get(check, [])
        if operation.person:
            yield 403, "the caller is a service"
        if operation.permission:
            yield 404, f"it does not exist, or the caller lacks the permission {'.'.join(operation.permission)}"
        for status, text in operation.responses:
            if status.isdigit() and int(status) >= 400:
                yield int(status), text[:1].lower() + text[1:]

    def doc(self, first, without=()):
        lines = [sentence(first)]
        if self.operation.description:
            lines += ["", *wrapped(sentence(self.operation.description), " " * 8, "")]
        lines += ["", "        Args:"]
        for name, text in self.about_arguments(without):
            lines += wrapped(f"{name}: {sentence(text)}", " " * 12)
        lines += ["", "        Raises:"]
        told = {}
        for status, text in self.failures():
            told.setdefault(python_errors.class_of_status(status) or "RenkuError", []).append(text)
        for name, texts in told.items():
            lines += wrapped(f"{name}: {sentence('; '.join(dict.fromkeys(texts)))}", " " * 12)
        if not told:
            lines.append("            RenkuError: when the call fails.")
        lines += ["", f"        REST: {self.operation.method} /api/data{self.operation.path}"]
        return docstring(lines, " " * 8)

    # --- bodies ---

    def call(self, function, without=()):
        operation = self.operation
        names = [param.name for param in operation.path_params]
        names += [field.name for field in query_fields(operation, without)]
        pairs = ", ".join(f'(b"{name}", {variable(name)})' for name in names)
        rows = [f"ops.{operation.id.upper()}", f"({pairs}{',' if len(names) == 1 else ''})"]
        rows += ["body=body"] if operation.body else []
        rows += ["if_match=if_match"] if operation.takes_if_match else []
        rows += ["if_none_match=if_none_match"] if operation.etag and not without else []
        rows += [f"{name}={name}" for name in OPTIONS if self.blocking or name != "cancel"]
        line = f"{function}({', '.join(rows)})"
        if len(line) <= WIDTH - 16:
            return line
        return f"{function}(\n" + "".join(f"            {row},\n" for row in rows) + "        )"

    def overloads(self):
        """Only who gives an ETag may get None."""
        for tag, returned in (("if_none_match: None = None", self.returned()), ("if_none_match: str", f"Optional[{self.returned()}]")):
            yield "    @overload\n" + self.signature(self.operation.id, list(self.arguments(tag)), returned) + "        ...\n"

    def text(self):
        operation = self.operation
        returned, tag, head = self.returned(), None, ""
        if operation.etag:
            head = "\n".join(self.overloads()) + "\n"
            returned, tag = f"Optional[{returned}]", "if_none_match: Optional[str] = None"
        call = self.call("self._run" if self.blocking else "await self._run")
        end = f"        {call}\n" if returned == "None" else f"        answer: {returned} = {call}\n        return answer\n"
        return head + self.signature(operation.id, list(self.arguments(tag)), returned) + self.doc(operation.summary) + end

    def all_text(self):
        """The method that yields the items of all pages."""
        without = ("page",)
        name = f"{self.operation.id}_all"
        kind = "Iterator" if self.blocking else "AsyncIterator"
        arguments = list(self.arguments(None, without))
        first = f"{self.operation.summary.rstrip('.')}, one after the other, reading pages as they are needed."
        returned = f"{kind}[{self.item()}]"
        end = f"        items: {returned} = {self.call('self._items', without)}\n        return items\n"
        return self.signature(name, arguments, returned) + self.doc(first, without) + end


def row(operation, shapes):
    """An operation as the machinery of calls sees it."""
    flags = [name for name, value in (("form", operation.form), ("paginated", operation.pages)) if value]
    more = "".join(f", {flag}=True" for flag in flags)
    return f'{operation.id.upper()} = Operation("{operation.id}", {shapes.of(operation.output)}{more})\n'


def table(api):
    shapes = Shapes()
    rows = "".join(row(operation, shapes) for operation in api.operations)
    listed = "".join(f"    {operation.id.upper()},\n" for operation in api.operations)
    used = set(re.findall(r"\w+", shapes.text() + rows))
    words = ", ".join(word for word in CONVERTERS if word in used)
    convert = f"from ._convert import {words}\n" if words else ""
    head = f"from typing import Dict\n\nfrom ._call import Operation\n{convert}\n"
    names = f"\nBY_NAME: Dict[str, Operation] = {{\n    operation.name: operation\n    for operation in (\n{_indented(listed)}    )\n}}\n"
    return MADE + ABOUT_TABLE + head + shapes.text() + "\n" + rows + names


def _indented(text):
    return "".join(f"    {line}\n" for line in text.splitlines())


ABSTRACT = '''class {name}:
    """The operations as methods; `_run` and `_items` make the calls."""

    @abstractmethod
    {start}def _run(self, operation: Operation, parameters: Parameters, body: Any = None, **options: Any) -> Any:
        """Makes one call."""

    @abstractmethod
    def _items(self, operation: Operation, parameters: Parameters, **options: Any) -> {iterator}[Any]:
        """Reads page after page."""

'''


def methods(api, types, blocking):
    texts = []
    for room in api.rooms:
        types.room = room.name
        for operation in room.operations:
            method = Method(types, operation, blocking)
            texts.append(method.text())
            if operation.pages:
                texts.append(method.all_text())
    iterator = "Iterator" if blocking else "AsyncIterator"
    name = "Operations" if blocking else "AsyncOperations"
    text = ABSTRACT.format(name=name, start="" if blocking else "async ", iterator=iterator) + "\n".join(texts)
    call = f"from ._call import {'Cancel, ' if blocking else ''}Operation, Parameters"
    head = imports(text, ["from . import _table as ops", "from . import types", call])
    return f"{MADE}{ABOUT}from abc import abstractmethod\n{head}\n\n{text}"


def emit(api):
    """Yields (file, text)."""
    api = api.of("data")
    types = Types(api)
    blocking, other = methods(api, types, True), methods(api, types, False)
    yield "python/librenku/_operations.py", blocking
    yield "python/librenku/_async_operations.py", other
    yield "python/librenku/_table.py", table(api)
    yield "python/librenku/types.py", types.module()
    yield "python/librenku/errors.py", python_errors.module()
