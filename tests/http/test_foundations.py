# SPDX-License-Identifier: Apache-2.0
"""What all operations share: errors, times, JSON, services, roles. Spec: foundations.md"""

import json
from datetime import UTC, datetime, timedelta

import pytest

from support.api import LOGIN, NO_ULID, PREFIX, check_error, unique
from support.postgres import Postgres
from support.raw import exchange
from support.server import poll

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


def test_creation_is_dated_now_in_whole_seconds(user):
    created = datetime.fromisoformat(user.create_group()["creation_date"])
    assert created.microsecond == 0
    assert abs(datetime.now(UTC) - created) < timedelta(seconds=60)


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
