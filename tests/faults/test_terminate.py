# SPDX-License-Identifier: Apache-2.0
"""SIGTERM under load: who was answered was right, who was accepted is answered, who was not left no trace."""

import threading
import time
from dataclasses import dataclass, field

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
    slowest: float = 0.1  # seconds that an answer took
    lost: dict[str, float] = field(default_factory=dict)  # name: when it was sent

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
        self.lost[name] = time.monotonic()
        connection.request("POST", f"{PREFIX}/projects", self.headers, body)
        sent = time.monotonic()
        answer = connection.answer("POST")
        if answer is None:
            self.lost[name] = sent
            return False
        del self.lost[name]
        self.slowest = max(self.slowest, time.monotonic() - sent)
        self.answered[name] = answer.status
        return answer.header("connection") != "close"


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
    asked = time.monotonic()
    server.process.terminate()

    assert server.process.wait(PATIENCE) == 0, server.log()
    for thread in threads:
        thread.join(PATIENCE)
    rows = Rows(settings)
    there = {name for (name,) in rows.all("SELECT name FROM projects.projects")}
    halves = half_things(rows)
    rows.close()
    answered = {name: status for client in clients for name, status in client.answered.items()}
    lost = {name: sent for client in clients for name, sent in client.lost.items()}
    assert set(answered.values()) == {201}
    assert not set(answered) - there
    assert not set(lost) & there
    slowest = max(client.slowest for client in clients)  # what was under way for longer has been begun, and so is answered
    assert not {name: sent - asked for name, sent in lost.items() if sent < asked - slowest}
    assert halves == {}
    assert not server.reports()
