# SPDX-License-Identifier: Apache-2.0
"""Whoever is slow is slow alone: the others are answered while it is still under way. How fast: ./dev bench neighbour."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.faults import INJECTED
from support.neighbours import WAIT, HangingKeycloak, NoReader, SlowSender, SlowStatement, held_up, make_slow
from support.realm import CERTS
from support.server import poll
from support.trial import Trial

REQUESTS = 80
AT_ONCE = 8
THREADS = 8  # of a worker


@pytest.fixture
def try_with(start_server, settings, own_realm):
    trials = []

    def start(**more) -> Trial:
        more |= {"KEYCLOAK_URL": own_realm.url}
        trials.append(Trial(start_server(more, base=settings, workers=1), own_realm))
        return trials[-1]

    yield start
    own_realm.fast()
    for trial in trials:
        trial.close()


def others_are_served(trial: Trial) -> None:
    """Point reads, pages, changes, and what needs no database."""

    def one(number: int) -> int:
        kind = number % 4
        if kind == 0:
            return trial.read().status_code
        if kind == 1:
            return trial.write().status_code
        return trial.user.get("/version" if kind == 2 else "/projects?per_page=5").status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = list(pool.map(one, range(REQUESTS)))
    assert statuses == [200, 201, 200, 200] * (REQUESTS // 4)


@pytest.mark.parametrize("size", [2, 3, 10])
def test_slow_statements_leave_the_last_connection_to_the_others(try_with, cluster, settings, size):
    """All connections of the pool but one are taken by statements that do not end."""
    trial = try_with(DB_POOL_SIZE=str(size))
    neighbour = trial.api.user()
    slow = neighbour.create_project()["id"]
    make_slow(cluster, settings["DB_NAME"], slow, WAIT)
    INJECTED["statements that do not end"] += size - 1
    with (
        held_up(cluster, settings["DB_NAME"]),
        SlowStatement(trial.server.url, neighbour.token, slow, size - 1) as crowd,
    ):
        poll(lambda: crowd.under_way == size - 1)
        others_are_served(trial)
        assert (crowd.under_way, crowd.answered) == (size - 1, 0)
    trial.check()


@pytest.mark.parametrize("size", [2, 10])
def test_who_comes_right_behind_a_slow_statement_does_not_wait_for_it(try_with, cluster, settings, size):
    trial = try_with(DB_POOL_SIZE=str(size))
    neighbour = trial.api.user()
    slow = neighbour.create_project()["id"]
    make_slow(cluster, settings["DB_NAME"], slow, WAIT)
    for _ in range(3):
        with (
            held_up(cluster, settings["DB_NAME"]),
            SlowStatement(trial.server.url, neighbour.token, slow) as one,
            ThreadPoolExecutor(AT_ONCE) as pool,
        ):
            answers = [pool.submit(trial.read) for _ in range(REQUESTS)]
            assert {answer.result().status_code for answer in answers} == {200}
            assert one.answered == 0
        INJECTED["statements that do not end"] += 1
    trial.check()


@pytest.mark.parametrize("count", [1, 4 * THREADS])
def test_a_keycloak_that_hangs_holds_up_only_who_needs_it(try_with, own_realm, count):
    """Be they more than there are threads."""
    trial = try_with(RENKU_SERVER_THREADS=str(THREADS))
    with HangingKeycloak(trial.server.url, own_realm, count) as strangers:
        INJECTED["strangers while Keycloak hangs"] += count
        poll(lambda: own_realm.running.get(CERTS) == 1 and strangers.sent >= count)
        asked = own_realm.count(CERTS)
        others_are_served(trial)
        assert (own_realm.count(CERTS), own_realm.running[CERTS]) == (asked, 1)  # nobody waited for its end
        assert strangers.under_way
    trial.check()


@pytest.mark.parametrize("count", [1, 100])
def test_who_sends_a_byte_a_second_holds_up_nobody(try_with, count):
    trial = try_with(DB_POOL_SIZE="2", RENKU_SERVER_THREADS=str(THREADS))
    with SlowSender(trial.server.url, count) as senders:
        INJECTED["clients that send a byte a second"] += count
        poll(lambda: senders.sent == count)
        others_are_served(trial)
        assert senders.under_way == count
    trial.check()


@pytest.mark.parametrize("count", [1, 20])
def test_who_does_not_read_holds_up_nobody(try_with, count):
    trial = try_with(DB_POOL_SIZE="2", RENKU_SERVER_THREADS=str(THREADS))
    for _ in range(20):
        trial.write()
    with NoReader(trial.server.url, trial.user.token, count) as deaf:
        INJECTED["clients that do not read"] += count
        poll(lambda: deaf.sent >= count)
        others_are_served(trial)
        assert deaf.answered == 0
    trial.check()
