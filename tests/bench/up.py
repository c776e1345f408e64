#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long `renku up` takes to the first answered request, and what it needs while idle."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import httpx

from support.server import RENKU
from support.up import Installation

RUNS = 5


def first_answer(local: Installation) -> float:
    """Seconds from the start of the command to the answer of the database behind the API."""
    begin = time.monotonic()
    local.start()
    answer = httpx.get(f"{local.url}/api/data/projects")
    assert answer.status_code == 200, answer.text
    return time.monotonic() - begin


def proportional_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def say(what: str, value: float, unit: str) -> None:
    print(f"{what:<52} {value:9.1f} {unit}")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="renku-bench-") as folder:
        fresh, again, stops = [], [], []
        for run in range(RUNS):
            local = Installation(Path(folder) / f"place-{run}")
            fresh.append(first_answer(local))
            local.ask()
            again.append(first_answer(local))
            total = sum(proportional_kib(pid) for pid in local.processes())
            begin = time.monotonic()
            assert local.ask() == 0
            stops.append(time.monotonic() - begin)
        begin = time.monotonic()
        for _ in range(RUNS):
            subprocess.run([RENKU, "version"], check=True, stdout=subprocess.DEVNULL)
        say("renku up, from nothing to the first answer", 1000 * statistics.median(fresh), "ms")
        say("renku up, on existing data, to the first answer", 1000 * statistics.median(again), "ms")
        say("renku up, end after Ctrl-C", 1000 * statistics.median(stops), "ms")
        say("memory of all its processes, idle, shared pages once", total / 1024, "MiB")
        say("renku version, start to end", 1000 * (time.monotonic() - begin) / RUNS, "ms")


if __name__ == "__main__":
    main()
