# SPDX-License-Identifier: Apache-2.0
"""What a page of the list of projects costs the database, by who asks and how many projects there are."""

import itertools
from dataclasses import dataclass, field

from load import Shot, pgbench
from report import Report, quotients
from support.plans import Plans, Statement
from support.seeded import Seeded
from world import World

PAGE = "/projects?per_page=20"
DEEP = f"{PAGE}&page=100"
WARM, READ = 6, 8  # PostgreSQL plans the first five executions for their parameters
GROWTH, GROWTH_DEEP, MANY_GROUPS = 1.5, 3.0, 10.0
# who asks, as the targets name them; "300 groups" is held against the one with 20 projects
PEOPLE = ("20 projects", "2,000 projects", "big group", "newcomer", "anonymous", "administrator", "300 groups")
GROWS = ("20 projects", "2,000 projects", "big group", "newcomer")
DEEP_FOR = ("20 projects", "2,000 projects", "big group")


@dataclass
class Page:
    """One page for one person in one database."""

    seeded: Seeded
    who: str
    path: str
    statement: Statement
    buffers: list[int]
    shots: list[Shot] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{'page 100' if self.path == DEEP else 'page 1'} of {self.seeded.projects:,} projects, {self.who}"

    def values(self, name: str) -> list[float]:
        return [getattr(shot, name) for shot in self.shots]


def read_pages(world: World, seeded: Seeded) -> list[Page]:
    """The statements, and how many pages of the database they touch."""
    found = []
    with (
        Plans(world.cluster, seeded.name) as plans,
        world.server(seeded.env | {"DB_POOL_SIZE": "1"}, workers=1) as server,
    ):
        people = world.callers(server, seeded)
        for who, path in [*((who, PAGE) for who in PEOPLE), *((who, DEEP) for who in DEEP_FOR)]:

            def read(who: str = who, path: str = path) -> None:
                response = people[who].get(path)
                assert response.status_code == 200, response.text

            runs = [plans.of(read, "librenku.listing") for _ in range(READ)]
            touched = [sum(plan.buffers for plan in run) for run in runs[WARM:]]
            found.append(Page(seeded, who, path, plans.statement_of(read, "librenku.listing"), touched))
    return found


def growth(pages: list[Page], who: str, path: str) -> list[float]:
    """Database time of each turn in the large database over that in the small one."""
    few, many = ([page for page in pages if (page.who, page.path) == (who, path)][at] for at in (0, -1))
    return quotients(many.values("database_us"), few.values("database_us"))


def show_pages(report: Report, pages: list[Page]) -> None:
    for page in pages:
        report.add("lists", page.name, "us db", page.values("database_us"))
        report.add("lists", "  with the round trip", "us", page.values("p50_us"))
        report.add("lists", "  buffers of the plan", "pages", page.buffers)


def judge(report: Report, pages: list[Page], sizes: tuple[int, int]) -> None:
    """By the CPU time of the database, which the load of the machine moves least."""
    words = f"{sizes[1]:,} over {sizes[0]:,} projects"
    for who in PEOPLE:
        if who != "300 groups":
            limit = GROWTH if who in GROWS else None
            report.add("lists", f"{words}: {who}", "", growth(pages, who, PAGE), below=limit)
    for who in DEEP_FOR:
        report.add("lists", f"{words}: {who}, page 100", "", growth(pages, who, DEEP), below=GROWTH_DEEP)
    for size in sizes:
        groups, one = (
            next(page for page in pages if (page.seeded.projects, page.who, page.path) == (size, who, PAGE))
            for who in ("300 groups", "20 projects")
        )
        values = quotients(groups.values("database_us"), one.values("database_us"))
        report.add("lists", f"300 groups over 20 projects, of {size:,}", "", values, below=MANY_GROUPS)


def lists(world: World, report: Report) -> None:
    databases = []
    for size in world.sizes:
        report.progress(f"lists: a database of {size:,} projects")
        databases.append(world.seeded(size))
    pages = [page for seeded in databases for page in read_pages(world, seeded)]
    pages.sort(key=lambda page: (page.path != PAGE, PEOPLE.index(page.who), page.seeded.projects))
    for page in pages:  # into the caches
        pgbench(world, page.seeded.name, page.statement, 1, 1)
    for turn, page in itertools.product(range(world.rounds), pages):
        if page is pages[0]:
            report.progress(f"lists: round {turn + 1} of {world.rounds}")
        page.shots.append(pgbench(world, page.seeded.name, page.statement, 1, 1))
    show_pages(report, pages)
    judge(report, pages, world.sizes)
