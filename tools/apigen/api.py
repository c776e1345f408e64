# SPDX-License-Identifier: Apache-2.0
"""All rooms together, and what must be unique among them."""

import re

from .document import load
from .errors import SpecError
from .merge import merged_document, rank
from .model import SERVICES, Api
from .operations import build_room
from .schemas import Patterns


def _where(operation):
    return f"{operation.method} {operation.path} ({operation.id})"


def _check_operations(rooms):
    seen = {}
    for room in rooms:
        for operation in room.operations:
            shape = (operation.method, re.sub(r"\{[^{}]*\}", "{}", operation.path))
            keys = [("operationId", operation.id)] + [("path", shape, service) for service in operation.services]
            for key in keys:
                if key in seen:
                    other = seen[key]
                    raise SpecError(room.file, _where(operation), f"has the {key[0]} of {_where(other)} in {other.room}")
                seen[key] = operation


def _declared(room):
    """(name in C, what it is) of all that a room declares."""
    for enum in room.enums:
        yield enum.name, f"the enumeration {enum.name}"
        yield enum.names, f"the names of {enum.name}"
    for schema in room.schemas:
        if schema.struct:
            yield schema.struct, f"the type {schema.struct}"
    for operation in room.operations:
        yield operation.input, f"the input of {operation.id}"
        yield operation.handler, f"the handler of {operation.id}"


def _check_names(rooms):
    """C has one name space for types and functions."""
    seen = {}
    for room in rooms:
        for name, what in _declared(room):
            if name in seen:
                problem = f"{what} is called like {seen[name]}: rename one with x-renku struct or enum"
                raise SpecError(room.file, name, problem)
            seen[name] = f"{what} in {room.name}"


def read(paths, shown=None):
    """The files of all rooms -> the model."""
    shown = shown or {}
    documents = sorted((load(path, shown.get(path)) for path in paths), key=lambda document: rank(document.room))
    for one, other in zip(documents, documents[1:]):
        if one.room == other.room:
            raise SpecError(other.file, "", f"the room '{other.room}' is also that of {one.file}")
    patterns = Patterns()
    rooms = [build_room(document, patterns) for document in documents]
    _check_operations(rooms)
    _check_names(rooms)
    return Api(rooms, patterns.rows, {service: merged_document(documents, service) for service in SERVICES})
