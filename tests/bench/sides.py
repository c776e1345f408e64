# SPDX-License-Identifier: Apache-2.0
"""Who takes part in a contest: our server, the floor, the database alone, any other server."""

import contextlib
import mmap
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from floor import FloorServer, libpq
from load import Cpu, Shot, pgbench, wrk
from processes import descendants, memory
from support.plans import Statement
from support.server import BUILD
from support.wire import Wire
from world import World

COUNTER = BUILD / "tests" / "bench" / "count" / ".libs" / "count.so"
WARM, COUNTED = 100, 400
MOST_BACKENDS = 32  # more of them than that are no ceiling


@dataclass(frozen=True)
class Counts:
    """What one request needs, counted apart from the timing."""

    bytes: float
    allocations: float
    trips: float


class Lines:
    """Files for load.lua."""

    def __init__(self, folder: Path):
        self.folder, self.count = folder, 0

    def file(self, *lines: str) -> str:
        self.count += 1
        path = self.folder / f"lines-{self.count}"
        path.touch(0o600)
        path.write_text("".join(f"{line}\n" for line in lines))
        return str(path)


@dataclass
class Side:
    """One that takes its turns."""

    name: str
    shoot: Callable[[int, float, str], Shot]  # connections, seconds, a mark of the turn
    root: int = 0  # the process whose descendants are the server
    most: int = 1_000  # connections
    shots: dict[int, list[Shot]] = field(default_factory=dict)

    def run(self, connections: int, seconds: float, mark: str) -> None:
        self.shots.setdefault(connections, []).append(self.shoot(connections, seconds, mark))

    def values(self, connections: int, name: str) -> list[float]:
        found = [getattr(shot, name) for shot in self.shots.get(connections, [])]
        return [value for value in found if value is not None]

    def resident(self) -> float | None:
        """MiB; pages that its processes share are counted once."""
        return memory(descendants(self.root)).proportional if self.root else None


@dataclass
class Request:
    """What is sent to one side, again and again: the same for wrk and for counting."""

    path: str
    kind: str = "get"  # as in load.lua
    token: str = ""
    namespace: str = ""  # create
    etags: Callable[[], dict[str, str]] = dict  # patch: of projects by id, as they are now
    known: dict[str, str] = field(default_factory=dict)

    def script(self, lines: Lines) -> list[str]:
        """The first three arguments of load.lua."""
        token = lines.file(self.token) if self.token else ""
        if self.kind == "patch":
            return ["patch", lines.file(*(f"{self.path} {key} {etag}" for key, etag in self.etags().items())), token]
        return [self.kind, lines.file(f"{self.path} {self.namespace}".strip()), token]

    def send(self, client: httpx.Client, number: int) -> None:
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        if self.kind == "get":
            answer = client.get(self.path, headers=headers)
        elif self.kind == "create":
            body = {"name": f"Counted {number}", "namespace": self.namespace}
            answer = client.post(self.path, headers=headers, json=body)
        else:
            self.known = self.known or self.etags()
            key = next(iter(self.known))
            headers["if-match"] = self.known.pop(key)
            answer = client.patch(f"{self.path}/{key}", headers=headers, json={"description": f"Counted {number}"})
            self.known[key] = answer.json()["etag"]
        answer.raise_for_status()


def http_side(name: str, url: str, request: Request, lines: Lines, cpu: Cpu) -> Side:
    parts = urlsplit(url)
    base = f"{parts.scheme}://{parts.netloc}"
    fixed = request.script(lines) if request.kind != "patch" else None

    def shoot(connections: int, seconds: float, mark: str) -> Shot:
        return wrk(base, [*(fixed or request.script(lines)), mark], connections, seconds, cpu)

    return Side(name, shoot, cpu.server)


def pgbench_side(world: World, name: str, database: str, statement: Statement) -> Side:
    def shoot(connections: int, seconds: float, _mark: str) -> Shot:
        return pgbench(world, database, statement, connections, seconds)

    return Side(name, shoot, most=MOST_BACKENDS)


# --- counting ------------------------------------------------------------------------------------


class Counters:
    """The two numbers that count.so keeps."""

    def __init__(self, path: Path):
        self.path = path
        path.write_bytes(bytes(16))
        path.chmod(0o666)
        with path.open("r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 16)

    @property
    def env(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(COUNTER), "BENCH_COUNTERS": str(self.path)}

    def read(self) -> tuple[int, int]:
        return struct.unpack("QQ", self.memory[:])


Start = Callable[[dict[str, str]], contextlib.AbstractContextManager]


def count(world: World, env: dict[str, str], start: Start, request: Request) -> Counts:
    """`start` runs a server of one worker with an environment. One request after the other, from one client."""
    counters = Counters(world.folder / "counters")
    with Wire(world.cluster.socket) as wire:
        watched = env | counters.env | {"DB_HOST": str(wire.folder), "DB_POOL_SIZE": "1"}
        with start(watched) as server, httpx.Client(base_url=server.url, timeout=60) as client:

            def send(first: int, last: int) -> None:
                for number in range(first, last):
                    request.send(client, number)

            send(0, WARM)
            before = counters.read()
            trips, _ready = wire.count(lambda: send(WARM, WARM + COUNTED))
            after = counters.read()
    size, calls = ((end - begin) / COUNTED for begin, end in zip(before, after, strict=True))
    return Counts(size, calls, trips / COUNTED)


def own_server(world: World) -> Start:
    return lambda env: world.server(env, workers=1)


def floor_server(world: World) -> Start:
    def start(env: dict[str, str]) -> FloorServer:
        preload = {name: env[name] for name in ("LD_PRELOAD", "BENCH_COUNTERS")}
        return FloorServer(libpq(env) | preload, world.folder, workers=1)

    return start


# --- other servers -------------------------------------------------------------------------------


@dataclass
class Other:
    """A server of the same API that stands somewhere."""

    name: str
    url: str  # the base of its API
    token: str = ""
    objects: dict[str, str] = field(default_factory=dict)  # project, namespace
    server: int = 0
    database: int = 0

    @property
    def cpu(self) -> Cpu:
        return Cpu(self.server, self.database)

    @property
    def path(self) -> str:
        return urlsplit(self.url).path.rstrip("/")
