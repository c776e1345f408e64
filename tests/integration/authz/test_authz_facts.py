# SPDX-License-Identifier: Apache-2.0
"""Few rows around a project and its parent say what the whole expression says. Spec: authorization.md 3, 7

AUTHZ_SEED and AUTHZ_FACTS choose other relationships and more of them."""

import os
import random
import re

import pytest

from support.authz_driver import ANONYMOUS, SERVICE
from support.zedsql import SCHEMA, STORAGE, authzgen

ROUNDS = int(os.environ.get("AUTHZ_FACTS", "150"))
PARENTS = ["G1", "G2", "N1"]
PROJECTS = ["P1", "P2", "P3"]
USERS = ["u1", "u2", "G1", "renku", "P1"]  # some with the id of something else
# Other things with the id of something: of a project, of its parent, of the platform, of the caller.
TWINS = [("g", "P1"), ("n", "P2"), ("p", "G1"), ("n", "G1"), ("g", "N1"), ("g", "renku"), ("p", "renku"), ("g", "u1"), ("p", "u1")]
CALLERS = [("user", name) for name in USERS] + [ANONYMOUS, SERVICE, ("user", "a stranger"), ("user", "P1 u1")]
QUESTIONS = [(project, parent) for project in PROJECTS for parent in PARENTS]
ODD_QUESTIONS = [("G1", "G1"), ("G1", "P1"), ("renku", "G1"), ("P1", "renku"), ("renku", "renku"), ("P1", "P1"), ("P2", "u1"), ("u1", "G1")]
LETTERS = "oevwxLNlAPGgp"
OBJECTS = [("g", "G1"), ("g", "G2"), ("n", "N1"), *(("p", id) for id in PROJECTS), ("L", "renku")]


def some_row(dice: random.Random) -> tuple[str, str, str, str, str]:
    """Mostly what a schema lets in; no arrow of a project, which has one at most."""
    letter, id = dice.choice(OBJECTS if dice.random() < 0.7 else TWINS)
    if dice.random() < 0.2:
        relation, kind = dice.choice(LETTERS), dice.choice("uagnpL")
        if (letter, relation) == ("p", "N") and kind in "gn":
            kind = "u"
        return letter, id, relation, kind, dice.choice([*USERS, "*", *PARENTS, *PROJECTS])
    if letter == "L":
        return letter, id, *dice.choice([("A", "u", dice.choice(USERS)), ("P", "u", "*")])
    kinds = [("L", "L", "renku"), ("w", "u", "*"), ("w", "a", "*")]
    return letter, id, *dice.choice([*kinds, *((role, "u", dice.choice(USERS)) for role in "oev")])


def some_relationships(dice: random.Random) -> set[tuple[str, str, str, str, str]]:
    rows = {some_row(dice) for _ in range(dice.randint(0, 25))}
    for project in [*PROJECTS, "G1", "renku", "u1"]:
        if dice.random() < 0.9:
            parent = dice.choice([*PARENTS, "P1", "renku", "u1"] if dice.random() < 0.2 else PARENTS)
            kinds = dice.choice(["gn", "g", "n"]) if dice.random() < 0.2 else "n" if parent == "N1" else "g"
            rows |= {("p", project, "N", kind, parent) for kind in kinds}
    return rows


def load(authz, rows) -> None:
    values = ",".join(f"('{object}','{id}','{relation}','{kind}','{subject}')" for object, id, relation, kind, subject in rows)
    authz.database.run("TRUNCATE librenku.relation")
    if values:
        authz.database.run(
            f"INSERT INTO librenku.relation (object_type, object_id, relation, subject_type, subject_id) VALUES {values}"
        )


@pytest.mark.parametrize("part", range(5))
def test_what_is_concluded_is_what_holds(lenient_authz, seed, part):
    dice = random.Random(seed + part)
    seen = set()
    for _ in range(ROUNDS // 5):
        rows = some_relationships(dice)
        load(lenient_authz, rows)
        for caller in CALLERS:
            for project, parent in [*QUESTIONS, *ODD_QUESTIONS]:
                concluded, holds = lenient_authz.call("conclude", caller, id=project, parent=parent)
                assert concluded == holds, f"{caller} {project} {parent} {sorted(rows)}"
                seen.add(holds)
    assert len(seen) > 10


ARROW = ("p", "P1", "N", "g", "G1")
# More arrows than storage.tbl lets a project have, or none: rows, and whether these give u1 the permission to delete.
OTHER_ARROWS = {
    "none": ([("g", "G1", "o", "u", "u1")], False),
    "to another parent": ([("p", "P1", "N", "g", "G2"), ("g", "G2", "o", "u", "u1")], True),
    "to two types with one id": ([ARROW, ("p", "P1", "N", "n", "G1"), ("n", "G1", "o", "u", "u1")], True),
    "one to the caller's id": ([ARROW, ("p", "P1", "N", "g", "u1"), ("g", "u1", "o", "u", "u1")], True),
    "one to everybody": ([ARROW, ("p", "P1", "N", "g", "*"), ("g", "*", "o", "u", "u1")], True),
    "one to no parent": ([ARROW, ("p", "P1", "N", "u", "G1"), ("u", "G1", "o", "u", "u1")], False),
}
DELETE = 1 << 2


@pytest.mark.parametrize("rows, may_delete", OTHER_ARROWS.values(), ids=OTHER_ARROWS.keys())
def test_without_the_one_arrow_everything_is_asked(lenient_authz, rows, may_delete):
    load(lenient_authz, rows)
    concluded, holds = lenient_authz.call("conclude", ("user", "u1"), id="P1", parent="G1")
    assert concluded == holds
    assert bool(holds & DELETE) == may_delete


@pytest.mark.parametrize("said", [True, False])
def test_facts_need_a_table_that_says_there_is_one_parent(tmp_path, said):
    table = STORAGE.read_text()
    (tmp_path / "storage.tbl").write_text(table if said else re.sub(r"(project_namespace +N) +one", r"\1", table))
    assert authzgen(SCHEMA, tmp_path / "storage.tbl", "c", tmp_path).returncode == 0
    assert ("RK_SQL_FACTS_PROJECT" in (tmp_path / "authz_schema.h").read_text()) == said
