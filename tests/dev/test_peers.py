# SPDX-License-Identifier: Apache-2.0
"""What is fetched for the suites is the very thing that is meant, or nothing."""

import subprocess

import pytest

from peers import build, keycloak
from peers.build import CannotBuild


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """An empty cache of this test's own."""
    for module in (build, keycloak):
        monkeypatch.setattr(module, "CACHE", tmp_path / "cache")
    (tmp_path / "cache").mkdir()
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


# --- Go -------------------------------------------------------------------------------------------

MODULE = "golang.org/toolchain@v0.0.1-go$WANTED.plan9-arm"
SCRIPT = """#!/bin/bash
WANTED={wanted}
case "$1" in
version) echo "go version go{version} plan9/arm" ;;
env) printf 'plan9\\narm\\n' ;;
mod)
    [ "$*" = "mod download -json {module}" ] || exit 1
    mkdir -p $GOMODCACHE/go/bin $GOMODCACHE/go/pkg/tool/plan9_arm
    sed s/{version}/$WANTED/ "$0" >$GOMODCACHE/go/bin/go
    touch $GOMODCACHE/go/pkg/tool/plan9_arm/compile
    echo '{{"Dir": "'$GOMODCACHE'/go"}}'
    echo >>{calls}
    ;;
esac
"""


@pytest.fixture
def make_go(tmp_path):
    """A Go of that version, as far as it is asked here; tells its folder."""

    def make(version: str) -> str:
        program = tmp_path / f"go-{version}" / "go"
        program.parent.mkdir()
        program.write_text(SCRIPT.format(wanted=build.GO, version=version, module=MODULE, calls=tmp_path / "calls"))
        program.chmod(0o755)
        return str(program.parent)

    return make


def test_the_first_go_that_is_new_enough_is_taken(make_go, cache):
    newest = make_go("99.1")

    assert str(build.find_go(f"/nonexistent::{make_go('1.19.8')}:{newest}:{make_go('99.2')}")) == f"{newest}/go"
    assert leavings(cache) == set()


def test_an_old_go_fetches_the_one_that_is_wanted_once(make_go, cache, tmp_path):
    old = make_go("1.19.8")

    found = {build.find_go(old) for _ in range(2)}

    assert found == {cache / f"go-{build.GO}" / "bin" / "go"}
    said = subprocess.run([*found, "version"], capture_output=True, text=True, check=True).stdout
    assert said == f"go version go{build.GO} plan9/arm\n"
    assert (cache / f"go-{build.GO}/pkg/tool/plan9_arm/compile").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "calls").read_text() == "\n"
    assert leavings(cache) == {"go.lock", f"go-{build.GO}"}


def test_a_go_that_cannot_fetch_is_told(make_go, monkeypatch, cache):
    old = make_go("1.19.8")
    monkeypatch.setattr(build, "GO", "1.26.7")  # not what the stub expects

    with pytest.raises(CannotBuild, match="go 1.26.7: mod download .* failed"):
        build.find_go(old)
    assert leavings(cache) == {"go.lock"}


def test_without_any_go_the_package_is_named(cache):
    with pytest.raises(CannotBuild, match="golang-go"):
        build.find_go("/nonexistent:")
