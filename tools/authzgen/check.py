# SPDX-License-Identifier: Apache-2.0
"""Refuses schemas that have no meaning, or one that does not compile to SQL of bounded depth."""

from typing import Dict, Iterator, List, Tuple

from language import Arrow, Definition, Difference, Expression, Name, Schema, SchemaError, Sum

Member = Tuple[str, str]  # definition, relation or permission


def leaves(expression: Expression) -> Iterator[Expression]:
    """The names and arrows of an expression."""
    if isinstance(expression, Sum):
        for term in expression.terms:
            yield from leaves(term)
    elif isinstance(expression, Difference):
        yield from leaves(expression.left)
        yield expression.right
    else:
        yield expression


class Checker:
    def __init__(self, schema: Schema):
        self.schema = schema

    def fail(self, line: int, message: str) -> SchemaError:
        return SchemaError(self.schema.path, line, message)

    def run(self) -> None:
        for definition in self.schema.definitions.values():
            self.relations(definition)
            for permission in definition.permissions.values():
                for leaf in leaves(permission.expression):
                    self.leaf(definition, leaf)
        self.circles()

    def relations(self, definition: Definition) -> None:
        for relation in definition.relations.values():
            seen = set()
            for subject in relation.subjects:
                if subject.type not in self.schema.definitions:
                    raise self.fail(subject.line, f"'{relation.name}' names '{subject.type}', which is not defined")
                if (subject.type, subject.wildcard) in seen:
                    raise self.fail(subject.line, f"'{relation.name}' names '{subject.type}' twice")
                seen.add((subject.type, subject.wildcard))

    def has(self, definition: str, member: str) -> bool:
        found = self.schema.definitions[definition]
        return member in found.relations or member in found.permissions

    def leaf(self, definition: Definition, leaf: Expression) -> None:
        if isinstance(leaf, Name):
            if not self.has(definition.name, leaf.name):
                raise self.fail(leaf.line, f"'{definition.name}' has no relation or permission '{leaf.name}'")
        elif isinstance(leaf, Arrow):
            self.arrow(definition, leaf)

    def arrow(self, definition: Definition, arrow: Arrow) -> None:
        relation = definition.relations.get(arrow.relation)
        if relation is None:
            what = "is a permission" if arrow.relation in definition.permissions else "does not exist"
            raise self.fail(arrow.line, f"'->' needs a relation: '{arrow.relation}' of '{definition.name}' {what}")
        if any(subject.wildcard for subject in relation.subjects):
            raise self.fail(arrow.line, f"'{arrow.relation}' allows a wildcard, which '->' cannot follow")
        if not any(self.has(subject.type, arrow.target) for subject in relation.subjects):
            raise self.fail(arrow.line, f"nothing that '{arrow.relation}' points to has '{arrow.target}'")

    def needs(self, definition: Definition, permission: str) -> Iterator[Member]:
        """The permissions that a permission stands on."""
        for leaf in leaves(definition.permissions[permission].expression):
            if isinstance(leaf, Name):
                if leaf.name in definition.permissions:
                    yield definition.name, leaf.name
            elif isinstance(leaf, Arrow):
                for subject in definition.relations[leaf.relation].subjects:
                    if leaf.target in self.schema.definitions[subject.type].permissions:
                        yield subject.type, leaf.target

    def circles(self) -> None:
        done: Dict[Member, bool] = {}  # False while its needs are being looked at
        for definition in self.schema.definitions.values():
            for permission in definition.permissions:
                self.follow((definition.name, permission), [], done)

    def follow(self, member: Member, way: List[Member], done: Dict[Member, bool]) -> None:
        if done.get(member):
            return
        if member in done:
            circle = way[way.index(member):] + [member]
            definition, name = circle[0]
            shown = " -> ".join(f"{one}.{other}" for one, other in circle)
            raise self.fail(self.schema.definitions[definition].permissions[name].line,
                            f"these permissions stand on themselves: {shown}")
        done[member] = False
        for needed in self.needs(self.schema.definitions[member[0]], member[1]):
            self.follow(needed, way + [member], done)
        done[member] = True


def check(schema: Schema) -> None:
    Checker(schema).run()
