# SPDX-License-Identifier: Apache-2.0
"""Reads storage.tbl: the letters and numbers under which a schema is stored."""

import string
from dataclasses import dataclass, field
from typing import Dict, List, Set

from language import Schema, SchemaError

SERVICE = "S"  # the subject type of a service identity: no object has it
WIDTH = 16  # bits below this one are scopes


@dataclass
class Storage:
    path: str
    types: Dict[str, str] = field(default_factory=dict)
    single: Set[str] = field(default_factory=set)
    only: Dict[str, str] = field(default_factory=dict)  # the id of the only object of a single type
    relations: Dict[str, str] = field(default_factory=dict)
    one: Set[str] = field(default_factory=set)  # relations of which an object has one row at most
    scopes: List[str] = field(default_factory=list)
    roles: List[str] = field(default_factory=list)

    def fail(self, line: int, message: str) -> SchemaError:
        return SchemaError(self.path, line, message)

    def read_row(self, line: int, words: List[str]) -> None:
        kind, name, rest = words[0], words[1] if len(words) > 1 else "", words[2:]
        if kind in ("type", "relation"):
            table = self.types if kind == "type" else self.relations
            if name in table or not rest or len(rest[0]) != 1 or rest[0] not in string.ascii_letters:
                raise self.fail(line, f"expected '{kind} NAME LETTER', each name once")
            table[name] = rest[0]
            if rest[1:2] == ["single"] and len(rest) <= 3 and kind == "type":
                self.single.add(name)
                self.only.update({name: only for only in rest[2:]})
            elif rest[1:] == ["one"] and kind == "relation":
                self.one.add(name)
            elif rest[1:]:
                raise self.fail(line, f"'{' '.join(rest[1:])}' is too much")
        elif kind in ("scope", "role") and name and not rest:
            (self.scopes if kind == "scope" else self.roles).append(name)
        else:
            raise self.fail(line, "expected 'type', 'relation', 'scope' or 'role', and a name")


def read_storage(text: str, path: str) -> Storage:
    storage = Storage(path)
    for line, row in enumerate(text.splitlines(), 1):
        words = row.split("#")[0].split()
        if words:
            storage.read_row(line, words)
    return storage


def _letters(storage: Storage, what: str, names: List[str], table: Dict[str, str]) -> None:
    used: Dict[str, str] = {}
    for name in names:
        letter = table.get(name)
        if letter is None:
            raise storage.fail(1, f"{what} '{name}' has no letter")
        if letter in used:
            raise storage.fail(1, f"{what} '{name}' and '{used[letter]}' have the same letter '{letter}'")
        used[letter] = name


def check_storage(storage: Storage, schema: Schema) -> None:
    """Everything in the schema has its letter or number, and nothing has two meanings."""
    if SERVICE in storage.types.values():
        raise storage.fail(1, f"'{SERVICE}' stands for services")
    _letters(storage, "type", list(schema.definitions), storage.types)
    for role in storage.roles:
        if role not in storage.relations:
            raise storage.fail(1, f"role '{role}' is no relation")
    for definition in schema.definitions.values():
        _letters(storage, f"relation of '{definition.name}'", list(definition.relations), storage.relations)
        for permission in definition.permissions:
            if permission not in storage.scopes:
                raise storage.fail(1, f"permission '{permission}' has no scope")
    if len(set(storage.scopes)) != len(storage.scopes) or len(storage.scopes) > WIDTH:
        raise storage.fail(1, f"scopes must be different, and no more than {WIDTH}")
