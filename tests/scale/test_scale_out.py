# SPDX-License-Identifier: Apache-2.0
"""Several servers on one database behind a balancer: none of them is missed. See docs/scaling.md."""

import asyncio
from dataclasses import dataclass, field

import httpx
import pytest

from support.api import PREFIX, Api, Caller, ServerErrors, unique
from support.balancer import Balancer
from support.ports import free_port
from support.database import Rows
from support.halves import half_things
from support.server import Server, poll

SERVERS, CLIENTS = 3, 8
ENOUGH = 20  # connections that a server has got before it is struck, and after it is back


@dataclass
class Client:
    """Creates projects one after the other, and sends again only what was not acknowledged."""

    person: Caller
    acknowledged: dict[str, str] = field(default_factory=dict)  # slug: id
    doubtful: set[str] = field(default_factory=set)  # sent, and not answered at first
    failures: list[str] = field(default_factory=list)  # answers that are none

    async def send(self, http: httpx.AsyncClient, slug: str) -> bool:
        body = {"name": slug, "slug": slug, "namespace": self.person.slug}
        headers = {"authorization": f"Bearer {self.person.token}", "connection": "close"}
        try:
            response = await http.post("/projects", json=body, headers=headers)
        except httpx.TransportError as error:
            self.failures.append(f"{type(error).__name__}: {error}")
            self.doubtful.add(slug)
            return False
        if response.status_code == 201:
            self.acknowledged[slug] = response.json()["id"]
            return True
        if response.status_code == 409 and slug in self.doubtful:
            self.acknowledged[slug] = ""  # the answer was lost, not the project
            return True
        self.failures.append(f"{response.status_code} {response.text}")
        return False

    async def work(self, http: httpx.AsyncClient, over: asyncio.Event) -> None:
        while not over.is_set():
            slug = unique("project")
            while not await self.send(http, slug):
                await asyncio.sleep(0)


@pytest.fixture(scope="module")
def settings(make_database, environment):
    return environment | make_database() | {"DB_POOL_SIZE": "4"}


@pytest.fixture(scope="module")
def servers(settings, folder):
    servers = [
        Server(settings, folder / f"scale-{n}.log", 2, ("--port", str(free_port())))
        for n in range(SERVERS)
    ]
    for server in servers:
        server.launch()
    for server in servers:
        server.wait()
    yield servers
    for server in servers:
        server.kill()
        assert not server.reports(), server.log()


@pytest.fixture(scope="module")
def balancer(servers, folder):
    ports = [int(server.arguments[-1]) for server in servers]
    with Balancer(folder, ports) as balancer:
        poll(lambda: balancer.up() == SERVERS)
        yield balancer


async def until(question) -> None:
    await asyncio.to_thread(poll, question)


async def strike_each(servers: list[Server], balancer: Balancer, blow) -> None:
    """One server after the other goes under load and comes back."""
    for number, server in enumerate(servers):
        before = balancer.sent(number)
        await until(lambda n=number, least=before + ENOUGH: balancer.sent(n) >= least)
        await asyncio.to_thread(blow, server)
        await asyncio.to_thread(server.start)
        await until(lambda: balancer.up() == SERVERS)


async def run_clients(clients: list[Client], balancer: Balancer, strikes) -> None:
    over = asyncio.Event()
    async with httpx.AsyncClient(base_url=balancer.url + PREFIX, timeout=60) as http:
        working = [asyncio.create_task(client.work(http, over)) for client in clients]
        try:
            await strikes
        finally:
            over.set()
            await asyncio.gather(*working)


def check_rows(settings: dict[str, str], clients: list[Client]) -> None:
    """Every acknowledged project is there exactly once, and nothing else is."""
    rows = Rows(settings)
    found = rows.all(
        "SELECT s.slug, p.id FROM projects.projects p JOIN common.entity_slugs s"
        " ON s.project_id = p.id AND s.data_connector_id IS NULL"
        " WHERE p.created_by_id = ANY(%s)",
        [client.person.id for client in clients],
    )
    promised = {slug: id for client in clients for slug, id in client.acknowledged.items()}
    assert sorted(slug for slug, _ in found) == sorted(promised)
    assert all(promised[slug] in (project_id, "") for slug, project_id in found)
    assert half_things(rows) == {}
    rows.close()


@pytest.fixture
def clients(balancer, realm):
    api = Api(balancer.url, realm, ServerErrors())
    yield [Client(api.user()) for _ in range(CLIENTS)]
    api.close()


def end(server: Server) -> None:
    assert server.stop() == 0, server.log()


def test_a_server_that_terminates_fails_no_request(servers, balancer, clients, settings):
    asyncio.run(run_clients(clients, balancer, strike_each(servers, balancer, end)))
    assert [line for client in clients for line in client.failures] == []
    check_rows(settings, clients)


def test_a_killed_server_loses_nothing_that_it_acknowledged(servers, balancer, clients, settings):
    asyncio.run(run_clients(clients, balancer, strike_each(servers, balancer, Server.kill)))
    answers = [line for client in clients for line in client.failures if line[0].isdigit()]
    assert answers == []  # connections broke, but nobody was told anything wrong
    check_rows(settings, clients)
