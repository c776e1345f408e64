# SPDX-License-Identifier: Apache-2.0
"""A prepared installation for the tests of the command line: three people, a group, a project."""

import json
import os
import subprocess
from pathlib import Path

from .server import RENKU

ALICE = "6f1c0a52-1f3b-4d8e-9a53-2f0c6b1d7e11"
BOB = "0b0b0b0b-1f3b-4d8e-9a53-2f0c6b1d7e22"
PEOPLE = {
    ALICE: {"preferred_username": "alice", "email": "alice@example.org", "given_name": "Alice", "family_name": "Ng"},
    BOB: {"preferred_username": "bob", "email": "bob@example.org", "given_name": "Bob", "family_name": "Ågren"},
}


class World:
    """One database and how the commands run on it."""

    def __init__(self, environment: dict[str, str], realm, folder: Path):
        self.env = {
            **environment,
            "PATH": f"{RENKU.parent}:{os.environ['PATH']}",
            "HOME": str(folder),
        }
        self.realm, self.folder = realm, folder

    def token(self, user_id: str) -> str:
        return self.realm.token(user_id, **PEOPLE[user_id])

    def run(self, *arguments: str, env: dict | None = None, **more) -> subprocess.CompletedProcess:
        options = {"capture_output": True, "timeout": 60, "cwd": self.folder, "text": True} | more
        return subprocess.run([RENKU, *arguments], env=self.env | (env or {}), **options)

    def ask(self, *arguments: str, **more):
        """The answer of a command that must succeed, as JSON."""
        done = self.run(*arguments, "--json", **more)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout else None

    def enter(self) -> None:
        """Makes everything that the examples of the commands speak about."""
        for user_id in PEOPLE:
            self.ask("api", "user_me", env={"RENKU_TOKEN": self.token(user_id)})
        self.ask("group", "create", "marine-lab", "Marine Lab", "--as", "alice")
        project = self.ask("project", "create", "alice", "Weather model", "--as", "alice")
        pin = json.dumps({"project_slug": "alice/weather-model"})
        self.ask("api", "user_pin_add", "--body", pin, "--as", "alice")
        self.ask("member", "set", "project:alice/weather-model", "bob", "viewer", "--as", "alice")
        self.ask("redirects", "create", "/projects/old/weather", f"/p/{project['id']}")
        self.project = project["id"]
