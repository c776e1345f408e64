# SPDX-License-Identifier: Apache-2.0
"""Pinned projects and the migration banner. Spec: user-preferences.md"""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.api import LOGIN, at_once, check_error, fields_error

PATH = "/user/preferences"
PINS = f"{PATH}/pinned_projects"
BANNER = f"{PATH}/dismiss_project_migration_banner"
NONE_YET = "Preferences not found for user."


def preferences(caller, slugs: list[str] | None, banner: bool = True) -> dict:
    pinned = {} if slugs is None else {"project_slugs": slugs}
    return {
        "user_id": caller.id,
        "pinned_projects": pinned,
        "show_project_migration_banner": banner,
    }


def pin(caller, slug: str):
    return caller.post(PINS, json={"project_slug": slug})


# --- 3 operations --------------------------------------------------------------------------------


# Spec: user-preferences.md 3
@pytest.mark.parametrize("method, path", [("GET", PATH), ("DELETE", PINS), ("DELETE", BANNER)])
def test_without_a_row_there_are_no_preferences(api, rows, method, path):
    visitor = api.visitor()
    check_error(visitor.request(method, path), 404, NONE_YET)
    assert (
        rows.one("SELECT count(*) FROM users.user_preferences WHERE user_id = %s", visitor.id) == 0
    )


# Spec: user-preferences.md 3
@pytest.mark.parametrize(
    "method, path",
    [("GET", PATH), ("POST", PINS), ("DELETE", PINS), ("POST", BANNER), ("DELETE", BANNER)],
)
def test_the_anonymous_have_no_preferences(anonymous, method, path):
    check_error(anonymous.request(method, path, json={"project_slug": "abc"}), 401, LOGIN)


# Spec: user-preferences.md 3: schema errors come first
def test_schema_errors_come_before_the_login(anonymous):
    check_error(anonymous.post(PINS, json={}), 422, fields_error("project_slug: Field required"))
    check_error(anonymous.send("POST", PINS, b"{"), 400)
    check_error(
        anonymous.delete(f"{PINS}?x=1"), 422, fields_error("x: Extra inputs are not permitted")
    )


# Spec: user-preferences.md 2, 3: a user record is not needed, and not made
def test_the_first_pin_makes_the_row(api, rows):
    visitor = api.visitor()
    response = pin(visitor, "Some.Group/some-project")
    assert response.status_code == 200
    assert response.json() == preferences(visitor, ["Some.Group/some-project"])
    assert visitor.get(PATH).json() == response.json()
    assert rows.one("SELECT count(*) FROM users.users WHERE keycloak_id = %s", visitor.id) == 0


# Spec: user-preferences.md 3
def test_the_body_is_written_in_schema_order(api):
    visitor = api.visitor()
    text = pin(visitor, "abc/def").text
    assert (
        text == f'{{"user_id":"{visitor.id}","pinned_projects":{{"project_slugs":["abc/def"]}},'
        '"show_project_migration_banner":true}'
    )


# Spec: user-preferences.md 3
def test_dismissing_makes_the_row_without_pins(api):
    visitor = api.visitor()
    assert visitor.post(BANNER).json() == preferences(visitor, [], banner=False)


# Spec: user-preferences.md 3: idempotent; a body is ignored
def test_the_banner_is_dismissed_and_brought_back(api):
    visitor = api.visitor()
    pin(visitor, "abc/def")
    for _ in range(2):
        response = visitor.send("POST", BANNER, b"{not json")
        assert (response.status_code, response.json()) == (
            200,
            preferences(visitor, ["abc/def"], banner=False),
        )
    for _ in range(2):
        response = visitor.delete(BANNER)
        assert (response.status_code, response.json()) == (
            200,
            preferences(visitor, ["abc/def"], banner=True),
        )


# Spec: user-preferences.md 3
def test_everybody_has_own_preferences(api):
    first, second = api.visitor(), api.visitor()
    pin(first, "abc/first")
    pin(second, "abc/second")
    assert first.get(PATH).json() == preferences(first, ["abc/first"])
    assert second.get(PATH).json() == preferences(second, ["abc/second"])


# --- 4.1 adding ----------------------------------------------------------------------------------

GOOD = [
    "abc",
    "a1b",
    "jane/proj",
    "Jane.Doe/My_Proj-1",
    "a/b/c",
    "a.b",
    "a-b_c.d/e",
    "abcd",
    "ab1/cde",
    "x" * 199,
]
PATTERN = r"^[a-zA-Z0-9]+([_.\-/][a-zA-Z0-9]+)*[_.\-/]?[a-zA-Z0-9]$"
BAD = {
    "empty": ("", "String should have at least 3 characters"),
    "short": ("ab", "String should have at least 3 characters"),
    "two-separators": ("a--b", f"String should match pattern '{PATTERN}'"),
    "two-slashes": ("a//b", f"String should match pattern '{PATTERN}'"),
    "leading-separator": ("/abc", f"String should match pattern '{PATTERN}'"),
    "trailing-separator": ("abc/", f"String should match pattern '{PATTERN}'"),
    "beyond-ascii": ("äbc/def", f"String should match pattern '{PATTERN}'"),
    "blank": ("a b/c", f"String should match pattern '{PATTERN}'"),
    "line-end": ("abc\n", f"String should match pattern '{PATTERN}'"),
    "number": (123, "Input should be a valid string"),
    "null": (None, "Input should be a valid string"),
    "list": (["abc"], "Input should be a valid string"),
}


# Spec: user-preferences.md 4.1
@pytest.mark.parametrize("slug", GOOD, ids=lambda slug: slug[:20].replace("/", "-"))
def test_a_slug_is_pinned_as_sent(api, slug):
    visitor = api.visitor()
    assert pin(visitor, slug).json() == preferences(visitor, [slug])


# Spec: user-preferences.md 4.1
@pytest.mark.parametrize("slug, message", BAD.values(), ids=BAD.keys())
def test_what_is_no_slug_is_422(api, slug, message):
    visitor = api.visitor()
    check_error(
        visitor.post(PINS, json={"project_slug": slug}),
        422,
        fields_error(f"project_slug: {message}"),
    )
    check_error(visitor.get(PATH), 404)


# Spec: user-preferences.md 4.1, and our limit: no path of a project is longer
def test_a_pin_is_not_longer_than_a_path_can_be(api):
    visitor = api.visitor()
    check_error(pin(visitor, "x" * 200), 422)
    check_error(visitor.get(PATH), 404)


# Spec: user-preferences.md 4.1
def test_unknown_keys_of_a_pin_are_forbidden(api):
    response = api.visitor().post(PINS, json={"project_slug": "abc", "x": 1})
    check_error(response, 422, fields_error("x: Extra inputs are not permitted"))


# Spec: user-preferences.md 3, 4.1, 7
def test_pins_keep_their_order_and_their_first_spelling(api):
    visitor = api.visitor()
    for slug in ("b/2", "a/1", "c/3", "A/1", "B/2"):
        response = pin(visitor, slug)
        assert response.status_code == 200
    assert response.json() == preferences(visitor, ["b/2", "a/1", "c/3"])


# Spec: user-preferences.md 4.1, 5
def test_the_eleventh_pin_is_422(api):
    visitor = api.visitor()
    slugs = [f"group/project-{number}" for number in range(10)]
    for slug in slugs:
        assert pin(visitor, slug).status_code == 200
    error = check_error(
        pin(visitor, "group/one-more"),
        422,
        contains="Maximum number of pinned projects already allocated",
    )
    assert error["message"].startswith("Maximum number of pinned projects already allocated")
    assert "10" in error["message"]
    again = pin(visitor, "Group/Project-3")
    assert (again.status_code, again.json()) == (200, preferences(visitor, slugs))


# Spec: user-preferences.md 5, 7
@pytest.mark.parametrize("limit, allowed", [("2", 2), ("0", 15), ("-1", 15)])
def test_the_limit_is_a_setting(other_server, make_api, limit, allowed):
    visitor = make_api(other_server({"MAX_PINNED_PROJECTS": limit}, workers=1)).visitor()
    statuses = [
        pin(visitor, f"group/project-{number}").status_code for number in range(allowed + 1)
    ]
    assert statuses == [200] * allowed + [422 if limit == "2" else 200]


# Spec: user-preferences.md 7
def test_a_lower_limit_keeps_what_is_pinned(api, other_server, make_api):
    visitor = api.visitor()
    slugs = [f"group/project-{number}" for number in range(4)]
    for slug in slugs:
        pin(visitor, slug)
    limited = make_api(other_server({"MAX_PINNED_PROJECTS": "2"}, workers=1)).with_token(
        visitor.token
    )
    assert limited.get(PATH).json() == preferences(visitor, slugs)
    check_error(pin(limited, "group/more"), 422)


# --- 4.2 removing --------------------------------------------------------------------------------

REMOVALS = {
    "one": ("?project_slug=a/1", ["B/2", "c/3"]),
    "any-case": ("?project_slug=b/2", ["a/1", "c/3"]),
    "no-match": ("?project_slug=x/9", ["a/1", "B/2", "c/3"]),
    "no-slug-at-all": ("?project_slug=!!", ["a/1", "B/2", "c/3"]),
    "all": ("", []),
    "blank": ("?project_slug=", []),
    "blank-without-equals": ("?project_slug", []),
}


# Spec: user-preferences.md 4.2, 7; foundations.md 23
@pytest.mark.parametrize("query, left", REMOVALS.values(), ids=REMOVALS.keys())
def test_pins_are_removed(api, query, left):
    visitor = api.visitor()
    for slug in ("a/1", "B/2", "c/3"):
        pin(visitor, slug)
    response = visitor.delete(PINS + query)
    assert (response.status_code, response.json()) == (200, preferences(visitor, left))
    assert visitor.get(PATH).json() == response.json()


# Spec: user-preferences.md 4.2
def test_unknown_parameters_of_a_removal_are_422(api):
    visitor = api.visitor()
    pin(visitor, "a/1")
    check_error(
        visitor.delete(f"{PINS}?slug=a/1"),
        422,
        fields_error("slug: Extra inputs are not permitted"),
    )
    check_error(visitor.delete(f"{PINS}?project_slug=a&project_slug=b"), 422)
    assert visitor.get(PATH).json() == preferences(visitor, ["a/1"])


# --- 2, 6, 7: rows and concurrency ---------------------------------------------------------------


# Spec: user-preferences.md 2, 7 (compatibility quirk: 500): null is an empty list
@pytest.mark.parametrize("stored", ['{"project_slugs": null}', "{}"])
def test_old_rows_without_a_list_work(api, rows, stored):
    visitor = api.visitor()

    def put() -> None:
        rows.run(
            "INSERT INTO users.user_preferences"
            " (user_id, pinned_projects, show_project_migration_banner) VALUES (%s, %s, true)"
            " ON CONFLICT (user_id) DO UPDATE SET pinned_projects = excluded.pinned_projects",
            visitor.id,
            stored,
        )

    put()
    assert visitor.get(PATH).json() == preferences(visitor, None)
    assert visitor.delete(f"{PINS}?project_slug=abc").status_code == 200
    put()
    assert pin(visitor, "abc/def").json() == preferences(visitor, ["abc/def"])
    put()
    assert visitor.delete(PINS).json() == preferences(visitor, [])


def test_a_pin_that_is_none_does_not_count(api, rows):
    visitor = api.visitor()
    pin(visitor, "a/1")
    stored = "UPDATE users.user_preferences SET pinned_projects = '{\"project_slugs\": [null, \"a/1\"]}' WHERE user_id = %s"
    rows.run(stored, visitor.id)
    assert visitor.get(PATH).json() == preferences(visitor, ["a/1"])
    assert pin(visitor, "a/2").json() == preferences(visitor, ["a/1", "a/2"])
    rows.run(stored, visitor.id)
    assert visitor.delete(f"{PINS}?project_slug=a/1").json() == preferences(visitor, [])


# Spec: user-preferences.md 6 (compatibility quirk: one failed with 500, or was lost)
def test_simultaneous_pins_all_count(api):
    visitor = api.visitor()
    slugs = [f"group/project-{number}" for number in range(8)]
    statuses = at_once(lambda slug: pin(visitor, slug).status_code, slugs)
    assert statuses == [200] * 8
    assert sorted(visitor.get(PATH).json()["pinned_projects"]["project_slugs"]) == slugs


# Spec: user-preferences.md 6
def test_simultaneous_pins_never_exceed_the_limit(api):
    visitor = api.visitor()
    with ThreadPoolExecutor(8) as pool:
        statuses = list(
            pool.map(lambda number: pin(visitor, f"group/project-{number}").status_code, range(20))
        )
    assert sorted(statuses) == [200] * 10 + [422] * 10


# Spec: user-preferences.md 2: the row survives the user
def test_preferences_survive_the_user(admin, user):
    pin(user, "abc/def")
    assert admin.delete(f"/users/{user.id}").status_code == 204
    assert user.get(PATH).json() == preferences(user, ["abc/def"])


# Spec: user-preferences.md 4.3
def test_ids_of_three_characters_are_enough(api, rows):
    user_id = uuid.uuid4().hex[:3]
    visitor = api.visitor(user_id=user_id)
    assert pin(visitor, "abc/def").json()["user_id"] == user_id
    rows.run("DELETE FROM users.user_preferences WHERE user_id = %s", user_id)


# Spec: user-preferences.md 4.3; after the body and the query, as all of these operations check late
@pytest.mark.parametrize(
    "method, path",
    [("GET", PATH), ("POST", PINS), ("DELETE", PINS), ("POST", BANNER), ("DELETE", BANNER)],
)
def test_ids_of_two_characters_are_422(api, rows, method, path):
    visitor = api.visitor(user_id="a1")
    check_error(
        visitor.request(method, path, json={"project_slug": "abc"}),
        422,
        'The user id "a1" is too short.',
    )
    assert rows.one("SELECT count(*) FROM users.user_preferences WHERE user_id = 'a1'") == 0
