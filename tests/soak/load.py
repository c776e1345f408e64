# SPDX-License-Identifier: Apache-2.0
"""The mixed load of a soak: actors who change and read their own things, tourists who use every operation, and bad requests."""

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from client import Client
from support.actors import Actor, act, call, delete_project
from support.api import NO_ULID, PREFIX, Api, ServerErrors, unique
from support.database import Rows
from support.examples import make_world
from support.realm import Realm
from support.spec import operations

SECRET_EVERY = 40  # lives: one costs as much as a hundred other changes
PAUSE = 0.05  # seconds, after a connection was lost
OPERATIONS = [operation for operation in operations() if "secret" not in operation.path]  # those take their time

HOST = b" HTTP/1.1\r\nHost: soak\r\n"
BAD = {
    "no request": b"nonsense\r\n\r\n",
    "unknown method": b"BREW " + PREFIX.encode() + b"/projects" + HOST + b"Connection: close\r\n\r\n",
    "two lengths": b"POST /" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "bad chunk": b"POST /" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "long field": b"GET /" + HOST + b"X: " + b"x" * 70_000 + b"\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
}


@dataclass
class Counts:
    """What was sent, and how it was answered."""

    statuses: Counter[str] = field(default_factory=Counter)
    lives: int = 0
    tours: int = 0
    wrong: list[str] = field(default_factory=list)
    strict: bool = True  # nothing is broken on purpose: everything has to work

    @property
    def requests(self) -> int:
        return sum(self.statuses.values())

    def note(self, what: str, status: int | str) -> None:
        self.statuses[str(status)] += 1
        if self.strict and (status == "lost" or (isinstance(status, int) and status >= 500)):
            self.wrong.append(f"{what}: {status}, and nothing was broken")

    def look(self, response: httpx.Response) -> None:
        self.note(f"{response.request.method} {response.request.url.path}", response.status_code)


# --- actors --------------------------------------------------------------------------------------


@dataclass
class Keeping:
    """An actor, what its last life has left, and the secrets that it keeps."""

    actor: Actor
    secrets: dict[str, str] = field(default_factory=dict)  # id: value
    gone: set[str] = field(default_factory=set)  # ids of projects


async def review(http: Client, actor: Actor, counts: Counts) -> None:
    """What was promised is there; who cannot tell at the moment is not asked again."""
    headers = {"authorization": f"Bearer {actor.token}"}
    for project_id, promised in actor.projects.items():
        response = await http.request("GET", f"/projects/{project_id}", headers=headers)
        if response.status_code < 500 and project_id not in actor.doubtful and response.json() != promised:
            counts.wrong.append(f"project {promised}: {response.text}")
    for group_id, slug in actor.groups.items():
        response = await http.request("GET", f"/groups/{slug}", headers=headers)
        if response.status_code < 500 and response.json().get("id") != group_id:
            counts.wrong.append(f"group {slug}: {response.text}")


async def look_around(http: Client, actor: Actor) -> None:
    """Pages, other reads, redirects, heads, and what is refused."""
    headers = {"authorization": f"Bearer {actor.token}"}
    for path in (
        "/version",
        "/user",
        "/projects?per_page=20",
        f"/projects?namespace={actor.slug}",
        f"/projects?page={random.randint(1, 5)}&per_page=10",
        "/namespaces?per_page=20",
        "/groups?per_page=20",
        f"/projects/{NO_ULID}",
        "/projects?per_page=many",
        f"/platform/redirects/%2Fprojects%2F{random.randint(1, 9)}",
        "/nowhere",
    ):
        await http.request("GET", path, headers=headers)
    await http.request("HEAD", "/projects", headers=headers)
    await http.request("GET", "/user", headers={"authorization": f"Bearer {actor.token[:-8]}AAAAAAAA"})
    await http.request("POST", "/projects", headers=headers, content=b'{"name": ')
    await http.request("POST", "/projects", headers=headers, json={"name": "x" * 1000, "namespace": actor.slug})


async def keep_secret(http: Client, keeping: Keeping) -> None:
    value = unique("value")
    response = await call(http, keeping.actor, "POST", "/user/secrets", json={"name": "soak", "value": value})
    if response:
        keeping.secrets[response.json()["id"]] = value


async def tidy_up(http: Client, keeping: Keeping) -> None:
    """Deletes what the life before has left; of what is uncertain nothing is expected any more."""
    actor = keeping.actor
    for project in list(actor.projects.values()):
        await delete_project(http, actor, project)
    for group_id, slug in list(actor.groups.items()):
        if await call(http, actor, "DELETE", f"/groups/{slug}", touches=group_id):
            del actor.groups[group_id]
    keeping.gone.update(actor.deleted)
    for left in (actor.projects, actor.groups, actor.roles, actor.deleted, actor.doubtful):
        left.clear()


async def live(http: Client, keeping: Keeping, counts: Counts) -> None:
    """One life: changes, reads, and the end of the one before."""
    await review(http, keeping.actor, counts)
    await tidy_up(http, keeping)
    await act(http, keeping.actor)
    await look_around(http, keeping.actor)
    if random.randrange(SECRET_EVERY) == 0:
        await keep_secret(http, keeping)
    counts.lives += 1


async def live_on(url: str, keeping: Keeping, counts: Counts, goes_on: Callable[[], bool]) -> None:
    """One life after the other, on a connection of its own."""
    async with Client(url, counts.note) as http:
        while goes_on():
            try:
                await live(http, keeping, counts)
            except httpx.TransportError as error:
                counts.note(f"a request of an actor: {error!r}", "lost")
                await asyncio.sleep(PAUSE)


# --- bad requests, vanishing clients -------------------------------------------------------------


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def send_bad(url: str, name: str) -> int | str:
    """The status of the answer."""
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname, parts.port), 60) as connection:
            with contextlib.suppress(OSError):  # refused in the midst of it
                connection.sendall(BAD[name])
            line = connection.makefile("rb").readline()
        return int(line.split()[1]) if line else "lost"
    except OSError:
        return "lost"


async def misbehave(url: str, counts: Counts, goes_on: Callable[[], bool]) -> None:
    """Every kind of bad request, again and again."""
    while goes_on():
        for name in BAD:
            status = await asyncio.to_thread(send_bad, url, name)
            counts.note(name, status)
            if isinstance(status, int) and not 400 <= status < 500 and status != 501 and counts.strict:
                counts.wrong.append(f"{name}: {status}")
        await asyncio.sleep(0.2)


# --- tourists ------------------------------------------------------------------------------------


class Tourist:
    """Uses every operation of the API, in any order, each time in a world of its own."""

    def __init__(self, url: str, realm: Realm, database: dict[str, str], counts: Counts):
        self.counts, self.database = counts, database
        self.api = Api(url, realm, ServerErrors())
        self.api.errors.expected = True
        self.api.http.event_hooks["response"].append(counts.look)

    def travel(self, goes_on: Callable[[], bool]) -> None:
        with contextlib.closing(self.api):
            while goes_on():
                try:
                    self.tour(goes_on)
                except Exception as error:  # noqa: BLE001 - amid faults the world cannot be made
                    if self.counts.strict:
                        raise
                    self.counts.statuses["lost"] += isinstance(error, httpx.TransportError)

    def tour(self, goes_on: Callable[[], bool]) -> None:
        rows = Rows(self.database)
        with contextlib.closing(rows):
            world = make_world(self.api, rows, with_secrets=False)
        for operation in sorted(random.sample(OPERATIONS, len(OPERATIONS)), key=lambda operation: operation.method == "DELETE"):
            if not goes_on():
                return
            more = {"json": world.body(operation)} if operation.body else {}
            headers = world.headers(operation)
            world.by(operation).request(operation.method, world.path(operation), headers=headers, **more)
        self.counts.tours += 1


# --- all of it -----------------------------------------------------------------------------------


async def run(url: str, keepings: list[Keeping], tourists: list[Tourist], counts: Counts, goes_on, blows=None) -> None:
    """Until `goes_on` says no, or one of them fails; `blows` is a function for a thread of its own."""
    failed = threading.Event()

    def still() -> bool:
        return goes_on() and not failed.is_set()

    async def watched(task: Awaitable[None]) -> None:
        try:
            await task
        except BaseException:
            failed.set()  # threads end by themselves only
            raise

    tasks = [live_on(url, keeping, counts, still) for keeping in keepings]
    tasks += [asyncio.to_thread(tourist.travel, still) for tourist in tourists]
    tasks.append(misbehave(url, counts, still))
    if blows:
        tasks.append(asyncio.to_thread(blows))
    await asyncio.gather(*map(watched, tasks))
