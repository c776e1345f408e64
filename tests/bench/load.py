# SPDX-License-Identifier: Apache-2.0
"""Load on a server (wrk) and straight on the database (pgbench), and what it costs."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from processes import cpu_seconds
from support.plans import Statement
from support.postgres import PASSWORD, PORT, ROLE
from world import World

# what the server sets for its own sessions (librenku/db/exchange.c)
SESSION = "-c jit=off -c plan_cache_mode=force_generic_plan"
SCRIPT = Path(__file__).with_name("load.lua")
THREADS = 2


@dataclass(frozen=True)
class Shot:
    """One run of one side."""

    per_second: float
    p50_us: float
    p99_us: float | None = None
    p999_us: float | None = None
    server_us: float | None = None  # CPU of the server for one request
    database_us: float | None = None  # of PostgreSQL
    requests: int = 0
    refused: int = 0  # answers of 400 and above
    broken: int = 0


@dataclass(frozen=True)
class Cpu:
    """CPU of process trees while something runs; 0 is a process that nobody knows."""

    server: int
    database: int

    def read(self) -> list[float | None]:
        return [cpu_seconds(root) if root else None for root in (self.server, self.database)]

    def per_call(self, run: Callable[[], int]) -> list[float | None]:
        """Microseconds for each of the calls that the function has counted."""
        before = self.read()
        calls = max(run(), 1)
        after = self.read()
        pairs = zip(before, after, strict=True)
        return [None if begin is None else 1e6 * (end - begin) / calls for begin, end in pairs]


def wrk(url: str, script: list[str], connections: int, seconds: float, cpu: Cpu) -> Shot:
    """`script`: the arguments of load.lua."""
    said = {}

    def run() -> int:
        command = ["wrk", f"-t{min(THREADS, connections)}", f"-c{connections}", f"-d{seconds}s"]
        done = subprocess.run(
            [*command, "-s", SCRIPT, url, "--", *script], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"wrk on {url}: {done.stdout}{done.stderr}")
        said.update(json.loads(done.stdout.strip().splitlines()[-1]))
        return said["requests"]

    server, database = cpu.per_call(run)
    return Shot(
        said["requests"] / said["seconds"],
        *(said[name] for name in ("p50", "p99", "p999")),
        server,
        database,
        *(said[name] for name in ("requests", "refused", "broken")),
    )


def run_pgbench(command: list, seconds: float) -> str:
    """Its time includes that of opening the connections, which on a busy machine may be all of it: then it gets more."""
    for factor in (1, 4, 16):
        done = subprocess.run(
            [*command, "-T", str(max(1, round(seconds * factor)))],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PGPASSWORD": PASSWORD, "PGOPTIONS": SESSION},
        )
        if done.returncode == 0 and "\ntps = " in done.stdout:
            return done.stdout
    raise RuntimeError(f"pgbench: {done.stdout}{done.stderr}")


def pgbench(world: World, database: str, statement: Statement, connections: int, seconds: float) -> Shot:
    """A statement, prepared, without anything of ours around it."""
    script = world.folder / "statement.sql"
    script.write_text(re.sub(r"\$(\d+)", r":p\1", statement.sql) + "\n")
    values = [f"-Dp{number}={value}" for number, value in enumerate(statement.parameters, 1)]
    command = ["-n", "-M", "prepared", "-c", str(connections), "-j", str(min(THREADS, connections))]
    where = ["-h", str(world.cluster.folder), "-p", PORT, "-U", ROLE, database]
    said = {}

    def run() -> int:
        found = run_pgbench([world.cluster.binaries / "pgbench", *command, "-f", script, *values, *where], seconds)
        said["rate"] = float(re.search(r"^tps = ([\d.]+)", found, re.M)[1])
        said["ms"] = float(re.search(r"^latency average = ([\d.]+) ms", found, re.M)[1])
        return int(re.search(r"actually processed: (\d+)", found)[1])

    _, cpu = Cpu(0, world.postmaster()).per_call(run)
    return Shot(said["rate"], said["ms"] * 1000, database_us=cpu)
