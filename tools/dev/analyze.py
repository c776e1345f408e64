#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs cppcheck and the analyzer of GCC over C files, and tells what is not excused.

usage: analyze.py --build DIR --jobs N FILE...

Excuses stand in analysis.txt beside this script. One that is not needed any more is a finding, too.
"""

import argparse
import re
import shlex
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

EXCUSES = Path(__file__).with_name("analysis.txt")
PACKAGES = "json-c libsodium libcurl libpq cjose libpcre2-8 libutf8proc libseccomp libmicrohttpd yaml-0.1".split()
KORE_FLAGS = Path("/usr/share/kore/features")
GCC_FINDING = re.compile(r"^(?P<path>[^:\n]+):(?P<line>\d+):\d+: (?:warning|error): (?P<text>.*) \[-W(?P<kind>[\w-]+)\]$", re.M)
CPPCHECK_FINDING = re.compile(r"^(?P<path>[^:\n]+):(?P<line>\d+): (?P<kind>\w+): (?P<text>.*)$", re.M)


def read_excuses(text: str) -> dict[tuple[str, str], int]:
    """How many findings of a kind a file may have: rows of path, kind, number and reason."""
    rows = [line.split(None, 3) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return {(path, kind): int(number) for path, kind, number, _reason in rows}


def flags_of(build: str) -> list[str]:
    found = subprocess.run(["pkg-config", "--cflags", *PACKAGES], capture_output=True, text=True, check=True).stdout
    kore = KORE_FLAGS.read_text() if KORE_FLAGS.exists() else ""
    return ["-D_GNU_SOURCE", "-I.", "-Iinclude", f"-I{build}/gen", f"-I{build}", *shlex.split(found + kore)]


def gcc(build: str, flags: list[str], path: str) -> str:
    command = ["gcc-12", "-std=gnu11", "-O2", "-fanalyzer", "-fdiagnostics-plain-output", "-include", f"{build}/config.h"]
    done = subprocess.run([*command, *flags, "-c", "-o", "/dev/null", path], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return done.stderr


def cppcheck(build: str, jobs: int, paths: list[str]) -> str:
    command = ["cppcheck", "--quiet", f"-j{jobs}", "--std=c11", "--enable=warning,performance,portability"]
    more = ["-I.", "-Iinclude", f"-I{build}/gen", f"--include={build}/config.h", "--template={file}:{line}: {id}: {message}"]
    done = subprocess.run([*command, *more, *paths], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    return done.stderr


def findings_in(pattern: re.Pattern, text: str) -> set[tuple[str, str, str, str]]:
    return {match.group("path", "line", "kind", "text") for match in pattern.finditer(text)}


def judge(found: set[tuple[str, str, str, str]], excuses: dict[tuple[str, str], int]) -> list[str]:
    """What is to be told: findings beyond the excused number, and excuses for more than there is."""
    counts = Counter((path, kind) for path, _, kind, _ in found)
    told = [
        f"{path}:{line}: {text} [{kind}]"
        for path, line, kind, text in sorted(found)
        if counts[path, kind] > excuses.get((path, kind), 0)
    ]
    unused = [key for key, number in excuses.items() if counts[key] < number]
    return told + [f"{EXCUSES.name}: {path} has fewer findings of {kind}: lower the number" for path, kind in unused]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("paths", nargs="+", metavar="FILE")
    options = parser.parse_args()
    flags = flags_of(options.build)
    found = findings_in(CPPCHECK_FINDING, cppcheck(options.build, options.jobs, options.paths))
    with ThreadPoolExecutor(options.jobs) as pool:
        for text in pool.map(lambda path: gcc(options.build, flags, path), options.paths):
            found |= findings_in(GCC_FINDING, text)
    told = judge(found, read_excuses(EXCUSES.read_text()))
    print("\n".join([*told, f"{len(options.paths)} files, {len(found)} findings, {len(told)} to be looked at"]))
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
