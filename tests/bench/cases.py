# SPDX-License-Identifier: Apache-2.0
"""Cases about our own server alone. Each one adds rows to the report."""

import socket
import time
from pathlib import Path

from floor import free_port
from load import Cpu, wrk
from processes import Memory, cpu_seconds, memory
from report import Report
from sides import Lines
from support.api import PREFIX, Caller
from support.server import BUILD, RENKU, Server, poll
from world import SMALL, World

# --- start ---------------------------------------------------------------------------------------


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


def first_answer(world: World, program: Path, env: dict[str, str], path: str) -> tuple[float, float]:
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


# --- soak ----------------------------------------------------------------------------------------

STEPS = 10
FLAT = 1.05
PATHS = ("/version", "/projects/{project}", "/projects?per_page=20", "/user", "/projects/01J2F86WS7S8N6159WA3X4042H")
ANY_PROJECT = "SELECT project_id FROM librenku.listing ORDER BY 1 LIMIT 1"


def soak_memory(world: World, report: Report, requests: int) -> None:
    """Memory after each tenth of the requests; the first tenth fills caches and pools."""
    seeded = world.seeded(SMALL)
    with world.cluster.superuser(seeded.name) as connection:
        (project,) = connection.execute(ANY_PROJECT).fetchone()
    lines = Lines(world.folder)
    paths = lines.file(*(PREFIX + path.format(project=project) for path in PATHS))
    with world.server(seeded.env) as server:
        token = lines.file(world.callers(server, seeded)["big group"].token)
        points, done = soak(world, report, server, ["get", paths, token, ""], requests)
    print_points(report, points, done)


def soak(
    world: World, report: Report, server: Server, script: list[str], requests: int
) -> tuple[list[Memory], int]:
    points, done = [], 0
    for step in range(1, STEPS + 1):
        while done < requests * step / STEPS:
            done += wrk(server.url, script, 32, 2, Cpu(0, world.postmaster())).requests
        points.append(memory(server.processes()))
        report.progress(f"soak-memory: {done:,} requests, {points[-1].own:.2f} MiB of its own")
    return points, done


def print_points(report: Report, points: list[Memory], done: int) -> None:
    own = [point.own for point in points]
    rest = own[1:]
    report.add("soak-memory", f"PSS during {done:,} requests", "MiB", [point.proportional for point in points])
    report.add("soak-memory", "  of it without pages of files", "MiB", own)
    report.add("soak-memory", "  after all of them over after the first tenth", "", [rest[-1] / own[0]], below=FLAT)
    report.add("soak-memory", "  after all of them over after one half", "", [rest[-1] / rest[STEPS // 2 - 2]])


# --- seed ----------------------------------------------------------------------------------------


def seed(world: World, report: Report) -> None:
    for size in world.sizes:
        report.progress(f"seed: {size:,} projects")
        seeded = world.seeded(size)
        report.add("seed", f"renku dev seed, {size:,} projects", "s", [seeded.seconds])
        with world.cluster.superuser(seeded.name) as connection:
            cursor = connection.execute("SELECT pg_database_size(current_database())")
            mebibytes = cursor.fetchone()[0] / 1024 / 1024
        report.add("seed", f"size of a database of {size:,} projects", "MiB", [mebibytes])
