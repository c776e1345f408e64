# SPDX-License-Identifier: Apache-2.0
"""The compiled SQL grants exactly what the schema says, on random relationships. Spec: authorization.md 3, 7

AUTHZ_SEED and AUTHZ_GRAPHS choose other graphs and more of them."""

import os
import random

import pytest

from support.zedsql import Comparison, World

BATCH = 100
GRAPHS = int(os.environ.get("AUTHZ_GRAPHS", "2000"))


@pytest.mark.parametrize("batch", range(GRAPHS // BATCH))
def test_sql_and_schema_agree(store, compiled, seed, batch, record_property):
    world = World(compiled, random.Random(seed + batch), BATCH)
    compared = Comparison(store, world).all(subjects=5, objects=5)
    print(f"seed {seed + batch}: {BATCH} graphs, {len(world.relationships)} relationships, {compared} answers agree")
    record_property("counted", (compared, "answers of SQL and schema compared"))
