# SPDX-License-Identifier: Apache-2.0
"""What several files of this suite share."""

import uuid

import pytest

from support.fake_server import started


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
