# SPDX-License-Identifier: Apache-2.0
"""What is measured: a cluster with databases of several sizes, servers on them, callers."""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from processes import cpu_seconds
from support.api import Api, Caller, ServerErrors
from support.postgres import Postgres
from support.realm import Realm
from support.seeded import FAST, Seeded, make_seeded, make_template
from support.server import Server, deployment, make_keys

USERS, GROUPS = 10_000, 1_000
SMALL, LARGE = 10_000, 1_000_000
SAFE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "autovacuum": "on"}


class World:
    """Makes things when they are first asked for; gone at the end."""

    def __init__(self, quick: bool):
        self.quick = quick
        self.stack = contextlib.ExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="renku-bench-"))
        self.folder.chmod(0o755)
        self.stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.keys = make_keys(self.folder / "keys")
        self.realm = self.stack.enter_context(Realm())
        self.cluster = self.stack.enter_context(Postgres(**FAST, track_activity_query_size="64kB"))
        self.template = make_template(self.cluster, self.keys)
        self.sizes = (SMALL,) if quick else (SMALL, LARGE)
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
        return make_seeded(self.cluster, self.template, self.environment(), size)

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

    # -- what PostgreSQL uses -----------------------------------------------------------------

    def postgres_cpu(self) -> float:
        return cpu_seconds(int((self.cluster.data / "postmaster.pid").read_text().split()[0]))
