# SPDX-License-Identifier: Apache-2.0
"""Measurements and the one table of them."""

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from support.postgres import find_binaries
from support.server import ROOT


@dataclass
class Row:
    """One thing that was measured n times."""

    case: str
    what: str
    unit: str
    values: Sequence[float]
    note: str = ""
    below: float | None = None  # a target

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def verdict(self) -> str:
        if self.below is None:
            return self.note
        word = "met" if self.median < self.below else "MISSED"
        return f"{self.note + '; ' if self.note else ''}target below {self.below:g} {self.unit}: {word}"

    def record(self) -> dict:
        return asdict(self) | {
            "n": len(self.values),
            "median": self.median,
            "min": min(self.values),
            "max": max(self.values),
        }


def number(value: float) -> str:
    """Three digits that say something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


@dataclass
class Report:
    """Collects rows, prints each as it comes, and writes all of them."""

    quick: bool
    rows: list[Row] = field(default_factory=list)
    load: list[float] = field(default_factory=lambda: [os.getloadavg()[0]])

    def head(self) -> None:
        for name, value in machine().items():
            print(f"{name:<12} {value}")
        print(f"{'mode':<12} {'quick' if self.quick else 'full'}\n")
        print(
            f"{'case':<7} {'what':<58} {'unit':<7} {'n':>3} {'median':>9} {'min':>9} {'max':>9}  note"
        )

    def add(self, case: str, what: str, unit: str, values: Sequence[float], **more) -> Row:
        row = Row(case, what, unit, list(values), **more)
        numbers = [number(value) for value in (row.median, min(values), max(values))]
        print(
            f"{case:<7} {what:<58} {unit:<7} {len(values):>3}"
            + "".join(f" {text:>9}" for text in numbers)
            + f"  {row.verdict()}".rstrip(),
            flush=True,
        )
        self.rows.append(row)
        return row

    def write(self, path: Path) -> None:
        self.load.append(os.getloadavg()[0])
        content = {
            "machine": machine(),
            "quick": self.quick,
            "load": self.load,
            "rows": [row.record() for row in self.rows],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=1) + "\n")
        print(f"\nload average {self.load[0]:.1f} at the start, {self.load[1]:.1f} at the end")
        print(f"written to {path}")


def _said(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0].strip() if lines else "unknown"


def _field(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"


def machine() -> dict[str, str]:
    """What a reader must know to compare two runs."""
    memory = int(_field("/proc/meminfo", "MemTotal").split()[0]) / 1024 / 1024
    release = platform.freedesktop_os_release().get("PRETTY_NAME", "unknown")
    kore = _said("dpkg-query", "-W", "-f", "${Version}", "kore")
    return {
        "processor": f"{os.cpu_count()} x {_field('/proc/cpuinfo', 'model name')}, {memory:.0f} GiB",
        "system": f"{release}, Linux {platform.release()}, load average {os.getloadavg()[0]:.1f}",
        "software": f"{_said(find_binaries() / 'postgres', '--version')}, Kore {kore},"
        f" {' '.join(_said('wrk', '-v').split()[:2])}",
        "revision": _said("git", "-C", ROOT, "describe", "--always", "--dirty"),
    }
