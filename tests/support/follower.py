# SPDX-License-Identifier: Apache-2.0
"""A database that follows a Keycloak, and the commands that make it do so.

Who imports the fixtures has one named "keycloak": the tests' own (support/keycloak.py) or a realm of a real one (peers/realm.py).
"""

import json
import subprocess

import pytest

from support.database import Rows
from support.server import BUILD, RENKU, REPORTS, deployment

DRIVER = BUILD / "tests" / "integration" / "sync" / "driver"


def numbers(**more) -> dict:
    """What a synchronisation of users tells."""
    return {"dry_run": False, "seen": 0, "added": 0, "updated": 0, "removed": 0, "skipped": 0} | more


class World:
    """The commands and the functions behind them."""

    def __init__(self, database: dict[str, str], keycloak, keys: dict[str, str]):
        self.keycloak, self.rows = keycloak, Rows(database)
        self.env = deployment(database, keycloak.url, keys) | {"KEYCLOAK_REALM": keycloak.name}

    def start(self, *arguments: str, program=RENKU, **more: str) -> subprocess.Popen:
        return subprocess.Popen(
            [program, *arguments], env=self.env | more, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/"
        )

    def run(self, *arguments: str, status: int = 0, **more) -> tuple[str, str]:
        process = self.start(*arguments, **more)
        out, errors = process.communicate(timeout=120)
        assert not REPORTS.search(errors), errors
        assert process.returncode == status, out + errors
        return out, errors

    def sync(self, *arguments: str, **more) -> dict:
        return json.loads(self.run("user", "sync", *arguments, "--json", **more)[0])

    def sync_admins(self, *arguments: str) -> dict:
        return json.loads(self.run("authz", "admin", "sync", *arguments, "--json")[0])

    def refused(self, *arguments: str, **more) -> str:
        """Why a synchronisation failed."""
        return self.run(*(arguments or ("user", "sync")), status=1, **more)[1]

    def drive(self, name: str, status: int = 0, **more: str) -> str:
        """As a task does it: what it logged."""
        return self.run(name, program=DRIVER, status=status, **more)[1]

    def users(self) -> dict[str, tuple]:
        """Names, e-mail and namespace of each."""
        found = self.rows.all(
            "SELECT u.keycloak_id, u.first_name, u.last_name, u.email, n.slug"
            "  FROM users.users u LEFT JOIN common.namespaces n ON n.user_id = u.keycloak_id"
        )
        return {row[0]: tuple(row[1:]) for row in found}

    def admins(self) -> set[str]:
        return {row[0] for row in self.rows.all("SELECT subject_id FROM librenku.relation WHERE object_type = 'L' AND relation = 'A'")}

    def check(self) -> None:
        """Every user is whole: a namespace, and four relationships of it."""
        assert self.rows.one(
            "SELECT count(*) FROM users.users u LEFT JOIN common.namespaces n ON n.user_id = u.keycloak_id"
            " WHERE (SELECT count(*) FROM librenku.relation r WHERE r.object_type = 'n' AND r.object_id = n.id) IS DISTINCT FROM 4"
        ) == 0  # fmt: skip
        assert self.rows.one("SELECT count(*) FROM common.namespaces WHERE user_id IS NOT NULL") == len(self.users())


@pytest.fixture(scope="module")
def followed(make_database):
    """The database; each test finds it without users."""
    return make_database()


@pytest.fixture
def world(followed, keycloak, keys):
    world = World(followed, keycloak, keys)
    world.rows.run(
        "TRUNCATE users.users, common.namespaces, librenku.relation, metrics.metrics,"
        " users.last_keycloak_event_timestamp CASCADE"
    )
    yield world
    world.check()
    world.rows.close()
