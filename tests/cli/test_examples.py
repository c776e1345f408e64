# SPDX-License-Identifier: Apache-2.0
"""The example that each command shows is run, on a prepared installation of its own."""

import os
import re
import signal
import subprocess

import pytest

from support.commands import NAMES
from support.migrations import MIGRATIONS, Database
from support.server import poll
from support.up import Installation
from support.world import ALICE

EXAMPLE = re.compile(r"^example: (.*)$", re.MULTILINE)
ID = "01JF0000000000000000000000"  # stands for a project in the examples
ENDLESS = {"up": "renku token", "server": "listening on"}  # what they write once they run


def deployed(world, postgres) -> None:
    """The database of a running deployment instead."""
    variables = postgres.create_database()
    Database(postgres, variables).run((MIGRATIONS / "0001_baseline.sql").read_text())
    world.env |= variables


def adopted(world, postgres) -> None:
    deployed(world, postgres)
    assert world.run("db", "adopt").returncode == 0


def with_relationships(world, _postgres) -> None:
    (world.folder / "relationships.txt").write_text(world.run("authz", "export").stdout)


def public(world, _postgres) -> None:
    world.ask("project", "change", "alice/weather-model", "--visibility", "public")


def administrator(world, _postgres) -> None:
    assert world.run("authz", "admin", "add", ALICE).returncode == 0


def with_migrations(world, _postgres) -> None:
    (world.folder / "migrations").mkdir()


def with_backup(world, postgres) -> None:
    """A backup of it, and an empty database."""
    assert world.run("backup", str(world.folder / "renku-2026-11-27.tar")).returncode == 0
    world.env |= postgres.create_database()


def without_groups(world, _postgres) -> None:
    """Whoever made groups cannot be removed."""
    world.ask("group", "delete", "marine-lab")


def with_key_pairs(world, _postgres) -> None:
    for name in ("old", "new"):
        path = world.folder / f"{name}.pem"
        subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-out", path], check=True)
        path.chmod(0o600)


# What needs a local installation that runs, and what its example is followed by.
LOCAL = {"token": '; test -n "$TOKEN"', "top": ""}

# What must be so before the example of a command.
PREPARATIONS = {
    "secrets rotate": with_key_pairs,
    "user delete": without_groups,
    "restore": with_backup,
    "db adopt": deployed,
    "db hand-back": adopted,
    "db new": with_migrations,
    "authz import": with_relationships,
    "authz explain": public,
    "authz admin remove": administrator,
}


@pytest.fixture
def local_home(world):
    """A local installation at the usual place below the home folder, running."""
    local = Installation(world.folder / ".local/share/renku")
    local.output = world.folder / "up.out"
    local.start()
    yield world
    local.ask()


def example_of(renku, name: str) -> str:
    (example,) = EXAMPLE.findall(renku(*name.split(), "--help").stdout)
    return example


def run(world, example: str, **more) -> subprocess.CompletedProcess:
    script = example.replace(ID, world.project)
    return subprocess.run(
        ["bash", "-ec", script], env=world.env, cwd=world.folder, capture_output=True, text=True, timeout=120, **more
    )


@pytest.mark.parametrize("name", [name for name in NAMES if name not in {*ENDLESS, *LOCAL}])
def test_the_example_of_a_command_works(world, renku, postgres, name):
    example = example_of(renku, name)
    PREPARATIONS.get(name, lambda *_: None)(world, postgres)

    done = run(world, example)

    assert f"renku {name}" in example
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", LOCAL)
def test_the_example_of_what_needs_a_local_installation_works(local_home, renku, name):
    done = run(local_home, f"{example_of(renku, name)}{LOCAL[name]}")

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ENDLESS)
def test_the_example_of_what_runs_on_works_until_it_is_interrupted(world, renku, name):
    example = example_of(renku, name).replace("8000", "0")  # the port may be taken on this machine
    output = world.folder / "output"
    with output.open("w") as log:
        process = subprocess.Popen(
            ["bash", "-ec", f"exec {example}"], env=world.env, cwd=world.folder, stdout=log, stderr=log
        )
    try:
        poll(lambda: ENDLESS[name] in output.read_text() or process.poll() is not None)
        os.kill(process.pid, signal.SIGINT if name == "up" else signal.SIGTERM)
        status = process.wait(60)
    finally:
        process.kill()

    assert status == 0, output.read_text()
    assert ENDLESS[name] in output.read_text()


@pytest.mark.parametrize("group", sorted({name.rsplit(" ", 1)[0] for name in NAMES if " " in name}))
def test_the_example_of_a_group_works(world, renku, group):
    done = run(world, example_of(renku, group))

    assert done.returncode == 0
    assert "usage: " in done.stdout


def test_every_preparation_belongs_to_a_command():
    assert {*PREPARATIONS, *ENDLESS, *LOCAL} <= set(NAMES)
