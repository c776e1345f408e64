# SPDX-License-Identifier: Apache-2.0
"""The driver program: hidden functions of the library behind one JSON object per line."""

import base64
import itertools
import json
import os
import queue
import subprocess
import threading

import pytest

from support.internal_tokens import INTERNAL_KEY
from support.server import BUILD, REPORTS, SANITIZERS

DRIVER = BUILD / "tests" / "integration" / "authn" / "driver"
KEYCLOAK, INTERNAL, GITLAB, NOBODY = range(4)
ACCESS, REFRESH = 1, 2  # kinds of tokens of our own


def is_user(answer: dict, subject: str) -> None:
    assert answer.get("kind") == "user", answer
    assert answer["id"] == subject


def is_anonymous(answer: dict) -> None:
    assert answer.get("kind") == "anonymous", answer
    assert answer["is_admin"] is False
    assert answer["roles"] == []
    assert answer["access_token"] is None
    assert answer["refresh_token"] is None
    assert answer["email"] is None


def is_nobody(answer: dict) -> None:
    """Not even an anonymous id."""
    is_anonymous(answer)
    assert answer["id"] is None


class Driver:
    """One process; calls may overlap, each runs on a thread of the process."""

    def __init__(self, env: dict[str, str], log, program=DRIVER):
        self.log_file = log
        self.log = open(log, "w+")
        self.process = subprocess.Popen(
            [program], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        self.numbers = itertools.count()
        self.lock = threading.Lock()
        self.writing = threading.Lock()
        self.waiting: dict[int, queue.Queue] = {}
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            answer = json.loads(line)
            with self.lock:
                place = self.waiting.pop(answer.pop("n"))
            place.put(answer)

    def begin(self, do: str, **request) -> queue.Queue:
        """Sends a request; the answer can be taken from the queue."""
        place: queue.Queue = queue.Queue()
        with self.lock:
            number = next(self.numbers)
            self.waiting[number] = place
        with self.writing:
            self.process.stdin.write(json.dumps({"n": number, "do": do} | request) + "\n")
            self.process.stdin.flush()
        return place

    def call(self, do: str, **request) -> dict:
        return self.begin(do, **request).get(timeout=60)

    def authenticate(self, token: str | None = None, **more) -> dict:
        return self.call("authenticate", authorization=token, **more)

    def state(self) -> dict:
        return self.call("state")

    def stop(self) -> int:
        self.process.stdin.close()
        status = self.process.wait(60)
        self.reader.join(60)
        self.log.close()
        return status

    def text(self) -> str:
        return self.log_file.read_text()


def write_key(folder):
    path = folder / "internal_key"
    path.write_bytes(base64.urlsafe_b64encode(INTERNAL_KEY))
    path.chmod(0o600)
    return path


def settings(key_file) -> dict[str, str]:
    """The settings of a deployment, as far as authentication reads them."""
    return {
        "PATH": os.environ["PATH"],
        "KEYCLOAK_CLIENT_ID": "renku",
        "KEYCLOAK_CLIENT_SECRET": "x",
        "KEYCLOAK_TOKEN_SIGNATURE_ALGS": "RS256",
        "INTERNAL_AUTHN_SECRET_KEY_PATH": str(key_file),
        "ENABLE_INTERNAL_GITLAB": "false",
        "DB_PASSWORD": "x",
        "KUBERNETES_NAMESPACE": "renku",
    } | SANITIZERS


def finish(driver: Driver) -> None:
    """It ends cleanly and has reported nothing."""
    status = driver.stop()
    assert not REPORTS.search(driver.text()), driver.text()
    assert status == 0, driver.text()


def run_driver(realm, folder):
    """A driver for a fixture."""
    driver = Driver(settings(write_key(folder)) | {"KEYCLOAK_URL": realm.url}, folder / "driver.log")
    yield driver
    finish(driver)


@pytest.fixture
def key_file(tmp_path):
    return write_key(tmp_path)


@pytest.fixture
def driver_settings(key_file):
    return settings(key_file)


@pytest.fixture
def start_driver(driver_settings, own_realm, tmp_path):
    """Starts drivers with the settings of this test."""
    drivers = []

    def start(**more) -> Driver:
        env = driver_settings | {"KEYCLOAK_URL": own_realm.url} | more
        env = {name: str(value) for name, value in env.items() if value is not None}
        drivers.append(Driver(env, tmp_path / f"driver-{len(drivers)}.log"))
        return drivers[-1]

    yield start
    own_realm.fast()
    for driver in drivers:
        finish(driver)


@pytest.fixture
def driver(start_driver):
    return start_driver()
