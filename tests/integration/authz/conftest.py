# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests of authorization: the relation table alone, the compiled schema, and the library."""

import os
import re

import psycopg
import pytest

from support.authz_driver import Authz
from support.migrations import Database
from support.zedsql import MIGRATION, SCHEMA, Compiled, Store


@pytest.fixture(scope="session")
def seed() -> int:
    return int(os.environ.get("AUTHZ_SEED", "20260724"))


@pytest.fixture(scope="session")
def connection(postgres):
    """librenku.relation alone."""
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


@pytest.fixture(scope="session")
def database(postgres):
    database = Database(postgres, postgres.create_database())
    database.done("up")
    return database


@pytest.fixture(scope="session")
def shared_authz(database, folder):
    authz = Authz(database, folder / "authz-driver.log")
    yield authz
    authz.stop()


@pytest.fixture(scope="session")
def lenient_database(postgres):
    """Lets a project have several homes, as before migration 0010: what is concluded must be right for them too."""
    database = Database(postgres, postgres.create_database())
    database.done("up")
    former = re.search(r"CREATE INDEX relation_arrow [^;]+;", MIGRATION.read_text())[0]
    database.run(f"DROP INDEX librenku.relation_arrow; {former}")
    return database


@pytest.fixture(scope="session")
def shared_lenient_authz(lenient_database, folder):
    authz = Authz(lenient_database, folder / "lenient-authz-driver.log")
    yield authz
    authz.stop()


@pytest.fixture
def lenient_authz(shared_lenient_authz) -> Authz:
    """The library on an empty relation table that takes any relationships."""
    shared_lenient_authz.clear()
    return shared_lenient_authz


@pytest.fixture
def authz(shared_authz) -> Authz:
    """The library on an empty relation table."""
    shared_authz.clear()
    return shared_authz
