# SPDX-License-Identifier: Apache-2.0
"""Several task runners on one database: they share the work, and none is missed. See docs/scaling.md. Spec: tasks.md 4"""

import time
from collections import Counter

import pytest

from support.posthog import Posthog
from support.server import deployment, poll
from support.tasks import Runner, database, events_left, put_events, rows, run_tasks  # noqa: F401

RUNNERS, EVENTS = 2, 400


@pytest.fixture
def start(database, realm, keys, run_tasks):
    """Starts two runners."""
    return lambda **env: [run_tasks(deployment(database, realm.url, keys) | env) for _ in range(RUNNERS)]


def delivered(runner: Runner) -> int:
    """How many events a runner says that it has delivered."""
    return sum(int(line.split(" events were delivered")[0].split()[-1]) for line in runner.log().splitlines()
               if " events were delivered" in line)  # fmt: skip


def slowly(event: dict) -> int:
    time.sleep(0.02)
    return 200


def test_two_runners_share_the_events_and_send_none_twice(start, rows):
    put_events(rows, EVENTS)
    with Posthog(slowly) as posthog:
        runners = start(**posthog.env())
        poll(lambda: not events_left(rows))
        poll(lambda: sum(delivered(runner) for runner in runners) == EVENTS)
        assert all(delivered(runner) >= EVENTS // 10 for runner in runners)
    assert len(posthog.requests) == EVENTS
    assert set(posthog.accepted.values()) == {1} and len(posthog.accepted) == EVENTS


def test_when_one_is_killed_the_other_goes_on(start, rows):
    put_events(rows, EVENTS)
    with Posthog(slowly) as posthog:
        first, second = start(**posthog.env())
        poll(lambda: len(events_left(rows)) < EVENTS * 3 // 4)
        first.kill()
        poll(lambda: not events_left(rows))
        assert second.process.poll() is None
    sent = Counter(event["properties"]["n"] for event in posthog.events())
    assert set(sent) == set(range(1, EVENTS + 1))
    assert sum(number - 1 for number in sent.values()) <= 20  # what the one that died had not yet removed
    assert max(sent.values()) <= 2


def test_repairs_are_made_by_one_at_a_time(start, rows):
    for number in range(50):
        rows.relate("g", f"01JF0000000000000000000G{number:02}", "L", "L", "renku")
    runners = start(SHORT_TASK_PERIOD_S="1")
    poll(lambda: rows.one("SELECT count(*) FROM librenku.relation WHERE relation = 'w'") == 100)

    def said() -> int:
        return sum(runner.log().count("Groups: 100 relationships were put right") for runner in runners)

    assert poll(said) == 1
