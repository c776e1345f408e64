# SPDX-License-Identifier: Apache-2.0
"""What the server grants in time and memory. Spec: foundations.md 2.5"""

import time
from contextlib import ExitStack

import pytest

from support.fake_server import GET, HOST, POST, SANITIZED, is_refused, metric, resident, started
from support.raw import Connection, exchange
from support.server import poll


# Time. Spec: foundations.md 2.5


@pytest.fixture(scope="module")
def hasty(folder):
    limits = {
        "SANIC_REQUEST_TIMEOUT": "1",
        "SANIC_RESPONSE_TIMEOUT": "1",
        "SANIC_KEEP_ALIVE_TIMEOUT": "1",
    }
    with started(folder, **limits) as server:
        yield server


@pytest.mark.parametrize("begin", [b"G", GET, POST + b"Content-Length: 5\r\n\r\nab"])
def test_a_request_that_does_not_end_times_out(hasty, begin):
    with Connection(hasty.url) as connection:
        connection.send(begin)
        is_refused(connection.answer(), 408, "Request Timeout")
        assert connection.is_closed()


# Spec: foundations.md 12
def test_what_times_out_keeps_its_request_id(hasty):
    for rest, status in ((b"X: ", 408), (b"Content-Length: 5\r\n\r\nab", 408), (b"\r\n", 503)):
        with Connection(hasty.url) as connection:
            head = b"POST /api/data/slow?ms=5000 HTTP/1.1\r\n" + HOST + b"X-Request-ID: mine\r\n"
            connection.send(head + rest)
            answer = connection.answer()
            assert (answer.status, answer.header("x-request-id")) == (status, "mine")


def test_one_byte_at_a_time_does_not_win_time(hasty):
    with Connection(hasty.url) as connection:
        connection.socket.settimeout(0.05)
        begun = time.monotonic()
        answer = None
        while answer is None and time.monotonic() < begun + 20:
            try:
                connection.send(b"G")
                answer = connection.socket.recv(1000)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_silent_connections_are_closed_without_a_word(hasty):
    with Connection(hasty.url) as fresh, Connection(hasty.url) as used:
        used.request("GET", "/api/data/echo")
        assert used.answer().status == 200
        assert fresh.is_closed() and used.is_closed()


@pytest.mark.server_error
def test_a_request_that_takes_too_long_is_answered_and_its_result_dropped(hasty):
    with Connection(hasty.url) as connection:
        connection.request("GET", "/api/data/slow?ms=2500")
        is_refused(connection.answer(), 503, "Response Timeout")
        assert connection.is_closed()
    poll(lambda: metric(hasty, "renku_http_requests_in_flight") <= 1)
    assert (
        metric(
            hasty,
            'sanic_request_count_total{method="GET",endpoint="/api/data/slow",http_status="503"}',
        )
        == 1
    )


@pytest.mark.server_error
def test_what_waits_too_long_without_a_thread_is_answered_too(hasty):
    with Connection(hasty.url) as connection:
        connection.request("GET", "/api/data/line/never")
        is_refused(connection.answer(), 503, "Response Timeout")
        assert connection.is_closed()
    poll(lambda: metric(hasty, "renku_http_requests_in_flight") <= 1)


def test_slow_requests_do_not_hold_up_the_process(hasty):
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(Connection(hasty.url)).request("GET", "/api/data/slow?ms=700")
        assert exchange(hasty.url, "GET", "/healthz").body == b"ok"
        assert exchange(hasty.url, "GET", "/metrics").status == 200


# Memory


def test_announced_bodies_cost_nothing_until_they_come(folder):
    with started(folder, workers=1) as server, ExitStack() as stack:
        before = resident(server.processes())
        for _ in range(200):
            connection = stack.enter_context(Connection(server.url))
            connection.send(POST + b"Content-Length: 100000000\r\n\r\nx")
        poll(lambda: exchange(server.url, "GET", "/api/data/echo").status == 200)
        assert resident(server.processes()) - before < (64 if SANITIZED else 8) * 1024


@pytest.mark.server_error
def test_what_waits_in_memory_is_bounded(folder):
    with (
        started(folder, workers=1, RENKU_SERVER_BUFFER_BYTES="3000000") as server,
        ExitStack() as stack,
    ):
        answers = []
        for _ in range(4):
            connection = stack.enter_context(Connection(server.url))
            connection.request("POST", "/api/data/echo", [("Content-Length", "1500000")])
            connection.send(b"x" * 1_400_000)
            answers.append(connection)
        is_refused(answers[3].answer(), 503, "The server is short of memory. Try again later.")
        assert exchange(server.url, "POST", "/api/data/echo", body=b"x" * 10000).status == 200
