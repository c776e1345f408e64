# SPDX-License-Identifier: Apache-2.0
"""The driver program of authorization: one JSON object per line, one operation each."""

import json
import subprocess

from support.migrations import Database, environment
from support.server import BUILD, REPORTS

DRIVER = BUILD / "tests" / "integration" / "authz" / "driver"
ANONYMOUS = ("anonymous", "anon-1")
SERVICE = ("service", "migrations")


class Refused(Exception):
    """The library refused; the error's name and message."""

    def __init__(self, error: str, message: str):
        super().__init__(f"{error}: {message}")
        self.error, self.message = error, message


class Authz:
    """Authorization on one database, on behalf of whoever is named with the call."""

    def __init__(self, database: Database, log):
        self.database = database
        self.log = log
        self.process = subprocess.Popen(
            [DRIVER],
            env=environment(database.variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=open(log, "w"),
            text=True,
        )

    def stop(self) -> None:
        self.process.stdin.close()
        status = self.process.wait(timeout=60)
        text = self.log.read_text()
        assert status == 0 and not REPORTS.search(text), text

    def call(self, do: str, caller=ANONYMOUS, **more):
        self.process.stdin.write(json.dumps({"do": do, "caller": caller} | more) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, self.log.read_text()
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(answer["error"], answer["message"])
        return answer["answer"]

    def touch(self, *lines: str) -> None:
        self.call("write", changes=[f"+{line}" for line in lines])

    def lines(self) -> set[str]:
        """Every relationship, but for those that a migration writes."""
        seeds = {f"platform:renku#{what}_creator@user:*" for what in ("project", "group")}
        return set(self.call("export").splitlines()) - seeds

    def clear(self) -> None:
        self.database.run("TRUNCATE librenku.relation")

    def import_text(self, *lines: str, apply: bool = True) -> dict:
        return self.call("import", text="\n".join(lines), apply=apply)
