# SPDX-License-Identifier: Apache-2.0
"""Reads that need no thread, when something is wrong with the connection that they share."""

from concurrent.futures import ThreadPoolExecutor

from support.server import poll

LOCK = "LOCK TABLE librenku.listing IN ACCESS EXCLUSIVE MODE"
END_ALL = """
SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
 WHERE application_name = 'librenku' AND datname = current_database()
"""
READERS = 8


def test_who_waits_for_a_lock_is_answered_and_holds_up_nobody_else(user, rows):
    user.enter()
    project, group = user.create_project(), user.create_group()
    with ThreadPoolExecutor(READERS) as pool:
        with rows.connection.transaction():
            rows.run(LOCK)
            waiting = [pool.submit(user.get, f"/projects/{project['id']}") for _ in range(READERS)]
            poll(rows.is_waited_for)
            for _ in range(20):
                assert user.get(f"/groups/{group['slug']}").json() == group
            assert not any(answer.done() for answer in waiting)
        for answer in waiting:
            assert (answer.result().status_code, answer.result().json()) == (200, project)


def test_connections_that_end_cost_no_answer(user, rows):
    user.enter()
    project = user.create_project()
    for _ in range(5):
        assert rows.one(END_ALL) > 0
        for _ in range(READERS):
            assert user.get(f"/projects/{project['id']}").json() == project


def test_one_token_sees_what_another_may_not_on_the_same_connection(user, other):
    user.enter()
    project = user.create_project(visibility="private")
    with ThreadPoolExecutor(READERS) as pool:
        answers = [
            (caller is user, pool.submit(caller.get, f"/projects/{project['id']}"))
            for _ in range(50)
            for caller in (user, other)
        ]
        for allowed, answer in answers:
            assert answer.result().status_code == (200 if allowed else 404)


def test_what_asks_nobody_is_answered_while_all_threads_wait(other_server, make_api, rows):
    api = make_api(other_server({"RENKU_SERVER_THREADS": "1"}, workers=1))
    user = api.user()
    user.enter()
    preflight = {"origin": "https://renku.example", "access-control-request-method": "POST"}
    with ThreadPoolExecutor(2) as pool:
        with rows.connection.transaction():
            rows.run(LOCK)
            waiting = pool.submit(user.create_project)
            poll(rows.is_waited_for)
            assert user.get("/version").json() == {"version": "1.2.3-test"}
            assert user.get("/spec.json").json()["openapi"]
            assert user.request("OPTIONS", "/projects", headers=preflight).status_code == 204
            assert user.request("HEAD", "/version").status_code == 200
            assert user.get("/no/such/path").status_code == 404
            assert user.request("PUT", "/version").status_code == 405
            assert not waiting.done()
        assert waiting.result()["id"]
