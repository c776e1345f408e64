# SPDX-License-Identifier: Apache-2.0
"""Load on the server (wrk) and straight on the database (pgbench), and what it costs."""

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
from support.server import Server
from world import World

# what the server sets for its own sessions (librenku/db/exchange.c)
SESSION = "-c jit=off -c plan_cache_mode=force_generic_plan"
SCRIPT = Path(__file__).with_name("load.lua")
THREADS = 2


@dataclass(frozen=True)
class Result:
    """One run."""

    per_second: float
    p50_us: float
    p99_us: float | None
    server_us: float  # CPU of the server for one request
    postgres_us: float  # of PostgreSQL
    refused: int = 0  # answers of 400 and above
    broken: int = 0


@dataclass
class Cpu:
    """CPU seconds of the server and of PostgreSQL while something runs."""

    world: World
    server: Server | None

    def read(self) -> tuple[float, float]:
        own = cpu_seconds(self.server.process.pid) if self.server else 0.0
        return own, self.world.postgres_cpu()

    def per_call(self, run: Callable[[], int]) -> tuple[float, float]:
        """Microseconds for each of the calls that the function has counted."""
        before = self.read()
        calls = max(run(), 1)
        after = self.read()
        return tuple(1e6 * (end - begin) / calls for begin, end in zip(before, after, strict=True))


def wrk(world: World, server: Server, script: list[str], connections: int, seconds: int) -> Result:
    """`script`: the arguments of load.lua."""
    said = {}

    def run() -> int:
        command = ["wrk", f"-t{min(THREADS, connections)}", f"-c{connections}", f"-d{seconds}s"]
        done = subprocess.run(
            [*command, "-s", SCRIPT, server.url, "--", *script],
            capture_output=True,
            text=True,
            check=True,
        )
        said.update(json.loads(done.stdout.strip().splitlines()[-1]))
        return said["requests"]

    own, database = Cpu(world, server).per_call(run)
    rate = said["requests"] / said["seconds"]
    return Result(rate, said["p50"], said["p99"], own, database, said["refused"], said["broken"])


def pgbench(
    world: World, database: str, statement: Statement, connections: int, seconds: int
) -> Result:
    """The same statement, prepared, without anything of ours around it."""
    script = world.folder / "statement.sql"
    script.write_text(re.sub(r"\$(\d+)", r":p\1", statement.sql) + "\n")
    values = [f"-Dp{number}={value}" for number, value in enumerate(statement.parameters, 1)]
    command = ["-n", "-M", "prepared", "-T", str(seconds), "-c", str(connections)]
    command += ["-j", str(min(THREADS, connections)), "-f", str(script), *values]
    where = ["-h", str(world.cluster.folder), "-p", PORT, "-U", ROLE, database]
    said = {}

    def run() -> int:
        done = subprocess.run(
            [world.cluster.binaries / "pgbench", *command, *where],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PGPASSWORD": PASSWORD, "PGOPTIONS": SESSION},
        )
        said["rate"] = float(re.search(r"^tps = ([\d.]+)", done.stdout, re.M)[1])
        said["ms"] = float(re.search(r"^latency average = ([\d.]+) ms", done.stdout, re.M)[1])
        return int(re.search(r"actually processed: (\d+)", done.stdout)[1])

    _, cpu = Cpu(world, None).per_call(run)
    return Result(said["rate"], said["ms"] * 1000, None, 0.0, cpu)
