# SPDX-License-Identifier: Apache-2.0
"""Requests that mean something else than they seem to, to the whole server."""

import gzip
import json
import zlib

import pytest

from support.api import check_error, unique
from support.raw import Connection, exchange

PATH = "/api/data"


@pytest.fixture
def bearer(user):
    return ("Authorization", f"Bearer {user.token}")


@pytest.fixture
def secret_project(other):
    """Somebody else's."""
    return other.create_project(name=unique("Hidden"))


def is_clear(answer, *statuses: int) -> None:
    """An error of ours with one of the statuses."""
    assert answer.status in statuses, (answer.status, answer.body)
    assert answer.json()["error"]["code"] == 1000 + answer.status
    assert answer.header("x-request-id")


# --- limits -------------------------------------------------------------------------------------------------------


def test_too_many_fields_are_refused(api):
    fields = [(f"X-{number}", "x") for number in range(101)]
    is_clear(exchange(api.url, "GET", f"{PATH}/projects", fields), 431)


def test_too_many_parameters_are_refused(api):
    pairs = "&".join(f"a{number}=x" for number in range(10_001))
    head = exchange(api.url, "GET", f"{PATH}/projects?{pairs}")
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    is_clear(head, 413)
    is_clear(exchange(api.url, "POST", f"{PATH}/internal/authentication/token", form, pairs.encode()), 413)


DEEP = {
    "arrays": b"[" * 100_000,
    "objects": b'{"a":' * 100_000,
    "whole": b"[" * 50_000 + b"]" * 50_000,
    "numbers": b"[" + b"1," * 500_000 + b"1]",
    "digits": b'{"name":' + b"9" * 1_000_000 + b"}",
    "exponent": b'{"name":1e999999999}',
    "text": b'{"name":"' + b"x" * 5_000_000 + b'"}',
    "names": b"{" + b",".join(b'"%d":0' % number for number in range(100_000)) + b"}",
    "same name": b"{" + b'"name":"x",' * 100_000 + b'"name":"x"}',
    "escapes": b'{"name":"' + rb"\u0000" * 100_000 + b'"}',
    "halves": rb'{"name":"\ud800"}',
    "bytes": b'{"name":"\xff\xfe"}',
}


@pytest.mark.parametrize("name", DEEP)
def test_a_body_that_would_exhaust_a_reader_is_refused(api, bearer, name):
    is_clear(exchange(api.url, "POST", f"{PATH}/projects", [bearer], DEEP[name]), 400, 413, 422)


# --- bodies in disguise -------------------------------------------------------------------------------------------

BOMB = gzip.compress(b"x" * 10_000_000)
CODINGS = {
    "gzip": ("gzip", BOMB),
    "x-gzip": ("x-gzip", gzip.compress(b"{}")),
    "deflate": ("deflate", zlib.compress(b"{}")),
    "br": ("br", b"{}"),
    "two": ("identity, gzip", b"{}"),
    "capitals": ("GZIP", b'{"name":"x"}'),
}


@pytest.mark.parametrize("name", CODINGS)
def test_a_coded_body_is_refused_by_name(api, bearer, name):
    coding, body = CODINGS[name]
    answer = exchange(api.url, "POST", f"{PATH}/projects", [bearer, ("Content-Encoding", coding)], body)
    is_clear(answer, 400)
    assert answer.json()["error"]["message"] == f"The content coding '{coding}' is not supported."


@pytest.mark.parametrize("coding", ["identity", ""])
def test_a_body_that_says_it_is_not_coded_is_taken(api, user, bearer, coding):
    body = json.dumps({"name": unique("Plain"), "namespace": user.slug}).encode()
    assert exchange(api.url, "POST", f"{PATH}/projects", [bearer, ("Content-Encoding", coding)], body).status == 201


# --- the method ---------------------------------------------------------------------------------------------------

OVERRIDES = ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"]


@pytest.mark.parametrize("name", OVERRIDES)
def test_no_header_replaces_the_method(api, user, bearer, name):
    project = user.create_project()
    path = f"{PATH}/projects/{project['id']}"
    assert exchange(api.url, "GET", path, [bearer, (name, "DELETE")]).status == 200
    assert exchange(api.url, "GET", f"{path}?_method=DELETE", [bearer]).status in (200, 422)
    is_clear(exchange(api.url, "POST", path, [bearer, (name, "DELETE")], b"{}"), 405)
    assert exchange(api.url, "GET", path, [bearer]).status == 200


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "get", "PROPFIND", "X" * 1000, "GET\u00e9"])
def test_a_method_that_is_not_offered_is_refused(api, bearer, method):
    is_clear(exchange(api.url, method, f"{PATH}/projects", [bearer]), 405, 400)


# --- the target ---------------------------------------------------------------------------------------------------

ELSEWHERE = [
    "/api/data/../data/user", "/api/data/./user", "/api/data//user", "//api/data/user", "/api/data/user;x=y",
    "/api/data/%75ser", "/api/d%61ta/user", "/api/data%2fuser", "/api/data/..%2fdata/user", "/api/data/%2e%2e/data/user",
    "/api/data/..;/user", "/api/data/user%00", "/api/data/user%20", "/api/data/user%0d%0aX:%20y", "/api/data\\user", "/API/DATA/user",
    "/api/data/users/../user", "/etc/passwd", "/api/data/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/api/datauser",
    "/api/data/%c0%af..%c0%afuser", "/api/data/%u002e%u002e/user", "/api/data/%", "/api/data/%zz",
]  # fmt: skip


@pytest.mark.parametrize("target", ELSEWHERE)
def test_a_path_has_one_spelling(api, bearer, target):
    is_clear(exchange(api.url, "GET", target, [bearer]), 404)


IDS = [
    "{id}%00", "{id}%20", "{id}%0a", "{id}/", "./{id}", "%2e/{id}", "{id};a", "{id}%2f", "x/../{id}", "{id}%3fa=b", "{lower}",
    "%00{id}", "{id}'", "{id}'--", "{id}%27%20OR%201=1", "*", "%25", "_" * 26, "%",
]  # fmt: skip


@pytest.mark.parametrize("form", IDS)
def test_no_spelling_of_an_id_leads_past_the_permission(api, bearer, secret_project, form):
    id = form.format(id=secret_project["id"], lower=secret_project["id"].lower())
    for method in ("GET", "DELETE"):
        is_clear(exchange(api.url, method, f"{PATH}/projects/{id}", [bearer]), 404, 405, 422)


def test_an_absolute_target_is_what_its_path_is(api, bearer, secret_project):
    for host in ("127.0.0.1", "example.org", "localhost:1"):
        assert exchange(api.url, "GET", f"http://{host}{PATH}/user", [bearer]).status == 200
        is_clear(exchange(api.url, "GET", f"http://{host}{PATH}/projects/{secret_project['id']}", [bearer]), 404)


HOSTS = ["example.org", "127.0.0.1:99999", "[::1]", "localhost", "a.b.c.d", ""]


@pytest.mark.parametrize("host", HOSTS)
def test_the_host_decides_nothing_and_is_told_nobody(api, bearer, host):
    """Neither a link nor a redirect nor a cookie is made from it."""
    headers = [("Host", host), ("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=evil.example"), bearer]
    for path in ("/user", "/projects", "/nothing", "/spec.json"):
        answer = exchange(api.url, "GET", PATH + path, headers)
        assert answer.status in (200, 404)
        assert b"evil.example" not in answer.body
        assert not any("evil.example" in value for _, value in answer.headers)
        assert answer.header("location") is None and answer.header("set-cookie") is None


FORWARDED = ["X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Path", "X-Forwarded-Prefix", "X-Override-URL"]


@pytest.mark.parametrize("name", FORWARDED)
def test_no_header_replaces_the_target(api, bearer, secret_project, name):
    answer = exchange(api.url, "GET", f"{PATH}/version", [bearer, (name, f"{PATH}/projects/{secret_project['id']}")])
    assert answer.status == 200 and b"version" in answer.body


TRUST = ["X-Forwarded-User", "X-Auth-Request-User", "Remote-User", "X-Remote-User", "X-User-Id", "Renku-User-Id", "Renku-User"]


@pytest.mark.parametrize("name", TRUST)
def test_no_header_names_the_caller(api, user, name):
    is_clear(exchange(api.url, "GET", f"{PATH}/user", [(name, user.id)]), 401)


# --- what comes back ----------------------------------------------------------------------------------------------

SPLITS = ["a%0d%0aSet-Cookie:%20x=y", "a%0aSet-Cookie:%20x=y", "%E5%98%8A%E5%98%8DSet-Cookie:%20x=y", "a\u0085Set-Cookie: x=y"]


@pytest.mark.parametrize("value", SPLITS)
def test_nothing_of_a_request_becomes_a_header_of_the_answer(api, bearer, value):
    headers = [bearer, ("X-Request-ID", value), ("Origin", value), ("If-None-Match", value), ("Accept", value)]
    target = value.encode("ascii", "ignore").decode().replace(" ", "%20")
    for path in (f"/projects?page={target}", f"/groups/{target}", f"/users?exact_email={target}", f"/{target}"):
        with Connection(api.url) as connection:
            connection.request("GET", PATH + path, headers)
            answer = connection.answer()
            assert answer.header("set-cookie") is None
            connection.request("GET", f"{PATH}/version")
            assert connection.answer().status == 200  # and no answer more


NULS = ["name", "description", "documentation"]


@pytest.mark.parametrize("member", NULS)
def test_a_nul_in_a_text_is_refused(user, member):
    response = user.post("/projects", json={"name": unique("Nul"), "namespace": user.slug, member: "a\0b"})
    check_error(response, response.status_code)
    assert response.status_code in (400, 422)


def test_an_answer_is_nothing_that_a_browser_runs(api, user):
    project = user.create_project(name="<script>alert(1)</script>", description="<img src=x onerror=alert(1)>", slug=unique("markup"))
    answer = exchange(api.url, "GET", f"{PATH}/projects/{project['id']}", [("Authorization", f"Bearer {user.token}"), ("Accept", "text/html")])
    assert answer.header("content-type") == "application/json"
    assert exchange(api.url, "GET", f"{PATH}/<script>", []).header("content-type") == "application/json"
