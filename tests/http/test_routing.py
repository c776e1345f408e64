# SPDX-License-Identifier: Apache-2.0
"""Which request reaches which operation, and what the transport refuses. Spec: foundations.md 2"""

import pytest

from support.api import NO_ULID, PREFIX, check_error, dumps, unique
from support.raw import Connection, exchange
from support.server import poll

READY = f"{PREFIX}/version"


def not_found(answer, path: str) -> None:
    assert answer.status == 404, (path, answer)
    assert answer.json() == {"error": {"code": 1404, "message": f"Requested URL {path} not found"}}


# --- 2.1 path matching ---------------------------------------------------------------------------

UNMATCHED = {
    "unknown": "/api/data/nothing",
    "outside-the-prefix": "/version",
    "root": "/",
    "prefix-alone": "/api/data",
    "upper-case": "/api/data/VERSION",
    "upper-case-prefix": "/API/data/version",
    "doubled-slash-inside": "/api/data//version",
    "doubled-slash-in-front": "//api/data/version",
    "doubled-slash-before-parameter": "/api/data/users//x",
    "percent-escaped-literal": "/api/data/%75ser",
    "percent-escaped-slash": "/api/data%2Fversion",
    "one-segment-too-many": "/api/data/version/more",
    "dot-segments": "/api/data/user/../version",
    "lower-case-ulid": f"/api/data/projects/{NO_ULID.lower()}",
    "ulid-with-i": "/api/data/projects/01J2F86WS7S8N6159WA3X404I0",
    "ulid-with-l": "/api/data/projects/01J2F86WS7S8N6159WA3X404L0",
    "ulid-with-o": "/api/data/projects/01J2F86WS7S8N6159WA3X404O0",
    "ulid-with-u": "/api/data/projects/01J2F86WS7S8N6159WA3X404U0",
    "ulid-too-big": "/api/data/projects/81J2F86WS7S8N6159WA3X4042H",
    "ulid-of-25": f"/api/data/projects/{NO_ULID[:-1]}",
    "ulid-of-27": f"/api/data/projects/{NO_ULID}0",
    "slug-with-two-separators": "/api/data/groups/a--b",
    "slug-with-mixed-separators": "/api/data/groups/a.-b",
    "slug-with-leading-separator": "/api/data/groups/-a",
    "slug-ending-in-git": "/api/data/groups/a.git",
    "slug-ending-in-atom": "/api/data/groups/a.atom",
    "slug-with-escape": "/api/data/groups/a%20b",
    "slug-with-tilde": "/api/data/groups/a~b",
    "int-with-letters": "/api/data/renku_v1_projects/1a/migrations",
    "int-with-fraction": "/api/data/renku_v1_projects/1.0/migrations",
    "int-with-two-underscores": "/api/data/renku_v1_projects/1__0/migrations",
    "int-with-trailing-underscore": "/api/data/renku_v1_projects/1_/migrations",
    "int-with-leading-underscore": "/api/data/renku_v1_projects/_1/migrations",
    "int-sign-alone": "/api/data/renku_v1_projects/-/migrations",
}


# Spec: foundations.md 2.1, 2.2
@pytest.mark.parametrize("path", UNMATCHED.values(), ids=UNMATCHED.keys())
def test_a_path_that_does_not_match_is_404(api, path):
    not_found(exchange(api.url, "GET", path), path)


# Spec: foundations.md 2.1
@pytest.mark.parametrize("path", UNMATCHED.values(), ids=UNMATCHED.keys())
def test_an_unmatched_path_is_404_for_every_method(api, path):
    for method in ("POST", "OPTIONS", "BREW"):
        not_found(exchange(api.url, method, path, body=b"{}"), path)


MATCHED = {
    "plain": ("/api/data/version", 200),
    "trailing-slash": ("/api/data/version/", 200),
    "trailing-slashes": ("/api/data/version///", 200),
    "query": ("/api/data/version?a=b", 200),
    "empty-query": ("/api/data/version?", 200),
    "ulid": (f"/api/data/projects/{NO_ULID}", 404),
    "ulid-with-trailing-slash": (f"/api/data/projects/{NO_ULID}/", 404),
    "int-with-plus": ("/api/data/renku_v1_projects/+1999999999/migrations", 404),
    "int-with-minus": ("/api/data/renku_v1_projects/-5/migrations", 404),
    "int-with-underscore": ("/api/data/renku_v1_projects/1_999_999_999/migrations", 404),
    "int-with-zeros": ("/api/data/renku_v1_projects/0001999999999/migrations", 404),
    "slug-with-upper-case": ("/api/data/groups/Nobody-Has-This", 404),
    "slug-with-trailing-separator": ("/api/data/groups/nobody-", 404),
    "slug-ending-in-upper-case-git": ("/api/data/groups/nobody.GIT", 404),
    "escaped-free-string": ("/api/data/users/a%20b%2Fc", 404),
}


# Spec: foundations.md 2.1
@pytest.mark.parametrize("path, status", MATCHED.values(), ids=MATCHED.keys())
def test_a_path_that_matches_reaches_the_operation(api, path, status):
    answer = exchange(api.url, "GET", path)
    assert answer.status == status
    if status == 404:
        assert not answer.json()["error"]["message"].startswith("Requested URL")


# Spec: foundations.md 2.1
def test_the_query_is_not_part_of_the_path_in_the_message(api):
    not_found(exchange(api.url, "GET", "/api/data/nothing?x=1"), "/api/data/nothing")


# Spec: foundations.md 2.1
@pytest.mark.parametrize(
    "target", [b"/api/data/version?\xc3\xa9", b"/api/data/\xff"], ids=["query", "path"]
)
def test_a_target_beyond_ascii_is_400_and_closes(api, target):
    with Connection(api.url) as connection:
        connection.request("GET", target)
        answer = connection.answer()
        assert answer.status == 400
        assert answer.json()["error"]["code"] == 1400
        assert answer.json()["error"]["message"] == "URL may only contain US-ASCII characters."
        assert connection.is_closed()


# --- 2.2 methods ---------------------------------------------------------------------------------

NOT_OFFERED = [
    ("POST", "/version"),
    ("PUT", "/user"),
    ("DELETE", "/user"),
    ("PATCH", "/users/x"),
    ("PUT", "/groups"),
    ("DELETE", "/groups"),
    ("POST", "/groups/some-group"),
    ("PUT", f"/projects/{NO_ULID}"),
    ("POST", f"/projects/{NO_ULID}"),
    ("POST", "/namespaces"),
    ("DELETE", "/namespaces/some-group"),
    ("GET", "/user/preferences/pinned_projects"),
    ("GET", f"/projects/{NO_ULID}/members/some-user"),
    ("TRACE", "/version"),
    ("BREW", "/version"),
    ("PROPFIND", "/projects"),
]


# Spec: foundations.md 2.2
@pytest.mark.parametrize(
    "method, path", NOT_OFFERED, ids=lambda value: value.strip("/").replace("/", "-")
)
def test_a_method_that_is_not_offered_is_405_without_allow(api, method, path):
    answer = exchange(api.url, method, PREFIX + path, body=b"{}")
    assert answer.status == 405
    message = f"Method {method} not allowed for URL {PREFIX}{path}"
    assert answer.json() == {"error": {"code": 1405, "message": message}}
    assert answer.header("allow") is None


HEADS = ["/version", "/error", "/spec.json", "/user", "/groups", "/projects", "/projects?page=0"]


# Spec: foundations.md 2.2
@pytest.mark.parametrize("path", HEADS)
def test_head_runs_the_whole_get_and_sends_no_body(api, path):
    get = exchange(api.url, "GET", PREFIX + path)
    head = exchange(api.url, "HEAD", PREFIX + path)
    assert head.status == get.status
    assert head.header("content-type") == get.header("content-type")
    assert head.header("content-length") == "0"
    assert head.header("total") == get.header("total")
    assert head.body == b""


# Spec: foundations.md 2.2
def test_head_has_the_side_effects_of_get(api, rows):
    visitor = api.visitor()
    assert visitor.request("HEAD", "/user").status_code == 200
    assert rows.one("SELECT count(*) FROM users.users WHERE keycloak_id = %s", visitor.id) == 1


# Spec: foundations.md 2.2
def test_a_connection_goes_on_after_head(api):
    with Connection(api.url) as connection:
        connection.request("HEAD", READY)
        assert connection.answer("HEAD").status == 200
        connection.request("GET", READY)
        assert connection.answer().json() == {"version": "1.2.3-test"}


OPTIONS = {
    "/version": {"GET", "HEAD"},
    "/user": {"GET", "HEAD"},
    "/users": {"GET", "HEAD"},
    "/users/somebody": {"GET", "HEAD", "DELETE"},
    "/user/secret_key": {"GET", "HEAD"},
    "/user/preferences": {"GET", "HEAD"},
    "/user/preferences/pinned_projects": {"POST", "DELETE"},
    "/user/preferences/dismiss_project_migration_banner": {"POST", "DELETE"},
    "/groups": {"GET", "HEAD", "POST"},
    "/groups/some-group": {"GET", "HEAD", "PATCH", "DELETE"},
    "/groups/some-group/members": {"GET", "HEAD", "PATCH"},
    "/groups/some-group/members/somebody": {"DELETE"},
    "/groups/some-group/permissions": {"GET", "HEAD"},
    "/namespaces": {"GET", "HEAD"},
    "/namespaces/some-group": {"GET", "HEAD"},
    "/namespaces/some-group/some-project": {"GET", "HEAD"},
    "/namespaces/some-group/projects/some-project": {"GET", "HEAD"},
    "/projects": {"GET", "HEAD", "POST"},
    f"/projects/{NO_ULID}": {"GET", "HEAD", "PATCH", "DELETE"},
    f"/projects/{NO_ULID}/members": {"GET", "HEAD", "PATCH"},
    f"/projects/{NO_ULID}/members/somebody": {"DELETE"},
    f"/projects/{NO_ULID}/permissions": {"GET", "HEAD"},
    f"/projects/{NO_ULID}/copies": {"GET", "HEAD", "POST"},
    f"/projects/{NO_ULID}/migration_info": {"GET", "HEAD"},
    "/renku_v1_projects/migrations": {"GET", "HEAD"},
    "/renku_v1_projects/7/migrations": {"GET", "HEAD", "POST"},
    "/internal/authentication/token": {"POST"},
    "/spec.json": {"GET", "HEAD"},
}


# Spec: foundations.md 2.2
@pytest.mark.parametrize("path, methods", OPTIONS.items(), ids=OPTIONS.keys())
def test_options_lists_the_methods_of_a_path(anonymous, path, methods):
    response = anonymous.request("OPTIONS", path)
    assert response.status_code == 204
    assert response.content == b""
    allowed = response.headers["allow"].split(",")
    assert allowed[-1] == "OPTIONS"
    assert set(allowed[:-1]) == methods
    assert "content-type" not in response.headers


# Spec: foundations.md 2.2
def test_options_is_written_without_blanks(anonymous):
    assert (
        anonymous.request("OPTIONS", "/users/somebody").headers["allow"]
        == "GET,HEAD,DELETE,OPTIONS"
    )


# Spec: foundations.md 2.2; 1: /metrics is a path as well
@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/healthz", "/readyz"])
def test_options_lists_the_methods_of_the_pages_at_the_root(api, path):
    answer = exchange(api.url, "OPTIONS", path)
    assert answer.status == 204
    assert answer.header("allow") == "GET,HEAD,OPTIONS"
    assert answer.header("content-type") is None
    assert answer.header("x-request-id")


# Spec: foundations.md 2.2, 12
@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/healthz", "/readyz"])
def test_a_page_at_the_root_is_405_for_other_methods(api, path):
    answer = exchange(api.url, "POST", path, [("X-Request-ID", "0123")])
    assert answer.status == 405
    assert answer.header("allow") is None
    message = f"Method POST not allowed for URL {path}"
    assert answer.json() == {"error": {"code": 1405, "message": message}}
    assert answer.header("x-request-id") == "123"


# --- 2.3 CORS ------------------------------------------------------------------------------------

CORS_HEADERS = [
    "access-control-allow-origin",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-max-age",
    "access-control-allow-credentials",
    "access-control-expose-headers",
    "vary",
]


def cors(response) -> dict[str, str]:
    return {name: response.headers[name] for name in CORS_HEADERS if name in response.headers}


# Spec: foundations.md 2.3
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_without_the_setting_no_cors_header_is_sent(anonymous, method):
    headers = {"origin": "https://renku.example", "access-control-request-method": "POST"}
    assert cors(anonymous.request(method, "/projects", headers=headers)) == {}


@pytest.fixture(scope="module")
def open_server(start_server):
    server = start_server({"CORS_ALLOW_ALL_ORIGINS": "true"}, workers=1)
    yield server
    server.stop()


@pytest.fixture
def stranger(open_server, make_api):
    return make_api(open_server).anonymous()


# Spec: foundations.md 2.3
@pytest.mark.parametrize("path", ["/version", "/nothing", "/error", "/user"])
def test_cors_allows_every_origin_on_every_answer(stranger, path):
    assert cors(stranger.get(path)) == {"access-control-allow-origin": "*"}
    named = stranger.get(path, headers={"origin": "https://renku.example"})
    assert cors(named) == {"access-control-allow-origin": "https://renku.example", "vary": "origin"}


# Spec: foundations.md 2.3
def test_a_405_carries_cors_headers_too(stranger):
    assert cors(stranger.post("/version")) == {"access-control-allow-origin": "*"}


# Spec: foundations.md 2.3
def test_options_without_request_method_carries_no_cors_header(stranger):
    assert (
        cors(stranger.request("OPTIONS", "/projects", headers={"origin": "https://renku.example"}))
        == {}
    )


PREFLIGHTS = {
    "plain": ({}, {"access-control-allow-headers": "*"}),
    "with-authorization": ({"authorization": "Bearer x"}, {}),
    "with-cookie": ({"cookie": "a=b"}, {}),
}


# Spec: foundations.md 2.3
@pytest.mark.parametrize("headers, more", PREFLIGHTS.values(), ids=PREFLIGHTS.keys())
def test_a_preflight_lists_methods(stranger, headers, more):
    asked = {"origin": "https://renku.example", "access-control-request-method": "POST"}
    response = stranger.request("OPTIONS", "/projects", headers=asked | headers)
    assert response.status_code == 204
    found = cors(response)
    methods = found.pop("access-control-allow-methods")
    assert {word.strip() for word in methods.split(",")} >= {"GET", "HEAD", "POST"}
    assert (
        found
        == {
            "access-control-allow-origin": "https://renku.example",
            "vary": "origin",
            "access-control-max-age": "5",
        }
        | more
    )


# --- 2.5 transport limits ------------------------------------------------------------------------


def refused(
    connection: Connection, status: int, message: str | None = None, method: str = "GET"
) -> None:
    answer = connection.answer(method)
    assert answer is not None
    assert answer.status == status
    error = answer.json()["error"]
    assert error["code"] == 1000 + status
    if message is not None:
        assert error["message"] == message
    assert answer.header("x-request-id")
    assert connection.is_closed()


# Spec: foundations.md 2.5
@pytest.mark.parametrize("path", ["/groups", "/version"])
def test_a_body_announced_above_the_limit_is_413_before_it_is_sent(api, path):
    with Connection(api.url) as connection:
        connection.request("POST", PREFIX + path, [("Content-Length", "100000001")], b"")
        if path == "/groups":
            refused(connection, 413, "Request body exceeds the size limit", "POST")
        else:  # routing comes first: foundations.md 3
            assert connection.answer("POST").status in (405, 413)


# Spec: foundations.md 2.5
def test_a_chunked_body_above_the_limit_is_413(other_server):
    server = other_server({"SANIC_REQUEST_MAX_SIZE": "1000"}, workers=1)
    for headers in ([("Transfer-Encoding", "chunked")], []):
        body = dumps({"name": "x" * 2000})
        chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        with Connection(server.url) as connection:
            connection.request("POST", f"{PREFIX}/groups", headers, chunked if headers else body)
            refused(connection, 413, "Request body exceeds the size limit", "POST")


# Spec: foundations.md 2.5
def test_a_body_within_the_limit_is_read_whole(api):
    body = dumps({"name": "x" * 3_000_000, "slug": unique()})
    response = api.user().send("POST", "/groups", body)
    check_error(response, 422, contains="name: String should have at most 99 characters")


# Spec: foundations.md 2.5
def test_a_header_above_every_limit_is_refused(api):
    with Connection(api.url) as connection:
        try:
            connection.request("GET", READY, [("X-Long", "x" * 200_000)])
        except (BrokenPipeError, ConnectionResetError):
            return
        answer = connection.answer()
        assert answer is None or answer.status in (413, 431)
        assert answer is None or connection.is_closed()


# Spec: foundations.md 2.5
def test_a_header_of_eight_kilobytes_is_read(api):
    token = api.realm.token(
        "11111111-2222-3333-4444-555555555555", email="a@b.c", filler="x" * 4500
    )
    answer = exchange(api.url, "GET", READY, [("Authorization", f"Bearer {token}")])
    assert answer.status == 200


MALFORMED = {
    "content-length-of-letters": (
        b"POST /api/data/groups HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
        "Bad content-length",
    ),
    "negative-content-length": (
        b"POST /api/data/groups HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "Bad content-length",
    ),
    "content-length-of-nothing": (
        b"POST /api/data/groups HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n",
        "Bad content-length",
    ),
    "two-content-lengths": (
        b"POST /api/data/groups HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
        b"Content-Length: 2\r\n\r\nab",
        None,
    ),
    "header-without-colon": (
        b"GET /api/data/version HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n",
        "Bad Request",
    ),
    "nul-in-header": (b"GET /api/data/version HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n", None),
    "blank-before-colon": (b"GET /api/data/version HTTP/1.1\r\nHost: x\r\nX-A : a\r\n\r\n", None),
    "folded-header": (b"GET /api/data/version HTTP/1.1\r\nHost: x\r\nX-A: a\r\n b\r\n\r\n", None),
    "length-and-chunked": (
        b"POST /api/data/groups HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        None,
    ),
    "bad-chunk-size": (
        b"POST /api/data/groups HTTP/1.1\r\nHost: x\r\n"
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        None,
    ),
    "no-request-line": (b"nonsense\r\n\r\n", None),
}


# Spec: foundations.md 2.5
@pytest.mark.parametrize("request_bytes, message", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_request_is_400_with_our_body_and_closes(api, request_bytes, message):
    with Connection(api.url) as connection:
        connection.send(request_bytes)
        refused(connection, 400, message)


# Spec: foundations.md 2.5
def test_an_unknown_expectation_is_417(api):
    with Connection(api.url) as connection:
        connection.request("POST", f"{PREFIX}/groups", [("Expect", "miracles")], b"{}")
        refused(connection, 417, "Unknown Expect: miracles", "POST")


REFUSED = {
    "no-length": ([("Content-Length", "abc")], 400),
    "other-expectation": ([("Expect", "miracles")], 417),
    "large-body": ([("Content-Length", "100000001")], 413),
    "large-head": ([("X-Long", "x" * 70_000)], 413),
    "many-fields": ([(f"X-{i}", "x") for i in range(100)], 431),
}


# Spec: foundations.md 12, 4.2: the id is adopted, and the code is 1000 and the status
@pytest.mark.parametrize("headers, status", REFUSED.values(), ids=REFUSED.keys())
def test_a_refused_request_keeps_its_id(api, headers, status):
    with Connection(api.url) as connection:
        connection.request("POST", f"{PREFIX}/groups", [("X-Request-ID", "0123"), *headers], b"")
        answer = connection.answer("POST")
        assert answer.status == status
        assert answer.json()["error"]["code"] == 1000 + status
        assert answer.header("x-request-id") == "123"


# Spec: foundations.md 4.2
@pytest.mark.server_error
def test_another_version_of_http_is_505_with_its_own_code(api):
    with Connection(api.url) as connection:
        connection.send(b"GET /api/data/version HTTP/2.0\r\nHost: x\r\n\r\n")
        refused(connection, 505, "HTTP Version Not Supported")


# Spec: foundations.md 2.3: every answer, also of the transport
def test_a_refused_request_carries_cors_headers_too(open_server):
    with Connection(open_server.url) as connection:
        headers = [("Origin", "https://renku.example"), ("Expect", "miracles")]
        connection.request("POST", f"{PREFIX}/groups", headers, b"")
        answer = connection.answer("POST")
        assert answer.status == 417
        assert answer.header("access-control-allow-origin") == "https://renku.example"
        assert answer.header("vary") == "origin"


# Spec: foundations.md 2.5
def test_100_continue_is_answered(api):
    with Connection(api.url) as connection:
        head = [("Expect", "100-continue"), ("Content-Length", "2")]
        connection.request("POST", f"{PREFIX}/groups", head, b"")
        assert connection.answer().status == 100
        connection.send(b"{}")
        assert connection.answer("POST").status == 401


# Spec: foundations.md 2.5
def test_http_1_0_is_accepted(api):
    with Connection(api.url) as connection:
        connection.send(b"GET /api/data/version HTTP/1.0\r\n\r\n")
        answer = connection.answer()
        assert answer.status == 200
        assert answer.json() == {"version": "1.2.3-test"}


# Spec: foundations.md 2.5
def test_a_chunked_body_is_decoded(api):
    body = dumps({"name": "x"})
    with Connection(api.url) as connection:
        headers = [
            ("Transfer-Encoding", "chunked"),
            ("Authorization", f"Bearer {api.user().token}"),
        ]
        chunks = b"3\r\n%s\r\n%x;ext=1\r\n%s\r\n0\r\n\r\n" % (body[:3], len(body) - 3, body[3:])
        connection.request("POST", f"{PREFIX}/groups", headers, chunks)
        answer = connection.answer("POST")
        assert answer.status == 422
        assert "slug: Field required" in answer.json()["error"]["message"]


# Spec: foundations.md 2.5
def test_requests_in_one_packet_are_answered_in_order(api):
    with Connection(api.url) as connection:
        one = f"GET {PREFIX}/version HTTP/1.1\r\nHost: x\r\nX-Request-ID: %d\r\n\r\n"
        connection.send(b"".join((one % number).encode() for number in range(1, 6)))
        answers = [connection.answer() for _ in range(5)]
        assert [answer.header("x-request-id") for answer in answers] == ["1", "2", "3", "4", "5"]


# Spec: foundations.md 2.5
def test_a_body_that_was_not_asked_for_is_not_the_next_request(api):
    smuggled = f"DELETE {PREFIX}/groups/some HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    with Connection(api.url) as connection:
        connection.request("GET", READY, [("Content-Length", str(len(smuggled)))], smuggled)
        assert connection.answer().status == 200
        connection.request("GET", f"{PREFIX}/error")
        answer = connection.answer()
        assert answer is None or answer.status == 422


# Spec: foundations.md 2.5
def test_a_request_that_never_comes_in_full_is_408(other_server):
    server = other_server({"SANIC_REQUEST_TIMEOUT": "1"}, workers=1)
    with Connection(server.url) as connection:
        connection.send(b"GET /api/data/version HTTP/1.1\r\nHost:")
        refused(connection, 408, "Request Timeout")


# Spec: foundations.md 2.5
def test_an_idle_connection_is_closed(other_server):
    server = other_server({"SANIC_KEEP_ALIVE_TIMEOUT": "1"}, workers=1)
    with Connection(server.url) as connection:
        connection.request("GET", READY)
        assert connection.answer().status == 200
        assert connection.is_closed()


# Spec: foundations.md 2.5
def test_sigterm_lets_a_running_request_end(other_server):
    server = other_server(workers=1)
    with Connection(server.url) as connection:
        connection.request("POST", f"{PREFIX}/groups", [("Content-Length", "2")], b"{")
        server.process.terminate()
        connection.send(b"}")
        answer = connection.answer("POST")
        assert answer is None or answer.status == 401
    poll(lambda: not server.is_running())
    assert server.process.returncode == 0
