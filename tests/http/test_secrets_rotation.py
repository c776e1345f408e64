# SPDX-License-Identifier: Apache-2.0
"""The secrets storage rotates to another key pair while it serves. Spec: secrets.md 6.4"""

import contextlib
import os
import re
import signal
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from support.api import check_error, unique
from support.database import Rows
from support.keeper import Keeper, storage_environment, write_key
from support.server import Server, poll

PATH = "/api/secrets"


class Rotation:
    """A database whose secrets are sealed for an older key pair, and servers that have both."""

    def __init__(self, start, database, environment, realm, folder):
        self.start_server, self.rows = start, Rows(database)
        self.old, self.new = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        self.keeper = Keeper(self.rows, realm, self.old)
        self.person = self.keeper.person()
        self.secrets: list[str] = []
        self.database = database
        place = folder / unique("rotation")
        place.mkdir()
        self.env = storage_environment(
            environment | database,
            KUBECONFIG=None,
            K8S_CONFIGS_ROOT="/nonexistent",
            SECRETS_SERVICE_PRIVATE_KEY_PATH=write_key(place / "new.pem", self.new),
            PREVIOUS_SECRETS_SERVICE_PRIVATE_KEY_PATH=write_key(place / "old.pem", self.old),
        )

    def add(self, count: int, pair=None, **more) -> list[str]:
        made = [self.keeper.add(self.person, "value", pair=pair, **more) for _ in range(count)]
        self.secrets += made
        return made

    def start(self, **more) -> Server:
        return self.start_server(more, base=self.env, arguments=("--service", "secrets"))

    @contextlib.contextmanager
    def held(self):
        """While a row is locked a rotation of it cannot end."""
        other = Rows(self.database)
        with other.connection.transaction():
            other.all("SELECT id FROM secrets.secrets WHERE id = %s FOR UPDATE", self.secrets[0])
            yield other
        other.close()

    def ask(self, server: Server, *ids: str) -> httpx.Response:
        body = {"name": "x", "namespace": "default", "secret_ids": list(ids), "owner_references": []}
        headers = {"authorization": f"Bearer {self.person.token}"}
        return httpx.post(f"{server.url}{PATH}/kubernetes", headers=headers, json=body, timeout=60)

    def check(self) -> None:
        for secret in self.secrets:
            inner = self.keeper.outer(secret, self.new)
            assert self.person.inner.decrypt(inner.encode()) == b"value"

    def stored(self) -> dict[str, tuple]:
        found = self.rows.all("SELECT id, encrypted_value, encrypted_key, modification_date FROM secrets.secrets")
        return {row[0]: (bytes(row[1]), bytes(row[2]), row[3]) for row in found}


@pytest.fixture
def rotation(other_server, make_database, environment, realm, folder):
    rotation = Rotation(other_server, make_database(), environment, realm, folder)
    yield rotation
    rotation.rows.close()


def state(server: Server) -> tuple[str, int] | None:
    """What the metrics say: the state and the number of rewritten secrets; None before a rotation."""
    text = httpx.get(f"{server.url}/metrics", timeout=60).text
    found = re.findall(r'^secrets_rotation_state{secrets_rotation_state="(\w+)"} (\d)$', text, re.MULTILINE)
    if not found:
        assert "secrets_rotation" not in text
        return None
    assert [name for name, _ in found] == ["running", "finished", "errored"]
    (current,) = [name for name, value in found if value == "1"]
    (count,) = re.findall(r"^secrets_rotation_count_total (\d+)$", text, re.MULTILINE)
    return current, int(count)


def wait_for(server: Server, wanted: str) -> int:
    poll(lambda: (state(server) or ("",))[0] == wanted, 300)
    return state(server)[1]


def workers(server: Server) -> list[int]:
    return [pid for pid in server.processes() if pid != server.process.pid]


def has_patient_thread(pid: int) -> bool:
    """Whether a thread of the process has the lowest priority, as the rotation has."""
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        with contextlib.suppress(OSError):
            if stat.read_text().rpartition(")")[2].split()[16] == "19":
                return True
    return False


def begun(server: Server) -> int:
    return server.log().count("rotating secrets: ")


# Spec: secrets.md 6.4: once after the start, in one worker, beside requests, which the previous key still serves
def test_secrets_are_rotated_beside_requests(rotation):
    old, new = rotation.add(3), rotation.add(2, pair=rotation.new)
    before = rotation.stored()
    with rotation.held() as row:
        server = rotation.start()
        assert wait_for(server, "running") == 0
        poll(row.is_waited_for, 300)
        check_error(rotation.ask(server, *old, *new), 500, code=1511)  # all of them were opened
        assert {state(server) for _ in range(20)} == {("running", 0)}
    assert wait_for(server, "finished") == 3
    rotation.check()
    after = rotation.stored()
    assert {secret for secret in after if after[secret] != before[secret]} == set(old)
    assert all(after[secret][2].microsecond == 0 and after[secret][2] > before[secret][2] for secret in old)
    assert begun(server) == 1
    check_error(rotation.ask(server, *old, *new), 500, code=1511)


# Spec: secrets.md 6.4: idempotent; without a previous key there is none
def test_a_restart_changes_nothing_more(rotation):
    rotation.add(1)
    server = rotation.start()
    assert wait_for(server, "finished") == 1
    before = rotation.stored()
    os.kill(workers(server)[0], signal.SIGKILL)
    poll(lambda: len(workers(server)) == 2 and "restarting worker" in server.log())
    assert server.stop() == 0 and begun(server) == 1
    again = rotation.start()
    assert wait_for(again, "finished") == 0
    plain = rotation.start(PREVIOUS_SECRETS_SERVICE_PRIVATE_KEY_PATH="/nonexistent/key")
    assert httpx.get(f"{plain.url}{PATH}/version", timeout=60).status_code == 200
    assert state(plain) is None and begun(plain) == 0
    assert rotation.stored() == before


# Spec: secrets.md 6.4: whoever takes the place of a worker that has died goes on
def test_a_killed_worker_leaves_the_rotation_to_the_next(rotation):
    rotation.add(3)
    with rotation.held() as row:
        server = rotation.start()
        poll(row.is_waited_for, 300)
        (rotating,) = [pid for pid in workers(server) if has_patient_thread(pid)]
        os.kill(rotating, signal.SIGKILL)
        poll(lambda: any(has_patient_thread(pid) for pid in workers(server)), 120)
    wait_for(server, "finished")
    rotation.check()


# Spec: secrets.md 6.4: killed as a whole, and started again
def test_a_killed_server_ends_its_rotation_after_the_next_start(rotation):
    rotation.add(3)
    with rotation.held() as row:
        server = rotation.start()
        poll(row.is_waited_for, 300)
        server.kill()
    again = rotation.start()
    wait_for(again, "finished")
    rotation.check()


# Spec: foundations.md 2.5: the end does not wait for the rotation
def test_a_server_that_shall_end_does_not_wait_for_it(rotation):
    rotation.add(2)
    with rotation.held() as row:
        server = rotation.start()
        poll(row.is_waited_for, 300)
        assert server.stop() == 0
        assert "unfinished" not in server.log()


# Spec: secrets.md 6.4 step 3: what neither key opens is logged by name and id, and stops nothing
def test_what_cannot_be_rotated_is_logged(rotation):
    rotation.add(1)
    lost = rotation.keeper.add(rotation.person, pair=rsa.generate_private_key(65537, 2048), name="a lost one")
    server = rotation.start()
    assert wait_for(server, "finished") == 1
    assert re.search(rf"\[ERROR\].*{lost}.*a lost one", server.log())
    rotation.check()


# Spec: secrets.md 6.4: a failure is told, and the service goes on
def test_a_failed_rotation_is_told(rotation, postgres):
    server = rotation.start(**postgres.create_database())
    assert wait_for(server, "errored") == 0
    assert "the rotation of secrets has failed: " in server.log()
    assert httpx.get(f"{server.url}{PATH}/version", timeout=60).status_code == 200
