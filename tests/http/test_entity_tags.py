# SPDX-License-Identifier: Apache-2.0
"""Entity tags: what they hash, and how they are compared. Spec: foundations.md 8"""

import hashlib

import pytest

from support.api import LOGIN, NO_ULID, check_error


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
