# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests of authorization: the relation table alone, and the compiled schema."""

import os

import psycopg
import pytest

from support.zedsql import MIGRATION, SCHEMA, Compiled, Store


@pytest.fixture(scope="session")
def seed() -> int:
    return int(os.environ.get("AUTHZ_SEED", "20260724"))


@pytest.fixture(scope="session")
def connection(postgres):
    name = postgres.create_database()["DB_NAME"]
    with postgres.superuser(name) as connection:
        connection.execute("CREATE SCHEMA librenku")
        connection.execute(MIGRATION.read_text())
        yield connection


@pytest.fixture(scope="session")
def compiled() -> Compiled:
    return Compiled(SCHEMA)


@pytest.fixture
def store(connection: psycopg.Connection, compiled) -> Store:
    return Store(connection, compiled)
