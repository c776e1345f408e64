# SPDX-License-Identifier: Apache-2.0
"""A look into the database behind the server."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
from httpx import Response

from .server import poll

# What libpq calls the variables DB_*.
PLACE = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
TABLES = """
SELECT format('%I.%I', table_schema, table_name)
  FROM information_schema.tables
 WHERE table_type = 'BASE TABLE'
   AND table_schema NOT IN ('pg_catalog', 'information_schema')
 ORDER BY 1
"""


def connect(database: dict[str, str], **more) -> psycopg.Connection:
    """A connection to where DB_* variables lead."""
    where = {theirs: database.get(f"DB_{ours}") or None for theirs, ours in PLACE.items()}
    return psycopg.connect(**where, **more)


class Rows:
    """Reads and, where a test needs it, writes rows directly."""

    def __init__(self, database: dict[str, str]):
        self.connection = connect(database, autocommit=True)
        self.tables: list[str] = []

    def close(self) -> None:
        self.connection.close()

    def all(self, sql: str, *parameters) -> list[tuple]:
        return self.connection.execute(sql, parameters or None).fetchall()

    def one(self, sql: str, *parameters):
        """The only column of the only row."""
        rows = self.all(sql, *parameters)
        assert len(rows) == 1, f"{len(rows)} rows: {sql}"
        return rows[0][0]

    def run(self, sql: str, *parameters) -> int:
        return self.connection.execute(sql, parameters or None).rowcount

    def let_wait(self, statements: list[tuple], request: Callable[[], Response]) -> Response:
        """The answer to a request that has to wait for a transaction, which then commits."""
        with ThreadPoolExecutor(1) as pool:
            with self.connection.transaction():
                for statement in statements:
                    self.run(*statement)
                answer = pool.submit(request)
                poll(self.is_waited_for)
            return answer.result()

    def is_waited_for(self) -> bool:
        """Whether somebody waits for what the open transaction of this connection holds."""
        return self.one(
            "SELECT EXISTS (SELECT FROM pg_locks l WHERE NOT l.granted"
            "                  AND pg_backend_pid() = ANY (pg_blocking_pids(l.pid)))"
        )

    def fingerprint(self) -> dict[str, str]:
        """A hash of the content of every table."""
        if not self.tables:
            self.tables = [name for (name,) in self.all(TABLES)]
        parts = [
            f"SELECT '{name}', count(*) || ' rows ' || coalesce(md5(string_agg(md5(t::text), '' "
            f"ORDER BY md5(t::text))), '') FROM {name} t"
            for name in self.tables
        ]
        return dict(self.all(" UNION ALL ".join(parts)))

    def relations(self, type_letter: str, object_id: str) -> set[tuple[str, str, str]]:
        """The relationships of one object as (relation, subject type, subject id)."""
        return set(
            self.all(
                "SELECT relation::text, subject_type::text, subject_id FROM librenku.relation"
                " WHERE object_type = %s AND object_id = %s",
                type_letter,
                object_id,
            )
        )

    def relate(self, *relationship: str) -> None:
        """Writes one relationship: object type, object id, relation, subject type, subject id."""
        self.run(
            "INSERT INTO librenku.relation"
            " (object_type, object_id, relation, subject_type, subject_id)"
            " VALUES (%s, %s, %s, %s, %s)",
            *relationship,
        )

    def withdraw(self, object_type: str, relation: str, subject_id: str) -> list[tuple]:
        """Removes relationships and returns them as relate() takes them."""
        return self.all(
            "DELETE FROM librenku.relation"
            " WHERE object_type = %s AND relation = %s AND subject_id = %s"
            " RETURNING object_type::text, object_id, relation::text,"
            "           subject_type::text, subject_id",
            object_type,
            relation,
            subject_id,
        )
