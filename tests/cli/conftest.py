# SPDX-License-Identifier: Apache-2.0
import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from support.installed import *  # noqa: F403
from support.operate import fingerprint
from support.server import RENKU, deployment
from support.up import Installation
from support.world import World

SCRATCH_USER = f"renku-test-{os.getpid()}"  # of this process: another one that has ended takes its own away
IS_ROOT = os.geteuid() == 0
# As whom `renku up` is tried: by whoever runs the tests, and by an ordinary user when that is root.
KINDS = ["own"] + (["plain"] if IS_ROOT else [])


@pytest.fixture(scope="session")
def plain_user():
    """A user of the machine without any rights."""
    try:
        pwd.getpwnam(SCRATCH_USER)
    except KeyError:
        subprocess.run(["useradd", "--no-create-home", "--home-dir", "/nonexistent", SCRATCH_USER], check=True)
    yield SCRATCH_USER
    subprocess.run(["userdel", SCRATCH_USER], check=False)


@pytest.fixture(scope="session")
def installed(installed_root):
    """The program as it is installed, and the variables that it needs there."""
    program = next(installed_root.glob("**/bin/renku"))
    return program, {"LD_LIBRARY_PATH": str(program.parent.parent / "lib")}


@pytest.fixture
def local(tmp_path):
    """A local installation that does not exist yet, of whoever runs the tests."""
    local = Installation(tmp_path / "place")
    yield local
    local.clean_up()


@pytest.fixture
def plain_local(plain_user, installed):
    """The same, of a user without any rights."""
    program, env = installed
    home = Path(tempfile.mkdtemp(prefix="renku-home-"))
    shutil.chown(home, plain_user)
    local = Installation(home / "place", program, plain_user, env)
    yield local
    local.clean_up()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(params=KINDS)
def installation(request):
    """One of them after the other."""
    return request.getfixturevalue("local" if request.param == "own" else "plain_local")


@pytest.fixture(scope="session")
def running(tmp_path_factory):
    """A local installation that runs, for the tests that only ask it something."""
    local = Installation(tmp_path_factory.mktemp("running") / "place").start()
    yield local
    assert local.ask() == 0, local.messages()


@pytest.fixture
def renku():
    """Runs the command line tool with an environment of nothing but what is given."""

    def run(*arguments: str, env: dict | None = None, cwd="/", **more) -> subprocess.CompletedProcess:
        base = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8"}
        return subprocess.run(
            [RENKU, *arguments], env=base | (env or {}), cwd=cwd, capture_output=True, text=True, timeout=60, **more
        )

    return run


@pytest.fixture(scope="session")
def prepared(make_database, realm, keys, tmp_path_factory):
    """The name of a database that holds what tests/cli/world.py makes, and the id of its project."""
    database = make_database()
    world = World(deployment(database, realm.url, keys), realm, tmp_path_factory.mktemp("prepared"))
    world.enter()
    return database["DB_NAME"], world.project


@pytest.fixture(scope="session")
def make_world(prepared, postgres, realm, keys):
    """Makes copies of it."""
    name, project = prepared

    def make(folder: Path) -> World:
        world = World(deployment(postgres.create_database(name), realm.url, keys), realm, folder)
        world.project = project
        return world

    return make


@pytest.fixture
def world(make_world, tmp_path):
    """A copy for one test."""
    return make_world(tmp_path)


@contextlib.contextmanager
def kept(world: World):
    """Nobody changes it."""
    before = fingerprint(world.env)
    yield world
    assert fingerprint(world.env) == before


@pytest.fixture(scope="session")
def same_world(make_world, tmp_path_factory):
    """A copy for all tests that change nothing."""
    with kept(make_world(tmp_path_factory.mktemp("same"))) as world:
        yield world


@pytest.fixture(scope="session")
def many(make_world, tmp_path_factory):
    """The same with 250 projects more."""
    world = make_world(tmp_path_factory.mktemp("many"))
    world.run("dev", "seed", "--users", "5", "--groups", "0", "--projects", "250")
    with kept(world):
        yield world
