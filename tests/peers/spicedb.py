# SPDX-License-Identifier: Apache-2.0
"""The real SpiceDB on loopback, in its testing mode: each key has a store of its own, empty at first."""

import itertools
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import httpx

from support.ports import free_port
from support.server import PATIENCE

HOST = "127.0.0.1"
MOST_UPDATES = 1000  # of one write
MOST_CHECKS = 5000  # of one request
CONSISTENT = {"consistency": {"fullyConsistent": True}}


class Invalid(Exception):
    """SpiceDB refused; the message says why."""


def reference(kind: str, id: str) -> dict:
    return {"objectType": kind, "objectId": id}


def subject_of(subject: tuple[str, str]) -> dict:
    return {"object": reference(*subject)}


def portions(items: list, size: int):
    return (items[start : start + size] for start in range(0, len(items), size))


class Permissions:
    """The store of one key: a schema, relationships, and questions about them."""

    def __init__(self, client: httpx.Client, url: str, key: str):
        self.client, self.url, self.key = client, url, key
        self.headers = {"Authorization": f"Bearer {key}"}

    def ask(self, path: str, **body) -> dict:
        answer = self.client.post(f"{self.url}/v1{path}", json=body, headers=self.headers)
        if answer.status_code == 400:
            raise Invalid(answer.json()["message"])
        assert answer.status_code == 200, answer.text
        return answer.json()

    def stream(self, path: str, **body) -> list[dict]:
        """The results of an answer that comes in lines."""
        answer = self.client.post(f"{self.url}/v1{path}", json=CONSISTENT | body, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return [json.loads(line)["result"] for line in answer.text.splitlines()]

    def write_schema(self, text: str) -> None:
        self.ask("/schema/write", schema=text)

    def schema(self) -> str:
        return self.ask("/schema/read")["schemaText"]

    def touch(self, relationships) -> None:
        """Writes (type, id, relation, subject type, subject id)."""
        updates = [
            {
                "operation": "OPERATION_TOUCH",
                "relationship": {"resource": reference(*row[:2]), "relation": row[2], "subject": subject_of(row[3:])},
            }
            for row in relationships
        ]
        for some in portions(updates, MOST_UPDATES):
            self.ask("/relationships/write", updates=some)

    def relationships(self) -> set[tuple[str, str, str, str, str]]:
        """All of them, as touch() takes them."""
        rows = [row for page in self.stream("/relationships/exportbulk") for row in page["relationships"]]
        return {(*row["resource"].values(), row["relation"], *row["subject"]["object"].values()) for row in rows}

    def check(self, questions) -> list[bool]:
        """For each (type, id, permission, subject) whether it is granted."""
        items = [
            {"resource": reference(kind, id), "permission": permission, "subject": subject_of(subject)}
            for kind, id, permission, subject in questions
        ]
        pairs = [pair for some in portions(items, MOST_CHECKS) for pair in self._check(some)]
        return [pair["item"]["permissionship"] == "PERMISSIONSHIP_HAS_PERMISSION" for pair in pairs]

    def _check(self, items: list[dict]) -> list[dict]:
        return self.ask("/permissions/checkbulk", items=items, **CONSISTENT)["pairs"]

    def objects(self, kind: str, permission: str, subject: tuple[str, str]) -> list[str]:
        found = self.stream("/permissions/resources", resourceObjectType=kind, permission=permission, subject=subject_of(subject))
        return [one["resourceObjectId"] for one in found]

    def users(self, kind: str, permission: str, id: str) -> list[str]:
        found = self.stream("/permissions/subjects", resource=reference(kind, id), permission=permission, subjectObjectType="user")
        return [one["subject"]["subjectObjectId"] for one in found]


class SpiceDB:
    """One process for a session of tests."""

    def __init__(self, program: Path, folder: Path):
        self.program, self.folder = program, folder
        self.log = folder / "spicedb.log"
        self.client = httpx.Client(timeout=PATIENCE)
        self.keys = (f"store-{number}" for number in itertools.count())

    def start(self) -> "SpiceDB":
        """Again with other ports when somebody took one of these meanwhile."""
        self.folder.mkdir(parents=True, exist_ok=True)
        while not self._launch():
            assert "address already in use" in self.log.read_text(), self.log.read_text()
        return self

    def _launch(self) -> bool:
        self.url = f"http://{HOST}:{free_port(HOST)}"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    self.program, "serve-testing", "--grpc-addr", f"{HOST}:{free_port(HOST)}", "--grpc-max-conn-age", "24h",
                    "--readonly-grpc-enabled=false", "--http-enabled", "--http-addr", self.url.removeprefix("http://"),
                    "--skip-release-check", "--log-level", "warn",
                ],
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        return self._wait()

    def _wait(self) -> bool:
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < end, self.log.read_text()
            try:
                if self.client.get(f"{self.url}/healthz").status_code == 200:
                    return True
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        return False

    def store(self, schema: str) -> Permissions:
        """An empty store under a schema."""
        made = Permissions(self.client, self.url, next(self.keys))
        made.write_schema(schema)
        return made

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.client.close()
