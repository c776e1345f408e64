# SPDX-License-Identifier: Apache-2.0
"""A database, a Keycloak of the tests' own, and what makes the one follow the other."""

import pytest

from support.follower import followed, world  # noqa: F401
from support.keycloak import Keycloak


@pytest.fixture
def keycloak():
    with Keycloak() as keycloak:
        yield keycloak
