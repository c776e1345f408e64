# SPDX-License-Identifier: Apache-2.0
"""What authzgen takes and refuses. Spec: authorization.md 3"""

import json
import random
import re
import subprocess
import sys

import pytest

from support.zed import parse
from support.zedsql import ROOT, SCHEMA, STORAGE, authzgen

TABLE = "type user u\ntype doc d\ntype folder f\n" + "".join(
    f"relation {name} {letter}\n" for name, letter in
    {"owner": "o", "viewer": "v", "everybody": "w", "parent": "P", "banned": "x"}.items()
) + "".join(f"scope {name}\n" for name in ("read", "write", "share", "see"))  # fmt: skip

FOLDER = "definition folder {\n\trelation owner: user\n\tpermission read = owner\n}\n"


def doc(*lines: str) -> str:
    relations = "\trelation owner: user\n\trelation viewer: user\n\trelation everybody: user:*\n\trelation parent: folder\n"
    return "definition user {}\n" + FOLDER + "definition doc {\n" + relations + "\n".join(lines) + "\n}\n"


def run(tmp_path, schema: str, storage: str = TABLE):
    (tmp_path / "schema.zed").write_text(schema)
    (tmp_path / "storage.tbl").write_text(storage)
    return authzgen(tmp_path / "schema.zed", tmp_path / "storage.tbl", "nothing")


TAKEN = [
    doc("\tpermission read = owner"),
    doc("\tpermission read = owner + viewer - everybody"),
    doc("\tpermission read = (owner - viewer) + everybody"),
    doc("\tpermission read = owner +\n\t\tviewer"),
    doc("\tpermission read = parent->read // at the end", "\t/* between\n\t lines */"),
    doc("\tpermission read = parent->owner"),
    doc("\tpermission write = read", "\tpermission read = (((owner)))"),
    doc().replace("definition user {}", "/** a person */\ndefinition user {\n}\n\n"),
    doc("\trelation banned: user | user:*", "\tpermission read = banned"),
]


@pytest.mark.parametrize("schema", TAKEN)
def test_what_is_right_is_taken(tmp_path, schema):
    done = run(tmp_path, schema)
    assert (done.returncode, done.stderr) == (0, "")


FIRST = 11  # the line after the relations of doc
REFUSED = [
    ("definition user {", 1, "expected 'relation' or 'permission', found 'end of file'"),
    ("definition user", 1, "expected '{', found 'end of file'"),
    ("definition Us {}", 1, "'Us' is no name"),
    ("definition us {}", 1, "'us' is no name"),
    ("definition user_ {}", 1, "'user_' is no name"),
    ("definition relation {}", 1, "a word of the language"),
    ("caveat tuesday {}", 1, "expected 'definition', found 'caveat'"),
    ("definition user {}\ndefinition user {}", 2, "'user' is defined twice"),
    ("definition user {} definition doc {}", 1, "expected the end of the line"),
    ("definition user {}\n\n\n%", 4, "'%' does not belong to the language"),
    (doc("\tpermission read = owner & viewer"), FIRST, "'&' does not belong to the language"),
    (doc("\trelation owner: user"), FIRST, "'doc' has two members 'owner'"),
    (doc("\trelation banned: person"), FIRST, "'banned' names 'person', which is not defined"),
    (doc("\trelation banned: user | user"), FIRST, "'banned' names 'user' twice"),
    (doc("\trelation banned: user:all"), FIRST, "expected '*', found 'all'"),
    (doc("\trelation banned: user#owner"), FIRST, "'#' does not belong to the language"),
    (doc("\trelation banned = user"), FIRST, "expected ':', found '='"),
    (doc("\trelation banned: user viewer"), FIRST, "expected the end of the line, found 'viewer'"),
    (doc("\tpermission read: owner"), FIRST, "expected '=', found ':'"),
    (doc("\tpermission read = owner", "\t\t+ viewer"), FIRST + 1, "expected 'relation' or 'permission', found '+'"),
    (doc("\tpermission read = (owner", "\t\t+ viewer)"), FIRST, "expected ')', found 'end of line'"),
    (doc("\tpermission read = owner viewer"), FIRST, "expected the end of the line, found 'viewer'"),
    (doc("\tpermission read = owner - viewer - everybody"), FIRST, "after '- viewer' nothing may follow"),
    (doc("\tpermission read = owner - viewer + everybody"), FIRST, "after '- viewer' nothing may follow"),
    (doc("\tpermission read = owner - parent->read"), FIRST, "after '- parent' nothing may follow"),
    (doc("\tpermission read = owner - (viewer + everybody)"), FIRST, "expected the name of the relation or permission to"),
    (doc("\tpermission read = boss"), FIRST, "'doc' has no relation or permission 'boss'"),
    (doc("\tpermission read = owner - boss"), FIRST, "'doc' has no relation or permission 'boss'"),
    (doc("\tpermission read = boss->read"), FIRST, "'boss' of 'doc' does not exist"),
    (doc("\tpermission read = write->read", "\tpermission write = owner"), FIRST, "'write' of 'doc' is a permission"),
    (doc("\tpermission read = parent->write"), FIRST, "nothing that 'parent' points to has 'write'"),
    (doc("\tpermission read = everybody->read"), FIRST, "'everybody' allows a wildcard, which '->' cannot follow"),
    (doc("\tpermission read = write", "\tpermission write = read"), FIRST, "doc.read -> doc.write -> doc.read"),
    (doc("\tpermission read = owner - read"), FIRST, "doc.read -> doc.read"),
    (
        "definition user {}\ndefinition folder {\n\trelation parent: folder\n\trelation owner: user\n"
        "\tpermission read = owner + parent->read\n}\n",
        5,
        "folder.read -> folder.read",
    ),
    (doc(f"\tpermission read = {'(' * 5000}"), FIRST, "more than 50 parentheses are open"),
]


@pytest.mark.parametrize("schema, line, message", REFUSED)
def test_what_is_wrong_is_said_with_its_line(tmp_path, schema, line, message):
    done = run(tmp_path, schema)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{tmp_path / 'schema.zed'}:{line}: "), done.stderr
    assert message in done.stderr


TABLES = [
    (TABLE.replace("type doc d\n", ""), "type 'doc' has no letter"),
    (TABLE.replace("type doc d", "type doc f"), "'folder' and 'doc' have the same letter 'f'|'doc' and 'folder' have"),
    (TABLE.replace("type doc d", "type doc S"), "'S' stands for services"),
    (TABLE.replace("relation viewer v", "relation viewer o"), "'owner' have the same letter 'o'"),
    (TABLE.replace("relation owner o", "relation owner"), "expected 'relation NAME LETTER'"),
    (TABLE.replace("relation owner o", "relation owner oo"), "expected 'relation NAME LETTER'"),
    (TABLE.replace("relation owner o", "relation owner ß"), "expected 'relation NAME LETTER'"),
    (TABLE.replace("relation owner o", "relation owner o single"), "'single' is too much"),
    (TABLE.replace("type doc d", "type doc d one"), "'one' is too much"),
    (TABLE.replace("relation owner o", "relation owner o one two"), "'one two' is too much"),
    (TABLE + "role reader\n", "role 'reader' is no relation"),
    (TABLE + "type doc d\n", "each name once"),
    (TABLE.replace("scope read\n", ""), "permission 'read' has no scope"),
    (TABLE + "scope read\n", "scopes must be different"),
    (TABLE + "".join(f"scope more{n}\n" for n in range(13)), "no more than 16"),
    (TABLE + "colour red\n", "expected 'type', 'relation', 'scope' or 'role'"),
]


@pytest.mark.parametrize("storage, message", TABLES)
def test_a_wrong_storage_table_is_refused(tmp_path, storage, message):
    done = run(tmp_path, doc("\tpermission read = owner + viewer"), storage)
    assert done.returncode == 1
    assert re.search(message, done.stderr), done.stderr


PIECES = [
    "definition", "relation", "permission", "caveat", "user", "doc", "user:*", "x", "0", " ", "\n", "\t", ":", "=", "+", "-", "->",
    "|", "(", ")", "{", "}", "#", "*", "&", "//", "/*", "*/", "\0", "\ud800", "\u202e", "e\u0301", "a" * 300, "(" * 2000,
]  # fmt: skip


def spoiled(text: str, choices: random.Random) -> str:
    """With some places of a schema taken out, doubled, moved, or replaced by something of the language or of none."""
    for _ in range(choices.randint(1, 6)):
        one, other = sorted(choices.randint(0, len(text)) for _ in range(2))
        other = min(other, one + choices.choice((0, 1, 8, 60)))
        middle = choices.choice(("", text[one:other] * 2, choices.choice(PIECES), text[one:other][::-1]))
        text = text[:one] + middle + text[other:]
    return text


# What authzgen does, for many schemas: prints what is wrong with each, or an empty line.
MANY = """
import json, sys
from check import check
from language import SchemaError, parse
from paths import Graph
from sql import Compiler
from storage import check_storage, read_storage
schemas, storage = json.load(sys.stdin)
storage = read_storage(storage, "storage.tbl")
for text in schemas:
    try:
        schema = parse(text, "schema.zed")
        check(schema)
        check_storage(storage, schema)
        Compiler(Graph(schema), storage)
        print()
    except SchemaError as problem:
        print(json.dumps(str(problem)))
"""


def test_whatever_stands_in_a_schema_is_taken_or_refused_with_its_line(record_property):
    choices = random.Random(20261128)
    schemas = [spoiled(choices.choice(TAKEN), choices) for _ in range(4000)]

    done = subprocess.run(
        [sys.executable, "-B", "-c", MANY], input=json.dumps([schemas, TABLE]), capture_output=True, text=True,
        env={"PYTHONPATH": str(ROOT / "tools/authzgen")},
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    answers = done.stdout.splitlines()
    assert len(answers) == len(schemas) and len(schemas) / 50 < answers.count("") < len(schemas) / 2
    assert [answer for answer in answers if answer and not re.match(r'"(schema.zed|storage.tbl):\d+: \S', answer)] == []
    record_property("counted", (len(schemas), "spoiled schemas read"))


def test_a_missing_file_is_named(tmp_path):
    done = authzgen(tmp_path / "none.zed")
    assert done.returncode == 1 and "none.zed" in done.stderr


def test_the_numbers_of_the_schema_stay(compiled):
    """Letters and bits stand in databases and in statements: a change of these is a migration."""
    letters = "project p group g user u anonymous_user a platform L user_namespace n data_connector d resource_pool r"
    assert compiled.types == dict(zip(letters.split()[::2], letters.split()[1::2]))
    scopes = (
        "read write delete change_membership read_children is_admin non_public_read exclusive_member exclusive_editor"
        " exclusive_owner direct_member create_groups create_projects"
    )
    assert compiled.scopes == scopes.split()


def test_the_schema_is_version_11(compiled):
    """Spec: authorization.md 3: counts of relations and permissions per definition."""
    found = {name: (len(one.relations), len(one.permissions)) for name, one in parse(SCHEMA.read_text()).items()}
    assert found == {
        "user": (0, 0), "anonymous_user": (0, 0), "platform": (3, 3), "group": (5, 10), "user_namespace": (3, 8),
        "project": (6, 10), "data_connector": (7, 9), "resource_pool": (6, 2),
    }  # fmt: skip


BY_HAND = re.compile(r"\b(?:object_type|subject_type|relation|role)\b\s*(?:=|<>|(?:NOT )?IN \(?)\s*'\w'|\$1 = '\w'")


def test_no_statement_of_the_library_names_a_letter_by_hand():
    """storage.tbl has the letters, and authzgen makes names of them."""
    sources = list((ROOT / "librenku").rglob("*.[ch]"))
    found = [f"{path}: {match}" for path in sources for match in BY_HAND.findall(path.read_text())]
    assert len(sources) > 100 and not found, found


def test_the_floor_of_databases_names_the_first_relationships_as_their_migration_does():
    """It stands below that of storage.tbl, and knows of no other letters."""
    relation = (ROOT / "migrations/0003_relation.sql").read_text()
    first = re.findall(r"\(('\w', '\w+', '\w', '\w', '\*')\)", relation.split("INSERT INTO librenku.relation")[1])
    restore = (ROOT / "librenku/db/migrate_restore.c").read_text()
    assert len(first) == 2 and re.findall(r"\(('\w', '\w+', '\w', '\w', '\*')\)", restore) == first


def test_every_letter_of_the_migrations_is_known(compiled):
    """Migrations name letters by hand, and name them as the table has them."""
    texts = [path.read_text() for path in (ROOT / "migrations").glob("0*.sql")]
    found = {letter for text in texts for letter in re.findall(r"\brelation (?:=|<>|IN \() ?'(\w)'", text)}
    assert found and found <= set(compiled.relations.values())
    text = STORAGE.read_text()
    roles = [line.split()[1] for line in text.splitlines() if line.startswith("role ")]
    assert "".join(compiled.relations[role] for role in roles) == "oevx"
