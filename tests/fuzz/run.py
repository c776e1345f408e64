#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the fuzz targets of a tree that was configured with --enable-fuzz.

usage: run.py --build DIR --out DIR [--seconds N | --hours N] [--at-once N] [--afl] [TARGET...]

--seconds runs each target once for so long; --hours goes round all of them for so long, in turns of ten minutes, and goes on
after a finding. The corpus of a target grows in OUT/corpus/TARGET, what was found lies, as small as it could be made, in
OUT/found. The exit status is 1 when anything was found.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

TURN_S = 600
MUTE = {"cli": "-close_fd_mask=3"}  # what the program says about each input would fill the disk
LIMITS = ("-timeout=60", "-report_slow_units=60", "-rss_limit_mb=3072")
OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:abort_on_error=1:symbolize=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}
AFL = {
    "AFL_SKIP_CPUFREQ": "1", "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1", "AFL_NO_UI": "1", "AFL_NO_AFFINITY": "1",
    "ASAN_OPTIONS": "abort_on_error=1:symbolize=0:detect_leaks=0", "UBSAN_OPTIONS": "halt_on_error=1:abort_on_error=1",
}  # fmt: skip


class Outcome(NamedTuple):
    name: str
    inputs: int
    coverage: int
    corpus: int
    found: list[Path]
    status: int

    def __str__(self):
        said = f"{len(self.found)} FOUND" if self.found else ("ok" if self.status == 0 else f"ENDED WITH {self.status}")
        return f"{self.name:8} {self.inputs:>11,} inputs  {self.coverage:>6} edges  {self.corpus:>5} in the corpus  {said}"


class Fuzzer:
    def __init__(self, build: Path, out: Path, env: dict[str, str], processes: int = 1):
        self.build, self.out, self.env, self.processes = build, out, env, processes

    def program(self, name: str) -> Path:
        return self.build / "tests/fuzz" / f"fuzz_{name}"

    def corpus(self, name: str) -> Path:
        return self.folder("corpus", name)

    def folder(self, *parts: str) -> Path:
        path = self.out.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def run(self, name: str, seconds: int) -> Outcome:
        found = self.folder("found", name)
        log = self.folder("log") / f"{name}.log"
        before = set(found.iterdir())
        command = [self.program(name), f"-max_total_time={seconds}", *LIMITS, "-print_final_stats=1", MUTE.get(name, "-close_fd_mask=0"),
                   f"-artifact_prefix={found}/", *self.forks(), *self.dictionary(name), self.corpus(name), *self.seeds(name)]  # fmt: skip
        with log.open("wb") as file:
            status = subprocess.run(command, env=self.env | OPTIONS, stdout=file, stderr=file).returncode
        return self.outcome(name, log.read_text(errors="replace"), sorted(set(found.iterdir()) - before), status)

    def outcome(self, name: str, text: str, found: list[Path], status: int) -> Outcome:
        executed = re.search(r"number_of_executed_units: (\d+)", text)
        lines = re.findall(r"^#(\d+):?\s.*cov: (\d+).*corp: (\d+)", text, re.MULTILINE)
        inputs, coverage, corpus = (int(number) for number in (lines[-1] if lines else (0, 0, 0)))
        return Outcome(name, int(executed.group(1)) if executed else inputs, coverage, corpus, found, status)

    def seeds(self, name: str) -> list[Path]:
        return [path for path in (ROOT / "tests/fuzz/corpora" / name, self.out / "seeds" / name) if path.is_dir()]

    def forks(self) -> list[str]:
        return [f"-fork={self.processes}"] if self.processes > 1 else []

    def dictionary(self, name: str) -> list[str]:
        path = self.out / "seeds" / f"{name}.dict"
        return [f"-dict={path}"] if path.exists() else []

    def minimise(self, name: str, path: Path) -> None:
        """Replaces what was found by something smaller that does the same."""
        small = path.with_name(f"{path.name}.small")
        command = [self.program(name), "-minimize_crash=1", "-max_total_time=60", *LIMITS, f"-exact_artifact_path={small}", path]
        subprocess.run(command, env=self.env | OPTIONS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if small.exists():
            small.replace(path)

    def merge(self, name: str) -> None:
        """Leaves in the corpus only what adds to the coverage."""
        corpus, merged = self.corpus(name), self.folder("merged", name)
        command = [self.program(name), "-merge=1", *LIMITS, merged, corpus]
        if subprocess.run(command, env=self.env | OPTIONS, capture_output=True).returncode == 0:
            shutil.rmtree(corpus)
            merged.rename(corpus)

    def afl(self, name: str, seconds: int) -> Outcome:
        out, inputs = self.folder("afl", name), self.folder("afl-seeds", name)
        for seed in (file for folder in (*self.seeds(name), self.corpus(name)) for file in folder.iterdir()):
            shutil.copy(seed, inputs / seed.name)
        log = self.folder("log") / f"{name}.log"
        with log.open("wb") as file:
            command = ["afl-fuzz", "-i", inputs, "-o", out, "-m", "none", "-t", "10000", "-V", str(seconds), "--", self.program(name)]
            status = subprocess.run(command, env=self.env | AFL, stdout=file, stderr=file).returncode
        stats = out / "default/fuzzer_stats"
        text = stats.read_text() if stats.exists() else ""
        numbers = dict(re.findall(r"^(\w+)\s*: (\d+)", text, re.MULTILINE))
        found = sorted(out.glob("default/crashes/id*")) + sorted(out.glob("default/hangs/id*"))
        inputs, edges, corpus = (int(numbers.get(word, 0)) for word in ("execs_done", "edges_found", "corpus_count"))
        return Outcome(name, inputs, edges, corpus, found, status)


def targets(build: Path, wanted: list[str]) -> list[str]:
    there = sorted(path.name.removeprefix("fuzz_") for path in (build / "tests/fuzz").glob("fuzz_*") if os.access(path, os.X_OK) and path.is_file())
    unknown = set(wanted) - set(there)
    if unknown or not there:
        sys.exit(f"no such target: {', '.join(sorted(unknown))}; there are: {', '.join(there) or 'none'}")
    return wanted or there


def tell(outcome: Outcome) -> Outcome:
    print(outcome, flush=True)
    for path in outcome.found:
        print(f"    {path}", flush=True)
    return outcome


def rounds(fuzzer: Fuzzer, names: list[str], options) -> list[Outcome]:
    end = time.monotonic() + options.hours * 3600
    outcomes: list[Outcome] = []

    def turn(name: str) -> Outcome:
        outcome = tell(one(fuzzer, options)(name, max(1, min(TURN_S, int(end - time.monotonic())))))
        if not options.afl:
            for path in outcome.found:
                fuzzer.minimise(name, path)
            fuzzer.merge(name)
        return outcome

    with ThreadPoolExecutor(options.at_once) as pool:
        while time.monotonic() < end:
            outcomes += pool.map(turn, names)
            print(f"{sum(outcome.inputs for outcome in outcomes):,} inputs so far", flush=True)
    return outcomes


def one(fuzzer: Fuzzer, options):
    return fuzzer.afl if options.afl else fuzzer.run


def all_once(fuzzer: Fuzzer, names: list[str], options) -> list[Outcome]:
    with ThreadPoolExecutor(options.at_once) as pool:
        return list(pool.map(lambda name: tell(one(fuzzer, options)(name, options.seconds)), names))


def main() -> int:
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--hours", type=float)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--afl", action="store_true")
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    options = parser.parse_args()
    options.build, options.out = options.build.resolve(), options.out.resolve()
    names = targets(options.build, options.targets)
    with ExitStack() as stack:
        from fuzz import ground

        ground.write_seeds(options.out / "seeds")
        env = dict(os.environ) | (stack.enter_context(ground.deployment(options.build)) if "http" in names else {})
        fuzzer = Fuzzer(options.build, options.out, env, options.at_once // len(names) if options.hours else 1)
        outcomes = (rounds if options.hours else all_once)(fuzzer, names, options)
    bad = [outcome for outcome in outcomes if outcome.found or outcome.status]
    print(f"counted: {sum(outcome.inputs for outcome in outcomes):,} inputs tried")
    print(f"{len(outcomes) - len(bad)} passed, {len(bad)} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
