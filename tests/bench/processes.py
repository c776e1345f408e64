# SPDX-License-Identifier: Apache-2.0
"""What processes use, from /proc."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Memory:
    """MiB."""

    resident: float
    proportional: float  # pages shared by several processes are counted once


def _rollup(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}


def memory(pids: Iterable[int]) -> Memory:
    rollups = [_rollup(pid) for pid in pids]
    return Memory(
        sum(rollup["Rss"] for rollup in rollups) / 1024,
        sum(rollup["Pss"] for rollup in rollups) / 1024,
    )


def _stat(pid: int) -> tuple[int, int]:
    """The parent, and the ticks of the process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1]), sum(int(field) for field in fields[11:15])


def cpu_seconds(root: int) -> float:
    """Of a process and all that descend from it."""
    stats = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stats[int(entry.name)] = _stat(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    family, ticks = {root}, 0
    for pid in sorted(stats, key=lambda pid: _depth(pid, stats)):
        parent, own = stats[pid]
        if pid == root or parent in family:
            family.add(pid)
            ticks += own
    return ticks / TICKS


def _depth(pid: int, stats: dict[int, tuple[int, int]]) -> int:
    depth = 0
    while pid in stats and depth < 64:
        pid, depth = stats[pid][0], depth + 1
    return depth
