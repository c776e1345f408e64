# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests of backup, export, removal of users and doctor."""

import pytest

from support.operate import Tools


@pytest.fixture(scope="session")
def tools(keys):
    return Tools(keys)


@pytest.fixture
def empty(postgres):
    """A database without any table."""
    return postgres.create_database()
