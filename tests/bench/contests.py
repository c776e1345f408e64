# SPDX-License-Identifier: Apache-2.0
"""Cases in which several sides take turns: our server, the floor, the database alone, and whoever else is named."""

import contextlib
import itertools
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from floor import CREATE, FloorServer, libpq
from floor import READ as BY_KEY
from load import Cpu
from report import Report, number, quotients
from sides import Counts, Lines, Other, Request, Side, count, floor_server, http_side, own_server, pgbench_side
from support.api import PREFIX, Caller, all_pages
from support.plans import Plans, Statement
from support.seeded import Seeded
from world import SMALL, World

USUAL, MANY = 32, 64
PATCHED = 256
PAGE = "/projects?per_page=20"
OURS, FLOOR = "ours", "floor"
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
# A key for each of pgbench's transactions, where the floor is given one.
CREATE_ALONE = Statement(CREATE.replace("$1", "gen_random_uuid()::text"), ())

# what one shot tells: name, unit, heading, digits
METRICS = {
    "per_second": ("requests", "1/s", "1/s"),
    "p50_us": ("latency, median", "us", "p50 us"),
    "p99_us": ("latency, 99 of 100 within", "us", "p99 us"),
    "p999_us": ("latency, 999 of 1000 within", "us", "p99.9 us"),
    "server_us": ("CPU of the server for one", "us", "server us"),
    "database_us": ("CPU of PostgreSQL for one", "us", "db us"),
}


@dataclass(frozen=True)
class Against:
    """A target: the rate of ours over that of another side."""

    side: str
    ratio: float


@dataclass
class Contest:
    """One case: who takes part, and what is expected."""

    name: str
    title: str
    connections: tuple[int, ...]
    target: Against | None
    prepare: Callable[["Arena", "Contest"], None]
    steady: float | None = None  # p99 over p50, with the most connections
    sides: list[Side] = field(default_factory=list)
    counts: dict[str, Counts] = field(default_factory=dict)


class Arena:
    """The database and the servers of a contest."""

    def __init__(self, world: World, report: Report, others: list[Other]):
        self.world, self.report, self.others = world, report, others
        self.lines = Lines(world.folder)
        self.stack = contextlib.ExitStack()
        self.seeded = world.seeded(SMALL)
        self.server = self.floor = None

    def __enter__(self) -> "Arena":
        return self

    def __exit__(self, *_exc) -> None:
        self.stack.close()

    def open(self, changes: bool = False) -> None:
        """Starts our server and the floor on one database; on a copy if it is changed."""
        if changes:
            self.seeded = self.world.copy(self.seeded)
        self.world.safe(True)
        self.server = self.stack.enter_context(self.world.server(self.seeded.env))
        self.floor = self.stack.enter_context(FloorServer(libpq(self.seeded.env), self.world.folder))

    @property
    def people(self) -> dict[str, Caller]:
        return self.world.callers(self.server, self.seeded)

    def pick(self, public: bool) -> str:
        with self.world.cluster.superuser(self.seeded.name) as connection:
            return connection.execute(PICK, [self.seeded.big_namespace, public]).fetchone()[0]

    def statement(self, caller: Caller, path: str, table: str) -> Statement:
        """What our server sends to the database for a request."""
        return self.world.statement(self.seeded, caller, path, table)

    # -- who takes part ---------------------------------------------------------------------

    def ours(self, contest: Contest, request: Request) -> None:
        cpu = Cpu(self.server.process.pid, self.world.postmaster())
        contest.sides.append(http_side(OURS, self.server.url, request, self.lines, cpu))
        contest.counts[OURS] = count(self.world, self.seeded.env, own_server(self.world), request)

    def beside(self, contest: Contest, request: Request) -> None:
        """The floor."""
        cpu = Cpu(self.floor.process.pid, self.world.postmaster())
        contest.sides.append(http_side(FLOOR, self.floor.url, request, self.lines, cpu))
        contest.counts[FLOOR] = count(self.world, self.seeded.env, floor_server(self.world), request)

    def alone(self, contest: Contest, name: str, statement: Statement) -> None:
        contest.sides.append(pgbench_side(self.world, name, self.seeded.name, statement))

    def elsewhere(self, contest: Contest, path: str, needs: tuple[str, ...] = (), **more) -> None:
        """Other servers, as far as they were given what the case needs."""
        for other in self.others:
            missing = [name for name in needs if name not in other.objects]
            if missing:
                self.report.progress(f"{contest.name}: without {other.name}, which has no --object for {missing[0]}")
                continue
            request = Request(other.path + path.format(**other.objects), token=other.token, **more)
            if request.kind == "create":
                request.namespace = other.objects["namespace"]
            contest.sides.append(http_side(other.name, other.url, request, self.lines, other.cpu))


# --- the cases -----------------------------------------------------------------------------------


def version(arena: Arena, contest: Contest) -> None:
    arena.open()
    arena.ours(contest, Request(f"{PREFIX}/version"))
    arena.beside(contest, Request("/static"))
    arena.elsewhere(contest, "/version")


def project_of(public: bool, who: str) -> Callable[[Arena, Contest], None]:
    def prepare(arena: Arena, contest: Contest) -> None:
        arena.open()
        key, caller = arena.pick(public), arena.people[who]
        arena.ours(contest, Request(f"{PREFIX}/projects/{key}", token=caller.token or ""))
        arena.beside(contest, Request(f"/read?{key}"))
        arena.alone(contest, "pgbench", Statement(BY_KEY, (key,)))
        own = arena.statement(caller, f"/projects/{key}", "librenku.listing")
        arena.alone(contest, "pgbench, our statement", own)
        arena.elsewhere(contest, "/projects/{project}", ("project",))

    return prepare


def page(arena: Arena, contest: Contest) -> None:
    arena.open()
    caller, key = arena.people["big group"], arena.pick(False)
    arena.ours(contest, Request(PREFIX + PAGE, token=caller.token))
    arena.beside(contest, Request(f"/read?{key}"))
    arena.alone(contest, "pgbench, our statement", arena.statement(caller, PAGE, "librenku.listing"))
    arena.elsewhere(contest, PAGE)


def redirect(arena: Arena, contest: Contest) -> None:
    arena.open()
    with arena.world.cluster.superuser(arena.seeded.name) as connection:
        connection.execute(REDIRECT)
    path, key = "/platform/redirects/%2Fprojects%2Fbench", arena.pick(False)
    arena.ours(contest, Request(PREFIX + path))
    arena.beside(contest, Request(f"/read?{key}"))


def create(arena: Arena, contest: Contest) -> None:
    arena.open(changes=True)
    owner = arena.people["few projects"].enter()
    request = Request(f"{PREFIX}/projects", "create", owner.token, owner.slug)
    arena.ours(contest, request)
    arena.beside(contest, Request("/create", "create"))
    arena.alone(contest, "pgbench", CREATE_ALONE)
    arena.elsewhere(contest, "/projects", ("namespace",), kind="create")


def patch(arena: Arena, contest: Contest) -> None:
    arena.open(changes=True)
    owner = arena.people["few projects"].enter()
    for turn in range(PATCHED):
        owner.create_project(name=f"Patched {turn}")

    def etags() -> dict[str, str]:
        projects = all_pages(owner, "/projects", namespace=owner.slug, direct_member="true")
        return {each["id"]: each["etag"] for each in projects if each["name"].startswith("Patched ")}

    arena.ours(contest, Request(f"{PREFIX}/projects", "patch", owner.token, etags=etags))
    arena.beside(contest, Request("/create", "create"))


def contests() -> list[Contest]:
    """Names, what is asked for, and the targets. The floor of a write is its create."""
    both = (1, USUAL)
    return [
        Contest("version", "GET /version", both, Against(FLOOR, 0.8), version),
        Contest("project", "GET a private project, member", (1, USUAL, MANY), Against(FLOOR, 0.6),
                project_of(False, "big group"), steady=4),
        Contest("public", "GET a public project, anonymous", both, None, project_of(True, "anonymous")),
        Contest("redirect", "GET a redirect, anonymous", both, None, redirect),
        Contest("page", "GET 20 projects with their total, member", both, Against(FLOOR, 0.2), page),
        Contest("create", "POST a project", both, Against(FLOOR, 0.5), create),
        Contest("patch", "PATCH a project", both, None, patch),
    ]


# --- running -------------------------------------------------------------------------------------


def take_turns(contest: Contest, world: World, report: Report) -> None:
    for turn, connections in itertools.product(range(world.rounds), contest.connections):
        report.progress(f"{contest.name}: round {turn + 1} of {world.rounds}, {connections} connections")
        for side in contest.sides:
            if connections <= side.most:
                side.run(connections, world.seconds, f"{connections} {turn} {side.name}")


# --- reporting -----------------------------------------------------------------------------------


def spread(values: list[float]) -> str:
    if not values:
        return "-"
    return f"{number(statistics.median(values))} ({number(min(values))}-{number(max(values))})"


def wrong(side: Side, connections: int) -> str:
    """Answers that were none: where there are many, the figures say nothing."""
    shots = side.shots.get(connections, [])
    counts = {name: sum(getattr(shot, name) for shot in shots) for name in ("refused", "broken")}
    return ", ".join(f"{side.name}: {count:,} {name}" for name, count in counts.items() if count)


def keep_side(report: Report, contest: Contest, side: Side, connections: int) -> None:
    note = wrong(side, connections)
    more = {"side": side.name, "connections": connections}
    for name, (what, unit, _) in METRICS.items():
        values = side.values(connections, name)
        if values:
            report.keep(contest.name, what, unit, values, note=note if name == "per_second" else "", **more)


def show_table(contest: Contest, connections: int) -> None:
    print(f"\n{contest.name}: {contest.title}, {connections} connection{'s' if connections > 1 else ''}")
    heads = [heading for _, _, heading in METRICS.values()]
    print(f"{'':<24}{heads[0] + ' (min-max)':>26}" + "".join(f"{head:>10}" for head in heads[1:]) + "  refused")
    for side in (side for side in contest.sides if connections in side.shots):
        medians = [side.values(connections, name) for name in METRICS]
        cells = [number(statistics.median(values)) if values else "-" for values in medians[1:]]
        refused = sum(shot.refused + shot.broken for shot in side.shots[connections])
        print(f"  {side.name:<22}{spread(medians[0]):>26}" + "".join(f"{cell:>10}" for cell in cells) + f"  {refused or ''}")


def keep_counts(report: Report, contest: Contest) -> None:
    for name, counts in contest.counts.items():
        report.add(contest.name, f"{name}: round trips to the database for one", "", [counts.trips], side=name)
        report.add(contest.name, f"{name}: allocated for one", "bytes", [counts.bytes], side=name)
        report.add(contest.name, f"{name}: calls of malloc for one", "", [counts.allocations], side=name)
    for side in contest.sides:
        resident = side.resident()
        if resident is not None:
            report.add(contest.name, f"{side.name}: memory afterwards (PSS)", "MiB", [resident], side=side.name)


def ratios(contest: Contest, over: str, name: str, connections: int) -> list[float]:
    """Of each turn: what the other side needs or does in it, too."""
    ours, other = (next(side for side in contest.sides if side.name == key) for key in (OURS, over))
    return quotients(ours.values(connections, name), other.values(connections, name))


def cpu_ratios(contest: Contest, connections: int) -> list[float]:
    """What a request costs the floor, server and database together, over what it costs us."""
    found = []
    for key in (FLOOR, OURS):
        side = next(side for side in contest.sides if side.name == key)
        pairs = zip(side.values(connections, "server_us"), side.values(connections, "database_us"), strict=True)
        found.append([own + database for own, database in pairs])
    return quotients(*found)


def judge(report: Report, contest: Contest) -> None:
    for connections in contest.connections[:2]:
        target = contest.target.ratio if contest.target and connections == USUAL else None
        what = f"{contest.title}: rate over the floor's, {connections} conn."
        note = ", ".join(filter(None, (wrong(side, connections) for side in contest.sides)))
        report.add(contest.name, what, "", ratios(contest, FLOOR, "per_second", connections), above=target, note=note,
                   connections=connections)
        what = f"  by CPU: the floor's over ours, {connections} conn."
        report.add(contest.name, what, "", cpu_ratios(contest, connections), connections=connections)
    if contest.steady:
        for side, limit in ((OURS, contest.steady), (FLOOR, None)):
            found = next(each for each in contest.sides if each.name == side)
            shots = found.shots[MANY]
            values = [shot.p99_us / shot.p50_us for shot in shots if shot.p50_us]
            report.add(contest.name, f"{side}: p99 over p50 with {MANY} conn.", "", values, below=limit, side=side,
                       connections=MANY)
    keep_counts(report, contest)


def run_contest(contest: Contest, world: World, report: Report, others: list[Other]) -> None:
    with Arena(world, report, others) as arena:
        report.progress(f"{contest.name}: prepared and counted")
        contest.prepare(arena, contest)
        take_turns(contest, world, report)
        for connections, side in itertools.product(contest.connections, contest.sides):
            if connections in side.shots:
                keep_side(report, contest, side, connections)
        for connections in contest.connections:
            show_table(contest, connections)
        judge(report, contest)
