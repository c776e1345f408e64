# SPDX-License-Identifier: Apache-2.0
"""Measurements, their targets, and the one table of them."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from support.postgres import find_binaries
from support.server import ROOT

FORMAT = 1


@dataclass
class Row:
    """One thing that was measured n times."""

    case: str
    what: str
    unit: str
    values: Sequence[float]
    note: str = ""
    side: str = ""
    connections: int | None = None
    below: float | None = None  # a target: at most
    above: float | None = None  # at least

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def target(self) -> str:
        if self.below is not None:
            return f"<= {self.below:g}"
        return f">= {self.above:g}" if self.above is not None else ""

    @property
    def met(self) -> bool | None:
        if self.below is not None:
            return self.median <= self.below
        return self.median >= self.above if self.above is not None else None

    def verdict(self) -> str:
        if self.met is None:
            return self.note
        word = "met" if self.met else "MISSED"
        return f"{self.note + '; ' if self.note else ''}target {self.target} {self.unit}".rstrip() + f": {word}"

    def record(self) -> dict:
        more = {"n": len(self.values), "median": self.median, "min": min(self.values), "max": max(self.values)}
        return asdict(self) | more | {"target": self.target, "met": self.met}


def quotients(these: Sequence[float], those: Sequence[float]) -> list[float]:
    """Turn by turn; a turn in which the other side did nothing says nothing."""
    return [this / that for this, that in zip(these, those, strict=True) if that] or [0.0]


def number(value: float | None) -> str:
    """Three digits that say something."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


@dataclass
class Report:
    """Collects rows, prints each as it comes, and writes all of them."""

    quick: bool
    rows: list[Row] = field(default_factory=list)
    heading: str = ""
    load: list[float] = field(default_factory=lambda: [os.getloadavg()[0]])
    began: float = field(default_factory=time.time)
    machine: dict[str, str] = field(default_factory=lambda: machine())

    def head(self) -> None:
        for name, value in self.machine.items():
            print(f"{name:<12} {value}")
        print(f"{'mode':<12} {'quick: figures of a first look' if self.quick else 'full'}\n", flush=True)

    def progress(self, text: str) -> None:
        """Tells that something goes on, where it does not disturb the tables."""
        stamp = time.strftime("%H:%M:%S", time.gmtime())
        print(f"  {stamp} {text}", file=sys.stderr, flush=True)

    def add(self, case: str, what: str, unit: str, values: Sequence[float], **more) -> Row:
        if self.heading != case:
            print(f"\n{'case':<11} {'what':<62} {'unit':<6} {'n':>3} {'median':>9} {'min':>9} {'max':>9}  note")
            self.heading = case
        row = self.keep(case, what, unit, values, **more)
        numbers = [number(value) for value in (row.median, min(row.values), max(row.values))]
        line = f"{case:<11} {what:<62} {unit:<6} {len(row.values):>3}"
        print(line + "".join(f" {text:>9}" for text in numbers) + f"  {row.verdict()}".rstrip(), flush=True)
        return row

    def keep(self, case: str, what: str, unit: str, values: Sequence[float], **more) -> Row:
        """Without a line of its own."""
        row = Row(case, what, unit, list(values), **more)
        self.rows.append(row)
        return row

    def targets(self) -> None:
        rows = [row for row in self.rows if row.met is not None]
        if not rows:
            return
        print(f"\n{'target of':<11} {'what':<62} {'target':>8} {'value':>9} {'min':>9} {'max':>9}")
        for row in rows:
            numbers = [number(value) for value in (row.median, min(row.values), max(row.values))]
            print(
                f"{row.case:<11} {row.what:<62} {row.target:>8}"
                + "".join(f" {text:>9}" for text in numbers)
                + ("  met" if row.met else "  MISSED")
            )

    def content(self) -> dict:
        return {
            "format": FORMAT,
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.began)),
            "seconds": round(time.time() - self.began, 1),
            "machine": self.machine,
            "quick": self.quick,
            "load": [*self.load, os.getloadavg()[0]],
            "rows": [row.record() for row in self.rows],
        }

    def write(self, path: Path) -> dict:
        content = self.content()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=1) + "\n")
        begin, end = content["load"]
        print(f"\nload average {begin:.1f} at the start, {end:.1f} at the end, {content['seconds']:.0f} s")
        if begin > (os.cpu_count() or 1):
            print("others were busy here: of two sides the one with more threads gets more of the processors, so that rates and")
            print("latencies say little; read the ratios by CPU")
        print(f"written to {path}", flush=True)
        return content


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
