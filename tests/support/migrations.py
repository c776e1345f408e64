# SPDX-License-Identifier: Apache-2.0
"""A database, and the calls of the library that migrate it."""

import json
import os
import subprocess
from dataclasses import dataclass

import psycopg

from support.database import connect
from support.server import BUILD, ROOT, SANITIZERS

PROGRAMS = BUILD / "tests" / "integration" / "db"
MIGRATIONS = ROOT / "migrations"


def environment(database: dict[str, str]) -> dict[str, str]:
    return {"PATH": os.environ["PATH"]} | SANITIZERS | database


@dataclass
class Answer:
    ok: bool
    text: str
    log: str

    @property
    def json(self) -> dict:
        return json.loads(self.text)

    @property
    def details(self) -> list[str]:
        return self.json["detail"].split("\n")


class Database:
    """One database and what the library does to it."""

    def __init__(self, cluster, variables: dict[str, str]):
        self.cluster = cluster
        self.variables = variables
        self.name = variables["DB_NAME"]

    def start(self, command: str) -> subprocess.Popen:
        return subprocess.Popen(
            [PROGRAMS / "driver", command],
            env=environment(self.variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @staticmethod
    def finish(process: subprocess.Popen) -> Answer:
        out, log = process.communicate(timeout=60)
        assert process.returncode in (0, 1), log
        return Answer(process.returncode == 0, out.rstrip("\n"), log)

    def call(self, command: str) -> Answer:
        return self.finish(self.start(command))

    def done(self, command: str) -> dict:
        """The report of a call that has to succeed."""
        answer = self.call(command)
        assert answer.ok, answer.text + answer.log
        return answer.json

    def connect(self) -> psycopg.Connection:
        return connect(self.variables, autocommit=True)

    def run(self, sql: str) -> None:
        with self.connect() as connection:
            connection.execute(sql)

    def all(self, sql: str) -> list[tuple]:
        with self.connect() as connection:
            return connection.execute(sql).fetchall()

    def one(self, sql: str):
        return self.all(sql)[0][0]

    def dump(self, *options: str) -> str:
        """What pg_dump says, without the key that is another one each time."""
        done = subprocess.run(
            [self.cluster.binaries / "pg_dump", "-h", self.variables["DB_HOST"], "-p", self.variables["DB_PORT"]]
            + ["-U", "postgres", *options, self.name],
            capture_output=True,
            text=True,
            check=True,
        )
        lines = done.stdout.splitlines()
        return "\n".join(line for line in lines if not line.startswith(("\\restrict", "\\unrestrict")))
