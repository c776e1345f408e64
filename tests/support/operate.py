# SPDX-License-Identifier: Apache-2.0
"""What the tests of an operator's commands share."""

import subprocess
from pathlib import Path

from support.database import Rows
from support.server import RENKU, deployment, renku

NOWHERE = "http://127.0.0.1:1"


def fingerprint(database: dict[str, str]) -> dict[str, str]:
    """A hash of every table; an empty database has none."""
    rows = Rows(database)
    found = rows.fingerprint() if rows.one("SELECT to_regclass('librenku.migration') IS NOT NULL") else {}
    rows.close()
    return found


def start(*arguments: str, env: dict[str, str], **more) -> subprocess.Popen:
    """A command that a test is going to disturb."""
    return subprocess.Popen(
        [RENKU, *arguments], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/", **more
    )


class Tools:
    """The commands of an operator, with the settings of a deployment."""

    def __init__(self, keys: dict[str, str]):
        self.keys = keys

    def env(self, database: dict[str, str]) -> dict[str, str]:
        return deployment(database, NOWHERE, self.keys)

    def run(self, *arguments: str | Path, database: dict[str, str], **more) -> subprocess.CompletedProcess:
        return renku(*map(str, arguments), env=self.env(database), **more)

    def done(self, *arguments: str | Path, database: dict[str, str], **more) -> str:
        """What a command that has to succeed writes."""
        done = self.run(*arguments, database=database, **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def backup(self, path: Path, database: dict[str, str]) -> Path:
        """Writes one that is whole."""
        self.done("backup", path, database=database)
        return path

    def refused(self, *arguments: str | Path, database: dict[str, str], status: int = 1, **more) -> str:
        """What a command that must not succeed complains about."""
        done = self.run(*arguments, database=database, **more)
        assert done.returncode == status, done.stdout + done.stderr
        assert "Sanitizer" not in done.stderr, done.stderr
        return done.stderr
