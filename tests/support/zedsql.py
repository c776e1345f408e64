# SPDX-License-Identifier: Apache-2.0
"""Runs the statements that tools/authzgen makes of a schema, and holds their answers against support.zed."""

import json
import random
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import psycopg
import pytest

from support.zed import Graph, Relationship, parse

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "librenku/authz/schema.zed"
STORAGE = ROOT / "librenku/authz/storage.tbl"
MIGRATION = ROOT / "migrations/0003_relation.sql"
STRANGER = ("user", "somebody-unheard-of")


def authzgen(
    schema: Path, storage: Path = STORAGE, emit: str = "json", out: Path = Path()
) -> subprocess.CompletedProcess:
    command = [sys.executable, "-B", ROOT / "tools/authzgen", "--schema", schema, "--storage", storage]
    command += ["--emit", emit, "--out", out]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class Compiled:
    """A schema, its statements and its letters."""

    def __init__(self, schema: Path, storage: Path = STORAGE):
        done = authzgen(schema, storage)
        assert done.returncode == 0, done.stderr
        made = json.loads(done.stdout)
        self.definitions = parse(schema.read_text())
        self.types, self.relations, self.scopes = made["types"], made["relations"], made["scopes"]
        self.statements = made["statements"]

    def permissions(self):
        """Every (type, permission)."""
        for kind, definition in self.definitions.items():
            for permission in definition.permissions:
                yield kind, permission

    def letter(self, kind: str) -> str:
        return "S" if kind == "service" else self.types.get(kind, "?")

    def row(self, relationship: Relationship) -> tuple[str, str, str, str, str]:
        return (
            self.letter(relationship.type),
            relationship.id,
            self.relations[relationship.relation],
            self.letter(relationship.subject_type),
            relationship.subject_id,
        )


class Store:
    """librenku.relation in a database of its own."""

    def __init__(self, connection: psycopg.Connection, compiled: Compiled):
        self.connection = connection
        self.cursor = psycopg.RawCursor(connection)
        self.compiled = compiled

    def load(self, relationships) -> None:
        self.connection.execute("TRUNCATE librenku.relation")
        with self.connection.cursor().copy("COPY librenku.relation FROM STDIN") as copy:
            for row in sorted({self.compiled.row(one) for one in relationships}):
                copy.write_row(row)

    def ask(self, sql: str, *parameters) -> list[tuple]:
        return self.cursor.execute(sql, parameters, prepare=True).fetchall()

    def subject(self, subject: tuple[str, str]) -> tuple[str, str]:
        return self.compiled.letter(subject[0]), subject[1]

    def bits(self, kind: str, ids: list[str], subject: tuple[str, str]) -> dict[str, set[str]]:
        """The permissions on many objects, each by the expression that a row of a list would use."""
        sql = self.compiled.statements[kind]["bits"].replace("$3::text", "t.id")
        rows = self.ask(f"SELECT t.id, ({sql}) FROM unnest($3::text[]) t (id)", *self.subject(subject), ids)
        return {id: {name for place, name in enumerate(self.compiled.scopes) if bits >> place & 1} for id, bits in rows}

    def can(self, kind: str, permission: str, ids: list[str], subject: tuple[str, str]) -> set[str]:
        sql = self.compiled.statements[kind]["can"][permission].replace("$3::text", "t.id")
        rows = self.ask(f"SELECT t.id FROM unnest($3::text[]) t (id) WHERE ({sql})", *self.subject(subject), ids)
        return {id for (id,) in rows}

    def objects(self, kind: str, permission: str, subject: tuple[str, str]) -> list[str]:
        sql = self.compiled.statements[kind]["objects"][permission]
        return [id for (id,) in self.ask(f"SELECT id FROM ({sql}) x", *self.subject(subject))]

    def subjects(self, kind: str, permission: str, id: str) -> list[str]:
        sql = self.compiled.statements[kind]["subjects"][permission]
        return [found for (found,) in self.ask(f"SELECT id FROM ({sql}) x", id)]


class World:
    """Objects and subjects, and random relationships between them, allowed and senseless ones."""

    def __init__(self, compiled: Compiled, dice: random.Random, graphs: int):
        self.compiled = compiled
        self.dice = dice
        self.subjects = [(kind, name) for kind in self.leaf_types() for name in self.names(kind)]
        self.objects: dict[str, list[str]] = defaultdict(list)
        self.relationships: set[Relationship] = set()
        for number in range(graphs):
            self.grow(number)
        self.graph = Graph(compiled.definitions, self.relationships)

    def leaf_types(self) -> list[str]:
        return [kind for kind, one in self.compiled.definitions.items() if not one.relations]

    @staticmethod
    def names(kind: str) -> list[str]:
        if kind == "anonymous_user":
            return ["anonymous"]
        # like letters, like an object, like the anonymous user, with every strange sign, long
        return ["u", "S", "a", "renku", "anonymous", "0/shared", "Ünï'; --\\\"%_", "x" * 300, "bob", "eve"]

    def ids(self, kind: str, number: int) -> list[str]:
        """Objects of a graph."""
        return [f"{number}/{'shared' if self.dice.random() < 0.3 else kind + str(n)}" for n in range(self.dice.randint(1, 3))]

    def grow(self, number: int) -> None:
        """One graph: few objects, so that their relationships meet."""
        kinds = [kind for kind in self.compiled.definitions if kind not in self.leaf_types()]
        mine = {kind: self.ids(kind, number) for kind in kinds}
        for kind in kinds:
            self.objects[kind] += sorted(set(mine[kind]))
        density = self.dice.choice([0.5, 1, 2, 4])
        for kind in kinds:
            for id in mine[kind]:
                for relation, allowed in self.compiled.definitions[kind].relations.items():
                    for _ in range(round(self.dice.expovariate(1 / density))):
                        self.relationships.add(self.relationship(kind, id, relation, allowed, mine))

    def foreign_relations(self, kind: str) -> list[str]:
        """Relations of other types whose letters mean nothing here."""
        letters = {self.compiled.relations[name] for name in self.compiled.definitions[kind].relations}
        return [name for name, letter in self.compiled.relations.items() if letter not in letters]

    def relationship(self, kind, id, relation, allowed, mine) -> Relationship:
        if self.dice.random() < 0.15:  # what no schema would let in
            relation = self.dice.choice([relation, *self.foreign_relations(kind)])
            subject_type = self.dice.choice([*self.compiled.definitions, "unknown"])
            pool = [name for _, name in self.subjects] + sum(mine.values(), [])
            name = "*" if self.dice.random() < 0.3 else self.dice.choice(pool)
            if self.dice.random() < 0.5:
                subject_type = "user"
            return Relationship(kind, id, relation, subject_type, name)
        subject_type, _, wildcard = self.dice.choice(sorted(allowed)).partition(":")
        if wildcard:
            return Relationship(kind, id, relation, subject_type, "*")
        if subject_type in mine:
            return Relationship(kind, id, relation, subject_type, self.dice.choice(mine[subject_type]))
        names = [name for other, name in self.subjects if other == subject_type]
        return Relationship(kind, id, relation, subject_type, self.dice.choice(names))

    def some_subjects(self, sample: int) -> list[tuple[str, str]]:
        return [*self.dice.sample(self.subjects, sample - 1), STRANGER]

    def some_objects(self, kind: str, sample: int) -> list[str]:
        ids = self.objects[kind]
        return self.dice.sample(ids, min(sample, len(ids)))

    def why(self, kind: str, id: str) -> str:
        """The relationships of the graph that an object is of."""
        number = id.split("/")[0]
        return "\n".join(sorted(str(row) for row in self.relationships if row.id.split("/")[0] == number))


class Comparison:
    """Every answer of the SQL against the evaluator; counts what was compared."""

    def __init__(self, store: Store, world: World):
        self.store, self.world, self.graph = store, world, world.graph
        self.count = 0
        store.load(world.relationships)
        if world.dice.random() < 0.5:  # else the planner knows nothing
            store.connection.execute("ANALYZE librenku.relation")

    def expected(self, kind: str, permission: str, subject) -> set[str]:
        return {id for id in self.world.objects[kind] if self.graph.holds(kind, id, permission, subject)}

    def same(self, found: set, expected: set, what: str, kind: str) -> None:
        for id in sorted(found ^ expected):
            pytest.fail(f"{what}: {kind}:{id} is {'granted' if id in found else 'refused'}\n{self.world.why(kind, id)}")

    def bits(self) -> None:
        for kind in self.store.compiled.statements:
            definition = self.store.compiled.definitions[kind]
            ids = self.world.objects[kind]
            for subject in [*self.world.subjects, STRANGER]:
                found = self.store.bits(kind, ids, subject)
                for permission in definition.permissions:
                    granted = {id for id in ids if permission in found[id]}
                    expected = self.expected(kind, permission, subject)
                    self.same(granted, expected, f"bits: {subject} {permission}", kind)
                    self.count += len(ids)

    def singles(self, sample: int) -> None:
        for kind, permission in self.world.compiled.permissions():
            ids = self.world.objects[kind]
            for subject in self.world.some_subjects(sample):
                found = self.store.can(kind, permission, ids, subject)
                self.same(found, self.expected(kind, permission, subject), f"can: {subject} {permission}", kind)
                self.count += len(ids)

    def objects(self, sample: int) -> None:
        for kind, permission in self.world.compiled.permissions():
            for subject in self.world.some_subjects(sample):
                found = self.store.objects(kind, permission, subject)
                assert len(found) == len(set(found)), f"{kind} {permission}: an object twice"
                self.same(set(found), self.expected(kind, permission, subject), f"objects: {subject} {permission}", kind)
                self.count += 1

    def users(self, sample: int) -> None:
        for kind, permission in self.world.compiled.permissions():
            for id in self.world.some_objects(kind, sample):
                found = self.store.subjects(kind, permission, id)
                assert len(found) == len(set(found)), f"{kind} {permission}: a user twice"
                self.users_of(kind, id, permission, set(found))
                self.count += 1

    def users_of(self, kind: str, id: str, permission: str, found: set[str]) -> None:
        """Who is named holds it; who holds it is named, or covered by "*", which stands for any stranger."""
        what = f"subjects: {permission} on {kind}:{id}: {sorted(found)}\n{self.world.why(kind, id)}"
        everybody = self.graph.holds(kind, id, permission, STRANGER)
        assert ("*" in found) == everybody, what
        for subject in self.world.subjects:
            if subject[0] == "user":
                holds = self.graph.holds(kind, id, permission, subject)
                assert holds or subject[1] not in found, f"{subject} is named\n{what}"
                assert not holds or everybody or subject[1] in found, f"{subject} is missing\n{what}"
        try:
            named = {name for other, name in self.graph.named(kind, id, permission) if other == "user"}
        except NotImplementedError:
            return
        assert found == named, what

    def services(self) -> None:
        for kind in self.store.compiled.statements:
            definition = self.store.compiled.definitions[kind]
            ids = self.world.objects[kind]
            for id, found in self.store.bits(kind, [*ids, "nothing"], ("service", "migrations")).items():
                assert found == set(definition.permissions), (kind, id)
        for kind, permission in self.world.compiled.permissions():
            assert self.store.can(kind, permission, self.world.objects[kind], ("service", "x")) == set(self.world.objects[kind])

    def all(self, subjects: int, objects: int) -> int:
        """Everything at once for every subject; permission by permission for some subjects and objects."""
        self.bits()
        self.singles(subjects)
        self.objects(subjects)
        self.users(objects)
        self.services()
        return self.count
