# SPDX-License-Identifier: Apache-2.0
"""The fixtures of the driver program, and who calls it."""

import uuid

import pytest

from support.driver import driver, driver_settings, key_file, run_driver, start_driver  # noqa: F401
from support.realm import Realm


@pytest.fixture(scope="session")
def calm_realm():
    """A realm that no test changes."""
    with Realm() as realm:
        yield realm


@pytest.fixture(scope="session")
def calm(calm_realm, tmp_path_factory):
    """The driver of the tests that change nothing."""
    yield from run_driver(calm_realm, tmp_path_factory.mktemp("calm"))


@pytest.fixture
def calm_token(calm_realm, someone):
    return calm_realm.token(someone, email="jane@example.org")


@pytest.fixture
def someone():
    return str(uuid.uuid4())


@pytest.fixture
def token(own_realm, someone):
    return own_realm.token(someone, email="jane@example.org")
