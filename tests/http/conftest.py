# SPDX-License-Identifier: Apache-2.0
"""What several files of this suite share."""

import uuid

import pytest

from support import secrets
from support.api import Api, Caller
from support.bad_input import Unchanged
from support.database import Rows
from support.examples import World, make_world
from support.fake_server import started
from support.keeper import storage_environment
from support.server import private_key_of


@pytest.fixture
def someone() -> str:
    """The id of somebody whom nobody knows yet."""
    return str(uuid.uuid4())


@pytest.fixture(scope="session")
def fake(folder):
    """The server over the double of the library that the tests share."""
    with started(folder) as server:
        yield server
        assert not server.reports(), server.log()


@pytest.fixture
def world(request, api, rows) -> World:
    """What every operation can be asked about."""
    return make_world(api, rows, with_secrets="secret" in request.node.name)


@pytest.fixture
def unchanged(rows) -> Unchanged:
    return Unchanged(rows)


# --- the secrets storage -------------------------------------------------------------------------


@pytest.fixture(scope="session")
def pair(keys):
    """The key pair of the secrets storage."""
    return secrets.load_private(private_key_of(keys).read_bytes())


@pytest.fixture(scope="session")
def storage_settings(environment, keys):
    private_key_of(keys).chmod(0o600)
    return storage_environment(environment, SECRETS_SERVICE_PRIVATE_KEY_PATH=str(private_key_of(keys)))


# --- a platform of their own ---------------------------------------------------------------------


@pytest.fixture(scope="session")
def own_database(make_database):
    return make_database()


@pytest.fixture(scope="session")
def own_server(own_database, environment, start_server):
    """What tests change at this server counts for its whole platform."""
    server = start_server(own_database, base=environment, workers=2)
    yield server
    server.stop()


@pytest.fixture
def own(own_server, make_api) -> Api:
    return make_api(own_server)


@pytest.fixture(scope="session")
def own_rows(own_database):
    rows = Rows(own_database)
    yield rows
    rows.close()


@pytest.fixture
def root(own) -> Caller:
    return own.token_admin()


@pytest.fixture
def somebody(own) -> Caller:
    return own.user()


@pytest.fixture
def nobody(own) -> Caller:
    return own.anonymous()
