# SPDX-License-Identifier: Apache-2.0
"""Callers whom GitLab knows. Spec: authentication.md 4"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from support.driver import GITLAB, is_nobody, is_user


class GitLab:
    """The one endpoint of GitLab that matters here."""

    def __init__(self):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_args):
                pass

            def do_GET(self):
                outer.seen.append((self.path, self.headers["authorization"]))
                status, headers, body = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.seen: list = []
        self.answers: list = [(200, {}, {"id": 7, "name": "Jane Mary  Doe", "email": "jane@example.org", "state": "active"})]
        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.httpd.server_address[1]}"
        threading.Thread(target=self.httpd.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.httpd.shutdown()
        self.httpd.server_close()


@pytest.fixture
def gitlab():
    with GitLab() as gitlab:
        yield gitlab


@pytest.fixture
def gitlab_driver(start_driver, gitlab):
    return start_driver(ENABLE_INTERNAL_GITLAB="true", GITLAB_URL=gitlab.url + "/")


# Spec: authentication.md 4
def test_gitlab_tells_who_is_calling(gitlab_driver, gitlab):
    answer = gitlab_driver.authenticate(kind=GITLAB, gitlab_token="abc", gitlab_expires="1700000000.25", refresh_token="r")
    is_user(answer, "7")
    expected = {
        "full_name": "Jane Mary  Doe", "first_name": "Jane", "last_name": "Mary Doe", "email": "jane@example.org",
        "is_admin": False, "roles": [], "access_token": "abc", "expires_micros": 1700000000250000,
    }
    assert {name: answer[name] for name in expected} == expected
    assert gitlab.seen == [("/api/v4/user", "Bearer abc")]


NAMES = {"Jane": ("Jane", None), "": (None, None), "  A  B\tC ": ("A", "B C"), None: (None, None)}


# Spec: authentication.md 4
@pytest.mark.parametrize("name, expected", NAMES.items(), ids=repr)
def test_names_are_taken_apart(gitlab_driver, gitlab, name, expected):
    gitlab.answers = [(200, {}, {"id": 7, "name": name, "state": "active"})]
    answer = gitlab_driver.authenticate(kind=GITLAB, gitlab_token="abc")
    assert (answer["first_name"], answer["last_name"]) == expected


# Spec: authentication.md 4
@pytest.mark.parametrize("text", ["", "soon", "-5", "1e9", "1700000000x", "999999999999999999", "1.2.3", None], ids=repr)
def test_an_odd_expiry_is_none(gitlab_driver, text):
    answer = gitlab_driver.authenticate(kind=GITLAB, gitlab_token="abc", gitlab_expires=text)
    is_user(answer, "7")
    assert "expires_micros" not in answer


# Spec: authentication.md 4, 7
def test_unknown_to_gitlab_is_nobody(gitlab_driver, gitlab, start_driver):
    gitlab.answers = [(401, {}, {"message": "401 Unauthorized"})]
    is_nobody(gitlab_driver.authenticate(kind=GITLAB, gitlab_token="abc"))
    assert len(gitlab.seen) == 1
    is_nobody(gitlab_driver.authenticate(kind=GITLAB))
    is_nobody(gitlab_driver.authenticate(kind=GITLAB, gitlab_token=""))
    disabled = start_driver(ENABLE_INTERNAL_GITLAB="false", GITLAB_URL=gitlab.url)
    is_nobody(disabled.authenticate(kind=GITLAB, gitlab_token="abc"))
    assert len(gitlab.seen) == 1


FAILURES = {
    "down": ((502, {}, b"<html>"), 500, 1500), "forbidden": ((403, {}, {}), 500, 1500), "redirect": ((302, {"location": "/x"}, b""), 500, 1500),
    "no-json": ((200, {}, b"<html>"), 500, 1500), "list": ((200, {}, []), 500, 1500),
    "blocked": ((200, {}, {"id": 7, "state": "blocked", "name": "x"}), 403, 1403), "no-state": ((200, {}, {"id": 7}), 403, 1403),
    "no-id": ((200, {}, {"state": "active"}), 401, 1401), "id-null": ((200, {}, {"id": None, "state": "active"}), 401, 1401),
    "huge": ((200, {}, b'{"id":' + b" " * 2_000_000 + b"1}"), 500, 1500),
}


# Spec: authentication.md 4, 7
@pytest.mark.parametrize("given, status, code", FAILURES.values(), ids=FAILURES.keys())
def test_gitlab_may_refuse(gitlab_driver, gitlab, given, status, code):
    gitlab.answers = [given]
    answer = gitlab_driver.authenticate(kind=GITLAB, gitlab_token="s3cret")
    assert (answer["status"], answer["code"]) == (status, code), answer
    assert "s3cret" not in answer["message"]
    if code == 1403:
        assert answer["message"] == "User isn't active in Gitlab"
    if status == 500 and given[0] != 200:
        assert answer["message"].startswith(f"Error on remote connection GET {gitlab.url}/api/v4/user: ")


# Spec: authentication.md 4
def test_a_dead_gitlab_is_an_error(start_driver):
    driver = start_driver(ENABLE_INTERNAL_GITLAB="true", GITLAB_URL="http://user:pass@127.0.0.1:1")
    answer = driver.authenticate(kind=GITLAB, gitlab_token="abc")
    assert answer["code"] == 1500
    assert answer["message"].startswith("Error on remote connection GET http://127.0.0.1:1/api/v4/user: ")


# Spec: authentication.md 4: 429 is repeated as Retry-After says, ten times
def test_gitlab_may_ask_to_wait(gitlab_driver, gitlab):
    user = gitlab.answers[0]
    gitlab.answers = [(429, {"Retry-After": "0"}, b"")] * 10 + [user]
    is_user(gitlab_driver.authenticate(kind=GITLAB, gitlab_token="abc"), "7")
    assert len(gitlab.seen) == 11
    gitlab.answers = [(429, {"Retry-After": "1"}, b""), user]
    answer = gitlab_driver.authenticate(kind=GITLAB, gitlab_token="abc")
    is_user(answer, "7")
    assert answer["took_us"] > 990_000
    gitlab.seen.clear()
    gitlab.answers = [(429, {"Retry-After": "0"}, b"")]
    assert gitlab_driver.authenticate(kind=GITLAB, gitlab_token="abc")["code"] == 1500
    assert len(gitlab.seen) == 11
    gitlab.answers = [(429, {"Retry-After": "3600"}, b"")]
    answer = gitlab_driver.authenticate(kind=GITLAB, gitlab_token="abc", deadline_ms=20_000)
    assert answer["code"] == 1500 and answer["took_us"] < 10_000_000
    gitlab.answers = [(429, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, b""), user]
    is_user(gitlab_driver.authenticate(kind=GITLAB, gitlab_token="abc"), "7")
