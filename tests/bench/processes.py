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
    own: float  # of these what is no page of a file: nobody else on the machine changes it


def _rollup(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}


def memory(pids: Iterable[int]) -> Memory:
    rollups = [_rollup(pid) for pid in pids if Path(f"/proc/{pid}").exists()]
    return Memory(
        sum(rollup["Rss"] for rollup in rollups) / 1024,
        sum(rollup["Pss"] for rollup in rollups) / 1024,
        sum(rollup["Pss_Anon"] + rollup["Pss_Shmem"] for rollup in rollups) / 1024,
    )


def _stat(pid: int) -> tuple[int, int]:
    """The parent, and the ticks of the process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1]), sum(int(field) for field in fields[11:15])


def _stats() -> dict[int, tuple[int, int]]:
    stats = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stats[int(entry.name)] = _stat(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    return stats


def _family(root: int, stats: dict[int, tuple[int, int]]) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in stats.items():
        children.setdefault(parent, []).append(pid)
    found = [root] if root in stats else []
    for pid in found:
        found += sorted(children.get(pid, []))
    return found


def descendants(root: int) -> list[int]:
    """A process and all that descend from it."""
    return _family(root, _stats())


def cpu_seconds(root: int) -> float:
    """Of a process and all that descend from it. One that ends while others are being read would be missed: its time is its
    parent's then, who was read already."""
    seen = None
    while True:
        stats = _stats()
        family = _family(root, stats)
        if family == seen:
            return sum(stats[pid][1] for pid in family) / TICKS
        seen = family
