# SPDX-License-Identifier: Apache-2.0
"""Queries and pages: what is accepted, and how violations read. Spec: foundations.md 6, 7"""

import pytest

from support.api import PREFIX, check_error, fields_error, total_headers
from support.raw import exchange

# --- 6 queries -----------------------------------------------------------------------------------

QUERIES = {
    "unknown": ("/groups?foo=1", ["foo: Extra inputs are not permitted"]),
    "unknown-of-projects": ("/projects?foo=1", ["foo: Extra inputs are not permitted"]),
    "unknown-of-namespaces": ("/namespaces?foo=1", ["foo: Extra inputs are not permitted"]),
    "unknown-of-users": ("/users?foo=1", ["foo: Extra inputs are not permitted"]),
    "unknown-case": ("/users?Exact_Email=x", ["Exact_Email: Extra inputs are not permitted"]),
    "nameless": ("/users?=x", [": Extra inputs are not permitted"]),
    "scalar-twice": (
        "/users?exact_email=a&exact_email=b",
        ["exact_email: Input should be a valid string"],
    ),
    "integer-twice": ("/projects?page=1&page=2", ["page: Input should be a valid integer"]),
    "boolean-twice": (
        "/groups?direct_member=true&direct_member=true",
        ["direct_member: Input should be a valid boolean"],
    ),
    "boolean": (
        "/groups?direct_member=maybe",
        ["direct_member: Input should be a valid boolean, unable to interpret input"],
    ),
    "integer": (
        "/projects?page=one",
        ["page: Input should be a valid integer, unable to parse string as an integer"],
    ),
    "exponent": (
        "/projects?page=1e1",
        ["page: Input should be a valid integer, unable to parse string as an integer"],
    ),
    "fraction": (
        "/projects?page=1.5",
        ["page: Input should be a valid integer, unable to parse string as an integer"],
    ),
    "zero": ("/projects?page=0", ["page: Input should be greater than or equal to 1"]),
    "negative": ("/projects?page=-1", ["page: Input should be greater than or equal to 1"]),
    "no-items": ("/projects?per_page=0", ["per_page: Input should be greater than or equal to 1"]),
    "too-many-items": (
        "/projects?per_page=101",
        ["per_page: Input should be less than or equal to 100"],
    ),
    "both": (
        "/groups?page=0&per_page=0",
        [
            "page: Input should be greater than or equal to 1",
            "per_page: Input should be greater than or equal to 1",
        ],
    ),
    "enum": (
        "/namespaces?minimum_role=boss",
        ["minimum_role: Input should be 'owner', 'editor' or 'viewer'"],
    ),
    "enum-in-array": (
        "/namespaces?kinds=boss",
        ["kinds.0: Input should be 'group', 'user' or 'project'"],
    ),
    "enum-in-array-second": (
        "/namespaces?kinds=user&kinds=x",
        ["kinds.1: Input should be 'group', 'user' or 'project'"],
    ),
    "escaped-unknown": ("/users?%61%20b=1", ["a b: Extra inputs are not permitted"]),
}


# Spec: foundations.md 6, 7
@pytest.mark.parametrize("path, violations", QUERIES.values(), ids=QUERIES.keys())
def test_violations_of_a_query(api, user, path, violations):
    answer = exchange(api.url, "GET", PREFIX + path, [("Authorization", f"Bearer {user.token}")])
    assert answer.status == 422, answer
    assert answer.json() == {"error": {"code": 1422, "message": fields_error(*violations)}}


ACCEPTED = {
    "blank-value": "/projects?page=",
    "blank-without-equals": "/projects?page",
    "blank-unknown": "/projects?foo=",
    "blank-unknown-without-equals": "/projects?foo",
    "ampersands": "/projects?&&page=1&&",
    "escaped-name": "/projects?%70age=1",
    "blanks-around-an-integer": "/projects?page=%201%20",
    "plus-is-a-blank": "/projects?page=+1",
    "escaped-plus-sign": "/projects?page=%2B1",
    "underscore": "/projects?page=1_0",
    "leading-zeros": "/projects?page=007",
    "boolean-spelling": "/projects?direct_member=oFF",
    "one-kind": "/namespaces?kinds=user",
    "three-kinds": "/namespaces?kinds=user&kinds=group&kinds=project",
    "semicolon-does-not-split": "/projects?namespace=a;b",
    "broken-escape-stays": "/projects?namespace=%zz",
    "invalid-utf-8": "/projects?namespace=%ff",
    "schema-free": "/version?page=one",
}


# Spec: foundations.md 6
@pytest.mark.parametrize("path", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_queries_that_are_accepted(api, user, path):
    answer = exchange(api.url, "GET", PREFIX + path, [("Authorization", f"Bearer {user.token}")])
    assert answer.status == 200, answer


# Spec: foundations.md 4.3, 6: %00 is kept, and refused in text as the database refuses it
def test_an_escaped_nul_in_a_query_is_422(api, user):
    answer = exchange(
        api.url,
        "GET",
        f"{PREFIX}/users?exact_email=a%00b",
        [("Authorization", f"Bearer {user.token}")],
    )
    assert answer.status == 422
    message = "The payload contains characters that are incompatible with the database"
    assert answer.json()["error"] == {
        "code": 1422,
        "detail": 'invalid byte sequence for encoding "UTF8": 0x00',
        "message": message,
    }


# Spec: foundations.md 6
def test_a_query_value_is_decoded_as_utf_8(api):
    email = "jürgen + co@example.org"
    person = api.user(email=email)
    found = person.get("/users", params={"exact_email": email})
    assert [item["id"] for item in found.json()] == [person.id]


# --- 7 pagination --------------------------------------------------------------------------------

SECOND_STEP = {
    "page=1.0": "Invalid value for parameter 'page': 1.0",
    "page=5.00": "Invalid value for parameter 'page': 5.00",
    "per_page=1.0": "Invalid value for parameter 'per_page': 1.0",
}


# Spec: foundations.md 7
@pytest.mark.parametrize("query, message", SECOND_STEP.items(), ids=SECOND_STEP.keys())
def test_a_page_with_a_fraction_passes_the_schema_only(anonymous, query, message):
    check_error(anonymous.get(f"/groups?{query}"), 422, message)


# Spec: foundations.md 7, 23
@pytest.mark.parametrize("path", ["/groups", "/projects"])
@pytest.mark.parametrize(
    "page", ["92233720368547760", "9223372036854775808", "1" + 30 * "0", "9" * 400], ids=len
)
def test_an_offset_beyond_int64_is_422(anonymous, path, page):
    response = anonymous.get(path, params={"page": page, "per_page": "100"})
    check_error(response, 422, contains="Calculated pagination offset value is too large")


# Spec: foundations.md 7, 23: also with pages of one item
@pytest.mark.parametrize("page", ["9223372036854775809", "9" * 40], ids=len)
def test_a_page_beyond_int64_is_no_other_page(anonymous, page):
    response = anonymous.get("/groups", params={"page": page, "per_page": "1"})
    check_error(response, 422, contains="Calculated pagination offset value is too large")


# Spec: foundations.md 7
@pytest.mark.parametrize("path", ["/groups", "/projects"])
def test_the_largest_offset_is_an_empty_page(anonymous, path):
    response = anonymous.get(path, params={"page": "92233720368547758", "per_page": "100"})
    assert response.status_code == 200
    assert response.json() == []
    assert response.headers["page"] == "92233720368547758"


# Spec: foundations.md 7
def test_pages_cut_a_list_and_count_it(api):
    owner = api.user()
    created = [owner.create_project()["id"] for _ in range(5)]
    seen = []
    for page in (1, 2, 3):
        response = owner.get(
            "/projects", params={"namespace": owner.slug, "page": page, "per_page": 2}
        )
        assert total_headers(response) == (page, 2, 5, 3)
        seen += [item["id"] for item in response.json()]
    assert seen == created[::-1]
    past = owner.get("/projects", params={"namespace": owner.slug, "page": 4, "per_page": 2})
    assert past.json() == []
    assert total_headers(past) == (4, 2, 5, 3)


# Spec: foundations.md 7
def test_an_empty_list_has_no_pages(user):
    response = user.get("/projects", params={"namespace": user.slug})
    assert response.json() == []
    assert total_headers(response) == (1, 20, 0, 0)


# Spec: foundations.md 7
def test_page_headers_are_plain_numbers(anonymous):
    response = anonymous.get("/groups", params={"page": " +0_7 ", "per_page": "0_5"})
    assert response.status_code == 200
    assert (response.headers["page"], response.headers["per-page"]) == ("7", "5")
