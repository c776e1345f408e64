# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests of backup, export, removal of users and doctor."""

import pytest

from support.backups import fill_with_odd_rows
from support.database import Rows


@pytest.fixture
def empty(postgres):
    """A database without any table."""
    return postgres.create_database()


@pytest.fixture(scope="session")
def odd(make_database):
    """A database with all that could be lost on the way."""
    database = make_database()
    rows = Rows(database)
    fill_with_odd_rows(rows)
    rows.close()
    return database


@pytest.fixture(scope="session")
def backup(odd, tools, tmp_path_factory):
    return tools.backup(tmp_path_factory.mktemp("backup") / "odd.tar", odd)
