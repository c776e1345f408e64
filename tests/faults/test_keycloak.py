# SPDX-License-Identifier: Apache-2.0
"""Keycloak absent, slow, wrong, rotating its keys: whom that concerns, and how soon it is over.

How tokens are checked otherwise: tests/http/test_authentication_keys.py."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.api import check_error, unique
from support.faults import INJECTED
from support.lanes import RECOVERY
from support.realm import CERTS, Key
from support.server import poll
from support.trial import Trial


@pytest.fixture
def trial(start_server, settings, own_realm):
    server = start_server({"KEYCLOAK_URL": own_realm.url, "SANIC_RESPONSE_TIMEOUT": "5"}, base=settings, workers=1)
    trial = Trial(server, own_realm)
    yield trial
    own_realm.fast()
    trial.close()


def newcomer(trial: Trial, key: Key | None = None):
    """Somebody whose token is signed with a key that the server has not seen."""
    token = trial.api.realm.token(unique("newcomer"), key or trial.api.realm.rotate(), email="n@example.org")
    return trial.api.with_token(token)


def is_well_again(caller) -> None:
    begun = time.monotonic()
    poll(lambda: caller.get("/user").status_code == 200, RECOVERY)
    assert time.monotonic() - begun < RECOVERY


@pytest.mark.parametrize("kind", ["absent", "failing", "nonsense", "no keys", "other keys"])
def test_a_keycloak_that_does_not_answer_well_concerns_only_new_keys(trial, own_realm, kind):
    INJECTED[f"Keycloak {kind}"] += 1
    stranger = newcomer(trial)
    if kind == "absent":
        own_realm.stop()
    own_realm.failing = 503 if kind == "failing" else 0
    own_realm.published = {"nonsense": b"<html>", "no keys": [], "other keys": [Key().jwk()]}.get(kind)

    refused = stranger.get("/user")
    check_error(refused, refused.status_code)
    assert (trial.read().status_code, trial.write().status_code) == (200, 201)

    own_realm.failing, own_realm.published = 0, None
    if kind == "absent":
        own_realm.start()
    is_well_again(stranger)
    trial.recovers(kind)
    trial.check()


def test_a_slow_keycloak_costs_who_needs_it_no_more_than_the_deadline(trial, own_realm):
    INJECTED["Keycloak slow"] += 1
    stranger = newcomer(trial)
    own_realm.slow()
    begun = time.monotonic()
    with ThreadPoolExecutor(12) as pool:
        strangers = [pool.submit(stranger.get, "/user") for _ in range(8)]
        poll(lambda: own_realm.count(CERTS) > 1)
        assert (trial.read().status_code, trial.write().status_code) == (200, 201)
        assert {answer.result().status_code for answer in strangers} <= {401, 503}
    assert time.monotonic() - begun < 30
    own_realm.fast()
    is_well_again(stranger)
    trial.check()


def test_keys_that_rotate_all_the_time_lock_nobody_out(trial, own_realm):
    """Each key stays published until its tokens have ended, as Keycloak does it."""
    for _ in range(12):
        INJECTED["Keycloak rotates its keys"] += 1
        person = newcomer(trial)
        assert person.get("/user").status_code == 200
        assert (trial.read().status_code, trial.write().status_code) == (200, 201)
    trial.check()


def test_a_withdrawn_key_opens_nothing_and_a_new_one_does(trial, own_realm):
    INJECTED["Keycloak withdraws a key"] += 1
    old = own_realm.keys[0]
    own_realm.rotate(keep=False)
    fresh = newcomer(trial, own_realm.keys[0])
    assert fresh.get("/user").status_code == 200
    forged = newcomer(trial, old)
    assert forged.get("/user").status_code == 401


def test_a_server_starts_once_keycloak_is_there(start_server, settings, own_realm):
    INJECTED["Keycloak absent at the start"] += 1
    own_realm.stop()
    server = start_server({"KEYCLOAK_URL": own_realm.url}, base=settings, workers=1, wait=False)
    poll(lambda: server.log_path.stat().st_size > server.mark or server.is_running())
    own_realm.start()
    server.wait()
    trial = Trial(server, own_realm)
    trial.check()
    trial.close()
