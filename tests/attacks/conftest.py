# SPDX-License-Identifier: Apache-2.0
"""Servers to attack."""

import itertools

import pytest

from support.fake_server import FakeServer, fake_environment

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def start_fake(folder):
    """Starts a server over the double of the library; each ends cleanly and has reported nothing."""
    started = []

    def start(workers: int = 1, **environment: str) -> FakeServer:
        server = FakeServer(fake_environment(**environment), folder / f"attacked-{next(_numbers)}.log", workers)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        status = server.stop()
        assert not server.reports(), server.log()
        assert status == 0, server.log()


@pytest.fixture(scope="session")
def fake(start_fake):
    return start_fake()
