# SPDX-License-Identifier: Apache-2.0
"""Databases in every state."""

import pytest

from support.migrations import MIGRATIONS, Database


@pytest.fixture
def make(postgres):
    """Makes a database, empty or as a copy."""
    return lambda template=None: Database(postgres, postgres.create_database(template))


@pytest.fixture
def empty(make):
    return make()


@pytest.fixture(scope="session")
def migrated_template(postgres):
    database = Database(postgres, postgres.create_database())
    database.done("up")
    return database.name


@pytest.fixture
def migrated(make, migrated_template):
    """At our newest revision."""
    return make(migrated_template)


@pytest.fixture
def deployed(make):
    """What a deployment would have made, with some rows of its own."""
    database = make()
    database.run((MIGRATIONS / "0001_baseline.sql").read_text())
    database.run(
        "INSERT INTO users.users (keycloak_id) VALUES ('u1');"
        "INSERT INTO projects.projects (id, name, visibility, created_by_id, creation_date)"
        " VALUES (public.generate_ulid(), 'one', 'public', 'u1', now())"
    )
    return database
