# SPDX-License-Identifier: Apache-2.0
"""Bodies: what is accepted, and how violations read. Spec: foundations.md 3, 5"""

import pytest

from support.api import check_error, dumps, fields_error, unique

NOT_JSON = "Failed when parsing body as json"
SLUG_PATTERN = r"^(?!.*\.git$|.*\.atom$|.*[\-._][\-._].*)[a-z0-9][a-z0-9\-_.]*$"
NOT_A_SLUG = f"slug: String should match pattern '{SLUG_PATTERN}'"


# --- 3 the null check, and which error wins ------------------------------------------------------

NULLS = {
    "escape": rb'{"name":"a\u0000b","slug":"x"}',
    "in-a-longer-escape": rb'{"name":"a\\u0000b","slug":"x"}',
    "not-json-at-all": rb"\u0000",
    "in-a-key": rb'{"\u0000":1}',
}


# Spec: foundations.md 3
@pytest.mark.parametrize("body", NULLS.values(), ids=NULLS.keys())
def test_the_null_check_comes_before_authentication(anonymous, body):
    response = anonymous.send("POST", "/groups", body, headers={"content-type": "text/plain"})
    check_error(response, 422, "Null byte found in request")


# Spec: foundations.md 3, 5.1
@pytest.mark.parametrize(
    "method, path",
    [("GET", "/version"), ("POST", "/user/preferences/dismiss_project_migration_banner")],
)
def test_the_null_check_runs_for_operations_without_a_body(user, method, path):
    check_error(user.send(method, path, NULLS["escape"]), 422, "Null byte found in request")


# Spec: foundations.md 3
@pytest.mark.parametrize(
    "method, path, status", [("POST", "/nothing", 404), ("PUT", "/groups", 405)]
)
def test_the_null_check_does_not_run_for_unmatched_routes(anonymous, method, path, status):
    check_error(anonymous.send(method, path, NULLS["escape"]), status)


GUARDED = [
    ("POST", "/groups"),
    ("PATCH", "/groups/some-group"),
    ("PATCH", "/groups/some-group/members"),
    ("POST", "/projects"),
    ("PATCH", "/projects/01J2F86WS7S8N6159WA3X4042H"),
    ("POST", "/projects/01J2F86WS7S8N6159WA3X4042H/copies"),
    ("POST", "/renku_v1_projects/1/migrations"),
]
LATE_CHECKED = [
    ("POST", "/user/preferences/pinned_projects"),
    ("PATCH", "/projects/01J2F86WS7S8N6159WA3X4042H/members"),
]


# Spec: foundations.md 3
@pytest.mark.parametrize("body", [b'{"nonsense":1}', b"{", b""], ids=["invalid", "broken", "empty"])
@pytest.mark.parametrize(
    "method, path", GUARDED, ids=lambda value: value.strip("/").replace("/", "-")
)
def test_guarded_operations_reject_the_anonymous_before_the_body(anonymous, method, path, body):
    message = "You have to be authenticated to perform this operation."
    check_error(anonymous.send(method, path, body), 401, message)


# Spec: foundations.md 3, 23
@pytest.mark.parametrize(
    "body, status",
    [(b'"nonsense"', 422), (b"{", 400), (b"", 422)],
    ids=["invalid", "broken", "empty"],
)
@pytest.mark.parametrize(
    "method, path", LATE_CHECKED, ids=lambda value: value.strip("/").replace("/", "-")
)
def test_late_checked_operations_check_the_body_first(anonymous, method, path, body, status):
    check_error(anonymous.send(method, path, body), status)


# --- 5.1 JSON parsing ----------------------------------------------------------------------------

BROKEN = {
    "truncated": b'{"name":"x"',
    "trailing-comma": b'{"name":"x","slug":"y",}',
    "trailing-data": b'{"name":"x","slug":"y"} x',
    "two-values": b"{}{}",
    "single-quotes": b"{'name':'x'}",
    "unquoted-key": b"{name:1}",
    "comment": b'{"name":"x"/* y */}',
    "line-comment": b'{"name":"x"}// y',
    "raw-nul": b'{"name":"a\x00b"}',
    "nul-after-the-value": b"{}\x00",
    "invalid-utf-8": b'{"name":"\xff\xfe"}',
    "overlong-utf-8": b'{"name":"\xc0\xaf"}',
    "utf-8-surrogate": b'{"name":"\xed\xa0\x80"}',
    "cut-utf-8": b'{"name":"\xe2\x82"}',
    "byte-order-mark": b'\xef\xbb\xbf{"name":"x"}',
    "utf-16": '{"name":"x"}'.encode("utf-16"),
    "bad-escape": rb'{"name":"\x"}',
    "short-unicode-escape": rb'{"name":"\u12"}',
    "leading-zero": b'{"name":01}',
    "plus-sign": b'{"name":+1}',
    "bare-point": b'{"name":1.}',
    "words": b"nonsense",
    "capital-true": b'{"name":True}',
    "blank": b"   ",
}


# Spec: foundations.md 5.1
@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_not_json_is_400(user, body):
    check_error(user.send("POST", "/groups", body), 400, NOT_JSON)


# Spec: foundations.md 5.1
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", None]
)
def test_the_content_type_is_not_checked(user, content_type):
    slug = unique()
    headers = {"content-type": content_type} if content_type else {}
    response = user.send("POST", "/groups", dumps({"name": "x", "slug": slug}), headers=headers)
    assert response.status_code == 201
    assert response.json()["slug"] == slug


# Spec: foundations.md 5.1
def test_of_duplicate_keys_the_last_wins(user):
    slug = unique()
    body = b'{"name":"first","slug":"%s","name":"last"}' % slug.encode()
    assert user.send("POST", "/groups", body).json()["name"] == "last"


# Spec: foundations.md 5.1
@pytest.mark.parametrize(
    "control", [b"\x01", b"\t", b"\n", b"\x1f", b"\x7f"], ids=lambda value: value.hex()
)
def test_control_characters_inside_strings_are_accepted(user, control):
    body = b'{"name":"a%sb","slug":"%s"}' % (control, unique().encode())
    response = user.send("POST", "/groups", body)
    assert response.status_code == 201
    assert response.json()["name"] == f"a{control.decode()}b"


# Spec: foundations.md 5.1
@pytest.mark.parametrize(
    "escape",
    [rb"\ud800", rb"\udc00", rb"a\ud800b", rb"\udc00\ud800"],
    ids=["high", "low", "inside", "reversed"],
)
def test_a_lone_surrogate_is_422(user, escape):
    body = b'{"name":"%s","slug":"%s"}' % (escape, unique().encode())
    message = fields_error(
        "name: Input should be a valid string, unable to parse raw data as a unicode string"
    )
    check_error(user.send("POST", "/groups", body), 422, message)


# Spec: foundations.md 5.1
def test_a_surrogate_pair_is_one_character(user):
    body = rb'{"name":"\ud83d\ude00","slug":"%s"}' % unique().encode()
    assert user.send("POST", "/groups", body).json()["name"] == "\N{GRINNING FACE}"


WRONG_KIND = "The validation failed because the provided input has the wrong type"
NOT_AN_OBJECT = fields_error(
    ": Input should be a valid dictionary or object to extract fields from"
)


# Spec: foundations.md 4.3, 5.1, 5.4
@pytest.mark.parametrize("body", [b"null", b"", b"[]", b'"x"', b"1", b"true", b"1.5"])
def test_a_body_that_is_no_object_is_422(user, body):
    error = check_error(user.send("POST", "/groups", body), 422)
    assert error["message"] in (WRONG_KIND, NOT_AN_OBJECT)


# Spec: foundations.md 5.4
@pytest.mark.parametrize("body", [b"null", b"", b"{}", b'"x"', b"1"])
def test_a_body_that_is_no_list_is_422(user, body):
    group = user.create_group()
    response = user.send("PATCH", f"/groups/{group['slug']}/members", body)
    error = check_error(response, 422)
    assert error["message"] in (WRONG_KIND, fields_error(": Input should be a valid list"))


# Spec: foundations.md 5.1
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_operations_without_a_body_ignore_one(user, method):
    group = user.create_group()
    response = user.send(method, f"/groups/{group['slug']}", b"{not json")
    assert response.status_code == {"GET": 200, "DELETE": 204}[method]


# --- 5.2 to 5.4: fields and messages -------------------------------------------------------------

GROUP_BODIES = {
    "both-missing": ({}, ["name: Field required", "slug: Field required"]),
    "schema-order-not-sent-order": (
        {"slug": 1, "name": 2},
        ["name: Input should be a valid string", "slug: Input should be a valid string"],
    ),
    "unknown-keys-last-as-sent": (
        {"zzz": 1, "name": 1, "aaa": 2},
        [
            "name: Input should be a valid string",
            "slug: Field required",
            "zzz: Extra inputs are not permitted",
            "aaa: Extra inputs are not permitted",
        ],
    ),
    "number-for-string": ({"name": 1, "slug": "ok"}, ["name: Input should be a valid string"]),
    "boolean-for-string": ({"name": True, "slug": "ok"}, ["name: Input should be a valid string"]),
    "null-for-required": ({"name": None, "slug": "ok"}, ["name: Input should be a valid string"]),
    "list-for-string": ({"name": ["x"], "slug": "ok"}, ["name: Input should be a valid string"]),
    "object-for-string": ({"name": {}, "slug": "ok"}, ["name: Input should be a valid string"]),
    "empty-name": ({"name": "", "slug": "ok"}, ["name: String should have at least 1 character"]),
    "empty-slug": ({"name": "x", "slug": ""}, ["slug: String should have at least 1 character"]),
    "long-name": (
        {"name": "x" * 100, "slug": "ok"},
        ["name: String should have at most 99 characters"],
    ),
    "long-slug": (
        {"name": "x", "slug": "x" * 100},
        ["slug: String should have at most 99 characters"],
    ),
    "long-description": (
        {"name": "x", "slug": "ok", "description": "x" * 501},
        ["description: String should have at most 500 characters"],
    ),
    "slug-in-upper-case": ({"name": "x", "slug": "Ok"}, [NOT_A_SLUG]),
    "slug-with-two-separators": ({"name": "x", "slug": "a--b"}, [NOT_A_SLUG]),
    "slug-ending-in-git": ({"name": "x", "slug": "a.git"}, [NOT_A_SLUG]),
    "slug-ending-in-atom": ({"name": "x", "slug": "a.atom"}, [NOT_A_SLUG]),
    "slug-with-leading-separator": ({"name": "x", "slug": "-a"}, [NOT_A_SLUG]),
    "slug-with-blank": ({"name": "x", "slug": "a b"}, [NOT_A_SLUG]),
    "slug-beyond-ascii": ({"name": "x", "slug": "ä"}, [NOT_A_SLUG]),
    "slug-with-slash": ({"name": "x", "slug": "a/b"}, [NOT_A_SLUG]),
    "slug-with-two-line-ends": ({"name": "x", "slug": "a\n\n"}, [NOT_A_SLUG]),
    "unknown-empty-key": ({"name": "x", "slug": "ok", "": 1}, [": Extra inputs are not permitted"]),
    "unknown-key-with-point": (
        {"name": "x", "slug": "ok", "a.b": 1},
        ["a.b: Extra inputs are not permitted"],
    ),
    "everything-at-once": (
        {"name": "", "slug": "-", "description": 5, "more": 1},
        [
            "name: String should have at least 1 character",
            NOT_A_SLUG,
            "description: Input should be a valid string",
            "more: Extra inputs are not permitted",
        ],
    ),
}


# Spec: foundations.md 5.2, 5.3, 5.4
@pytest.mark.parametrize("body, violations", GROUP_BODIES.values(), ids=GROUP_BODIES.keys())
def test_all_violations_of_a_body_stand_in_one_message(user, body, violations):
    check_error(user.post("/groups", json=body), 422, fields_error(*violations))


ROLE = "Input should be 'owner', 'editor' or 'viewer'"
USER_ID = "String should match pattern '^[A-Za-z0-9]{1}[A-Za-z0-9-]+$'"
MEMBER_BODIES = {
    "item-is-no-object": (
        [1],
        ["0: Input should be a valid dictionary or object to extract fields from"],
    ),
    "second-item": (
        [{"id": "ab", "role": "owner"}, {}],
        ["1.id: Field required", "1.role: Field required"],
    ),
    "unknown-role": ([{"id": "ab", "role": "boss"}], [f"0.role: {ROLE}"]),
    "role-in-upper-case": ([{"id": "ab", "role": "OWNER"}], [f"0.role: {ROLE}"]),
    "role-is-a-number": ([{"id": "ab", "role": 1}], [f"0.role: {ROLE}"]),
    "role-is-null": ([{"id": "ab", "role": None}], [f"0.role: {ROLE}"]),
    "wildcard": ([{"id": "*", "role": "viewer"}], [f"0.id: {USER_ID}"]),
    "id-of-one-character": ([{"id": "a", "role": "viewer"}], [f"0.id: {USER_ID}"]),
    "id-with-leading-dash": ([{"id": "-a", "role": "viewer"}], [f"0.id: {USER_ID}"]),
    "extra-field": (
        [{"id": "ab", "role": "viewer", "x": 1}],
        ["0.x: Extra inputs are not permitted"],
    ),
    "several-items": (
        [{"id": 1, "role": "viewer"}, {"id": "ab", "role": "viewer"}, {"id": "cd", "x": 1}],
        [
            "0.id: Input should be a valid string",
            "2.role: Field required",
            "2.x: Extra inputs are not permitted",
        ],
    ),
}


# Spec: foundations.md 5.4
@pytest.mark.parametrize("body, violations", MEMBER_BODIES.values(), ids=MEMBER_BODIES.keys())
def test_violations_inside_lists_bear_the_index(user, body, violations):
    group = user.create_group()
    response = user.patch(f"/groups/{group['slug']}/members", json=body)
    check_error(response, 422, fields_error(*violations))


PROJECT_BODIES = {
    "visibility": ({"visibility": "secret"}, ["visibility: Input should be 'private' or 'public'"]),
    "keywords-no-list": ({"keywords": "x"}, ["keywords: Input should be a valid list"]),
    "keyword-no-string": ({"keywords": ["a", 1]}, ["keywords.1: Input should be a valid string"]),
    "keyword-empty": ({"keywords": [""]}, ["keywords.0: String should have at least 1 character"]),
    "keyword-long": (
        {"keywords": ["x" * 100]},
        ["keywords.0: String should have at most 99 characters"],
    ),
    "repositories-no-list": ({"repositories": {}}, ["repositories: Input should be a valid list"]),
    "repository-no-string": (
        {"repositories": [None]},
        ["repositories.0: Input should be a valid string"],
    ),
    "description-long": (
        {"description": "x" * 501},
        ["description: String should have at most 500 characters"],
    ),
    "documentation-long": (
        {"documentation": "x" * 5001},
        ["documentation: String should have at most 5000 characters"],
    ),
    "mount-directory-empty": (
        {"secrets_mount_directory": ""},
        ["secrets_mount_directory: String should have at least 1 character"],
    ),
    "is-template": ({"is_template": True}, ["is_template: Extra inputs are not permitted"]),
    "template-id": ({"template_id": ""}, ["template_id: Extra inputs are not permitted"]),
    "name-long": ({"name": "x" * 100}, ["name: String should have at most 99 characters"]),
    "namespace-in-upper-case": (
        {"namespace": "ABC"},
        [f"namespace: String should match pattern '{SLUG_PATTERN}'"],
    ),
    "namespace-missing": ({"namespace": None}, ["namespace: Input should be a valid string"]),
}


# Spec: foundations.md 5.4; projects.md 4, 4.2
@pytest.mark.parametrize("body, violations", PROJECT_BODIES.values(), ids=PROJECT_BODIES.keys())
def test_violations_of_a_project(user, body, violations):
    response = user.post("/projects", json={"name": "x", "namespace": "x"} | body)
    check_error(response, 422, fields_error(*violations))


DISK, CLASS = "session_launcher.disk_storage", "session_launcher.resource_class_id"
MIGRATION = {"name": "x", "container_image": "image"}
LAUNCHERS = {
    "no-object": (
        1,
        ["session_launcher: Input should be a valid dictionary or object to extract fields from"],
    ),
    "missing": (
        {},
        [
            "session_launcher.name: Field required",
            "session_launcher.container_image: Field required",
        ],
    ),
    "short-image": (
        {"name": "x", "container_image": "ab"},
        ["session_launcher.container_image: String should have at least 3 characters"],
    ),
    "integer-as-words": (
        MIGRATION | {"disk_storage": "many"},
        [f"{DISK}: Input should be a valid integer, unable to parse string as an integer"],
    ),
    "integer-with-exponent": (
        MIGRATION | {"disk_storage": "5e1"},
        [f"{DISK}: Input should be a valid integer, unable to parse string as an integer"],
    ),
    "integer-in-other-digits": (
        MIGRATION | {"disk_storage": "\u0665"},
        [f"{DISK}: Input should be a valid integer, unable to parse string as an integer"],
    ),
    "integer-with-fraction": (
        MIGRATION | {"disk_storage": 1.5},
        [f"{DISK}: Input should be a valid integer, got a number with a fractional part"],
    ),
    "integer-as-list": (
        MIGRATION | {"disk_storage": [1]},
        [f"{DISK}: Input should be a valid integer"],
    ),
    "integer-too-small": (
        MIGRATION | {"disk_storage": 0},
        [f"{DISK}: Input should be greater than or equal to 1"],
    ),
    "false-is-zero": (
        MIGRATION | {"disk_storage": False},
        [f"{DISK}: Input should be greater than or equal to 1"],
    ),
    "text-is-zero": (
        MIGRATION | {"disk_storage": " -0.0 "},
        [f"{DISK}: Input should be greater than or equal to 1"],
    ),
    "text-with-separators": (
        MIGRATION | {"disk_storage": "-1_0"},
        [f"{DISK}: Input should be greater than or equal to 1"],
    ),
    "class-as-words": (
        MIGRATION | {"resource_class_id": "x"},
        [f"{CLASS}: Input should be a valid integer, unable to parse string as an integer"],
    ),
    "extra": (MIGRATION | {"x": 1}, ["session_launcher.x: Extra inputs are not permitted"]),
    "url-long": (
        MIGRATION | {"default_url": "x" * 201},
        ["session_launcher.default_url: String should have at most 200 characters"],
    ),
}


# Spec: foundations.md 5.3, 5.4; projects.md 4.9
@pytest.mark.parametrize("launcher, violations", LAUNCHERS.values(), ids=LAUNCHERS.keys())
def test_violations_inside_objects_bear_the_path(user, launcher, violations):
    body = {"project": {"name": "x", "namespace": "x"}, "session_launcher": launcher}
    response = user.post("/renku_v1_projects/1/migrations", json=body)
    check_error(response, 422, fields_error(*violations))


BOOLEANS = {
    True: [True, 1, 1.0, "1", "on", "t", "true", "y", "yes", "YES", "True", "oN"],
    False: [False, 0, 0.0, "0", "off", "f", "false", "n", "no", "NO", "False"],
}


# Spec: foundations.md 5.3
@pytest.mark.parametrize(
    "value, text", [(value, text) for value, texts in BOOLEANS.items() for text in texts], ids=repr
)
def test_booleans_are_read_in_many_spellings(user, value, text):
    project = user.create_project()
    user.patch_project(project, is_template=not value)
    response = user.patch_project(project, is_template=text)
    assert response.status_code == 200, response.text
    assert response.json()["is_template"] is value


NOT_BOOLEANS = [
    (2, True),
    (0.5, True),
    ("maybe", True),
    ("", True),
    (" true", True),
    (-1, True),
    ([], False),
    ({}, False),
]


# Spec: foundations.md 5.3, 5.4
@pytest.mark.parametrize("value, scalar", NOT_BOOLEANS, ids=repr)
def test_what_is_no_boolean_is_422(user, value, scalar):
    project = user.create_project()
    response = user.patch_project(project, is_template=value)
    reason = ", unable to interpret input" if scalar else ""
    check_error(
        response, 422, fields_error(f"is_template: Input should be a valid boolean{reason}")
    )


# Spec: foundations.md 5.3
def test_lengths_count_code_points(user):
    response = user.post("/groups", json={"name": "\N{GRINNING FACE}" * 99, "slug": unique()})
    assert response.status_code == 201
    too_long = user.post("/groups", json={"name": "\N{GRINNING FACE}" * 100, "slug": unique()})
    check_error(too_long, 422, fields_error("name: String should have at most 99 characters"))


# Spec: foundations.md 5.3 (a pattern of the users document does not tolerate a final newline)
def test_a_pattern_of_the_users_document_ends_at_the_very_end(user):
    response = user.post("/user/preferences/pinned_projects", json={"project_slug": "abc/def\n"})
    check_error(response, 422, contains="project_slug: String should match pattern")


# Spec: foundations.md 5.3: null is unset
@pytest.mark.parametrize("field", ["name", "slug", "description"])
def test_null_leaves_a_field_of_a_patch_unchanged(user, field):
    group = user.create_group(description="kept")
    response = user.patch(f"/groups/{group['slug']}", json={field: None})
    assert response.status_code == 200
    assert response.json() == group
