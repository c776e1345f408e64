# SPDX-License-Identifier: Apache-2.0
"""Slow neighbours: clients and peers that take their time, next to whom everybody else must be served as ever."""

import contextlib
import threading
import uuid

from .api import PREFIX
from .postgres import Postgres
from .raw import Connection
from .realm import Key, Realm

BYTE_EVERY = 1.0  # seconds
SLEEP = "pg_sleep(5)"
GATE = 815  # a lock: who holds it lets the slow statement wait
WAIT = f"pg_advisory_xact_lock_shared({GATE})"


def make_slow(cluster: Postgres, database: str, project: str, what: str) -> None:
    """From now on any statement that reads this project does that first."""
    with cluster.superuser(database) as connection:
        connection.execute(
            "ALTER TABLE librenku.listing ENABLE ROW LEVEL SECURITY;"
            "ALTER TABLE librenku.listing FORCE ROW LEVEL SECURITY;"
            "DROP POLICY IF EXISTS slow ON librenku.listing;"
            f"CREATE POLICY slow ON librenku.listing USING (CASE WHEN project_id = '{project}' THEN {what} IS NOT NULL ELSE true END)"
        )


class Neighbour:
    """Goes on in threads until the block ends; each sends a request and waits for its answer, and so on."""

    def __init__(self, url: str, count: int = 1):
        self.url, self.count = url, count
        self.connections: list[Connection] = []
        self.threads: list[threading.Thread] = []
        self.lock = threading.Lock()
        self.sent = self.answered = 0
        self.over = threading.Event()

    def __enter__(self) -> "Neighbour":
        for _ in range(self.count):
            self.connections.append(Connection(self.url, timeout=120))
            self.threads.append(threading.Thread(target=self._run, args=(self.connections[-1],)))
            self.threads[-1].start()
        return self

    def __exit__(self, *_exc) -> None:
        self.over.set()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.socket.shutdown(2)
        for thread in self.threads:
            thread.join()
        for connection in self.connections:
            connection.__exit__()

    @property
    def under_way(self) -> int:
        with self.lock:
            return self.sent - self.answered

    def _run(self, connection: Connection) -> None:
        with contextlib.suppress(OSError, AttributeError):
            while not self.over.is_set():
                self.visit(connection)

    def _note(self, sent: int = 0, answered: int = 0) -> None:
        with self.lock:
            self.sent += sent
            self.answered += answered

    def visit(self, connection: Connection) -> None:
        connection.request("GET", *self.request())
        self._note(sent=1)
        answer = connection.answer()
        if answer is None:
            raise ConnectionResetError
        self._note(answered=1)

    def request(self) -> tuple[str, list]:
        """What to get, and the fields."""
        raise NotImplementedError


def bearer(token: str) -> list[tuple[str, str]]:
    return [("Authorization", f"Bearer {token}")]


class SlowStatement(Neighbour):
    """Reads a project that make_slow() has made slow."""

    def __init__(self, url: str, token: str, project: str, count: int = 1):
        super().__init__(url, count)
        self.path, self.token = f"{PREFIX}/projects/{project}", token

    def request(self) -> tuple[str, list]:
        return self.path, bearer(self.token)


class HangingKeycloak(Neighbour):
    """Comes with tokens whose key Keycloak alone knows, which does not answer."""

    def __init__(self, url: str, realm: Realm, count: int = 1):
        super().__init__(url, count)
        self.realm, self.key = realm, Key()

    def __enter__(self) -> "Neighbour":
        self.realm.slow()
        return super().__enter__()

    def __exit__(self, *_exc) -> None:
        super().__exit__()
        self.realm.fast()

    def request(self) -> tuple[str, list]:
        return f"{PREFIX}/user", bearer(self.realm.token(str(uuid.uuid4()), self.key))


class SlowSender(Neighbour):
    """Sends a byte a second."""

    def visit(self, connection: Connection) -> None:
        connection.send(f"GET {PREFIX}/projects HTTP/1.1\r\nHost: slow\r\nX: ".encode())
        self._note(sent=1)
        while not self.over.wait(BYTE_EVERY):
            connection.send(b"x")


class NoReader(Neighbour):
    """Asks for one large page after the other, and reads none."""

    def __init__(self, url: str, token: str, count: int = 1):
        super().__init__(url, count)
        self.token = token

    def visit(self, connection: Connection) -> None:
        connection.request("GET", f"{PREFIX}/projects?per_page=100", bearer(self.token))
        self._note(sent=1)


@contextlib.contextmanager
def held_up(cluster: Postgres, database: str):
    """What waits for the gate waits as long as this block lasts."""
    with cluster.superuser(database) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [GATE])
        yield
