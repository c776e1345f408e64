# SPDX-License-Identifier: Apache-2.0
"""SIGTERM under load: who was answered was right, who was accepted is answered, who was not left no trace."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.api import PREFIX, Api, ServerErrors, dumps, unique
from support.database import Rows
from support.faults import INJECTED
from support.halves import half_things
from support.raw import Connection
from support.server import PATIENCE, poll

CLIENTS = 32


@dataclass
class Client:
    """Makes projects, one after the other, on one connection, until the server has gone."""

    url: str
    headers: list
    namespace: str
    answered: dict[str, int] = field(default_factory=dict)  # name: status
    lost: set[str] = field(default_factory=set)  # names
    under_way: tuple[int, str] | None = None  # the port from which a request was sent, and the name

    def run(self) -> None:
        try:
            with Connection(self.url, timeout=PATIENCE) as connection:
                while self.make(connection):
                    pass
        except OSError:
            pass

    def make(self, connection: Connection) -> bool:
        name = unique("made")
        body = dumps({"name": name, "namespace": self.namespace, "visibility": "public"})
        self.lost.add(name)
        connection.request("POST", f"{PREFIX}/projects", self.headers, body)
        self.under_way = connection.socket.getsockname()[1], name
        answer = connection.answer("POST")
        if answer is None:
            return False
        self.lost.remove(name)
        self.answered[name] = answer.status
        return answer.header("connection") != "close"


def unread(url: str) -> dict[int, int]:
    """How many bytes the server has not read yet, by the port of the client that has sent them."""
    here = urlsplit(url).port
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ports = [[int(address.rpartition(":")[2], 16) for address in row[1:3]] for row in rows]
    return {there: int(row[4].rpartition(":")[2], 16) for row, (port, there) in zip(rows, ports, strict=True) if port == here}


def begun(url: str, clients: list[Client]) -> set[str]:
    """The names in requests that the server has read."""
    sent = [client.under_way for client in clients if client.under_way]
    left = unread(url)
    return {name for port, name in sent if left.get(port) == 0}


@pytest.mark.parametrize("enough", [50, 200])
def test_sigterm_under_load_loses_nothing(settings, start_server, realm, enough):
    server = start_server(base=settings, workers=2)
    api = Api(server.url, realm, ServerErrors())
    users = [api.user() for _ in range(CLIENTS)]
    clients = [Client(server.url, [("Authorization", f"Bearer {user.token}")], user.slug) for user in users]
    threads = [threading.Thread(target=client.run) for client in clients]
    api.close()
    for thread in threads:
        thread.start()
    poll(lambda: sum(len(client.answered) for client in clients) >= enough, pause=0.001)

    INJECTED["SIGTERM under load"] += 1
    accepted = begun(server.url, clients)
    server.process.terminate()

    assert server.process.wait(PATIENCE) == 0, server.log()
    for thread in threads:
        thread.join(PATIENCE)
    rows = Rows(settings)
    there = {name for (name,) in rows.all("SELECT name FROM projects.projects")}
    halves = half_things(rows)
    rows.close()
    answered = {name: status for client in clients for name, status in client.answered.items()}
    lost = {name for client in clients for name in client.lost}
    assert set(answered.values()) == {201}
    assert not set(answered) - there
    assert not lost & there
    assert accepted and not lost & accepted
    assert halves == {}
    assert not server.reports()
