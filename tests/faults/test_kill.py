# SPDX-License-Identifier: Apache-2.0
"""kill -9 amid many changes: what was acknowledged is there, and nothing is half there."""

import asyncio
import contextlib
import os
import random
import signal
import time

import httpx
import pytest

from support.actors import Actor, act, check_actor, make_actors
from support.api import PREFIX, Api, ServerErrors
from support.database import Rows
from support.faults import INJECTED
from support.halves import half_things
from support.realm import Realm
from support.server import PATIENCE, Server, poll, renku

ACTORS = 120
CONNECTIONS = 100
LONGEST_PAUSE = 0.64  # between attempts of a worker to connect to the database


async def act_all(url: str, actors: list[Actor], enough: int, kill) -> None:
    """Everybody at once; when `enough` changes were acknowledged the blow falls."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)

    async def one(http, actor: Actor) -> None:
        with contextlib.suppress(httpx.TransportError):
            await act(http, actor)

    async def strike() -> None:
        while sum(actor.acknowledged for actor in actors) < enough:
            await asyncio.sleep(0.001)
        INJECTED["kill -9"] += 1
        kill()

    async with httpx.AsyncClient(base_url=url + PREFIX, limits=limits, timeout=60) as http:
        blow = asyncio.create_task(strike())
        await asyncio.gather(*(one(http, actor) for actor in actors))
        blow.cancel()


# --- the blows -----------------------------------------------------------------------------------


@pytest.fixture
def server(settings, start_server):
    server = start_server(base=settings, workers=2)
    yield server
    server.kill()
    assert not server.reports(), server.log()


def judge(server: Server, realm: Realm, actors: list[Actor]) -> None:
    """Every promise is kept, and nothing is half there."""
    api = Api(server.url, realm, ServerErrors())
    wrong = [line for actor in actors for line in check_actor(api, actor)]
    api.close()
    assert not wrong, "\n".join(wrong[:20])
    assert not api.errors.seen, api.errors.seen[:3]
    rows = Rows(server.env)
    assert half_things(rows) == {}
    rows.close()
    verified = renku("db", "verify", env=server.env)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def revive(server: Server) -> None:
    """Whatever was killed, all of it works again soon: each worker has its own connections, and pauses between attempts to make them."""

    def answers() -> bool:
        if not server.is_running():
            server.start()
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{server.url}{PREFIX}/projects").status_code == 200
        return False

    def answers_throughout() -> bool:
        end = time.monotonic() + LONGEST_PAUSE
        while answers():
            if time.monotonic() > end:
                return True
        return False

    poll(answers_throughout)


@pytest.mark.parametrize("enough", [100, 500, 1000])
def test_acknowledged_changes_survive_kill_9_of_the_server(server, realm, enough):
    actors = make_actors(server.url, realm, ACTORS)
    asyncio.run(act_all(server.url, actors, enough, server.kill))
    assert not server.is_running()
    server.start()
    assert httpx.get(f"{server.url}{PREFIX}/projects", timeout=PATIENCE).status_code == 200
    assert sum(actor.acknowledged for actor in actors) >= enough
    judge(server, realm, actors)


def test_everything_is_there_when_nobody_is_killed(server, realm):
    actors = make_actors(server.url, realm, ACTORS)
    asyncio.run(act_all(server.url, actors, 1 << 30, lambda: None))
    assert {actor.acknowledged for actor in actors} == {10}
    assert not any(actor.doubtful for actor in actors)
    judge(server, realm, actors)


def test_a_killed_backend_costs_some_answers_and_nothing_else(server, realm, cluster):
    actors = make_actors(server.url, realm, ACTORS)

    def kill() -> None:
        cluster.kill_backend(random.choice(cluster.backends(server.env["DB_NAME"])))

    asyncio.run(act_all(server.url, actors, 300, kill))
    assert server.is_running()
    revive(server)
    judge(server, realm, actors)


def test_a_killed_worker_is_replaced(server, realm):
    actors = make_actors(server.url, realm, ACTORS)

    def kill() -> None:
        os.kill(random.choice(server.processes()[1:]), signal.SIGKILL)

    asyncio.run(act_all(server.url, actors, 300, kill))
    revive(server)
    judge(server, realm, actors)


def test_a_row_of_kills_loses_nothing(server, realm, cluster):
    """Server, worker and backend in turn, each amid changes, and all promises are kept at the end."""
    everybody = []
    blows = [
        lambda: server.kill(),
        lambda: os.kill(random.choice(server.processes()[1:]), signal.SIGKILL),
        lambda: cluster.kill_backend(random.choice(cluster.backends(server.env["DB_NAME"]))),
    ]
    for turn in range(9):
        actors = make_actors(server.url, realm, 24)
        everybody += actors
        asyncio.run(act_all(server.url, actors, 20 * (1 + turn % 4), blows[turn % 3]))
        revive(server)
    judge(server, realm, everybody)


def test_a_database_that_pauses_costs_answers_only_meanwhile(server, realm, cluster):
    api = Api(server.url, realm, ServerErrors())
    api.errors.expected = True
    user = api.user()
    project = user.create_project()
    cluster.pause()
    try:
        assert user.get(f"/projects/{project['id']}").status_code >= 500
        assert user.get("/version").status_code == 200
    finally:
        cluster.start()
    assert poll(lambda: user.get(f"/projects/{project['id']}").status_code == 200)
    assert user.project(project["id"]) == project
    assert user.create_project()["created_by"] == user.id
    api.close()
