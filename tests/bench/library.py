# SPDX-License-Identifier: Apache-2.0
"""What one call of the library costs beside the bare round trip of its statement.

Both are measured twice: where the system puts client and server, which changes from run to run and costs more than a call, and
with both on one processor, where nothing but work counts.
"""

import contextlib
import os
import shlex
import subprocess
from pathlib import Path

from report import Report
from support.server import BUILD
from world import SMALL, World

PROGRAM = BUILD / "tests" / "bench" / "library" / "call"
OWNER = """
SELECT subject_id, object_id FROM librenku.relation
 WHERE object_type = 'p' AND relation = 'o' AND subject_type = 'u' ORDER BY 2 LIMIT 1
"""
LAST = """
SELECT query FROM pg_stat_activity
 WHERE application_name = 'librenku' AND query LIKE '%%librenku.listing%%' AND datname = %s
"""


def write_settings(path: Path, env: dict[str, str]) -> None:
    path.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in env.items()))


def statement_of(world: World, database: str, words: list[str]) -> str:
    """The text that the library sends, as the server saw it."""
    command = [PROGRAM, *words, "-", "0", "0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        with world.cluster.superuser() as connection:
            for _ in range(1000):
                row = connection.execute(LAST, (database,)).fetchone()
                if row or process.poll() is not None:
                    break
        process.communicate(b"\n")
    assert row, "the library sent no statement"
    return row[0]


@contextlib.contextmanager
def one_processor(world: World):
    """What begins meanwhile, here and in the server, stays on the last processor."""
    everywhere = os.sched_getaffinity(0)
    server = int((world.cluster.data / "postmaster.pid").read_text().split()[0])
    try:
        for process in (0, server):
            os.sched_setaffinity(process, {max(everywhere)})
        yield
    finally:
        for process in (0, server):
            os.sched_setaffinity(process, everywhere)


def measure(command: list) -> tuple:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(zip(*([int(word) / 1000 for word in line.split()] for line in done.stdout.splitlines()), strict=True))


def library(world: World, report: Report) -> None:
    seeded = world.seeded(SMALL)
    settings, sql = world.folder / "library.env", world.folder / "statement.sql"
    write_settings(settings, seeded.env)
    with world.cluster.superuser(seeded.name) as connection:
        user, project = connection.execute(OWNER).fetchone()
    words = [str(settings), user, project]
    sql.write_text(statement_of(world, seeded.name, words))
    rounds, calls = ("80", "50") if world.quick else ("800", "100")
    command = [PROGRAM, *words, str(sql), rounds, calls, user, project]
    for place, where in (("", contextlib.nullcontext()), (", one processor", one_processor(world))):
        with where:
            call, bare, call_cpu, bare_cpu = measure(command)
        report.add("library", f"renku_project_get, as its owner{place}", "us", call)
        report.add("library", f"the bare round trip of its statement{place}", "us", bare)
        report.add("library", f"  ratio{place}", "", [one / other for one, other in zip(call, bare)], below=1.15)
        report.add("library", f"renku_project_get: CPU of the process{place}", "us", call_cpu)
        report.add("library", f"the bare round trip: CPU of the process{place}", "us", bare_cpu)
