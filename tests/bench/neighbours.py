# SPDX-License-Identifier: Apache-2.0
"""What a slow neighbour costs the others: their latency with one and without, in turns."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from load import Cpu, Shot, wrk
from report import Report, quotients
from sides import Lines
from support.api import PREFIX, Caller
from support.neighbours import SLEEP, HangingKeycloak, NoReader, SlowSender, SlowStatement, make_slow
from support.server import Server
from world import SMALL, World

CONNECTIONS = 16
MOST = 2.0  # times the p99
PATHS = ("/projects/{project}", "/user", "/projects?per_page=20", "/version")


def neighbours(world: World, server: Server, slow: str, other: Caller) -> dict[str, Callable[[], AbstractContextManager]]:
    """One client or peer of each kind."""
    return {
        "a statement of 5 s": lambda: SlowStatement(server.url, other.token, slow),
        "Keycloak hangs": lambda: HangingKeycloak(server.url, world.realm),
        "a byte a second": lambda: SlowSender(server.url),
        "does not read": lambda: NoReader(server.url, other.token),
    }


def neighbour(world: World, report: Report) -> None:
    seeded = world.copy(world.seeded(SMALL))
    world.safe(True)
    lines = Lines(world.folder)
    with world.server(seeded.env) as server:
        people = world.callers(server, seeded)
        owner, other = people["big group"].enter(), people["newcomer"].enter()
        project, slow = owner.create_project()["id"], other.create_project()["id"]
        make_slow(world.cluster, seeded.name, slow, SLEEP)
        paths = lines.file(*(PREFIX + path.format(project=project) for path in PATHS))
        script = ["get", paths, lines.file(owner.token), ""]

        def shoot() -> Shot:
            return wrk(server.url, script, CONNECTIONS, 2 * world.seconds, Cpu(0, world.postmaster()))

        shoot()  # caches and threads
        for name, begin in neighbours(world, server, slow, other).items():
            alone, beside = [], []
            for turn in range(world.rounds):
                report.progress(f"neighbour: {name}, round {turn + 1} of {world.rounds}")
                alone.append(shoot())
                with begin():
                    beside.append(shoot())
            add(report, name, alone, beside)


def add(report: Report, name: str, alone: list[Shot], beside: list[Shot]) -> None:
    for what, shots in (("alone", alone), ("beside", beside)):
        bad = sum(shot.refused + shot.broken for shot in shots)
        note = f"{bad} not answered well" if bad else ""
        report.add("neighbour", f"{name}: {what}, 99 of 100 within", "us", [shot.p99_us for shot in shots], note=note)
        report.keep("neighbour", f"{name}: {what}, 999 of 1000 within", "us", [shot.p999_us for shot in shots])
        report.keep("neighbour", f"{name}: {what}, requests", "1/s", [shot.per_second for shot in shots])
    ratios = quotients([shot.p99_us for shot in beside], [shot.p99_us for shot in alone])
    report.add("neighbour", f"{name}: p99 beside over alone", "", ratios, below=MOST)
