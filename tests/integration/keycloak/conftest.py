# SPDX-License-Identifier: Apache-2.0
"""A real Keycloak that the tests share, with a realm for each of their files."""

import pytest
from population import CLIENTS, SIGNED_SECRET, USERS

from peers import keycloak as peer
from peers.realm import PASSWORD, Realm
from support import leaks
from support.follower import followed, world  # noqa: F401


@pytest.fixture(scope="session")
def server_of_realms(folder):
    """One Keycloak for all; the first user of a machine fetches it."""
    for secret in (peer.PASSWORD, PASSWORD, SIGNED_SECRET):
        leaks.remember(secret)
    server = peer.Keycloak(peer.copy(peer.distribution(), folder / "keycloak"))
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="module")
def keycloak(request, server_of_realms):
    """The realm of this file: more users than a page has, of whom alice and bob can log in."""
    return Realm(server_of_realms, request.module.__name__, CLIENTS, USERS)


@pytest.fixture(autouse=True)
def restored(keycloak):
    """The next test finds the realm as it was made, apart from its events and keys."""
    yield
    keycloak.restore()
