# SPDX-License-Identifier: Apache-2.0
"""The real SpiceDB under our schema answers as we do. Spec: authorization.md 3, 7

AUTHZ_SEED and AUTHZ_WORLDS choose other relationships and more of them."""

import itertools
import os
import random
import subprocess
from collections import Counter

import pytest

from peers.build import build
from peers.spicedb import Invalid, SpiceDB
from support.authz_driver import ANONYMOUS, Refused
from support.pages import commands_of
from support.server import PATIENCE, RENKU, ROOT, deployment, renku
from support.zed import Graph, Relationship, parse
from support.zedsql import SCHEMA, STRANGER, World

WORLDS = int(os.environ.get("AUTHZ_WORLDS", "2"))
GRAPHS = 20
PLATFORM = "renku"
FROM_SPICEDB, TO_SPICEDB = 1, 2  # blocks of commands, after one that both need


@pytest.fixture(scope="module")
def spicedb(folder):
    spicedb = SpiceDB(build("spicedb"), folder / "spicedb")
    try:
        yield spicedb.start()
    finally:
        spicedb.stop()


@pytest.fixture
def spice(spicedb):
    """An empty store of the real SpiceDB under our schema."""
    return spicedb.store(SCHEMA.read_text())


class Legal(World):
    """Names that SpiceDB takes; one platform is the one that the library asks."""

    @staticmethod
    def names(kind: str) -> list[str]:
        if kind == "anonymous_user":
            return ["anonymous"]
        return ["u", "S", "a", "renku", "anonymous", "0/shared", "Az09/_|-=+", "x" * 1024, "bob", "eve"]

    def ids(self, kind: str, number: int) -> list[str]:
        return [PLATFORM] if (kind, number) == ("platform", 0) else super().ids(kind, number)


def is_taken(spice, row: Relationship) -> bool:
    """Whether SpiceDB takes a relationship."""
    try:
        spice.touch([row])
        return True
    except Invalid:
        return False


def is_read(authz, row: Relationship) -> bool:
    """Whether the library takes it as text."""
    try:
        return authz.call("parse", line=str(row)) == str(row)
    except Refused:
        return False


def test_our_schema_is_a_schema(spice):
    """And means to SpiceDB what it means to us: it comes back from there as the same."""
    assert parse(spice.schema()) == parse(SCHEMA.read_text())


def test_the_same_relationships_are_allowed(spice, authz, compiled, record_property):
    """Of each relation with each type of subjects, wildcards included, and of relations that a type does not have."""
    count = 0
    for kind, definition in compiled.definitions.items():
        for relation in [*definition.relations, "owner", "linked_to", "read", "nothing"]:
            for subject_type, id in itertools.product([*compiled.definitions, "nothing"], ["x", "*"]):
                row = Relationship(kind, "1", relation, subject_type, id)
                allowed = Graph(compiled.definitions, []).allowed(row)
                assert (is_taken(spice, row), is_read(authz, row)) == (allowed, allowed), row
                count += 1
    record_property("counted", (count, "relationships taken or refused by SpiceDB and the library"))


IDS = ["a", "Z9", "0", "/_|-=+", "a/b|c", "*", "**", "a*", "", " ", "a b", "ä", "a.b", "a,b", "a;b", "a'b", "a@b", "a%b",
       "A" * 1024, "A" * 1025, "01J9Z0000000000000000000ZZ", "6f1c0a52-1f3b-4d8e-9a53-2f0c6b1d7e11"]  # fmt: skip


@pytest.mark.parametrize("id", IDS, ids=range(len(IDS)))
def test_the_same_ids_are_taken(spice, authz, id):
    """Spec: authorization.md 2"""
    for row in (Relationship("project", id, "owner", "user", "u"), Relationship("project", "P", "owner", "user", id)):
        assert is_taken(spice, row) == is_read(authz, row), row


class Sides:
    """One world in SpiceDB, in the library and in the evaluator, and the answers of each."""

    def __init__(self, spice, authz, world: World):
        self.spice, self.authz, self.world = spice, authz, world
        self.subjects = [*world.subjects, STRANGER]
        self.answers: dict[tuple, bool] = {}
        self.count = Counter()
        spice.touch(row for row in sorted(world.relationships) if world.graph.allowed(row))
        with authz.database.connect() as connection, connection.cursor().copy("COPY librenku.relation FROM STDIN") as copy:
            for row in sorted({world.compiled.row(one) for one in world.relationships}):
                copy.write_row(row)

    def call(self, do: str, subject=ANONYMOUS, **more):
        return self.authz.call(do, subject if subject[0] == "user" else ANONYMOUS, **more)

    def held(self, kind: str, id: str, subject, bits: int) -> dict[tuple, bool]:
        scopes = self.world.compiled.scopes
        permissions = self.world.compiled.definitions[kind].permissions
        return {(kind, id, permission, subject): bool(bits >> scopes.index(permission) & 1) for permission in permissions}

    def library(self) -> dict[tuple, bool]:
        """What the library says of every object, permission and subject."""
        found = {}
        for kind, subject in itertools.product(self.world.objects, self.subjects):
            ids = [PLATFORM] if kind == "platform" else self.world.objects[kind]
            for id, bits in zip(ids, self.call("bits", subject, type=kind, ids=ids), strict=True):
                found |= self.held(kind, id, subject, bits)
        return found

    def checks(self) -> None:
        ours = self.library()
        self.answers = dict(zip(ours, self.spice.check(list(ours)), strict=True))
        for question, answer in self.answers.items():
            found = ours[question], self.world.graph.holds(*question)
            assert found == (answer, answer), (question, self.world.why(*question[:2]))
        self.count["checks answered alike by SpiceDB, the library and the schema taken at its word"] += len(ours)

    def parents(self, project: str) -> set[str]:
        """Where a project lives, and where it may not live."""
        found = {id for _, id in self.world.graph.rows["project", project, "project_namespace"]}
        return found | set(self.world.some_objects("group", 1))

    def conclusions(self) -> None:
        """What the rows around a project and a parent say. A second parent is not seen, so that it gives nothing."""
        for project, subject in itertools.product(self.world.objects["project"], self.subjects):
            parents = self.world.graph.rows["project", project, "project_namespace"]
            for parent in self.parents(project):
                concluded, _ = self.call("conclude", subject, id=project, parent=parent)
                held = self.held("project", project, subject, concluded)
                said, right = ({question for question in held if answers[question]} for answers in (held, self.answers))
                fine = said == right if len(parents) < 2 else said <= right
                assert fine, (parent, subject, self.world.why("project", project))
                self.count["conclusions about projects that SpiceDB confirms"] += 1

    def objects(self, sample: int) -> None:
        """Which objects a subject has a permission on."""
        for kind, permission in self.world.compiled.permissions():
            for subject in self.world.some_subjects(sample):
                found = self.spice.objects(kind, permission, subject)
                ours = self.call("objects", subject, type=kind, scope=permission)
                assert sorted(ours) == sorted(found), (kind, permission, subject)
                self.count["look-ups answered alike by SpiceDB and the library"] += 1

    def users(self, sample: int) -> None:
        """Who has a permission on an object, "*" for everybody. Spec: authorization.md 7.6"""
        for kind, permission in self.world.compiled.permissions():
            for id in self.world.some_objects(kind, sample):
                found = self.spice.users(kind, permission, id)
                ours = self.call("users", type=kind, id=id, scope=permission)
                assert sorted(ours) == sorted(found), (kind, permission, id, self.world.why(kind, id))
                self.count["look-ups answered alike by SpiceDB and the library"] += 1

    def record(self, record_property) -> None:
        for what, count in self.count.items():
            record_property("counted", (count, what))


@pytest.mark.parametrize("number", range(WORLDS))
def test_every_answer_is_the_same(spice, lenient_authz, compiled, seed, number, record_property):
    sides = Sides(spice, lenient_authz, Legal(compiled, random.Random(seed + 9000 + number), GRAPHS))
    sides.checks()
    sides.objects(6)
    sides.users(6)
    sides.record(record_property)


@pytest.mark.parametrize("number", range(WORLDS * 6))
def test_what_is_concluded_is_the_same(spice, lenient_authz, compiled, seed, number, record_property):
    """On small worlds, each of which has one platform, so that its administrators are not everybody."""
    sides = Sides(spice, lenient_authz, Legal(compiled, random.Random(seed + 9500 + number), 1))
    sides.checks()
    sides.conclusions()
    sides.record(record_property)


@pytest.fixture
def run_tested(spice, keys, tmp_path):
    """Runs a block of commands of the page about operating, for a database."""
    blocks = commands_of(ROOT / "docs/operating.md")

    def run(number: int, database: dict[str, str]) -> None:
        env = deployment(database, "http://127.0.0.1:1", keys)
        env |= {"PATH": f"{RENKU.parent}:{env['PATH']}", "AUTHZ_DB_KEY": spice.key, "SPICEDB": spice.url}
        script = "\n".join(["set -euo pipefail", blocks[0], blocks[number]])
        done = subprocess.run(["bash"], input=script, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


# One of each type, which give way.
FORMER = [
    Relationship("platform", "FORMER", "admin", "user", "u"),
    Relationship("group", "FORMER", "owner", "user", "u"),
    Relationship("user_namespace", "FORMER", "owner", "user", "u"),
    Relationship("project", "FORMER", "owner", "user", "u"),
    Relationship("data_connector", "FORMER", "linked_to", "project", "P"),
    Relationship("resource_pool", "FORMER", "viewer", "user", "u"),
]


def call(database: dict[str, str], keys, *arguments: str) -> str:
    """What a command of renku prints."""
    done = renku(*arguments, env=deployment(database, "http://127.0.0.1:1", keys))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_relationships_go_there_and_back(run_tested, spice, make_database, keys, compiled, seed, tmp_path, record_property):
    """By the commands that the page about operating shows. Spec: authorization.md 2, 3"""
    world = Legal(compiled, random.Random(seed + 9999), 60)
    before, after = make_database(), make_database()
    (tmp_path / "world.txt").write_text("\n".join(str(row) for row in world.relationships if world.graph.allowed(row)))
    call(before, keys, "authz", "import", str(tmp_path / "world.txt"), "--apply")
    text = call(before, keys, "authz", "export")
    spice.touch(FORMER)

    run_tested(TO_SPICEDB, before)
    assert sorted(str(Relationship(*row)) for row in spice.relationships()) == sorted(text.splitlines())
    run_tested(FROM_SPICEDB, after)
    assert call(after, keys, "authz", "export") == text
    record_property("counted", (len(text.splitlines()), "relationships taken to SpiceDB and back"))
