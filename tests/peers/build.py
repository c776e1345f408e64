#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the programs of others that the tests talk to, from their Go modules, once per version and user.

usage: build.py [NAME...]

Prints the path of each; progress goes to the standard error output. Without names all are built.
"""

import fcntl
import json
import os
import re
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
    ask: tuple[str, ...]
    answer: str
    variables: dict[str, str]  # of the program
    minutes: int  # that it takes with empty caches
    module: str | None = None  # MODULE@VERSION that replaces others, so that nobody can install from it
    staged: str = ""  # version of the modules that it keeps in its own folders


KUBERNETES = "1.35.4"
KUBE_MODULE, KUBE_VARIABLES = f"k8s.io/kubernetes@v{KUBERNETES}", "k8s.io/component-base/version."
KUBE_STAGED = f"v0.{KUBERNETES.removeprefix('1.')}"

GO, GO_NEEDED = "1.26.8", (1, 26, 6)  # which is fetched where there is an older one; SpiceDB needs the most
GO_MODULE = "golang.org/toolchain@v0.0.1-go"

PEERS = {
    "rclone": Peer(
        "github.com/rclone/rclone", "1.71.2", ("version",), "rclone v1.71.2",
        {"github.com/rclone/rclone/fs.Version": "v1.71.2"}, 5,
    ),
    "spicedb": Peer("github.com/authzed/spicedb/cmd/spicedb", "1.56.2", ("version",), "spicedb v1.56.2", {}, 5),
    "kube-apiserver": Peer(
        "k8s.io/kubernetes/cmd/kube-apiserver", KUBERNETES, ("--version",), f"Kubernetes v{KUBERNETES}",
        {f"{KUBE_VARIABLES}gitVersion": f"v{KUBERNETES}", f"{KUBE_VARIABLES}gitMajor": "1",
         f"{KUBE_VARIABLES}gitMinor": KUBERNETES.split(".")[1], f"{KUBE_VARIABLES}gitTreeState": "clean"},
        25, KUBE_MODULE, KUBE_STAGED,
    ),
    # the version that Kubernetes names in its own go.mod
    "etcd": Peer("go.etcd.io/etcd/server/v3", "3.6.5", ("--version",), "etcd Version: 3.6.5", {}, 5, KUBE_MODULE, KUBE_STAGED),
}  # fmt: skip


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


def run_go(title: str, command: list[str], folder: Path, environment: dict) -> None:
    try:
        process = subprocess.Popen(["nice", "-n", "10", *command], env=environment, cwd=folder, stderr=subprocess.PIPE, text=True)
    except OSError as problem:
        raise CannotBuild(f"{title}: {problem}") from None
    last = follow(process, title)
    if process.wait() != 0:
        raise CannotBuild("\n".join([f"{title}: {' '.join(command[:2])} failed", *last]))


def version_of(go: Path) -> tuple[int, ...]:
    done = subprocess.run([go, "version"], capture_output=True, text=True, env={**os.environ, "GOTOOLCHAIN": "local"})
    found = re.match(r"go version go([\d.]+)", done.stdout)
    return tuple(map(int, found[1].split("."))) if found else ()


def fetch_go(older: Path) -> Path:
    """The Go that is wanted, from its module, by one that there is. Two callers at once make it once."""
    home = CACHE / f"go-{GO}"
    title = f"go {GO}"
    with (CACHE / "go.lock").open("w") as lock, tempfile.TemporaryDirectory(dir=CACHE) as folder:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if home.exists():
            return home / "bin" / "go"
        say(f"{title}: fetching it, 70 MB")
        environment = {**os.environ, "GOFLAGS": "-modcacherw", "GOTOOLCHAIN": "local"}
        kind = "-".join(go_says(title, [older, "env", "GOOS", "GOARCH"], environment).split())
        module = f"{GO_MODULE}{GO}.{kind}"
        got = json.loads(go_says(title, [older, "mod", "download", "-json", module], environment | {"GOMODCACHE": folder}))
        made = Path(got["Dir"])
        for program in [*made.glob("bin/*"), *made.glob("pkg/tool/*/*")]:
            program.chmod(0o755)  # modules know no programs
        made.replace(home)
    return home / "bin" / "go"


def go_says(title: str, command: list, environment: dict) -> str:
    done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True)
    if done.returncode != 0:
        raise CannotBuild(f"{title}: {' '.join(map(str, command[1:]))} failed\n{done.stdout}{done.stderr}")
    return done.stdout


def find_go(path: str) -> Path:
    """A Go that is new enough: one of the folders has it, or one that can fetch it."""
    there = [Path(folder) / "go" for folder in path.split(":") if folder and os.access(Path(folder) / "go", os.X_OK)]
    if not there:
        raise CannotBuild("there is no Go to build it with: install the package golang-go, or another one (https://go.dev/dl)")
    return next((go for go in there if version_of(go) >= GO_NEEDED), None) or fetch_go(there[0])


def write_module(title: str, peer: Peer, folder: Path, environment: dict) -> None:
    """A module that requires the peer's, and repeats its replacements with modules that everybody can have."""
    done = subprocess.run(["go", "mod", "download", "-json", peer.module], env=environment, cwd="/", capture_output=True, text=True)
    if done.returncode != 0:
        raise CannotBuild(f"{title}: go mod download failed\n{done.stdout}{done.stderr}")
    text = Path(json.loads(done.stdout)["GoMod"]).read_text()
    text = re.sub(r"(?m)^module .*$", "module peer/wrapper", text)
    text = re.sub(r"(?m)^toolchain .*\n", "", text)
    text = re.sub(r"(?m)^(\s+)(\S+) => \./\S+$", rf"\1\2 => \2 {peer.staged}", text)
    (folder / "go.mod").write_text(f"{text}\nrequire {peer.module.replace('@', ' ')}\n")


def install(name: str, peer: Peer, folder: Path) -> None:
    title = f"{name} {peer.version}"
    path = f"{os.environ.get('PATH', '')}:/usr/local/go/bin"
    path = f"{find_go(path).parent}:{path}"
    environment = {**os.environ, "PATH": path, "GOROOT": "", "GOBIN": str(folder), "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
    flags = ["-v", "-trimpath", "-ldflags", " ".join(["-s -w", *(f"-X {key}={value}" for key, value in peer.variables.items())])]
    say(f"{title}: building it from its Go module, which takes about {peer.minutes} minutes the first time")
    if not peer.module:
        return run_go(title, ["go", "install", *flags, f"{peer.package}@v{peer.version}"], Path("/"), environment)
    write_module(title, peer, folder, {**environment, "GOFLAGS": ""})
    return run_go(title, ["go", "build", *flags, "-o", name, peer.package], folder, {**environment, "GOFLAGS": "-mod=mod -buildvcs=false"})


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
