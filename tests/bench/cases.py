# SPDX-License-Identifier: Apache-2.0
"""The cases of the bench. Each one adds rows to the report."""

import contextlib
import itertools
import socket
import time
from pathlib import Path

import python
from library import library
from load import wrk
from processes import cpu_seconds, memory
from report import Report
from support.api import PREFIX, Caller
from support.plans import Plans
from support.seeded import Seeded
from support.server import BUILD, RENKU, Server, poll
from traffic import load
from world import SMALL, World

# --- start ---------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_answered(port: int, path: str) -> bool:
    """Whether one request over a connection of its own gets a 200."""
    with socket.socket() as connection:
        try:
            connection.connect(("127.0.0.1", port))
        except ConnectionRefusedError:
            time.sleep(0.0005)
            return False
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
        return connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def first_answer(
    world: World, program: Path, env: dict[str, str], path: str
) -> tuple[float, float]:
    """Milliseconds from the start of the process to the first answer, and those of CPU until then."""
    port = free_port()
    server = Server(env, world.folder / "start.log", arguments=("--port", str(port)))
    server.program = program
    begin = time.monotonic()
    server.launch()
    poll(lambda: is_answered(port, path), pause=0)
    elapsed, cpu = time.monotonic() - begin, cpu_seconds(server.process.pid)
    server.stop()
    return 1000 * elapsed, 1000 * cpu


def programs(env: dict[str, str]) -> dict[str, tuple[Path, dict[str, str]]]:
    """In a build folder libtool puts a script before the program, which an installation does not have."""
    found = {"build/bin/renku server": (RENKU, env)}
    installed = BUILD / "bin" / ".libs" / "renku"
    if installed.exists():
        libraries = {"LD_LIBRARY_PATH": str(BUILD / ".libs")}
        found["the same without libtool's script"] = (installed, env | libraries)
    return found


def start(world: World, report: Report) -> None:
    env = world.environment(world.cluster.create_database(world.template))
    for name, (program, settings) in programs(env).items():
        for path in ("/version", "/projects"):
            runs = [
                first_answer(world, program, settings, PREFIX + path)
                for _ in range(5 if world.quick else 15)
            ]
            times, cpu = zip(*runs, strict=True)
            report.add("start", f"{name}: first GET {path}", "ms", times, below=100)
            report.add("start", "  CPU until then", "ms", cpu)


# --- memory --------------------------------------------------------------------------------------


def read_pages(caller: Caller, times: int) -> None:
    for _ in range(times):
        response = caller.get("/projects")
        assert response.status_code == 200, response.text


def memory_of_server(world: World, report: Report) -> None:
    seeded = world.seeded(SMALL)
    states = {"after its start": 0, "after 2,000 pages of projects": 2000}
    found = {name: [] for name in states}
    for _ in range(2 if world.quick else 5):
        with world.server(seeded.env, workers=2) as server:
            caller = world.callers(server, seeded)["big group"]
            for name, times in states.items():
                read_pages(caller, times)
                found[name].append(memory(server.processes()))
    for name, values in found.items():
        what, note = f"idle server {name}", "2 workers and their parent"
        resident = [value.resident for value in values]
        proportional = [value.proportional for value in values]
        report.add("memory", f"{what}: RSS", "MiB", resident, note=note, below=40)
        report.add("memory", f"{what}: PSS", "MiB", proportional, below=40)


# --- seed ----------------------------------------------------------------------------------------


def seed(world: World, report: Report) -> None:
    for size in world.sizes:
        seeded = world.seeded(size)
        report.add("seed", f"renku dev seed, {size:,} projects", "s", [seeded.seconds])
        with world.cluster.superuser(seeded.name) as connection:
            cursor = connection.execute("SELECT pg_database_size(current_database())")
            mebibytes = cursor.fetchone()[0] / 1024 / 1024
        report.add("seed", f"size of a database of {size:,} projects", "MiB", [mebibytes])


# --- lists ---------------------------------------------------------------------------------------

PAGE = "/projects?per_page=20"


def buffers(world: World, seeded: Seeded) -> dict[str, list[int]]:
    """Pages of the database that the first page touches, by who asks."""
    found = {}
    with (
        Plans(world.cluster, seeded.name) as plans,
        world.server(seeded.env | {"DB_POOL_SIZE": "1"}, workers=1) as server,
    ):
        for name, caller in world.callers(server, seeded).items():
            runs = [plans.of(lambda: caller.get(PAGE), "librenku.listing") for _ in range(8)]
            found[name] = [sum(plan.buffers for plan in run) for run in runs[1:]]
    return found


def lists(world: World, report: Report) -> None:
    rounds, seconds = (2, 1) if world.quick else (5, 2)
    databases = [world.seeded(size) for size in world.sizes]
    times = {(part.projects, name): [] for part in databases for name in part.people}
    path = world.folder / "page"
    path.write_text(f"{PREFIX}{PAGE}\n")
    with contextlib.ExitStack() as stack:
        servers = {part.name: stack.enter_context(world.server(part.env)) for part in databases}
        for _, part in itertools.product(range(rounds), databases):
            server = servers[part.name]
            for name, caller in world.callers(server, part).items():
                script = ["get", str(path), caller.token or "", ""]
                result = wrk(world, server, script, 1, seconds)
                times[part.projects, name].append(result.p50_us / 1000)
    touched = {part.projects: buffers(world, part) for part in databases}
    for (size, name), values in times.items():
        report.add("lists", f"20 of {size:,} projects, {name}", "ms", values)
        report.add("lists", "  buffers of the plan", "pages", touched[size][name])


CASES = {
    "start": start,
    "memory": memory_of_server,
    "library": library,
    "seed": seed,
    "lists": lists,
    "load": load,
    "python": python.case,
}
