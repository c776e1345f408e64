# SPDX-License-Identifier: Apache-2.0
"""The memory of running processes, as a core file would show it."""

import re
from dataclasses import dataclass
from pathlib import Path

VAST_BYTES = 1 << 36  # the books of a sanitizer: a byte there is no byte of the program
HEAD = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+ *(.*)$")


@dataclass
class Region:
    """A range of addresses that can be written."""

    start: int
    end: int
    name: str
    flags: tuple[str, ...] = ()

    def is_left_out(self) -> bool:
        """No core file holds it: MADV_DONTDUMP."""
        return "dd" in self.flags

    def is_locked(self) -> bool:
        """It is never written to a swap device: mlock."""
        return "lo" in self.flags


def regions(pid: int) -> list[Region]:
    """All that a process can write."""
    found: list[Region] = []
    writable = False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        head = HEAD.match(line)
        if head:
            start, end = int(head[1], 16), int(head[2], 16)
            writable = "w" in head[3] and end - start < VAST_BYTES
            if writable:
                found.append(Region(start, end, head[4]))
        elif writable and line.startswith("VmFlags:"):
            found[-1].flags = tuple(line.split()[1:])
    return found


def resident(pid: int, region: Region) -> list[tuple[int, bytes]]:
    """The parts of a region that hold anything, with their addresses."""
    page = 4096
    parts = []
    with (
        open(f"/proc/{pid}/pagemap", "rb", buffering=0) as map_,
        open(f"/proc/{pid}/mem", "rb", buffering=0) as memory,
    ):
        step = 1 << 20
        for start in range(region.start, region.end, step * page):
            count = min(step, (region.end - start) // page)
            map_.seek(start // page * 8)
            marks = map_.read(count * 8)[7::8]
            for run in re.finditer(rb"[\x80-\xff\x40-\x7f]+", marks):
                memory.seek(start + run.start() * page)
                parts.append((start + run.start() * page, memory.read(len(run[0]) * page)))
    return parts


def places(pid: int, words: dict[str, bytes]) -> dict[str, list[Region]]:
    """In which regions of a process each of the words stands."""
    found: dict[str, list[Region]] = {name: [] for name in words}
    for region in regions(pid):
        for _, content in resident(pid, region):
            for name, word in words.items():
                if word in content and region not in found[name]:
                    found[name].append(region)
    return found
