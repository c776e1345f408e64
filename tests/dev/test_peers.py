# SPDX-License-Identifier: Apache-2.0
"""What is fetched for the suites is the very thing that is meant, or nothing."""

import pytest

from peers import keycloak
from peers.build import CannotBuild


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """An empty cache of this test's own."""
    monkeypatch.setattr(keycloak, "CACHE", tmp_path / "cache")
    return tmp_path / "cache"


def leavings(cache) -> set[str]:
    return {path.name for path in cache.iterdir()}


def test_an_archive_that_is_another_one_is_refused_and_leaves_nothing(monkeypatch, tmp_path, cache):
    (tmp_path / "other.zip").write_bytes(b"another archive")
    monkeypatch.setattr(keycloak, "URL", (tmp_path / "other.zip").as_uri())

    with pytest.raises(CannotBuild, match="has the SHA-256 [0-9a-f]{64}, not 27a65355"):
        keycloak.distribution()
    assert leavings(cache) == {"keycloak.lock"}


def test_an_archive_that_cannot_be_fetched_is_named(monkeypatch, tmp_path, cache):
    monkeypatch.setattr(keycloak, "URL", (tmp_path / "none.zip").as_uri())

    with pytest.raises(CannotBuild, match="none.zip: .*No such file"):
        keycloak.distribution()
    assert leavings(cache) == {"keycloak.lock"}
