# SPDX-License-Identifier: Apache-2.0
"""Who is calling, as seen over HTTP: the header, anonymous callers, development mode. Spec: authentication.md 2, 4, 8"""

import json
import uuid

import pytest

from support.api import LOGIN, ULID, check_error, is_anonymous, unique
from support.raw import exchange


# --- 2 the header --------------------------------------------------------------------------------

PREFIXES = {
    "Bearer ": 200,
    "bearer ": 200,
    "": 200,
    "BEARER ": 401,
    "Bearer  ": 401,
    "Basic ": 401,
    "Bearer": 401,
    "Token ": 401,
}


# Spec: authentication.md 2
@pytest.mark.parametrize(
    "prefix, status", PREFIXES.items(), ids=[repr(prefix) for prefix in PREFIXES]
)
def test_the_prefix_has_exactly_two_spellings(api, user, prefix, status):
    answer = exchange(api.url, "GET", "/api/data/user", [("Authorization", prefix + user.token)])
    assert answer.status == status


# Spec: authentication.md 2
def test_the_header_name_may_be_in_any_case(api, user):
    for name in ("authorization", "AUTHORIZATION", "aUTHORIZATION"):
        assert (
            exchange(api.url, "GET", "/api/data/user", [(name, f"Bearer {user.token}")]).status
            == 200
        )


# Spec: authentication.md 2: the first one counts; FIELD: or the request is refused
def test_a_second_authorization_header_never_wins(api, user):
    headers = [("Authorization", "Bearer nonsense"), ("Authorization", f"Bearer {user.token}")]
    assert exchange(api.url, "GET", "/api/data/user", headers).status in (400, 401)


# Spec: authentication.md 2
def test_no_cookie_is_ever_set(user, anonymous):
    for response in (user.get("/user"), anonymous.get("/user"), anonymous.get("/projects")):
        assert "set-cookie" not in response.headers


NONSENSE = [
    "x",
    "a.b.c",
    "...",
    "a.b",
    "null",
    "{}",
    "Bearer",
    "e30.e30.e30",
    "\u00ff",
    "x" * 6000,
    "a.b.c.d.e",
]


# Spec: authentication.md 2
@pytest.mark.parametrize("token", NONSENSE, ids=ascii)
def test_an_unusable_credential_is_nobody(api, token):
    answer = exchange(api.url, "GET", "/api/data/user", [("Authorization", f"Bearer {token}")])
    assert answer.status == 401
    assert answer.json()["error"]["message"] == LOGIN


# Spec: authentication.md 2: the operation's own check answers
def test_bad_credentials_get_the_view_of_the_anonymous(api, user):
    project = user.create_project(visibility="public")
    assert api.with_token("nonsense").get(f"/projects/{project['id']}").status_code == 200


# --- 2.1 anonymous identities --------------------------------------------------------------------


# Spec: authentication.md 2.1; users.md 3.3; authorization.md 2: an anonymous id is nobody's id
@pytest.mark.parametrize(
    "headers",
    [
        {"renku-auth-anon-id": "{id}"},
        {"cookie": "Renku-Auth-Anon-Id={id}"},
        {"cookie": "__Host-Renku-Auth-Anon-Id={id}"},
        {"cookie": '__Secure-Renku-Auth-Anon-Id="{id}"; a=b'},
    ],
    ids=["header", "cookie", "host-cookie", "secure-cookie"],
)
def test_an_anonymous_id_grants_nothing(api, user, headers):
    project = user.create_project()
    impostor = api.anonymous(**{name: value.format(id=user.id) for name, value in headers.items()})
    is_anonymous(impostor.get("/user"))
    check_error(impostor.get(f"/projects/{project['id']}"), 404)
    check_error(impostor.get(f"/projects/{project['id']}/permissions"), 404)
    check_error(impostor.delete(f"/projects/{project['id']}/members/{user.id}"), 404)
    assert impostor.get("/projects", params={"direct_member": "true"}).json() == []
    assert impostor.get("/projects", params={"namespace": user.slug}).json() == []
    assert "email" not in impostor.get(f"/users/{user.id}").json()


# Spec: authentication.md 2.1; authorization.md 2
@pytest.mark.parametrize(
    "value", ["", "*", "a b", "ä", "'; DROP TABLE users.users; --", "%00", "x" * 3000], ids=ascii
)
def test_any_anonymous_id_is_only_a_name(api, value):
    for headers in ([("Renku-Auth-Anon-Id", value)], [("Cookie", f"Renku-Auth-Anon-Id={value}")]):
        assert exchange(api.url, "GET", "/api/data/projects", headers).status == 200


# --- 4 GitLab ------------------------------------------------------------------------------------


# Spec: authentication.md 1, 4: the GitLab header does not count where Keycloak decides
def test_a_gitlab_token_alone_is_nobody_here(api):
    is_anonymous(api.anonymous(**{"gitlab-access-token": "x"}).get("/user"))


# --- 8 development mode --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def development_server(start_server):
    server = start_server(
        {
            name: None
            for name in (
                "KEYCLOAK_URL",
                "KEYCLOAK_CLIENT_ID",
                "KEYCLOAK_CLIENT_SECRET",
                "KEYCLOAK_TOKEN_SIGNATURE_ALGS",
                "INTERNAL_AUTHN_SECRET_KEY_PATH",
            )
        }
        | {"DUMMY_STORES": "true"},
        workers=1,
    )
    yield server
    server.stop()


@pytest.fixture
def development(development_server, make_api):
    return make_api(development_server)


# Spec: authentication.md 8
@pytest.mark.parametrize("prefix", ["", "Bearer ", "bearer "])
def test_in_development_mode_the_header_is_the_user(development, prefix):
    person = {
        "id": str(uuid.uuid4()),
        "email": f"{unique('dev')}@example.org",
        "first_name": "Dev",
        "last_name": "Eloper",
        "full_name": "Dev Eloper",
        "is_admin": True,
    }
    caller = development.anonymous(authorization=prefix + json.dumps(person))
    user = caller.get("/user")
    assert user.status_code == 200, user.text
    expected = {
        name: person[name] for name in ("id", "email", "first_name", "last_name", "is_admin")
    }
    assert {name: user.json()[name] for name in expected} == expected


# Spec: authentication.md 8
@pytest.mark.parametrize(
    "value",
    ["", "nonsense", "{}", "[]", '{"email":"a@b.c"}', '{"id":null}', '{"id":1}', '"x"', "{"],
    ids=repr,
)
def test_in_development_mode_nonsense_is_nobody(development, value):
    is_anonymous(development.anonymous(authorization=value).get("/user"))


# Spec: authentication.md 8
def test_in_development_mode_the_defaults_are_harmless(development):
    person = {"id": str(uuid.uuid4()), "first_name": "A", "last_name": unique("B")}
    caller = development.anonymous(authorization=json.dumps(person))
    assert caller.get("/user").json()["is_admin"] is False
    check_error(caller.get("/users"), 403)
    assert ULID.match(caller.create_group()["id"])
