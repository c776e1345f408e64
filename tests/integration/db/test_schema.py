# SPDX-License-Identifier: Apache-2.0
"""The schema as a whole: against its committed description, and against the machine-readable contract."""

import json

import pytest

from support.migrations import MIGRATIONS
from support.server import ROOT

CONTRACT = ROOT.parent / "shared" / "contract" / "schema.json"


def test_the_committed_description_is_not_stale(migrated):
    expected = (MIGRATIONS / "expected.txt").read_text().splitlines()
    live = migrated.call("lines").text.splitlines()
    assert live == expected, "refresh it with: make refresh-schema"


def test_the_description_is_sorted_and_names_each_object_once():
    names = [line.split("\t")[0].encode() for line in (MIGRATIONS / "expected.txt").read_text().splitlines()]
    assert names == sorted(set(names))


# The catalog once more, read in another way than the library does.

COLUMNS = """
SELECT n.nspname || '.' || c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
       pg_get_expr(d.adbin, d.adrelid), a.attidentity
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname = ANY (%s)
 ORDER BY c.oid, a.attnum
"""
NAMES = (
    "ARRAY(SELECT a.attname::text FROM unnest({key}) WITH ORDINALITY k (n, o) JOIN pg_attribute a"
    " ON a.attrelid = {table} AND a.attnum = k.n ORDER BY k.o)"
)
CONSTRAINTS = f"""
SELECT n.nspname || '.' || c.relname, o.conname, o.contype::text,
       {NAMES.format(key="o.conkey", table="o.conrelid")}, {NAMES.format(key="o.confkey", table="o.confrelid")},
       o.confrelid::regclass::text, o.confdeltype::text, o.confupdtype::text,
       pg_get_expr(o.conbin, o.conrelid), o.condeferrable
  FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = ANY (%s)
"""
INDEXES = """
SELECT n.nspname || '.' || t.relname, c.relname, m.amname, i.indisunique, i.indnullsnotdistinct,
       ARRAY(SELECT pg_get_indexdef(i.indexrelid, k, false)
               FROM generate_series(1, i.indnatts) k ORDER BY k),
       pg_get_expr(i.indpred, i.indrelid),
       EXISTS (SELECT FROM pg_constraint o WHERE o.conindid = i.indexrelid AND o.contype IN ('p', 'u'))
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = t.relnamespace JOIN pg_am m ON m.oid = c.relam
 WHERE n.nspname = ANY (%s)
"""
SEQUENCES = """
SELECT schemaname, sequencename, data_type::text, start_value, min_value, max_value, increment_by, cache_size, cycle,
       (SELECT d.refobjid::regclass || '.' || a.attname FROM pg_depend d
          JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
         WHERE d.objid = format('%%I.%%I', schemaname, sequencename)::regclass AND d.deptype IN ('a', 'i')),
       EXISTS (SELECT FROM pg_depend d
                WHERE d.objid = format('%%I.%%I', schemaname, sequencename)::regclass AND d.deptype = 'i')
  FROM pg_sequences WHERE schemaname = ANY (%s)
"""
ENUMS = """
SELECT t.typname, array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
  FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid WHERE t.typnamespace = 'public'::regnamespace GROUP BY 1
"""
FUNCTIONS = """
SELECT p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', pg_get_function_result(p.oid), l.lanname,
       p.provolatile::text
  FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname = ANY (%s) AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""
ACTIONS = {"a": "no action", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default", " ": None}
IDENTITY = {"a": "always", "d": "by default"}
VOLATILITY = {"v": "volatile", "s": "stable", "i": "immutable"}


class Catalog:
    """A live database in the form of the contract."""

    def __init__(self, connection, schemas: list[str]):
        self.connection = connection
        self.schemas = schemas
        self.tables: dict[str, dict] = {}
        connection.execute("SET search_path = ''")
        self._columns()
        self._constraints()
        self._indexes()

    def rows(self, sql: str):
        return self.connection.execute(sql, [self.schemas])

    def _columns(self) -> None:
        for table, name, kind, nullable, default, identity in self.rows(COLUMNS):
            entry = self.tables.setdefault(table, {"columns": {}, "column_order": [], "indexes": {}})
            column = {"type": kind, "nullable": nullable}
            if default is not None:
                column["default"] = default
            if identity:
                column["identity"] = IDENTITY[identity]
            entry["columns"][name] = column
            entry["column_order"].append(name)

    def _constraints(self) -> None:
        for table, name, kind, columns, others, other, deleted, updated, check, deferrable in self.rows(CONSTRAINTS):
            entry = self.tables[table]
            assert not deferrable
            if kind == "p":
                entry["primary_key"] = {"name": name, "columns": columns}
            elif kind == "u":
                entry.setdefault("unique", {})[name] = {"columns": columns}
            elif kind == "c":
                entry.setdefault("checks", {})[name] = {"expression": check}
            elif kind == "f":
                entry.setdefault("foreign_keys", {})[name] = {
                    "columns": columns,
                    "references": other,
                    "referenced_columns": others,
                    "on_delete": ACTIONS[deleted],
                    "on_update": ACTIONS[updated],
                }

    def _indexes(self) -> None:
        for table, name, method, unique, not_distinct, columns, predicate, of_constraint in self.rows(INDEXES):
            index = {"columns": columns, "method": method, "unique": unique}
            if predicate is not None:
                index["predicate"] = predicate
            if not_distinct:
                index["nulls_not_distinct"] = True
            if of_constraint:
                index["of_constraint"] = True
            self.tables[table]["indexes"][name] = index

    def sequences(self) -> dict[str, dict]:
        found = {}
        for schema, name, kind, start, least, most, step, cache, cycle, owner, identity in self.rows(SEQUENCES):
            assert not cycle
            sequence = {"type": kind, "start": start, "min": least, "max": most, "increment": step, "cache": cache}
            sequence["owned_by"] = owner
            if identity:
                sequence["of_identity"] = True
            found[f"{schema}.{name}"] = sequence
        return found

    def enums(self) -> dict[str, list[str]]:
        return dict(self.connection.execute(ENUMS).fetchall())

    def functions(self) -> dict[str, dict]:
        return {
            name: {"returns": result, "language": language, "volatility": VOLATILITY[volatility]}
            for name, result, language, volatility in self.rows(FUNCTIONS)
        }


@pytest.fixture(scope="module")
def contract() -> dict:
    if not CONTRACT.exists():
        pytest.skip(f"there is no {CONTRACT}")
    return json.loads(CONTRACT.read_text())


@pytest.fixture
def catalog(handed, contract):
    with handed.connect() as connection:
        yield Catalog(connection, list(contract["schemas"]))


@pytest.fixture
def handed(migrated):
    """Only the contract's part is left."""
    migrated.done("hand-back")
    return migrated


VERSION_TABLE = "common.alembic_version"


def test_every_table_is_that_of_the_contract(catalog, contract):
    expected = {
        f"{schema}.{name}": table
        for schema, content in contract["schemas"].items()
        for name, table in content.get("tables", {}).items()
    }
    version = catalog.tables.pop(VERSION_TABLE)
    assert set(catalog.tables) == set(expected)
    for name, table in expected.items():
        assert catalog.tables[name] == table, name
    assert version["columns"] == {"version_num": {"type": "character varying(32)", "nullable": False}}
    assert version["primary_key"] == {"name": "alembic_version_pkc", "columns": ["version_num"]}


def test_every_sequence_is_that_of_the_contract(catalog, contract):
    assert catalog.sequences() == {
        f"{schema}.{name}": sequence
        for schema, content in contract["schemas"].items()
        for name, sequence in content.get("sequences", {}).items()
    }


def test_every_enumeration_is_that_of_the_contract(catalog, contract):
    assert catalog.enums() == contract["schemas"]["public"]["enums"]


def test_every_function_is_that_of_the_contract(catalog, contract):
    expected = contract["schemas"]["public"]["functions"]
    assert catalog.functions() == {
        name: {key: function[key] for key in ("returns", "language", "volatility")}
        for name, function in expected.items()
    }


def test_there_are_no_triggers_and_views(handed, contract):
    assert contract["meta"]["counts"]["triggers"] == contract["meta"]["counts"]["views"] == 0
    assert handed.one("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == 0
    assert (
        handed.one(
            "SELECT count(*) FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace NOT IN"
            " ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)"
        )
        == 0
    )


def test_every_extension_is_that_of_the_contract(handed, contract):
    found = dict(handed.all("SELECT extname, extnamespace::regnamespace::text FROM pg_extension"))
    assert found == {name: extension["schema"] for name, extension in contract["extensions"].items()}


def test_the_seed_rows_are_those_of_the_contract(handed, contract):
    for table, rows in contract["seed"]["rows"].items():
        names = [name for name in rows[0] if name != "id"]
        found = handed.all(f"SELECT {', '.join(names)} FROM {table}")
        assert sorted(found) == sorted(tuple(row[name] for name in names) for row in rows)
    filled = {
        f"{schema}.{name}"
        for schema, name in handed.all(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY"
            " (ARRAY['authz','common','events','platform','projects','resource_pools',"
            "'secrets','sessions','storage','users'])"
        )
        if handed.one(f"SELECT EXISTS (SELECT FROM {schema}.{name})")
    }
    assert filled == set(contract["seed"]["rows"]) | {VERSION_TABLE}


def test_the_revision_is_that_of_the_contract(handed, contract):
    assert handed.all(f"SELECT version_num FROM {VERSION_TABLE}") == [tuple(contract["alembic"][VERSION_TABLE])]
