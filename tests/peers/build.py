#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the programs of others that the tests talk to, from their Go modules, once per version and user.

usage: build.py [NAME...]

Prints the path of each; progress goes to the standard error output. Without names all are built.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "renku-peers"
PROGRESS_S = 20


class Peer(NamedTuple):
    """One program: `go install PACKAGE@v<VERSION>`, and how it tells its version."""

    package: str
    version: str
    variable: str  # that holds the version in the program
    ask: tuple[str, ...]
    answer: str


PEERS = {
    "rclone": Peer("github.com/rclone/rclone", "1.71.2", "github.com/rclone/rclone/fs.Version", ("version",), "rclone v1.71.2"),
}


class CannotBuild(Exception):
    """Why there is no program."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def is_right(peer: Peer, path: Path) -> bool:
    """Whether the program runs and is of the version that is wanted."""
    if not path.exists():
        return False
    done = subprocess.run([path, *peer.ask], capture_output=True, text=True, timeout=60)
    return done.returncode == 0 and done.stdout.splitlines()[:1] == [peer.answer]


def follow(process: subprocess.Popen, title: str) -> list[str]:
    """Reads what Go tells, a package a line; the last lines are kept."""
    began = spoken = time.monotonic()
    count, last = 0, []
    for line in process.stderr:
        last = (last + [line.rstrip()])[-20:]
        count += 1
        if time.monotonic() - spoken >= PROGRESS_S:
            spoken = time.monotonic()
            say(f"{title}: {count} modules and packages in {spoken - began:.0f} s")
    return last


def install(name: str, peer: Peer, folder: Path) -> None:
    title = f"{name} {peer.version}"
    path = f"{os.environ.get('PATH', '')}:/usr/local/go/bin"
    environment = {**os.environ, "PATH": path, "GOBIN": str(folder), "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
    flags = f"-s -w -X {peer.variable}=v{peer.version}"
    command = ["nice", "-n", "10", "go", "install", "-v", "-trimpath", "-ldflags", flags, f"{peer.package}@v{peer.version}"]
    if not shutil.which("go", path=path):
        raise CannotBuild(f"{title}: there is no Go, 1.24 or newer, to build it with (https://go.dev/dl)")
    say(f"{title}: building it from its Go module, which takes about five minutes the first time")
    try:
        process = subprocess.Popen(command, env=environment, cwd="/", stderr=subprocess.PIPE, text=True)
    except OSError as problem:
        raise CannotBuild(f"{title}: {problem}") from None
    last = follow(process, title)
    if process.wait() != 0:
        raise CannotBuild("\n".join([f"{title}: go install failed", *last]))


def build(name: str) -> Path:
    """The path of the program; made when it is not there yet. Two callers at once make it once."""
    peer = PEERS[name]
    path = CACHE / "bin" / f"{name}-{peer.version}"
    path.parent.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_right(peer, path):
            return path
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            install(name, peer, Path(folder))
            made = Path(folder) / name
            if not is_right(peer, made):
                raise CannotBuild(f"{name}: what was built is not {peer.answer}")
            made.replace(path)
    say(f"{name} {peer.version}: built")
    return path


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in PEERS]
    if unknown:
        say(f"build.py: unknown: {', '.join(unknown)}; known: {', '.join(PEERS)}")
        return 2
    try:
        for name in names or PEERS:
            print(build(name))
    except CannotBuild as problem:
        say(str(problem))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
