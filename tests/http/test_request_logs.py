# SPDX-License-Identifier: Apache-2.0
"""Request ids, and the lines of the log that name them. Spec: foundations.md 12, 14"""

import json
import re
import uuid

import pytest

from support.api import NO_ULID, check_error
from support.raw import exchange
from support.server import poll

IDS = {
    "6F9619FF-8B86-D011-B42D-00C04FC964FF": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
    "6f9619ff8b86d011b42d00c04fc964ff": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
    "{6f9619ff-8b86-d011-b42d-00c04fc964ff}": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
    "urn:uuid:6f9619ff-8b86-d011-b42d-00c04fc964ff": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
    "007": "7",
    "42": "42",
    "-3": "-3",
    "+3": "3",
    "1_000": "1000",
    "1__0": "1__0",
    "0": "0",
    "123456789012345678901234567890": "123456789012345678901234567890",
    "some text: kept!": "some text: kept!",
    "1.0": "1.0",
    "Aa-Bb": "Aa-Bb",
}


# Spec: foundations.md 12
@pytest.mark.parametrize("given, returned", IDS.items(), ids=IDS.keys())
def test_a_request_id_is_adopted_and_normalised(anonymous, given, returned):
    assert (
        anonymous.get("/version", headers={"x-request-id": given}).headers["x-request-id"]
        == returned
    )


# Spec: foundations.md 12
@pytest.mark.parametrize("headers", [{}, {"x-request-id": ""}], ids=["absent", "empty"])
def test_without_a_request_id_a_random_one_is_made(anonymous, headers):
    made = [anonymous.get("/version", headers=headers).headers["x-request-id"] for _ in range(2)]
    assert made[0] != made[1]
    for text in made:
        assert text == str(uuid.UUID(text))
        assert uuid.UUID(text).version == 4


ANSWERS = [
    ("GET", "/api/data/version", 200),
    ("GET", "/api/data/nothing", 404),
    ("POST", "/api/data/version", 405),
    ("OPTIONS", "/api/data/version", 204),
    ("GET", "/api/data/user", 401),
    ("GET", "/api/data/error", 422),
    ("GET", "/elsewhere", 404),
    ("HEAD", "/api/data/version", 200),
]


# Spec: foundations.md 3, 12, 23
@pytest.mark.parametrize("method, path, status", ANSWERS, ids=[f"{m}-{s}" for m, _, s in ANSWERS])
def test_every_answer_bears_the_request_id(api, method, path, status):
    answer = exchange(api.url, method, path, [("X-Request-ID", "0123")])
    assert answer.status == status
    assert answer.header("x-request-id") == "123"


# --- 14 logging ----------------------------------------------------------------------------------

PLAIN = re.compile(
    r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6} \[(DEBUG|INFO|WARNING|ERROR|CRITICAL)\] "
    r"\d+/\S+ \S+ \([^()]*:\d+\) "
    r"\[([^\]]*)\]\[([^\]]*)\] - .+$"
)


# Spec: foundations.md 14, 4.2
def test_a_plain_log_line_names_the_request(api, server):
    request_id = str(uuid.uuid4())
    api.anonymous().get("/error?x=1", headers={"x-request-id": request_id})
    line = poll(lambda: server.failure(request_id))
    match = PLAIN.match(line)
    assert match, line
    assert match.groups() == ("ERROR", request_id, "-")
    assert " renku_data_services." in line
    assert "Exception occurred while handling uri: " in line
    assert "/api/data/error" in line


# Spec: foundations.md 14
def test_a_json_log_line_is_one_object(other_server, make_api):
    server = other_server({"LOG_FORMAT_STYLE": "JSON"}, workers=1)
    request_id = str(uuid.uuid4())
    make_api(server).anonymous().get("/error", headers={"x-request-id": request_id})
    record = json.loads(poll(lambda: server.failure(request_id)))
    members = {
        "timestamp",
        "level",
        "message",
        "name",
        "levelno",
        "pathname",
        "module",
        "filename",
        "lineno",
    }
    assert members | {"request_id", "trace_id", "process", "threadName"} <= set(record)
    assert (record["level"], record["levelno"], record["request_id"]) == ("ERROR", 40, request_id)
    assert record["name"].startswith("renku_data_services.")
    assert re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$", record["timestamp"])


# Spec: foundations.md 4.2: quiet errors are not logged
def test_quiet_errors_are_not_logged(api, server):
    quiet, loud = str(uuid.uuid4()), str(uuid.uuid4())
    api.anonymous().get("/user", headers={"x-request-id": quiet})
    api.anonymous().get(f"/projects/{NO_ULID}", headers={"x-request-id": quiet})
    api.anonymous().get("/error", headers={"x-request-id": loud})
    poll(lambda: server.failure(loud))
    assert quiet not in server.log()


# Spec: foundations.md 14
def test_no_credential_appears_in_a_log(other_server, make_api, database):
    server = other_server({"LOG_APP_LEVEL": "DEBUG", "LOG_ROOT_LEVEL": "DEBUG"}, workers=1)
    api = make_api(server)
    user = api.user()
    check_error(user.post("/groups", json={"name": 1}), 422)
    check_error(api.with_token(user.token + "x").get("/user"), 401)
    assert user.get("/user/secret_key").status_code == 200
    server.stop()
    log = server.log()
    for secret in (
        user.token,
        user.token.split(".")[2],
        "a-client-secret",
        database["DB_PASSWORD"],
    ):
        assert secret not in log
    assert log


# Spec: foundations.md 14
def test_the_error_level_silences_lower_lines(other_server, make_api):
    server = other_server({"LOG_APP_LEVEL": "critical", "LOG_ROOT_LEVEL": "CRITICAL"}, workers=1)
    make_api(server).anonymous().get("/error")
    server.stop()
    assert "Exception occurred" not in server.log()
