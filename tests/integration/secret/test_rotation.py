# SPDX-License-Identifier: Apache-2.0
"""Another key pair for all secrets, ended and begun again at any point. Spec: secrets.md 6.4"""

import json
import random
import signal
import subprocess
import uuid

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from support import secrets
from support.database import Rows
from support.server import BUILD, REPORTS, SANITIZERS, deployment, poll, private_pem, public_pem, renku

ROTATE = BUILD / "tests" / "integration" / "secret" / "rotate"
ROUNDS = 2  # of key derivation, where there are many secrets
RNG = random.Random(20261127)


class World:
    """A database with secrets that an old key pair opens."""

    def __init__(self, database, folder):
        self.rows, self.database = Rows(database), database
        self.old, self.new = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        self.old_path, self.new_path = folder / "old.pem", folder / "new.pem"
        self.old_path.write_bytes(private_pem(self.old))
        self.new_path.write_bytes(private_pem(self.new))
        for path in (self.old_path, self.new_path):
            path.chmod(0o600)
        self.user = str(uuid.uuid4())
        self.rows.run("INSERT INTO users.users (keycloak_id) VALUES (%s)", self.user)
        self.inner: dict[str, str] = {}

    def add(self, count: int, pair=None, rounds: int = ROUNDS) -> None:
        public = (pair or self.old).public_key()
        for _ in range(count):
            name, inner = f"secret-{uuid.uuid4()}", f"inner-{uuid.uuid4()}"
            value, key = secrets.seal_outer(public, self.user, inner, rounds)
            secret = self.rows.all(
                "INSERT INTO secrets.secrets (id, name, default_filename, encrypted_value, encrypted_key,"
                " modification_date, expiration_timestamp, user_id)"
                " VALUES (public.generate_ulid(), %s, %s, %s, %s, '2020-01-01Z', '2039-01-01Z', %s) RETURNING id",
                name,
                name,
                value,
                key,
                self.user,
            )[0][0]
            self.inner[secret] = inner

    def stored(self) -> dict[str, tuple]:
        found = self.rows.all(
            "SELECT id, encrypted_value, encrypted_key, modification_date, expiration_timestamp, name, default_filename"
            "  FROM secrets.secrets"
        )
        return {row[0]: (bytes(row[1]), bytes(row[2]), *row[3:]) for row in found}

    def check(self, pair=None, rounds: int = ROUNDS) -> None:
        """Every secret is there and can be read with one key pair."""
        stored = self.stored()
        assert stored.keys() == self.inner.keys()
        for secret, (value, key, *_) in stored.items():
            assert secrets.open_outer(pair or self.new, self.user, value, key, rounds) == self.inner[secret]

    def start(self, *more: str, old=None) -> subprocess.Popen:
        return subprocess.Popen(
            [ROTATE, str(ROUNDS), self.new_path, old or self.old_path, *more],
            env=self.database | SANITIZERS,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *more: str, **what) -> tuple[dict, str]:
        process = self.start(*more, **what)
        out, errors = process.communicate(timeout=300)
        assert process.returncode == 0 and not REPORTS.search(errors), errors
        return json.loads(out), errors


@pytest.fixture
def world(make_database, tmp_path):
    world = World(make_database(), tmp_path)
    yield world
    world.rows.close()


def numbers(secrets=0, current=0, rewritten=0, pending=0, failed=0) -> dict:
    return {"secrets": secrets, "current": current, "rewritten": rewritten, "pending": pending, "failed": failed}


# Spec: secrets.md 6.4: killed at random points, no secret is lost and every one readable
def test_a_rotation_that_is_killed_ends_with_all_secrets_readable(world):
    world.add(1000)
    done = [0]
    for _ in range(10):
        process = world.start()
        target = RNG.randrange(60, 200)
        for line in process.stderr:  # it tells how far it is
            if int(line.split()[1]) >= done[-1] + target:
                break
        process.send_signal(signal.SIGKILL)
        process.communicate()
        state, _ = world.run("status")
        assert state["current"] + state["pending"] == 1000 and not state["failed"]
        assert state["current"] >= done[-1]
        done.append(state["current"])
        if done[-1] == 1000:
            break
    state, errors = world.run()
    assert state == numbers(secrets=1000, current=1000, rewritten=1000 - done[-1])
    assert errors.splitlines()[-1] == f"1.000 1000 of 1000 secrets, {1000 - done[-1]} rewritten"
    assert done[-1] > 0
    world.check()


# Spec: secrets.md 6.4: idempotent; steps 1 and 2: the two columns and the date change, nothing else
def test_only_the_outer_layer_changes(world):
    world.add(120)
    world.add(5, pair=world.new)
    before = world.stored()
    assert world.run()[0] == numbers(secrets=125, current=125, rewritten=120)
    after = world.stored()
    assert sum(after[secret][0] != before[secret][0] for secret in after) == 120
    for secret, row in after.items():
        assert row[3:] == before[secret][3:]
        changed = row[1] != before[secret][1]
        assert (row[2] != before[secret][2]) is changed is (row[0] != before[secret][0])
        assert row[2].microsecond == 0
    world.check()
    assert world.run()[0] == numbers(secrets=125, current=125)
    assert world.stored() == after


# Spec: secrets.md 6.4 step 3: what neither key opens is left alone, is logged, and stops nothing
def test_what_cannot_be_opened_is_left_alone(world):
    world.add(3)
    other = rsa.generate_private_key(65537, 2048)
    world.add(1, pair=other)
    world.add(3)
    damaged = [list(world.inner)[0], list(world.inner)[3]]
    world.rows.run("UPDATE secrets.secrets SET encrypted_value = 'x' WHERE id = %s", damaged[0])
    before = world.stored()
    state, errors = world.run()
    assert state == numbers(secrets=7, current=5, rewritten=5, failed=2)
    for secret in damaged:
        assert before[secret] == world.stored()[secret]
        assert secret in errors and before[secret][4] in errors
    assert world.run("status")[0] == numbers(secrets=7, current=5, failed=1, pending=1)


# Spec: secrets.md 6.4: a secret that its user changes meanwhile keeps the new value
def test_a_change_meanwhile_is_not_lost(world):
    world.add(300)
    first = min(world.inner)
    process = world.start()
    with world.rows.connection.transaction():
        fresh = secrets.seal_outer(world.new.public_key(), world.user, "changed", ROUNDS)
        world.rows.run(
            "UPDATE secrets.secrets SET encrypted_value = %s, encrypted_key = %s WHERE id = %s", *fresh, first
        )
        poll(lambda: process.poll() is not None or world.rows.is_waited_for())
    process.communicate(timeout=300)
    assert process.returncode == 0
    world.inner[first] = "changed"
    world.check()


# Spec: secrets.md 6.4: no secrets at all
def test_nothing_to_rotate(world):
    assert world.run()[0] == numbers() == world.run("status")[0]


# Spec: secrets.md 4.9, 6.4: the command, at full cost
def test_the_command_rotates(world, keys, folder):
    world.add(3, rounds=secrets.ROUNDS)
    env = deployment(world.database, "http://127.0.0.1:1", keys) | {
        "SECRETS_SERVICE_PRIVATE_KEY_PATH": str(world.new_path),
        "PREVIOUS_SECRETS_SERVICE_PRIVATE_KEY_PATH": str(world.old_path),
    }
    status = renku("secrets", "rotate", "--status", "--json", env=env)
    assert json.loads(status.stdout) == numbers(secrets=3, pending=3)
    done = renku("secrets", "rotate", "--json", env=env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == numbers(secrets=3, current=3, rewritten=3)
    world.check(rounds=secrets.ROUNDS)
    again = renku("secrets", "rotate", env=env | {"PREVIOUS_SECRETS_SERVICE_PRIVATE_KEY_PATH": "/nonexistent"})
    assert again.returncode == 1 and "PREVIOUS_SECRETS_SERVICE_PRIVATE_KEY_PATH" in again.stderr
    public = folder / "rotation-public.pem"
    public.write_bytes(public_pem(world.new))
    wrong = renku("secrets", "rotate", env=env | {"SECRETS_SERVICE_PRIVATE_KEY_PATH": str(public)})
    assert wrong.returncode == 1 and str(public) in wrong.stderr
