# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests that drive single mechanisms of the library."""

import base64
import os

import pytest

from support.driver import Driver
from support.realm import Realm
from support.server import REPORTS, SANITIZERS


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "internal_key"
    path.write_bytes(base64.urlsafe_b64encode(bytes(range(64))))
    path.chmod(0o600)
    return path


@pytest.fixture
def environment(key_file):
    """The settings of a deployment, as far as authentication reads them."""
    return {
        "PATH": os.environ["PATH"],
        "KEYCLOAK_CLIENT_ID": "renku",
        "KEYCLOAK_CLIENT_SECRET": "x",
        "KEYCLOAK_TOKEN_SIGNATURE_ALGS": "RS256",
        "INTERNAL_AUTHN_SECRET_KEY_PATH": str(key_file),
        "ENABLE_INTERNAL_GITLAB": "false",
        "DB_PASSWORD": "x",
        "KUBERNETES_NAMESPACE": "renku",
    } | SANITIZERS


@pytest.fixture
def own_realm():
    with Realm() as realm:
        yield realm


@pytest.fixture
def start_driver(environment, own_realm, tmp_path):
    """Starts drivers with the settings of this test; they end cleanly and report nothing."""
    drivers = []

    def start(**more) -> Driver:
        env = environment | {"KEYCLOAK_URL": own_realm.url} | more
        env = {name: str(value) for name, value in env.items() if value is not None}
        drivers.append(Driver(env, tmp_path / f"driver-{len(drivers)}.log"))
        return drivers[-1]

    yield start
    own_realm.fast()
    for driver in drivers:
        status = driver.stop()
        assert not REPORTS.search(driver.text()), driver.text()
        assert status == 0, driver.text()


@pytest.fixture
def driver(start_driver):
    return start_driver()
