# SPDX-License-Identifier: Apache-2.0
"""A check costs the same for a large group as for a small one, and for a user with many projects as for a newcomer."""

import json

import pytest

from support.migrations import Database

MANY = 20000
# A group of many members and a small one, a project in each, a connector in each project; somebody who is in many projects.
ROWS = f"""
INSERT INTO librenku.relation SELECT 'g', 'LARGE', 'v', 'u', 'u' || n FROM generate_series(1, {MANY}) n;
INSERT INTO librenku.relation SELECT 'p', 'P' || n, 'v', 'u', 'busy' FROM generate_series(1, {MANY}) n;
INSERT INTO librenku.relation SELECT 'p', 'P' || n, 'w', t::"char", '*' FROM generate_series(1, {MANY}) n, unnest(ARRAY['u', 'a']) t;
INSERT INTO librenku.relation SELECT 'p', 'P' || n, 'L', 'L', 'renku' FROM generate_series(1, {MANY}) n;
INSERT INTO librenku.relation SELECT 'p', 'PLARGE', 'v', 'u', 'm' || n FROM generate_series(1, {MANY}) n;
INSERT INTO librenku.relation VALUES
    ('g', 'SMALL', 'v', 'u', 'u1'), ('g', 'SMALL', 'L', 'L', 'renku'), ('g', 'LARGE', 'L', 'L', 'renku'),
    ('p', 'PSMALL', 'N', 'g', 'SMALL'), ('p', 'PLARGE', 'N', 'g', 'LARGE'),
    ('p', 'PSMALL', 'L', 'L', 'renku'), ('p', 'PLARGE', 'L', 'L', 'renku'),
    ('d', 'DSMALL', 'N', 'p', 'PSMALL'), ('d', 'DLARGE', 'N', 'p', 'PLARGE'),
    ('d', 'DSMALL', 'L', 'L', 'renku'), ('d', 'DLARGE', 'L', 'L', 'renku'), ('L', 'renku', 'A', 'u', 'root');
"""
# Pages of the index trees, from the root to the leaf, for each probe.
PROBE = 5
PROBES = {"group": 8, "project": 14, "data_connector": 24}
CASES = [("group", "SMALL", "LARGE"), ("project", "PSMALL", "PLARGE"), ("data_connector", "DSMALL", "DLARGE")]
CALLERS = [("u", "u1"), ("u", "busy"), ("u", "root"), ("u", "nobody"), ("a", "anonymous")]


@pytest.fixture(scope="module", params=["VACUUM ANALYZE", "VACUUM"])
def large(postgres, request):
    """With and without statistics."""
    database = Database(postgres, postgres.create_database())
    database.done("up")
    with postgres.superuser(database.name) as connection:
        connection.execute("ALTER TABLE librenku.relation DISABLE TRIGGER USER")
        connection.execute(ROWS)
        connection.execute("DELETE FROM pg_statistic WHERE starelid = 'librenku.relation'::regclass")
        connection.execute(f"{request.param} librenku.relation")
        connection.execute("SET jit = off")
        connection.execute("SET plan_cache_mode = force_generic_plan")
        yield connection


def pages(connection, name: str, sql: str, *parameters) -> int:
    if not connection.execute("SELECT FROM pg_prepared_statements WHERE name = %s", [name]).rowcount:
        connection.execute(f"PREPARE {name} (text, text, text) AS {sql}")
    values = ", ".join(f"'{value}'" for value in parameters)
    row = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {name} ({values})").fetchone()
    plan = row[0][0] if isinstance(row[0], list) else json.loads(row[0])[0]
    return plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("kind, small, large_id", CASES)
def test_all_permissions_cost_a_few_probes(large, compiled, kind, small, large_id, caller):
    sql = compiled.statements[kind]["bits"]
    few, many = (pages(large, f"bits_{kind}", sql, *caller, id) for id in (small, large_id))
    assert many <= PROBES[kind] * PROBE, (few, many)
    assert many <= few + 2 * PROBE, (few, many)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("permission", ["read", "write", "delete", "non_public_read", "direct_member"])
def test_one_permission_costs_a_few_probes(large, compiled, permission, caller):
    sql = compiled.statements["project"]["can"][permission]
    few, many = (pages(large, f"can_{permission}", sql, *caller, id) for id in ("PSMALL", "PLARGE"))
    assert many <= PROBES["project"] * PROBE, (few, many)


def test_a_look_up_costs_what_it_finds(large, compiled):
    """Somebody with one group does not pay for the members of others."""
    sql = compiled.statements["project"]["objects"]["write"]
    large.execute(f"PREPARE writable (text, text) AS {sql}")
    row = large.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE writable ('u', 'u7')").fetchone()
    assert row[0][0]["Plan"]["Shared Hit Blocks"] + row[0][0]["Plan"]["Shared Read Blocks"] < 200
