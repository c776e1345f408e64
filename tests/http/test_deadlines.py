# SPDX-License-Identifier: Apache-2.0
"""Answers that take too long, and connections that are too few. Spec: foundations.md 2.5, 18"""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.api import check_error, in_time, unique
from support.database import Rows
from support.server import poll


# Spec: foundations.md 2.5
@pytest.mark.server_error
def test_an_answer_that_takes_too_long_is_503(other_server, make_api, make_database, environment):
    database = make_database()
    settings = {"SANIC_RESPONSE_TIMEOUT": "1"}
    server = other_server(settings, base=environment | database, workers=1)
    api = make_api(server)
    user = api.user()
    project = user.create_project()
    rows = Rows(database)
    rows.run("BEGIN")
    rows.run("LOCK TABLE librenku.listing IN ACCESS EXCLUSIVE MODE")
    started = time.monotonic()
    check_error(user.get(f"/projects/{project['id']}"), 503, "Response Timeout")
    assert time.monotonic() - started < 30
    assert in_time(lambda: api.anonymous().get("/version")).status_code == 200
    assert in_time(lambda: user.get("/user")).status_code == 200
    rows.run("ROLLBACK")
    rows.close()
    assert user.project(project["id"]) == project


# Spec: foundations.md 2.5, 4.2, 12, 14
@pytest.mark.server_error
def test_an_answer_that_takes_too_long_is_logged_with_its_request(
    other_server, make_api, make_database, environment
):
    database = make_database()
    settings = {"SANIC_RESPONSE_TIMEOUT": "1"}
    server = other_server(settings, base=environment | database, workers=1)
    request_id = str(uuid.uuid4())
    rows = Rows(database)
    rows.run("BEGIN")
    rows.run("LOCK TABLE librenku.listing IN ACCESS EXCLUSIVE MODE")
    headers = {"x-request-id": request_id.upper()}
    response = make_api(server).anonymous().get("/projects", headers=headers)
    check_error(response, 503, "Response Timeout")
    assert response.headers["x-request-id"] == request_id
    line = poll(lambda: server.failure(request_id))
    assert "Exception occurred while handling uri: /api/data/projects" in line
    rows.run("ROLLBACK")
    rows.close()


# Spec: foundations.md 18: an exhausted pool makes requests wait, and never stops them
def test_one_connection_serves_many_at_once(other_server, make_api):
    api = make_api(other_server({"DB_POOL_SIZE": "1"}, workers=1))
    user = api.user()

    def change(number: int) -> int:
        body = {"name": unique(), "namespace": user.slug, "visibility": "public"}
        project = user.post("/projects", json=body)
        return user.patch_project(project.json(), description=str(number)).status_code

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(change, range(48))) == {200}
