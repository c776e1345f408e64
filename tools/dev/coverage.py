#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sums up the report of gcovr: lines and branches of each folder, and the lines that nothing has reached.

usage: coverage.py COVERAGE.json UNCOVERED.txt
"""

import json
import sys
from collections import defaultdict
from itertools import groupby
from pathlib import Path, PurePath
from typing import NamedTuple


class Count(NamedTuple):
    reached: int = 0
    all: int = 0

    def __add__(self, other):
        return Count(self.reached + other.reached, self.all + other.all)

    def __str__(self):
        share = f"{100 * self.reached / self.all:6.1f} %" if self.all else "     - %"
        return f"{self.reached:6d} of {self.all:6d} {share}"


def reached(counts: list[int]) -> Count:
    return Count(sum(1 for count in counts if count > 0), len(counts))


def folder_of(path: str) -> str:
    """librenku/db/pool.c belongs to librenku/db; what stands deeper belongs there, too."""
    return "/".join(PurePath(path).parts[:2])


def count_folders(files: list[dict]) -> dict[str, tuple[Count, Count]]:
    """Lines and branches by folder, and of librenku/ and frontends/ as wholes."""
    folders = defaultdict(lambda: (Count(), Count()))
    for file in files:
        lines = reached([line["count"] for line in file["lines"]])
        branches = reached([branch["count"] for line in file["lines"] for branch in line["branches"]])
        for name in (folder_of(file["file"]), PurePath(file["file"]).parts[0] + "/"):
            folders[name] = (folders[name][0] + lines, folders[name][1] + branches)
    return dict(sorted(folders.items()))


def gaps(lines: list[dict]) -> list[tuple[int, int]]:
    """First and last of the lines that nothing has reached; what is no code does not part them."""
    found = []
    for unreached, some in groupby(lines, key=lambda line: line["count"] == 0):
        numbers = [line["line_number"] for line in some]
        if unreached:
            found.append((numbers[0], numbers[-1]))
    return found


def place(path: str, first: int, last: int) -> str:
    return f"{path}:{first}" if first == last else f"{path}:{first}-{last}"


def uncovered(files: list[dict]) -> list[str]:
    """What nothing has called, and in what was called the lines that nothing has reached."""
    rows = []
    for file in sorted(files, key=lambda file: file["file"]):
        called = {function["name"]: function.get("execution_count", 0) > 0 for function in file["functions"]}
        for name, lines in groupby(file["lines"], key=lambda line: line.get("function_name")):
            for first, last in gaps(list(lines)):
                rows.append(f"{place(file['file'], first, last)}: {name or '-'}{'' if called.get(name) else ', never called'}")
    return rows


def main() -> int:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    files = json.loads(Path(sys.argv[1]).read_text())["files"]
    print(f"{'folder':24} {'lines':>26}   {'branches':>26}")
    for name, (lines, branches) in count_folders(files).items():
        print(f"{name:24} {lines}   {branches}")
    rows = uncovered(files)
    Path(sys.argv[2]).write_text("".join(f"{row}\n" for row in rows))
    print(f"{len(rows)} places that nothing has reached: {sys.argv[2]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
