# SPDX-License-Identifier: Apache-2.0
"""A Keycloak that is away, slow or wrong. Spec: users.md 5.1, 5.2, 5.3"""

import threading
import time

import pytest

from support.keycloak import cuts, floods, person, says
from support.server import poll

EVERYBODY = [person(i + 1) for i in range(45)]


@pytest.fixture(autouse=True)
def everybody(keycloak):
    keycloak.users = list(EVERYBODY)


# -- answers -------------------------------------------------------------------------------------------------------

WRONG = {
    "a page of HTML": (says(200, b"<html>maintenance</html>", content_type="text/html"), "200, no list: <html>maintenance"),
    "half of a page": (says(200, b'[{"id":'), "no list"),
    "nothing": (says(200, b""), "no list"),
    "null": (says(200, None), "no list"),
    "an object": (says(200, {"users": []}), "no list"),
    "numbers": (says(200, [1, 2]), "no list of objects"),
    "more than was asked for": (says(200, [person(i) for i in range(1, 23)]), "more than was asked for"),
    "a user without id": (says(200, [{"enabled": True, "email": "x@example.org"}]), "without id"),
    "an id that is no text": (says(200, [{"enabled": True, "id": 5}]), "'id' that is no text"),
    "a name that is no text": (says(200, [person(1, firstName={"a": 1})]), "'firstName' that is no text"),
    "a name with a zero": (says(200, [person(1, firstName="a\0b")]), ""),
    "broken letters": (says(200, b'[{"id":"\xff\xfe"}]'), "no list"),
    "levels without end": (says(200, b"[" * 100_000), "no list"),
    "more values than memory should hold": (says(200, b"[" + b"{}," * 1_000_000 + b"{}]"), "no list"),
    "a refusal": (says(403, {"error": "HTTP 403 Forbidden"}), "403, no list"),
    "a failure": (says(500, {"error": "unknown_error"}), "500, no list"),
    "a list with the wrong status": (says(500, []), "500, no list"),
    "another place": (says(302, b"", location="http://127.0.0.1:1/"), "302, no list"),
    "another answer without end": (floods, "the answer is too large"),
    "busy for days": (says(503, b"", retry_after="999999"), "asks to wait for 999999 seconds"),
    "busy, without a time": (says(503, b""), "503, no list"),
}


@pytest.mark.parametrize("lie", WRONG)
@pytest.mark.parametrize("page", [0, 2])
def test_a_wrong_answer_ends_it_and_says_why(world, keycloak, lie, page):
    wrong, said = WRONG[lie]
    keycloak.lies = [None] * page + [wrong]

    errors = world.refused()

    assert said in errors
    assert len(world.users()) == 20 * page
    assert world.sync()["added"] == 45 - 20 * page


@pytest.mark.parametrize(
    "status, advice", [(403, "needs the roles view-users"), (404, "lead to no such realm or role"), (500, None)]
)
def test_who_has_to_set_something_up_is_told_what(world, keycloak, status, advice):
    keycloak.lies = [says(status, {})]

    errors = world.refused()

    assert (advice or "") in errors and errors.count("\n  ") == (advice is not None)


def test_the_same_page_again_and_again_ends_it(world, keycloak):
    page = says(200, [person(i) for i in range(1, 22)])
    keycloak.lies = [page] * 50

    assert "the same page again" in world.refused()
    assert len(keycloak.lies) == 48


def test_a_user_who_comes_twice_is_one(world, keycloak):
    keycloak.users = EVERYBODY[:30] + EVERYBODY[10:20] + [EVERYBODY[29], EVERYBODY[29]]

    assert (world.sync()["added"], len(world.users())) == (30, 30)


# -- tokens --------------------------------------------------------------------------------------------------------


def kinds(keycloak) -> list[str]:
    return [form["grant_type"] for form in keycloak.grants]


# Spec: users.md 5.1: repeated at the same position
def test_a_token_that_is_taken_back_is_replaced(world, keycloak):
    keycloak.lies = [None, says(401, {"error": "HTTP 401 Unauthorized"})]

    assert world.sync()["added"] == 45
    assert kinds(keycloak) == ["client_credentials"] * 2
    assert [query.split("&")[0] for query in keycloak.pages("/users")] == ["first=0", "first=20", "first=20", "first=40"]


def test_a_client_that_is_refused_all_the_time_ends_it(world, keycloak):
    keycloak.lies = [says(401, {"error": "HTTP 401 Unauthorized"})] * 5

    assert "401, no list" in world.refused()
    assert len(keycloak.lies) == 3


def test_a_token_is_renewed_a_minute_before_its_end(world, keycloak):
    keycloak.lifetime = 60
    assert world.sync()["added"] == 45
    assert kinds(keycloak) == ["client_credentials"] * 4


def test_a_refresh_token_is_used_and_done_without_when_it_is_refused(world, keycloak):
    keycloak.lifetime, keycloak.refresh_lifetime = 60, 1800
    assert world.sync()["added"] == 45
    assert kinds(keycloak) == ["client_credentials"] + ["refresh_token"] * 3

    def forget(handler) -> None:
        keycloak.tokens.clear()
        says(401, {"error": "HTTP 401 Unauthorized"})(handler)

    keycloak.grants.clear()
    keycloak.lies = [forget]
    assert world.sync()["seen"] == 45
    first, then = ["client_credentials", "refresh_token"], ["refresh_token"] * 2
    assert kinds(keycloak) == first + first[::-1] + then


@pytest.mark.parametrize("name", ["KEYCLOAK_URL", "KEYCLOAK_CLIENT_ID", "KEYCLOAK_CLIENT_SECRET"])
def test_a_setting_that_is_missing_is_named(world, name):
    assert name in world.refused(**{name: ""})


def test_a_wrong_secret_is_refused_and_not_told(world, keycloak):
    errors = world.refused(KEYCLOAK_CLIENT_SECRET="a-wrong-secret")

    assert "does not accept the client 'renku'" in errors and "401 unauthorized_client" in errors
    assert "a-wrong-secret" not in errors


def test_the_name_of_a_realm_leads_nowhere_else(world, keycloak):
    assert "404 no token" in world.refused(KEYCLOAK_REALM="../x y")
    assert keycloak.count("/realms/..%2Fx%20y/protocol/openid-connect/token") == 1


# -- connections ---------------------------------------------------------------------------------------------------


# Spec: users.md 5.2
def test_a_connection_that_is_cut_is_made_again(world, keycloak):
    keycloak.lies = [None, cuts]

    _, errors = world.run("user", "sync")

    assert "next attempt in 2000 ms" in errors
    assert len(world.users()) == 45


@pytest.mark.parametrize("status", [413, 429, 503])
def test_a_busy_keycloak_is_waited_for(world, keycloak, status):
    keycloak.lies = [None, says(status, b"", retry_after="1"), says(status, b"", retry_after="0")]
    begun = time.monotonic()

    assert world.sync()["added"] == 45
    assert time.monotonic() - begun >= 1


def test_a_keycloak_that_stays_busy_ends_it(world, keycloak):
    keycloak.lies = [says(429, b"", retry_after="0")] * 10

    assert "429, no list" in world.refused()
    assert len(keycloak.lies) == 4


@pytest.mark.parametrize("away", ["slow", "absent"])
def test_a_deadline_ends_the_waiting(world, keycloak, away):
    keycloak.lies = [lambda handler: handler.realm.gate.wait(60)]
    keycloak.slow()
    if away == "absent":
        keycloak.stop()
    begun = time.monotonic()
    errors = world.drive("users", status=1, DRIVER_DEADLINE_MS="1500")
    if away == "absent":
        keycloak.start()

    assert time.monotonic() - begun < 30
    assert errors.strip()


# -- others at work ------------------------------------------------------------------------------------------------


def test_two_at_once_make_each_user_once(world, keycloak):
    keycloak.users = [person(i + 1, email=f"twin{i % 7}@example.org") for i in range(120)]
    processes = [world.start("user", "sync", "--json") for _ in range(4)]
    for process in processes:
        out, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors

    assert len(world.users()) == 120


def test_two_at_once_agree_on_administrators(world, keycloak):
    keycloak.admins = EVERYBODY
    processes = [world.start("authz", "admin", "sync") for _ in range(4)]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors

    assert len(world.admins()) == 45


def test_events_at_once_leave_one_time(world, keycloak):
    keycloak.events = [
        {"time": 1_700_000_000_000 + i, "type": "REGISTER", "userId": one["id"], "details": {"email": one["email"]}}
        for i, one in enumerate(EVERYBODY)
    ]
    processes = [world.start("user", "sync", "--events") for _ in range(4)]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors

    assert world.rows.one("SELECT count(*) FROM users.last_keycloak_event_timestamp") == 1


def test_users_who_log_in_meanwhile_are_made_once(world, keycloak, start_server, make_api):
    server = start_server(base=world.env, workers=1)
    api = make_api(server, keycloak)
    people = [person(i + 1) for i in range(100)]
    keycloak.users = people
    process = world.start("user", "sync")
    found = []

    def log_in(some: list[dict]) -> None:
        for one in some:
            caller = api.with_token(keycloak.token(one["id"], email=one["email"]))
            found.append(caller.get("/user").status_code)

    threads = [threading.Thread(target=log_in, args=(people[::-1][i::4],)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _, errors = process.communicate(timeout=120)

    assert process.returncode == 0, errors
    assert found == [200] * 100
    assert len(world.users()) == 100
    server.stop()


def test_who_is_killed_leaves_no_half_of_a_user(world, keycloak):
    keycloak.users = [person(i + 1) for i in range(400)]
    for target in (1, 60, 150, 270):
        process = world.start("user", "sync")
        poll(lambda: len(world.users()) >= target or process.poll() is not None)
        process.kill()
        process.communicate()
        world.check()

    world.sync()
    assert len(world.users()) == 400
