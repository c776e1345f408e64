# SPDX-License-Identifier: Apache-2.0
"""What all operations share: errors, tags, ids, slugs, times, JSON, logs, configuration.

Spec: foundations.md"""

import hashlib
import json
import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.api import LOGIN, NO_ULID, PREFIX, ULID, check_error, unique
from support.database import Rows
from support.postgres import Postgres
from support.raw import exchange
from support.server import LISTENING, poll, renku

CREDENTIALS = "Please provide valid access credentials in the Authorization header."
NOT_PERMITTED = "You do not have the required permissions for this operation."


# --- 4 errors ------------------------------------------------------------------------------------


# Spec: foundations.md 4.1
def test_an_error_is_one_compact_object(api):
    answer = exchange(api.url, "GET", f"{PREFIX}/user")
    assert answer.status == 401
    assert answer.body == b'{"error":{"code":1401,"message":"%s"}}' % LOGIN.encode()
    assert answer.header("content-type") == "application/json"


# Spec: foundations.md 4.1: no member without value, no trace id while error tracking is off
@pytest.mark.parametrize(
    "path", ["/error", "/user", "/nothing", f"/projects/{NO_ULID}", "/groups?page=0"]
)
def test_an_error_has_no_empty_members(anonymous, path):
    error = anonymous.get(path).json()["error"]
    assert None not in error.values()
    assert "trace_id" not in error


# --- 8 entity tags -------------------------------------------------------------------------------


def tag(*fields: str) -> str:
    return '"{}"'.format(hashlib.md5("-".join(fields).encode()).hexdigest().upper())


def hashed_time(text: str) -> str:
    """The form for hashing of a time in JSON. Spec: foundations.md 10.3"""
    assert text.endswith("Z")
    return text[:-1] + "+00:00"


# Spec: foundations.md 8: the examples
def test_the_examples_of_the_specification_hold_for_this_test():
    assert tag("2024-05-01T12:34:56.789012+00:00") == '"3BAC9649D6266B753B6A604488E90E8A"'
    assert tag("2024-05-01T12:34:56+00:00") == '"A35A5403B8BD68229812E63CDCE19121"'
    assert (
        tag("2024-05-01T12:34:56+00:00", "my-group/my-dc") == '"EF35B6D19F5D969F7F433B9031E49422"'
    )
    text = "2026-03-04T05:06:07.891011+00:00"
    assert tag(text, "jane.doe/weather-model") == '"1A1413B3745BAF2EB563245B88B19DA5"'


# Spec: foundations.md 8; projects.md 2.2
@pytest.mark.parametrize(
    "moment", ["2026-03-04T05:06:07.891011Z", "2026-03-04T05:06:07Z", "2026-03-04T05:06:07.000010Z"]
)
def test_a_tag_hashes_time_and_path(user, rows, moment):
    project = user.create_project()
    rows.run("UPDATE projects.projects SET updated_at = %s WHERE id = %s", moment, project["id"])
    response = user.get(f"/projects/{project['id']}")
    body = response.json()
    assert body["updated_at"] == moment
    assert body["etag"] == tag(hashed_time(moment), f"{body['namespace']}/{body['slug']}")
    assert response.headers["etag"] == body["etag"]


NOT_EQUAL = {
    "star": lambda etag: "*",
    "weak": lambda etag: f"W/{etag}",
    "list": lambda etag: f'{etag}, "x"',
    "unquoted": lambda etag: etag.strip('"'),
    "lower-case": lambda etag: etag.lower(),
    "other": lambda etag: '"0123456789ABCDEF0123456789ABCDEF"',
}


# Spec: foundations.md 8
@pytest.mark.parametrize("change", NOT_EQUAL.values(), ids=NOT_EQUAL.keys())
def test_if_none_match_compares_one_exact_string(user, change):
    project = user.create_project()
    path = f"/projects/{project['id']}"
    assert user.get(path, headers={"if-none-match": change(project["etag"])}).status_code == 200


# Spec: foundations.md 8, 10.5; projects.md 4.3
def test_an_equal_tag_is_304_without_body(user):
    project = user.create_project()
    response = user.get(f"/projects/{project['id']}", headers={"if-none-match": project["etag"]})
    assert response.status_code == 304
    assert response.content == b""
    assert "content-type" not in response.headers
    assert response.headers["x-request-id"]


# Spec: foundations.md 8
@pytest.mark.parametrize("change", NOT_EQUAL.values(), ids=NOT_EQUAL.keys())
def test_if_match_compares_one_exact_string(user, change):
    project = user.create_project()
    given = change(project["etag"])
    response = user.patch_project(project, etag=given, description="new")
    check_error(response, 409, f"Current ETag is {project['etag']}, not {given}.")
    assert user.project(project["id"]) == project


# Spec: foundations.md 8: 401/403, 428, body, 404, 409
def test_if_match_is_checked_after_the_login_and_before_the_body(user, anonymous):
    project = user.create_project(visibility="public")
    path = f"/projects/{project['id']}"
    check_error(anonymous.patch(path, json={"nonsense": 1}), 401, LOGIN)
    check_error(user.patch(path, json={"nonsense": 1}), 428, "If-Match header not provided.")
    check_error(user.send("PATCH", path, b"{"), 428, "If-Match header not provided.")
    wrong = {"if-match": '"x"'}
    check_error(user.patch(path, json={"nonsense": 1}, headers=wrong), 422)
    check_error(user.patch(f"/projects/{NO_ULID}", json={}, headers=wrong), 404)
    check_error(user.patch(path, json={}, headers=wrong), 409)


# --- 9.1 ULIDs -----------------------------------------------------------------------------------

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def milliseconds(ulid: str) -> int:
    value = 0
    for letter in ulid[:10]:
        value = value * 32 + CROCKFORD.index(letter)
    return value


# Spec: foundations.md 9.1
def test_ids_are_ulids_of_this_moment(user):
    before = int(datetime.now(UTC).timestamp() * 1000)
    ids = [user.create_group()["id"], user.create_project()["id"]]
    after = int(datetime.now(UTC).timestamp() * 1000)
    for ulid in ids:
        assert ULID.match(ulid)
        assert before - 1 <= milliseconds(ulid) <= after + 1


# Spec: foundations.md 9.1
def test_the_database_makes_ulids_too(rows):
    now = int(datetime.now(UTC).timestamp() * 1000)
    ulids = [rows.one("SELECT generate_ulid()") for _ in range(20)]
    assert len(set(ulids)) == 20
    for ulid in ulids:
        assert ULID.match(ulid)
        assert abs(milliseconds(ulid) - now) < 60_000


# --- 9.4 slugs from names ------------------------------------------------------------------------

SLUGS = {
    "My Great Project!": "my-great-project",
    "  Übung  Nr. 7 ": "ubung-nr.7",
    "a--b..c__d": "a-b.c_d",
    "x.git.atom": "x",
    "project.GIT": "project",
    "_.git": "git",
    "..a..b..": "a.b",
    "Straße": "strae",
    "Zürich–Genève": "zurichgeneve",
    "½ cup": "12-cup",
    "№ 12": "No-12",
    "5 GHz ㎐ band": "5-ghz-Hz-band",
    "C++": "c",
    # namespaces.md 4.2
    "Ada Lovelace": "ada-lovelace",
    "Łukasz Żółć": "ukasz-zoc",
    "J. R. R. Tolkien": "j.r.r.tolkien",
    "Ünïcödé Project!!": "unicode-project",
    "tool.git.atom": "tool",
    "foo.GIT": "foo",
    "o'brien": "o-brien",
    "-.-x": "x",
    # projects.md 5.1
    "Größe & Co. Ünïcode": "groe-co.unicode",
    "--- Data.GIT.atom": "data",
    "a__b..c": "a_b.c",
    ".git": "git",
    "foo.atom-": "foo",
    # each step of its own
    "İstanbul": "istanbul",
    "ＦＵＬＬ width": "full-width",
    "tab\tand\x1cseparator\x85next\xa0nbsp": "tab-and-separator-next-nbsp",
    "line\u2028paragraph\u2029thin\u2009wide\u3000end": "line-paragraph-thin-wide-end",
    "zero\u200bwidth": "zerowidth",
    "emoji \N{GRINNING FACE} end": "emoji-end",
    "a.git.git.atom": "a",
    "a-.git": "a-git",
    "ends-": "ends",
    "x" * 99: "x" * 99,
    "ǅ": "dz",
    "ﬁne ligature": "fine-ligature",
    "²": "2",
    "a\x00b".replace("\x00", "\x01"): "a-b",
}


# Spec: foundations.md 9.4; namespaces.md 4.2; projects.md 5.1
@pytest.mark.parametrize("name, slug", SLUGS.items(), ids=[ascii(name)[:40] for name in SLUGS])
def test_a_name_becomes_a_slug(user, name, slug):
    project = user.create_project(name=name)
    assert (project["name"], project["slug"]) == (name, slug)


# Spec: foundations.md 9.4
@pytest.mark.parametrize(
    "name", ["日本", "--", "__", "連句", "ß", "...", " ", "\N{GRINNING FACE}", "!?"], ids=ascii
)
def test_a_name_without_usable_characters_is_422(user, name):
    check_error(user.post("/projects", json={"name": name, "namespace": user.slug}), 422)
    given = user.create_project(name=name, slug=unique())
    assert given["name"] == name


# Spec: projects.md 5.1: too long for the column; a 500 of the original
def test_a_derived_slug_that_is_too_long_is_422(user, rows):
    name = (
        "\ufdfa" * 20
    )  # one code point that expands to eighteen, none of them ASCII but three blanks
    check_error(user.post("/projects", json={"name": name, "namespace": user.slug}), 422)
    name = "\u3392" * 99  # three letters each
    check_error(user.post("/projects", json={"name": name, "namespace": user.slug}), 422)
    assert rows.one("SELECT count(*) FROM projects.projects WHERE name = %s", name) == 0


# --- 10 times and JSON ---------------------------------------------------------------------------


# Spec: foundations.md 10.2
def test_times_are_utc_with_z_and_six_digits_or_none(user, rows):
    group = user.create_group()
    cases = {
        "2024-05-01 12:34:56+00": "2024-05-01T12:34:56Z",
        "2024-05-01 12:34:56.5+00": "2024-05-01T12:34:56.500000Z",
        "2024-05-01 12:34:56.000001+00": "2024-05-01T12:34:56.000001Z",
        "2024-05-01 14:34:56+02": "2024-05-01T12:34:56Z",
        "1999-12-31 23:59:59.999999+00": "1999-12-31T23:59:59.999999Z",
        "0987-01-02 03:04:05+00": "0987-01-02T03:04:05Z",
        "9999-12-31 23:59:59+00": "9999-12-31T23:59:59Z",
        "1969-12-31 23:59:59.5+00": "1969-12-31T23:59:59.500000Z",
        "2024-02-29 00:00:00+00": "2024-02-29T00:00:00Z",
    }
    for stored, sent in cases.items():
        rows.run("UPDATE common.groups SET creation_date = %s WHERE id = %s", stored, group["id"])
        assert user.get(f"/groups/{group['slug']}").json()["creation_date"] == sent


# Spec: foundations.md 10.4
def test_json_is_compact_ascii_in_schema_order(api, user):
    slug = unique()
    name = 'é / "x" \\ \N{GRINNING FACE} \x01 \t \x7f \u2028 <&>'
    user.create_group(name=name, slug=slug, description="")
    answer = exchange(api.url, "GET", f"{PREFIX}/groups/{slug}")
    body = json.loads(answer.body)
    assert list(body) == ["id", "name", "slug", "creation_date", "created_by", "description"]
    assert answer.body == json.dumps(body, separators=(",", ":")).encode()
    assert rb"\u00e9 / \"x\" \\ \ud83d\ude00 \u0001 \t " in answer.body


# Spec: foundations.md 10.4
def test_members_without_value_are_omitted(user):
    assert "description" not in user.create_group()
    project = user.create_project()
    assert {"description", "template_id", "documentation"}.isdisjoint(project)
    assert None not in project.values()


# Spec: foundations.md 10.5
def test_204_has_neither_body_nor_type(user):
    group = user.create_group()
    response = user.delete(f"/groups/{group['slug']}")
    assert response.status_code == 204
    assert response.content == b""
    assert "content-type" not in response.headers


# Spec: foundations.md 10.5
def test_a_200_without_body_has_length_zero(user, other):
    project = user.create_project()
    response = user.patch(
        f"/projects/{project['id']}/members", json=[{"id": other.id, "role": "viewer"}]
    )
    assert response.status_code == 200
    assert response.headers["content-length"] == "0"
    assert response.headers.get("content-type", "None") == "None"


# --- 11 service operations -----------------------------------------------------------------------


# Spec: foundations.md 11
def test_version_tells_the_configured_version(anonymous):
    response = anonymous.get("/version")
    assert response.status_code == 200
    assert response.text == '{"version":"1.2.3-test"}'


# Spec: foundations.md 11
def test_error_shows_the_error_format(anonymous):
    check_error(anonymous.get("/error"), 422, "Sample validation error")


# Spec: foundations.md 11
def test_the_document_describes_this_server(anonymous):
    response = anonymous.get("/spec.json")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/json")
    document = response.json()
    assert document["servers"] == [{"url": "/api/data"}]
    assert document["openapi"].startswith("3.")
    assert {"/user", "/users", "/groups", "/namespaces", "/projects", "/version"} <= set(
        document["paths"]
    )


# Spec: foundations.md 11
@pytest.mark.parametrize("path", ["/version", "/error", "/spec.json"])
def test_service_operations_do_not_look_at_credentials(api, path):
    assert api.with_token("nonsense").get(path).status_code == api.anonymous().get(path).status_code


# Spec: foundations.md 11: none of them touches the database
def test_service_operations_work_without_a_database(other_server, make_api):
    with Postgres() as cluster:
        server = other_server(cluster.create_database(), workers=1)
        cluster.pause()
        anonymous = make_api(server).anonymous()
        assert anonymous.get("/version").status_code == 200
        assert anonymous.get("/error").status_code == 422
        assert anonymous.get("/spec.json").status_code == 200
        assert exchange(server.url, "GET", "/healthz").status == 200
        assert exchange(server.url, "GET", "/readyz").status == 503
        cluster.start()
        assert poll(lambda: exchange(server.url, "GET", "/readyz").status == 200)


def test_healthz_and_readyz_stand_at_the_root(api):
    assert exchange(api.url, "GET", "/healthz").status == 200
    assert exchange(api.url, "GET", "/readyz").status == 200
    verbose = exchange(api.url, "GET", "/readyz?verbose")
    assert verbose.status == 200
    assert len(verbose.body.splitlines()) > 1


# --- 12 request ids ------------------------------------------------------------------------------

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


# --- 13 roles at the edge ------------------------------------------------------------------------

LOGIN_ONLY = [
    "/user",
    "/users?exact_email=x",
    "/user/secret_key",
    "/user/preferences",
    "/namespaces",
    "/renku_v1_projects/migrations",
]


# Spec: foundations.md 13
@pytest.mark.parametrize("path", LOGIN_ONLY)
def test_operations_of_users_refuse_the_anonymous(anonymous, path):
    check_error(anonymous.get(path), 401, LOGIN)


# Spec: foundations.md 13; users.md 3.4
def test_operations_of_administrators_refuse_others(api, anonymous, user):
    check_error(anonymous.delete(f"/users/{user.id}"), 401, CREDENTIALS)
    check_error(user.delete(f"/users/{user.id}"), 403, NOT_PERMITTED)
    assert api.anonymous().get(f"/users/{user.id}").status_code == 200


# --- 14 logging ----------------------------------------------------------------------------------

PLAIN = re.compile(
    r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6} \[(DEBUG|INFO|WARNING|ERROR|CRITICAL)\] "
    r"\d+/\S+ \S+ \([^()]*:\d+\) "
    r"\[([^\]]*)\]\[([^\]]*)\] - .+$"
)


def uri_line(server, request_id: str) -> str:
    """The line about a failed request."""
    lines = [
        line
        for line in server.log().splitlines()
        if request_id in line and "Exception occurred" in line
    ]
    return lines[0] if lines else ""


# Spec: foundations.md 14, 4.2
def test_a_plain_log_line_names_the_request(api, server):
    request_id = str(uuid.uuid4())
    api.anonymous().get("/error?x=1", headers={"x-request-id": request_id})
    line = poll(lambda: uri_line(server, request_id))
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
    record = json.loads(poll(lambda: uri_line(server, request_id)))
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
    poll(lambda: uri_line(server, loud))
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


# --- 16 Prometheus -------------------------------------------------------------------------------


# Spec: foundations.md 16
def test_metrics_count_requests_by_method_path_and_status(other_server):
    server = other_server(workers=1)
    path = f"/api/data/{unique('nothing')}"
    for _ in range(3):
        exchange(server.url, "GET", path + "?x=1")
    exchange(server.url, "OPTIONS", path)
    answer = exchange(server.url, "GET", "/metrics")
    assert answer.status == 200
    assert answer.header("content-type") == "text/plain; version=0.0.4; charset=utf-8"
    text = answer.body.decode()
    counts = [
        line
        for line in text.splitlines()
        if path in line and line.startswith("sanic_request_count_total{")
    ]
    assert len(counts) == 1
    labels, value = counts[0].rsplit(" ", 1)
    for label in ('method="GET"', f'endpoint="{path}"', 'http_status="404"'):
        assert label in labels
    assert float(value) == 3
    assert any(
        line.startswith("sanic_request_latency_sec_bucket{") and 'le="+Inf"' in line
        for line in text.splitlines()
    )
    assert "sanic_request_latency_sec_sum" in text and "sanic_request_latency_sec_count" in text
    assert 'endpoint="/metrics"' not in exchange(server.url, "GET", "/metrics").body.decode()
    assert "sanic_process_resident_memory_bytes" in text


# --- 2.5, 18 deadlines and connections -----------------------------------------------------------


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
    assert time.monotonic() - started < 5
    assert api.anonymous().get("/version").status_code == 200
    assert user.get("/user").status_code == 200
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
    line = poll(lambda: uri_line(server, request_id))
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


# --- 19, 22 processes and configuration ----------------------------------------------------------


# Spec: foundations.md 19.1
def test_the_chosen_port_is_announced_and_is_free(other_server):
    first, second = other_server(workers=1), other_server(workers=1)
    assert first.url != second.url
    assert LISTENING.search(first.log()).group(1) == first.url
    assert first.url.startswith("http://127.0.0.1:")


def test_a_server_started_as_root_does_not_run_as_root(server):
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in server.processes()[1:]}
    assert owners and 0 not in owners


REQUIRED = [
    "DB_PASSWORD",
    "KEYCLOAK_URL",
    "KEYCLOAK_CLIENT_ID",
    "KEYCLOAK_CLIENT_SECRET",
    "KEYCLOAK_TOKEN_SIGNATURE_ALGS",
    "INTERNAL_AUTHN_SECRET_KEY_PATH",
]


def fails_to_start(other_server, env: dict) -> str:
    server = other_server(env, workers=1, wait=False)
    poll(lambda: not server.is_running(), 15)
    assert server.process.returncode not in (0, None)
    assert server.process.returncode > 0, "ended by a signal"
    assert not LISTENING.search(server.log())
    assert not server.reports()
    return server.log()


# Spec: foundations.md 19.2, 22
@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_required_setting_stops_the_start(other_server, name):
    over_tcp = {"DB_HOST": "127.0.0.1"}  # a unix socket needs no password
    assert name in fails_to_start(other_server, over_tcp | {name: None})


MALFORMED = {
    "DB_PORT": "five",
    "DB_POOL_SIZE": "many",
    "MAX_PINNED_PROJECTS": "ten",
    "PROXIES_COUNT": "x",
    "INTERNAL_AUTHN_DEFAULT_ACCESS_TOKEN_EXPIRATION_SECONDS": "15m",
    "INTERNAL_AUTHN_DEFAULT_REFRESH_TOKEN_EXPIRATION_SECONDS": "1e",
    "INTERNAL_AUTHN_LONG_REFRESH_TOKEN_EXPIRATION_SECONDS": "-",
    "INTERNAL_AUTHN_SECRET_KEY_PATH": "/nonexistent/key",
    "ENCRYPTION_KEY_PATH": "/nonexistent/key",
    "SSL_CERT_FILE": "/nonexistent/authorities",
    "LOG_ROOT_LEVEL": "LOUD",
    "LOG_APP_LEVEL": "LOUD",
}


# Spec: foundations.md 14, 19.2, 22; authentication.md 9
@pytest.mark.parametrize("name, value", MALFORMED.items(), ids=MALFORMED.keys())
def test_a_malformed_setting_stops_the_start(other_server, name, value):
    assert name in fails_to_start(other_server, {name: value})


# Spec: authentication.md 5.1
def test_a_short_internal_key_stops_the_start(other_server, folder):
    path = folder / "short-key"
    path.write_text("c2hvcnQ=")
    path.chmod(0o644)
    fails_to_start(other_server, {"INTERNAL_AUTHN_SECRET_KEY_PATH": str(path)})


# Spec: foundations.md 22: empty is the default
def test_empty_settings_take_their_defaults(other_server, make_api):
    names = ["INTERNAL_AUTHN_ISSUER", "INTERNAL_AUTHN_AUDIENCE", "PROXIES_COUNT"]
    names += ["INTERNAL_AUTHN_DEFAULT_ACCESS_TOKEN_EXPIRATION_SECONDS"]
    server = other_server({name: "" for name in names} | {"VERSION": None}, workers=1)
    assert make_api(server).anonymous().get("/version").json() == {"version": "0.0.1"}


# Spec: foundations.md 22.3: a trailing slash is removed
def test_a_trailing_slash_of_the_keycloak_url_does_not_matter(other_server, make_api, realm):
    server = other_server({"KEYCLOAK_URL": realm.url + "/"}, workers=1)
    assert make_api(server).user().id


# Spec: foundations.md 22: booleans are true only for the text true, in any case
@pytest.mark.parametrize(
    "text, allowed", [("TRUE", True), ("1", False), ("yes", False), ("", False)]
)
def test_a_boolean_setting_is_true_only_for_true(other_server, text, allowed):
    server = other_server({"CORS_ALLOW_ALL_ORIGINS": text}, workers=1)
    answer = exchange(server.url, "GET", f"{PREFIX}/version")
    assert (answer.header("access-control-allow-origin") == "*") is allowed


def test_a_server_on_a_database_that_was_never_migrated_makes_itself_ready(
    postgres, environment, other_server, make_api
):
    """Spec: foundations.md 19.2, point 3"""
    database = postgres.create_database()
    server = other_server(environment | database, workers=2)
    assert make_api(server).user().create_project()["id"]


def test_creation_is_dated_now_in_whole_seconds(user):
    created = datetime.fromisoformat(user.create_group()["creation_date"])
    assert created.microsecond == 0
    assert abs(datetime.now(UTC) - created) < timedelta(seconds=60)


def test_the_command_line_tells_its_version(environment):
    done = renku("version", env=environment)
    assert done.returncode == 0
    assert re.search(r"\d+\.\d+\.\d+", done.stdout)
