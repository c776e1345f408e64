# SPDX-License-Identifier: Apache-2.0
"""Permissions as sets of paths.

A permission without difference holds when any of its paths does: some rows that lead from object to object, and a last
row that names the subject. A difference is kept as such, and an arrow to a permission with a difference ends its path
in a question about the object it reaches."""

from dataclasses import dataclass
from typing import FrozenSet, Iterator, List, Tuple, Union

import language
from language import Schema


@dataclass(frozen=True)
class Direct:
    relation: str


@dataclass(frozen=True)
class Through:
    relation: str
    target: str


Atom = Union[Direct, Through]


@dataclass(frozen=True)
class Any:
    """One of these atoms."""

    atoms: FrozenSet[Atom]


@dataclass(frozen=True)
class Or:
    terms: Tuple["Form", ...]


@dataclass(frozen=True)
class Minus:
    left: "Form"
    right: "Form"


Form = Union[Any, Or, Minus]


@dataclass(frozen=True)
class Step:
    """A row that leads to another object."""

    relation: str
    type: str  # of the object that it leads to


@dataclass(frozen=True)
class Rows:
    """The last row names the subject, or everybody of its type."""

    relation: str
    wildcard: bool
    types: FrozenSet[str]


@dataclass(frozen=True)
class Question:
    """The object reached has the permission."""

    permission: str


@dataclass(frozen=True)
class Path:
    start: str
    steps: Tuple[Step, ...]
    end: Union[Rows, Question, None]  # None: the object reached itself

    def type_before(self, step: int) -> str:
        """The type of the object whose row step n is, counted from 0."""
        return self.steps[step - 1].type if step else self.start

    @property
    def last_type(self) -> str:
        return self.type_before(len(self.steps))


def _atom_order(atom: Atom) -> Tuple[str, str]:
    return atom.relation, getattr(atom, "target", "")


def _union(terms: List[Form]) -> Form:
    atoms: FrozenSet[Atom] = frozenset()
    others: List[Form] = []
    for term in terms:
        for part in term.terms if isinstance(term, Or) else (term,):
            if isinstance(part, Any):
                atoms |= part.atoms
            elif part not in others:
                others.append(part)
    if not others:
        return Any(atoms)
    parts = ([Any(atoms)] if atoms else []) + others
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


class Graph:
    """The meaning of a checked schema."""

    def __init__(self, schema: Schema):
        self.schema = schema

    def has(self, type_name: str, member: str) -> bool:
        definition = self.schema.definitions[type_name]
        return member in definition.relations or member in definition.permissions

    def form(self, type_name: str, member: str) -> Form:
        """A permission or relation, with the permissions of the same definition put in."""
        definition = self.schema.definitions[type_name]
        if member in definition.relations:
            return Any(frozenset({Direct(member)}))
        return self.form_of(type_name, definition.permissions[member].expression)

    def form_of(self, type_name: str, expression: language.Expression) -> Form:
        if isinstance(expression, language.Name):
            return self.form(type_name, expression.name)
        if isinstance(expression, language.Arrow):
            return Any(frozenset({Through(expression.relation, expression.target)}))
        if isinstance(expression, language.Sum):
            return _union([self.form_of(type_name, term) for term in expression.terms])
        return Minus(self.form_of(type_name, expression.left), self.form(type_name, expression.right.name))

    def ends(self, type_name: str, relation: str) -> Iterator[Path]:
        subjects = self.schema.definitions[type_name].relations[relation].subjects
        for wildcard in (False, True):
            types = frozenset(subject.type for subject in subjects if subject.wildcard == wildcard)
            if types:
                yield Path(type_name, (), Rows(relation, wildcard, types))

    def targets(self, type_name: str, atom: Through) -> Iterator[str]:
        """The types that an arrow reaches and where it finds its target."""
        for subject in self.schema.definitions[type_name].relations[atom.relation].subjects:
            if self.has(subject.type, atom.target):
                yield subject.type

    def paths(self, type_name: str, atoms: FrozenSet[Atom]) -> List[Path]:
        """The ways to any of the atoms, each once."""
        found: List[Path] = []
        for atom in sorted(atoms, key=_atom_order):
            if isinstance(atom, Direct):
                found += self.ends(type_name, atom.relation)
                continue
            for target in self.targets(type_name, atom):
                found += self.through(type_name, Step(atom.relation, target), atom.target)
        return list(dict.fromkeys(found))

    def through(self, type_name: str, step: Step, member: str) -> Iterator[Path]:
        form = self.form(step.type, member)
        if not isinstance(form, Any):
            yield Path(type_name, (step,), Question(member))
            return
        for path in self.paths(step.type, form.atoms):
            yield Path(type_name, (step,) + path.steps, path.end)

    def mentions(self, type_name: str, form: Form, positive: bool = True) -> List[Path]:
        """The paths whose last rows name those who may hold a form although a stranger does not."""
        if isinstance(form, Or):
            return [path for term in form.terms for path in self.mentions(type_name, term, positive)]
        if isinstance(form, Minus):
            return (self.mentions(type_name, form.left, positive)
                    + self.mentions(type_name, form.right, not positive))
        found: List[Path] = []
        for atom in sorted(form.atoms, key=_atom_order):
            if isinstance(atom, Direct):
                found += self.ends(type_name, atom.relation) if positive else []
                continue
            for target in self.targets(type_name, atom):
                inner = self.mentions(target, self.form(target, atom.target), positive)
                step = Step(atom.relation, target)
                found += [Path(type_name, (step,) + path.steps, path.end) for path in inner]
        return list(dict.fromkeys(found))
