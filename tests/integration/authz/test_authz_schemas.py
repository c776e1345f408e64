# SPDX-License-Identifier: Apache-2.0
"""The compiler is right for schemas other than ours: differences inside of differences, arrows to them, mixed subjects.

AUTHZ_SEED and AUTHZ_SCHEMAS choose other schemas and more of them."""

import os
import random
import string

import pytest

from support.zed import parse
from support.zedsql import Comparison, Compiled, Store, World

SCHEMAS = int(os.environ.get("AUTHZ_SCHEMAS", "30"))
LEVELS = 3


class Author:
    """Writes a random schema. Arrows lead to types of lower levels only, so that nothing stands on itself."""

    def __init__(self, dice: random.Random):
        self.dice = dice
        self.types: list[list[str]] = [["user", "anonymous_user"]]
        self.members: dict[str, list[str]] = {"user": [], "anonymous_user": []}
        self.lines: list[str] = ["definition user {}", "definition anonymous_user {}"]
        self.relations: set[str] = set()
        self.permissions: set[str] = set()
        for level in range(1, LEVELS + 1):
            self.types.append([f"type{level}{letter}" for letter in "abc"[: dice.randint(1, 3)]])
            for name in self.types[level]:
                self.define(name, level)

    def below(self, level: int) -> list[str]:
        return [name for names in self.types[1:level] for name in names]

    def define(self, name: str, level: int) -> None:
        dice = self.dice
        self.lines.append(f"definition {name} {{")
        direct, arrows, terms = [], [], []
        for number in range(dice.randint(1, 3)):
            direct.append(f"rel{number}")
            allowed = dice.sample(["user", "user:*", "anonymous_user:*", "anonymous_user", *self.below(level)], dice.randint(1, 3))
            self.lines.append(f"\trelation rel{number}: {' | '.join(allowed)}")
        for number in range(dice.randint(0, 2) if level > 1 else 0):
            allowed = dice.sample(self.below(level), dice.randint(1, min(3, len(self.below(level)))))
            arrows.append((f"arrow{number}", sorted({m for other in allowed for m in self.members[other]})))
            self.lines.append(f"\trelation arrow{number}: {' | '.join(allowed)}")
        self.relations |= {*direct, *(arrow for arrow, _ in arrows)}
        terms = list(direct)
        for number in range(dice.randint(1, 4)):
            permission = f"perm{number}"
            self.lines.append(f"\tpermission {permission} = {self.expression(terms, arrows, 2)}")
            terms.append(permission)
            self.permissions.add(permission)
        self.members[name] = [*terms]
        self.lines.append("}")

    def expression(self, terms, arrows, depth: int) -> str:
        kind = self.dice.random()
        if kind < 0.3 or depth == 0:
            arrow, targets = self.dice.choice(arrows) if arrows else (None, [])
            if targets and self.dice.random() < 0.6:
                return f"{arrow}->{self.dice.choice(targets)}"
            return self.dice.choice(terms)
        if kind < 0.65:
            return " + ".join(self.part(terms, arrows, depth) for _ in range(self.dice.randint(2, 3)))
        return f"{self.part(terms, arrows, depth)} - {self.dice.choice(terms)}"

    def part(self, terms, arrows, depth: int) -> str:
        inner = self.expression(terms, arrows, depth - 1)
        return f"({inner})" if " " in inner else inner

    def write(self, folder) -> tuple:
        letters = iter(string.ascii_letters.replace("S", "").replace("u", "").replace("a", ""))
        rows = ["type user u", "type anonymous_user a"]
        rows += [f"type {name} {next(letters)}{' single' if self.dice.random() < 0.3 else ''}" for name in self.below(LEVELS + 1)]
        letters = iter(string.ascii_letters)
        rows += [f"relation {name} {next(letters)}" for name in sorted(self.relations)]
        rows += [f"scope {name}" for name in sorted(self.permissions)]
        schema, storage = folder / "schema.zed", folder / "storage.tbl"
        schema.write_text("\n".join(self.lines) + "\n")
        storage.write_text("\n".join(rows) + "\n")
        return schema, storage


# What random schemas seldom hit.
CRAFTED = {
    "a pardon from a ban of everybody": """
        definition user {}
        definition doc {
            relation everybody: user:*
            relation banned: user | user:*
            relation pardoned: user | user:*
            permission ban = banned - pardoned
            permission read = everybody - ban
            permission write = (everybody - ban) - pardoned
        }
        definition box {
            relation holds: doc
            relation guest: user | user:*
            permission read = holds->read
            permission ban = guest - read
            permission write = (holds->read + guest) - ban
        }
    """,
    "one relation, many types": """
        definition user {}
        definition team {
            relation member: user
            relation guest: user
            permission read = member
        }
        definition club {
            relation member: user
            relation guest: user
            permission read = guest
        }
        definition doc {
            relation owner: team | club
            relation parent: doc2 | team
            permission read = owner->read
            permission write = parent->read
        }
        definition doc2 {
            relation owner: team | club
            permission read = owner->read
        }
    """,
}


@pytest.mark.parametrize("name", CRAFTED)
def test_a_crafted_schema_and_its_sql_agree(connection, seed, tmp_path, name):
    (tmp_path / "schema.zed").write_text(CRAFTED[name])
    definitions = parse(CRAFTED[name])
    relations = sorted({relation for one in definitions.values() for relation in one.relations})
    permissions = sorted({permission for one in definitions.values() for permission in one.permissions})
    rows = ["type user u", *(f"type {kind} {letter}" for kind, letter in zip(list(definitions)[1:], "abcdef"))]
    rows += [f"relation {relation} {letter}" for relation, letter in zip(relations, string.ascii_letters)]
    rows += [f"scope {permission}" for permission in permissions]
    (tmp_path / "storage.tbl").write_text("\n".join(rows) + "\n")
    compiled = Compiled(tmp_path / "schema.zed", tmp_path / "storage.tbl")
    world = World(compiled, random.Random(seed), 100)
    Comparison(Store(connection, compiled), world).all(subjects=5, objects=100)


@pytest.mark.parametrize("number", range(SCHEMAS))
def test_any_schema_and_its_sql_agree(connection, seed, tmp_path, number):
    dice = random.Random(seed + 5000 + number)
    schema, storage = Author(dice).write(tmp_path)
    compiled = Compiled(schema, storage)
    store = Store(connection, compiled)
    world = World(compiled, dice, 8)
    try:
        compared = Comparison(store, world).all(subjects=5, objects=4)
    except BaseException:
        print(schema.read_text())
        raise
    print(f"seed {seed + 5000 + number}: {len(world.relationships)} relationships, {compared} answers agree")
