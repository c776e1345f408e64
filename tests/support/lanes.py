# SPDX-License-Identifier: Apache-2.0
"""Servers on bad lines, each with a database that is put back after every fault."""

import contextlib
import time
from dataclasses import dataclass

import httpx

from .api import PREFIX
from .faults import Fault, Line, Trip
from .postgres import Postgres
from .server import Server, poll

PATIENCE = 1.0  # seconds: what a server may take for an answer
RECOVERY = 5.0  # seconds
TABLES = """
SELECT format('%I.%I', n.nspname, c.relname),
       (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute a
         WHERE a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''),
       ARRAY(SELECT attname::text FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
              WHERE a.attrelid = c.oid AND attnum > 0
                AND (attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%'))
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'kept')
 ORDER BY 1
"""
# What differs each time: ULIDs and UUIDs, times, tags, ciphertexts.
RANDOM = (
    r"[0-7][0-9A-HJKMNP-TV-Z]{25}|[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.0-9]*([+-]\d\d:?\d*|Z)?"
    r"|\\+x[0-9a-f]+|[0-9A-Fa-f]{32,}|(?<=\"default_filename\": \"f-)[0-9a-z]{8}"
)

# What counts as one row, in however many it stands.
SUMS = {
    "librenku.listing_total": "(SELECT scope, sum(public) AS public, sum(private) AS private FROM librenku.listing_total"
    " GROUP BY scope HAVING sum(public) <> 0 OR sum(private) <> 0)"
}


@dataclass(frozen=True)
class State:
    """What all tables hold: exactly, and without what differs each time."""

    exact: tuple
    alike: tuple


@dataclass
class Request:
    """One request of one caller."""

    method: str
    path: str
    headers: dict[str, str]
    body: object = None


class Keeper:
    """Keeps a copy of every row of a database, compares, and puts back."""

    def __init__(self, cluster: Postgres, name: str):
        self.root = cluster.superuser(name)
        self.root.execute("SET session_replication_role = replica")  # neither triggers nor references
        self.name = name
        self.tables = self.root.execute(TABLES).fetchall()
        parts = [self._digests(table, serial) for table, _columns, serial in self.tables]
        self.query = " UNION ALL ".join(parts)
        self.root.execute("CREATE SCHEMA IF NOT EXISTS kept")
        self.keep()

    @staticmethod
    def _digests(table: str, serial: list[str]) -> str:
        left_out = ", ".join(f"'{column}'" for column in serial)
        alike = f"regexp_replace((to_jsonb(r) - ARRAY[{left_out}]::text[])::text, $re${RANDOM}$re$, '#', 'g')"
        return (
            f"SELECT '{table}', (SELECT coalesce(md5(string_agg(md5(r::text), '' ORDER BY md5(r::text))), '') FROM {table} r),"
            f" (SELECT coalesce(md5(string_agg(md5({alike}), '' ORDER BY md5({alike}))), '') FROM {SUMS.get(table, table)} r)"
        )

    def close(self) -> None:
        self.root.close()

    def _copy_of(self, table: str) -> str:
        return 'kept."' + table.replace('"', "") + '"'

    def keep(self) -> None:
        for table, _columns, _serial in self.tables:
            copy = self._copy_of(table)
            self.root.execute(f"DROP TABLE IF EXISTS {copy}; CREATE TABLE {copy} AS SELECT * FROM {table}")
        self.sequences = self.root.execute(
            "SELECT format('%I.%I', schemaname, sequencename), last_value, start_value FROM pg_sequences"
        ).fetchall()
        self.before = self.state()

    def state(self) -> State:
        rows = sorted(self.root.execute(self.query).fetchall())
        return State(tuple((t, exact) for t, exact, _ in rows), tuple((t, alike) for t, _, alike in rows))

    def restore(self, now: State) -> None:
        """Puts back every table that has changed."""
        changed = {table for table, _ in set(now.exact) ^ set(self.before.exact)}
        with self.root.transaction():
            for table, columns, _serial in self.tables:
                if table in changed:
                    self.root.execute(
                        f"DELETE FROM {table}; INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE"
                        f" SELECT {columns} FROM {self._copy_of(table)}"
                    )
            for name, last, start in self.sequences:
                self.root.execute("SELECT setval(%s, %s, %s)", [name, last or start, last is not None])

    def activity(self) -> list[tuple]:
        """Who works on the database."""
        return self.root.execute(
            "SELECT state, wait_event, query FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND state IS DISTINCT FROM 'idle'"
        ).fetchall()

    def is_quiet(self) -> bool:
        """Whether nobody works on the database any more."""
        return not self.activity()


class Lane:
    """One server, its line and its database."""

    def __init__(self, cluster: Postgres, database: dict[str, str], make_server, probe: Request):
        self.line = Line(cluster.socket).__enter__()
        self.keeper = Keeper(cluster, database["DB_NAME"])
        self.server: Server = make_server(database | self.line.env)
        self.http = httpx.Client(base_url=self.server.url + PREFIX, timeout=20)
        self.probe = probe
        self.healthy = self.send(probe)
        assert self.healthy.status_code == 200, self.healthy.text

    def close(self) -> None:
        self.http.close()
        self.line.disarm()
        try:
            status = self.server.stop()
            assert not self.server.reports(), self.server.log()
            assert status == 0, self.server.log()[-3000:]
            assert "statement refused, :" not in self.server.log(), "what no server has refused counts as refused"
            assert "seems to be a pooler" not in self.server.log(), "the server and we know different statements"
        finally:
            self.line.__exit__()
            self.keeper.close()

    def send(self, request: Request) -> httpx.Response:
        return self.http.request(request.method, request.path, headers=request.headers, json=request.body)

    def record(self, request: Request) -> tuple[httpx.Response, list[Trip], State]:
        """The answer of a clean run, what was said for it, and what it leaves; all is put back."""
        self.line.arm()
        response = self.send(request)
        self.line.disarm()
        poll(self.keeper.is_quiet, tell=self.keeper.activity)
        after = self.keeper.state()
        self.keeper.restore(after)
        return response, self.line.trips, after

    def recovers(self) -> str | None:
        """None when the next request works as it did before; waits no longer than allowed."""
        end, last = time.monotonic() + RECOVERY, "no answer"
        while time.monotonic() < end:
            with contextlib.suppress(httpx.TransportError):
                response = self.send(self.probe)
                if response.status_code == 200:
                    same = response.json() == self.healthy.json()
                    return None if same else f"the next request was answered {response.text[:200]}"
                last = f"{response.status_code} {response.text[:200]}"
        return f"the next request does not work: {last}"

    def suffer(self, request: Request, fault: Fault) -> tuple[httpx.Response | None, State, float, int]:
        """The answer amid a fault, what it has left, how long it took, and how often the fault struck."""
        self.line.arm(fault)
        begun = time.monotonic()
        try:
            response = self.send(request)
        except httpx.TransportError:
            response = None
        took = time.monotonic() - begun
        hits = self.line.disarm()
        poll(self.keeper.is_quiet, tell=self.keeper.activity)
        return response, self.keeper.state(), took, hits


