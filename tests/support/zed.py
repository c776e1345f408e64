# SPDX-License-Identifier: Apache-2.0
"""A permission schema taken at its word: reads SpiceDB's language and decides by walking the relationships.

It knows nothing of SQL and shares no code with tools/authzgen, so that the two can be held against each other."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

WORD = re.compile(r"->|[a-z][a-z0-9_]*|[-+()]")


class Relationship(NamedTuple):
    type: str
    id: str
    relation: str
    subject_type: str
    subject_id: str

    def __str__(self) -> str:
        return f"{self.type}:{self.id}#{self.relation}@{self.subject_type}:{self.subject_id}"


@dataclass
class Definition:
    relations: dict[str, set[str]] = field(default_factory=dict)  # "user", "user:*"
    permissions: dict[str, tuple] = field(default_factory=dict)


def expression(words: list[str]) -> tuple:
    """A difference of sums; takes its words from the front of the list."""
    left = summation(words)
    while words and words[0] == "-":
        words.pop(0)
        left = ("-", left, summation(words))
    return left


def summation(words: list[str]) -> tuple:
    terms = [term(words)]
    while words and words[0] == "+":
        words.pop(0)
        terms.append(term(words))
    return ("+", *terms) if len(terms) > 1 else terms[0]


def term(words: list[str]) -> tuple:
    word = words.pop(0)
    if word == "(":
        inner = expression(words)
        assert words.pop(0) == ")"
        return inner
    if words and words[0] == "->":
        words.pop(0)
        return ("->", word, words.pop(0))
    return ("name", word)


def parse(text: str) -> dict[str, Definition]:
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)
    found = {}
    for name, body in re.findall(r"definition\s+(\w+)\s*\{(.*?)\}", text, flags=re.DOTALL):
        definition = found[name] = Definition()
        for line in body.splitlines():
            if match := re.match(r"\s*relation\s+(\w+)\s*:(.*)", line):
                definition.relations[match[1]] = {part.strip() for part in match[2].split("|")}
            elif match := re.match(r"\s*permission\s+(\w+)\s*=(.*)", line):
                words = WORD.findall(match[2])
                definition.permissions[match[1]] = expression(words)
                assert not words, line
    return found


class Graph:
    """Relationships under a schema. Those that the schema does not allow mean nothing."""

    def __init__(self, schema: dict[str, Definition], relationships):
        self.schema = schema
        self.rows = defaultdict(set)
        for row in relationships:
            if self.allowed(row):
                self.rows[row.type, row.id, row.relation].add((row.subject_type, row.subject_id))
        self.known = {}

    def allowed(self, row: Relationship) -> bool:
        definition = self.schema.get(row.type)
        form = f"{row.subject_type}:*" if row.subject_id == "*" else row.subject_type
        return definition is not None and form in definition.relations.get(row.relation, ())

    def holds(self, kind: str, id: str, name: str, subject: tuple[str, str]) -> bool:
        """Whether the subject has a relation or permission on an object."""
        key = kind, id, name, subject
        if key not in self.known:
            definition = self.schema[kind]
            if name in definition.relations:
                rows = self.rows[kind, id, name]
                self.known[key] = subject in rows or (subject[0], "*") in rows
            else:
                self.known[key] = self.evaluate(kind, id, definition.permissions[name], subject)
        return self.known[key]

    def related(self, kind: str, id: str, relation: str, target: str):
        """The objects that an arrow leads to."""
        for other, other_id in self.rows[kind, id, relation]:
            definition = self.schema[other]
            if other_id != "*" and (target in definition.permissions or target in definition.relations):
                yield other, other_id

    def evaluate(self, kind: str, id: str, tree: tuple, subject: tuple[str, str]) -> bool:
        match tree:
            case ("name", name):
                return self.holds(kind, id, name, subject)
            case ("->", relation, target):
                return any(
                    self.holds(*other, target, subject) for other in self.related(kind, id, relation, target)
                )
            case ("-", left, right):
                return self.evaluate(kind, id, left, subject) and not self.evaluate(kind, id, right, subject)
            case ("+", *terms):
                return any(self.evaluate(kind, id, one, subject) for one in terms)
        raise AssertionError(tree)

    def named(self, kind: str, id: str, name: str) -> set[tuple[str, str]]:
        """The subjects that a permission without any difference names, wildcards included; NotImplementedError with one."""
        definition = self.schema[kind]
        if name in definition.relations:
            return set(self.rows[kind, id, name])
        return self.named_by(kind, id, definition.permissions[name])

    def named_by(self, kind: str, id: str, tree: tuple) -> set[tuple[str, str]]:
        match tree:
            case ("name", name):
                return self.named(kind, id, name)
            case ("->", relation, target):
                others = self.related(kind, id, relation, target)
                return set().union(*(self.named(*other, target) for other in others))
            case ("+", *terms):
                return set().union(*(self.named_by(kind, id, one) for one in terms))
        raise NotImplementedError(tree)
