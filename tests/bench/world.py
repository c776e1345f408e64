# SPDX-License-Identifier: Apache-2.0
"""What is measured: a cluster with databases of several sizes, servers on them, callers."""

import contextlib
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from support.api import Api, Caller, ServerErrors
from support.plans import Plans, Statement
from support.postgres import Postgres
from support.realm import Realm
from support.seeded import FAST, Seeded, make_seeded, make_template
from support.server import Server, deployment, make_keys

USERS, GROUPS = 10_000, 1_000
SMALL, LARGE, QUICK_LARGE = 10_000, 1_000_000, 50_000
SAFE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "autovacuum": "on"}


# Somebody with roles on so many private projects, beside all that are public; those of a big group are not theirs.
DIRECT = """
INSERT INTO librenku.relation (object_type, object_id, relation, subject_type, subject_id)
SELECT 'p', project_id, 'v', 'u', %(user)s
  FROM (SELECT l.project_id
          FROM librenku.listing l
          JOIN common.namespaces n ON n.id = l.parent AND n.user_id IS NOT NULL
         WHERE NOT l.public
         ORDER BY md5(l.project_id)
         LIMIT %(count)s) p
"""
MEMBER = """
INSERT INTO librenku.relation (object_type, object_id, relation, subject_type, subject_id)
SELECT 'g', group_id, 'e', 'u', %(user)s
  FROM (SELECT group_id
          FROM common.namespaces
         WHERE group_id IS NOT NULL AND slug !~ '^group1-'
         ORDER BY group_id
         LIMIT %(count)s) g
"""
MORE_PEOPLE = {"20 projects": (DIRECT, 20), "2,000 projects": (DIRECT, 2000), "300 groups": (MEMBER, 300)}


class World:
    """Makes things when they are first asked for; gone at the end."""

    def __init__(
        self, quick: bool, projects: int | None = None, rounds: int | None = None, seconds: int | None = None
    ):
        self.quick = quick
        self.rounds, self.seconds = rounds or (2 if quick else 5), seconds or (1 if quick else 2)
        self.stack = contextlib.ExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="renku-bench-"))
        self.folder.chmod(0o755)
        self.stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.keys = make_keys(self.folder / "keys")
        self.realm = self.stack.enter_context(Realm())
        self.cluster = self.stack.enter_context(Postgres(**FAST, track_activity_query_size="64kB"))
        self.template = make_template(self.cluster, self.keys)
        self.sizes = (SMALL, projects or (QUICK_LARGE if quick else LARGE))
        self.seeded = cache(self._seed)

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *_exc) -> None:
        self.stack.close()

    def environment(self, database: dict[str, str] | None = None) -> dict[str, str]:
        return deployment(database or {}, self.realm.url, self.keys)

    # -- databases --------------------------------------------------------------------------

    def _seed(self, projects: int) -> Seeded:
        self.safe(False)
        size = (USERS, GROUPS, projects)
        seeded = make_seeded(self.cluster, self.template, self.environment(), size)
        with self.cluster.superuser(seeded.name) as connection:
            for name, (command, count) in MORE_PEOPLE.items():
                seeded.people[name] = str(uuid.uuid4())
                connection.execute(command, {"user": seeded.people[name], "count": count})
            connection.execute("VACUUM (ANALYZE, PARALLEL 0)")
        return seeded

    def copy(self, seeded: Seeded) -> Seeded:
        """The same content in a database that may change."""
        database = self.cluster.create_database(seeded.name)
        return replace(seeded, name=database["DB_NAME"], env=seeded.env | database)

    def safe(self, wanted: bool) -> None:
        """Whether what is committed survives a power cut, as it must where people work."""
        with self.cluster.superuser() as connection:
            for name, value in SAFE.items():
                command = f"SET {name} = '{value}'" if wanted else f"RESET {name}"
                connection.execute(f"ALTER SYSTEM {command}")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CHECKPOINT")
        time.sleep(0.2)

    # -- servers ----------------------------------------------------------------------------

    @contextlib.contextmanager
    def server(self, env: dict[str, str], **more) -> Iterator[Server]:
        server = Server(env, self.folder / f"server-{time.monotonic_ns()}.log", **more).start()
        try:
            yield server
        finally:
            status = server.stop()
            if status != 0 or server.reports():
                raise RuntimeError(f"the server ended with {status}:\n{server.log()}")

    def callers(self, server: Server, seeded: Seeded) -> dict[str, Caller]:
        api = Api(server.url, self.realm, ServerErrors())
        self.stack.callback(api.close)
        return seeded.callers(api)

    # -- PostgreSQL -------------------------------------------------------------------------

    def postmaster(self) -> int:
        return int((self.cluster.data / "postmaster.pid").read_text().split()[0])

    def statement(self, seeded: Seeded, caller: Caller, path: str, table: str) -> Statement:
        """What our server sends to the database for a request."""
        with Plans(self.cluster, seeded.name) as plans, self.server(seeded.env, workers=1) as server:
            other = Caller(self.callers(server, seeded)["anonymous"].http, token=caller.token)
            return plans.statement_of(lambda: other.get(path), table)
