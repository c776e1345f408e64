# SPDX-License-Identifier: Apache-2.0
"""How long `renku up` takes to the first answered request, and what it needs while idle."""

import subprocess
import time
from pathlib import Path

import httpx

from processes import memory
from report import Report
from support.server import RENKU
from support.up import Installation
from world import World


def first_answer(local: Installation) -> float:
    """Milliseconds from the start of the command to the answer of the database behind the API."""
    begin = time.monotonic()
    local.start()
    answer = httpx.get(f"{local.url}/api/data/projects")
    assert answer.status_code == 200, answer.text
    return 1000 * (time.monotonic() - begin)


def stop(local: Installation) -> float:
    begin = time.monotonic()
    assert local.ask() == 0
    return 1000 * (time.monotonic() - begin)


def version() -> float:
    begin = time.monotonic()
    subprocess.run([RENKU, "version"], check=True, stdout=subprocess.DEVNULL)
    return 1000 * (time.monotonic() - begin)


def up(world: World, report: Report) -> None:
    fresh, again, idle, stops = [], [], [], []
    for run in range(2 if world.quick else 5):
        local = Installation(Path(world.folder) / f"place-{run}")
        fresh.append(first_answer(local))
        local.ask()
        again.append(first_answer(local))
        idle.append(memory(local.processes()).proportional)
        stops.append(stop(local))
    report.add("up", "renku up, from nothing to the first answer", "ms", fresh)
    report.add("up", "renku up, on existing data, to the first answer", "ms", again)
    report.add("up", "renku up, end after Ctrl-C", "ms", stops)
    report.add("up", "memory of all its processes, idle (PSS)", "MiB", idle)
    report.add("up", "renku version, start to end", "ms", [version() for _ in range(10)])
