# SPDX-License-Identifier: Apache-2.0
"""Requests under load, in turns with the statements that are their floor."""

import contextlib
import random
from dataclasses import dataclass, field

from load import Result, pgbench, wrk
from report import Report
from support.api import PREFIX, Caller, all_pages
from support.plans import Plans, Statement
from support.seeded import Seeded
from support.server import Server
from world import World

CONNECTIONS = (1, 32)
PATCHED = 256
OWN = "its own statement"

BY_KEY = """
SELECT id, name, visibility, created_by_id, creation_date, updated_at, description, keywords,
       secrets_mount_directory
  FROM projects.projects
 WHERE id = $1
"""
PICK = """
SELECT l.project_id
  FROM librenku.listing l
  JOIN common.namespaces n ON n.group_id = l.parent
 WHERE n.slug = %s AND l.public = %s
 ORDER BY l.sort_key
 LIMIT 1
"""
REDIRECT = """
INSERT INTO platform.url_redirects (id, source_url, target_url)
VALUES ('01FZ8RSZ9KAKYQZ1ZZZZZZZZZZ', '/projects/bench', 'https://example.org/bench')
    ON CONFLICT DO NOTHING
"""
BENCH_TABLE = """
CREATE TABLE bench (id serial PRIMARY KEY, text text);
GRANT ALL ON bench, bench_id_seq TO PUBLIC;
"""
INSERT = Statement("INSERT INTO bench (text) VALUES ('one row')", ())


@dataclass
class Floor:
    """A statement that a request is compared with."""

    name: str
    statement: Statement
    results: dict[int, list[Result]] = field(default_factory=dict)


@dataclass
class Request:
    """One kind of request."""

    name: str
    seeded: Seeded
    script: list[str]  # arguments of load.lua
    floors: list[Floor] = field(default_factory=list)
    results: dict[int, list[Result]] = field(default_factory=dict)
    uses_database: bool = True


class Load:
    """Prepares requests, lets them take turns, and reports."""

    def __init__(self, world: World, report: Report, servers: dict[str, Server]):
        self.world, self.report, self.servers = world, report, servers
        self.rounds, self.seconds = (2, 1) if world.quick else (5, 3)
        self.files = 0
        self.requests: list[Request] = []
        self.patching: tuple[Request, Caller] | None = None

    def file(self, *lines: str) -> str:
        self.files += 1
        path = self.world.folder / f"lines-{self.files}"
        path.write_text("".join(f"{line}\n" for line in lines))
        return str(path)

    def people(self, seeded: Seeded) -> dict[str, Caller]:
        return self.world.callers(self.servers[seeded.name], seeded)

    def statement(self, seeded: Seeded, caller: Caller, path: str, table: str) -> Statement:
        """What the server sends to the database for a request."""
        with (
            Plans(self.world.cluster, seeded.name) as plans,
            self.world.server(seeded.env, workers=1) as server,
        ):
            anybody = self.world.callers(server, seeded)["anonymous"]
            other = Caller(anybody.http, token=caller.token)
            return plans.statement_of(lambda: other.get(path), table)

    # -- the kinds --------------------------------------------------------------------------

    def add_read(self, name: str, seeded: Seeded, caller: Caller, path: str) -> Request:
        script = ["get", self.file(PREFIX + path), caller.token or ""]
        self.requests.append(Request(name, seeded, script))
        return self.requests[-1]

    def add_version(self, seeded: Seeded) -> None:
        anonymous = self.people(seeded)["anonymous"]
        self.add_read("GET /version", seeded, anonymous, "/version").uses_database = False

    def add_project(self, name: str, seeded: Seeded, who: str, public: bool) -> None:
        with self.world.cluster.superuser(seeded.name) as connection:
            cursor = connection.execute(PICK, [seeded.big_namespace, public])
            (project_id,) = cursor.fetchone()
        caller, path = self.people(seeded)[who], f"/projects/{project_id}"
        own = self.statement(seeded, caller, path, "projects.projects")
        self.add_read(name, seeded, caller, path).floors = [
            Floor("SELECT by primary key", Statement(BY_KEY, (project_id,))),
            Floor(OWN, own),
        ]

    def add_redirect(self, seeded: Seeded) -> None:
        with self.world.cluster.superuser(seeded.name) as connection:
            connection.execute(REDIRECT)
        caller, path = self.people(seeded)["anonymous"], "/platform/redirects/%2Fprojects%2Fbench"
        own = self.statement(seeded, caller, path, "platform.url_redirects")
        self.add_read("GET a redirect, anonymous", seeded, caller, path).floors = [Floor(OWN, own)]

    def add_page(self, seeded: Seeded) -> None:
        name = f"GET 20 of {seeded.projects:,} projects, member"
        caller, path = self.people(seeded)["big group"], "/projects?per_page=20"
        own = self.statement(seeded, caller, path, "librenku.listing")
        self.add_read(name, seeded, caller, path).floors = [Floor(OWN, own)]

    def add_writes(self, seeded: Seeded) -> None:
        owner = self.people(seeded)["few projects"].enter()
        for number in range(PATCHED):
            owner.create_project(name=f"Patched {number}")
        with self.world.cluster.superuser(seeded.name) as connection:
            connection.execute(BENCH_TABLE)
        create = ["create", self.file(owner.slug), owner.token]
        floor = "INSERT of one row"
        self.requests += [
            Request("POST a project", seeded, create, [Floor(floor, INSERT)]),
            Request("PATCH a project", seeded, [], [Floor(floor, INSERT)]),
        ]
        self.patching = self.requests[-1], owner

    # -- running ----------------------------------------------------------------------------

    def refresh(self) -> None:
        """The ETags of the projects to patch."""
        request, owner = self.patching
        projects = all_pages(owner, "/projects", namespace=owner.slug, direct_member="true")
        mine = [project for project in projects if project["name"].startswith("Patched ")]
        random.shuffle(mine)
        lines = [f"{project['id']} {project['etag']}" for project in mine]
        request.script = ["patch", self.file(*lines), owner.token]

    def run_one(self, request: Request, connections: int, turn: int) -> None:
        if self.patching and request is self.patching[0]:
            self.refresh()
        server = self.servers[request.seeded.name]
        script = [*request.script, f"{connections} {turn}"]
        result = wrk(self.world, server, script, connections, self.seconds)
        request.results.setdefault(connections, []).append(result)
        for floor in request.floors:
            name = request.seeded.name
            result = pgbench(self.world, name, floor.statement, connections, self.seconds)
            floor.results.setdefault(connections, []).append(result)

    def run(self) -> None:
        for turn in range(self.rounds):
            for connections in CONNECTIONS:
                for request in self.requests:
                    self.run_one(request, connections, turn)

    # -- reporting --------------------------------------------------------------------------

    def show(self, request: Request, connections: int) -> None:
        results = request.results[connections]
        counts = {name: sum(getattr(r, name) for r in results) for name in ("refused", "broken")}
        wrong = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        what = f"{request.name}, {connections} conn."
        rate = self.add(what, "1/s", [r.per_second for r in results], note=wrong)
        self.add("  latency, median", "us", [r.p50_us for r in results])
        self.add("  latency, 99 of 100 within", "us", [r.p99_us for r in results])
        self.add("  CPU of the server for one", "us", [r.server_us for r in results])
        if request.uses_database:
            self.add("  CPU of PostgreSQL for one", "us", [r.postgres_us for r in results])
        for floor in request.floors:
            self.show_floor(floor, connections, rate)

    def show_floor(self, floor: Floor, connections: int, rate: float) -> None:
        results = floor.results[connections]
        what, rates = f"  pgbench, {floor.name}", [r.per_second for r in results]
        ratio = rate / sorted(rates)[len(rates) // 2]
        self.add(what, "1/s", rates, note=f"the request reaches {ratio:.2f} of it")
        self.add("  CPU of PostgreSQL for one", "us", [r.postgres_us for r in results])

    def add(self, what: str, unit: str, values: list[float], note: str = "") -> float:
        return self.report.add("load", what, unit, values, note=note).median


def load(world: World, report: Report) -> None:
    databases = [world.seeded(size) for size in world.sizes]
    changing = world.copy(databases[0])
    world.safe(True)
    with contextlib.ExitStack() as stack:
        servers = {
            part.name: stack.enter_context(world.server(part.env))
            for part in [*databases, changing]
        }
        bench = Load(world, report, servers)
        bench.add_version(databases[0])
        bench.add_project("GET a public project, anonymous", databases[0], "anonymous", True)
        bench.add_project("GET a private project, member", databases[0], "big group", False)
        bench.add_redirect(databases[0])
        for seeded in databases:
            bench.add_page(seeded)
        bench.add_writes(changing)
        bench.run()
        for connections in CONNECTIONS:
            for request in bench.requests:
                bench.show(request, connections)
