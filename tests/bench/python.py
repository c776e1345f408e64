# SPDX-License-Identifier: Apache-2.0
"""What a call through Python costs over the same call in C."""

import os
import subprocess
import sys
import time

from report import Report
from support.python import LIBRARY, PACKAGE
from support.server import BUILD
from world import SMALL, World

PROGRAM = BUILD / "tests/bench/python/call"
ROUNDS, CALLS, WARM = 100, 100, 200
CEILING_US = 40


class InC:
    """A program that reads a project over and over, on demand."""

    def __init__(self, env: dict[str, str], user_id: str, project_id: str):
        self.process = subprocess.Popen(
            [PROGRAM, user_id, project_id], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def round(self, calls: int) -> tuple[float, float]:
        """Microseconds of one call, by the clock and of the processor."""
        self.process.stdin.write(f"{calls}\n")
        self.process.stdin.flush()
        clock, cpu = map(float, self.process.stdout.readline().split())
        return clock, cpu

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def in_python(client, project_id: str, calls: int) -> tuple[float, float]:
    clock, cpu = time.perf_counter(), time.thread_time()
    for _ in range(calls):
        client.project_get(project_id)
    cpu = time.thread_time() - cpu
    return 1e6 * (time.perf_counter() - clock) / calls, 1e6 * cpu / calls


def case(world: World, report: Report) -> None:
    """The rounds of both take turns, so that what else the machine does meets both."""
    os.environ["RENKU_LIBRARY"] = str(LIBRARY)
    sys.path.insert(0, str(PACKAGE))
    from librenku import Client, Config

    seeded = world.seeded(SMALL)
    user_id = seeded.people["few projects"]
    with Client(Config(**seeded.env), user=user_id) as client:
        project_id = client.project_list(direct_member=True, per_page=1)[0]["id"]
        plain = InC(seeded.env, user_id, project_id)
        plain.round(WARM)
        in_python(client, project_id, WARM)
        rounds = [(plain.round(CALLS), in_python(client, project_id, CALLS)) for _ in range(ROUNDS)]
        plain.close()
    report.add("python", "renku_project_get() in C", "us", [c[0] for c, _ in rounds])
    report.add("python", "client.project_get()", "us", [python[0] for _, python in rounds])
    report.add("python", "more by the clock", "us", [python[0] - c[0] for c, python in rounds], below=CEILING_US)
    report.add("python", "more of the processor", "us", [python[1] - c[1] for c, python in rounds], below=CEILING_US)
