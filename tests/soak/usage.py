# SPDX-License-Identifier: Apache-2.0
"""What the processes of a server hold, and how much more of it they may hold later."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench.processes import memory
from support.server import Server, poll

GROWTH = 1.05
SLACK_MEBIBYTES = 1.0  # for each process: threads that had not begun, what only a fault needs
SLACK_FILES = 2  # likewise: a connection that a fault has closed and nobody needed since
QUIET = 1.0  # seconds


@dataclass(frozen=True)
class Usage:
    """MiB and numbers, of all processes together."""

    processes: int
    resident: float
    proportional: float
    own: float
    files: int

    def exceeds(self, before: "Usage") -> list[str]:
        """What has grown beyond its bound."""
        most = GROWTH * before.own + SLACK_MEBIBYTES * before.processes
        files = before.files + SLACK_FILES * before.processes
        wrong = []
        if self.processes != before.processes:
            wrong.append(f"{self.processes} processes, before {before.processes}")
        if self.own > most:
            wrong.append(f"memory: {self.own:.2f} MiB, before {before.own:.2f}: more than {most:.2f}")
        if self.files > files:
            wrong.append(f"file descriptors: {self.files}, before {before.files}: more than {files}")
        return wrong

    def record(self) -> dict:
        return asdict(self)

    def __str__(self) -> str:
        sizes = f"RSS {self.resident:.2f}, PSS {self.proportional:.2f}, own {self.own:.2f} MiB"
        return f"{sizes}, {self.files} descriptors, {self.processes} processes"


def count_files(pids: list[int]) -> int:
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids)


def usage(server: Server) -> Usage:
    pids = server.processes()
    held = memory(pids)
    return Usage(len(pids), held.resident, held.proportional, held.own, count_files(pids))


def usage_at_rest(server: Server, connections: Callable[[], int]) -> Usage:
    """Once connections of clients have gone; without those to the database, which a pool opens as it comes to need them."""
    seen: list[tuple[float, int]] = []

    def is_quiet() -> bool:
        """The number of descriptors stays as it is."""
        now = time.monotonic()
        seen.append((now, count_files(server.processes())))
        recent = [files for when, files in seen if now - when <= QUIET]
        return now - seen[0][0] > QUIET and len(set(recent)) == 1

    poll(is_quiet, 60, 0.1)
    held = usage(server)
    return replace(held, files=held.files - connections())
