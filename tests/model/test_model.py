# SPDX-License-Identifier: Apache-2.0
"""Whatever people call in whatever order, the server answers as the model says.

RENKU_MODEL_STEPS: how many steps (default 20000); RENKU_MODEL_SEED: other sequences than those of the check.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies

from support.server import BUILD
from support.spec import operations

from .machine import OPERATIONS, Bench, Line, outcomes, play, report, seek
from .rules.people import MAX_PINS

SANITIZED = b"__asan_init" in (BUILD / ".libs" / "librenku.so").read_bytes()
STEPS = int(os.environ.get("RENKU_MODEL_STEPS") or (4000 if SANITIZED else 20000))
SEED = int(os.environ.get("RENKU_MODEL_SEED") or 20261127)
LENGTH = 200  # choices of a sequence, some of them to do nothing
AVERAGE = 265  # steps of a sequence, those of its audit included: about as many

# Other rooms, and the secrets storage: what they answer, tests/http says.
ELSEWHERE = {"error_sample", "openapi_get", "token_refresh", "storage_schema_test_connection"}


@pytest.fixture(scope="module")
def bench(start_server, realm, rows):
    server = start_server(env={"MAX_PINNED_PROJECTS": str(MAX_PINS)})
    bench = Bench(server.url, realm, rows, Line(server.url))
    yield bench
    assert server.stop() == 0, server.log()
    assert not server.reports(), server.log()


def test_every_operation_is_in_the_model_or_said_to_be_elsewhere():
    assert {operation.id for operation in operations()} == OPERATIONS.keys() | ELSEWHERE


def test_the_server_answers_as_the_model_says(bench, record_property):
    @seed(SEED)
    @settings(
        max_examples=STEPS // AVERAGE + 3,  # the first ones are short
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(strategies.randoms(note_method_calls=False, use_true_random=False))
    def run(choices):
        play(bench, choices, LENGTH)

    run()
    record_property("counted", (bench.steps, "steps compared with the model"))
    record_property("summary", f"seed {SEED}: {report(bench)}")
    assert bench.steps >= STEPS


def test_every_success_and_every_refusal_is_met(bench):
    rare = [] if SANITIZED else outcomes()  # what the plain build has met there takes too long here
    assert [outcome for outcome in rare if not seek(bench, SEED, *outcome)] == []
