# SPDX-License-Identifier: Apache-2.0
"""The server on the wire: framing, order, connections. Spec: foundations.md 2.5; FIELD 3.3."""

import socket
import threading
import time
from contextlib import ExitStack

import pytest

from support.fake_server import GET, HOST, POST, SANITIZED, is_refused, metric, started
from support.raw import Connection, exchange
from support.server import poll

# Each row: what is sent, in packets; status and message of the refusal.
BAD = "Bad Request"
REFUSED = {
    "both length and chunked": (
        [POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na"],
        400,
        BAD,
    ),
    "two lengths": (
        [POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
        400,
        "Bad content-length",
    ),
    "length of words": ([POST + b"Content-Length: ten\r\n\r\n"], 400, "Bad content-length"),
    "NUL in a field": ([GET + b"X: a\0b\r\n\r\n"], 400, BAD),
    "bare LF": ([b"GET / HTTP/1.1\nHost: a\n\n"], 400, BAD),
    "folded field": ([GET + b"X: a\r\n b\r\n\r\n"], 400, BAD),
    "name that is no token": ([GET + b"X y: a\r\n\r\n"], 400, BAD),
    "no Host": ([b"GET / HTTP/1.1\r\n\r\n"], 400, BAD),
    "two Hosts": ([GET + b"Host: b\r\n\r\n"], 400, BAD),
    "target that is not ASCII": (
        [b"GET /\xc3\xa4 HTTP/1.1\r\n" + HOST + b"\r\n"],
        400,
        "URL may only contain US-ASCII characters.",
    ),
    "bad chunk": ([POST + b"Transfer-Encoding: chunked\r\n\r\n", b"zz\r\n"], 400, BAD),
    "chunk that is too long": (
        [POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nab\r\n"],
        400,
        BAD,
    ),
    "unknown encoding": ([POST + b"Transfer-Encoding: gzip\r\n\r\n"], 400, BAD),
    "unknown expectation": ([POST + b"Expect: tea\r\n\r\n"], 417, "Unknown Expect: tea"),
    "head of 70 KB": ([GET + b"X: " + b"x" * 70000], 413, "Request header exceeds the size limit"),
    "target of 70 KB": ([b"GET /" + b"x" * 70000], 413, "Request header exceeds the size limit"),
    "body of 100 000 001": (
        [POST + b"Content-Length: 100000001\r\n\r\n"],
        413,
        "Request body exceeds the size limit",
    ),
    "too many fields": (
        [GET + b"".join(b"X-%d: x\r\n" % i for i in range(100)) + b"\r\n"],
        431,
        "Too many header fields",
    ),
    "HTTP/2 preface": ([b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], 505, "HTTP Version Not Supported"),
}


@pytest.mark.parametrize("row", REFUSED)
def test_a_malformed_request_gets_a_json_error_and_the_connection_ends(fake, row):
    packets, status, message = REFUSED[row]
    with Connection(fake.url) as connection:
        for packet in packets:
            connection.send(packet)
        is_refused(connection.answer(), status, message)
        assert connection.is_closed()


ACCEPTED = {
    "Authorization after 22 fields": (
        [
            GET
            + b"".join(b"X-%d: x\r\n" % i for i in range(22))
            + b"Authorization: Bearer t\r\n\r\n"
        ],
        {"Authorization": "Bearer t"},
    ),
    "head of 60 KB": ([GET + b"Cookie: " + b"c" * 60000 + b"\r\n\r\n"], {"Cookie": "c" * 60000}),
    "empty value": ([GET + b"X-Empty:\r\n\r\n"], {"X-Empty": ""}),
    "Hostile before Host": (
        [b"GET /api/data/echo HTTP/1.1\r\nHostile: evil\r\n" + HOST + b"\r\n"],
        {"Host": "a"},
    ),
    "HTTP/1.0 without Host": ([b"GET /api/data/echo HTTP/1.0\r\nX: y\r\n\r\n"], {"X": "y"}),
    "absolute target": (
        [b"GET http://b:1/api/data/echo HTTP/1.1\r\n" + HOST + b"\r\n"],
        {"Host": "b:1"},
    ),
    "in three packets": (
        [b"GET /api/da", b"ta/echo HTTP/1.1\r", b"\n" + HOST + b"X: y\r\n\r\n"],
        {"X": "y"},
    ),
}


@pytest.mark.parametrize("row", ACCEPTED)
def test_what_kore_would_lose_or_refuse_arrives(fake, row):
    packets, expected = ACCEPTED[row]
    with Connection(fake.url) as connection:
        for packet in packets:
            connection.send(packet)
        answer = connection.answer()
        assert answer.status == 200
        headers = dict(answer.json()["headers"])
        assert {name: headers[name] for name in expected} == expected


def test_of_two_authorizations_both_arrive_in_their_order(fake):
    answer = exchange(
        fake.url, "GET", "/api/data/echo", [("Authorization", "a"), ("Authorization", "b")]
    )
    assert [value for name, value in answer.json()["headers"] if name == "Authorization"] == [
        "a",
        "b",
    ]


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
def test_a_body_in_a_later_packet_is_no_request(fake, method):
    body = b"GET /api/data/crash HTTP/1.1\r\nHost: a\r\n\r\n"
    with Connection(fake.url) as connection:
        connection.request(method, "/api/data/echo", [("Content-Length", str(len(body)))])
        connection.send(body)
        assert connection.answer().json()["body_size"] == len(body)
        connection.request("GET", "/api/data/echo?next")
        assert connection.answer().json()["target"] == "/api/data/echo?next"


def test_a_chunked_body_is_decoded(fake):
    with Connection(fake.url) as connection:
        connection.send(POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel")
        connection.send(b"lo\r\n6;x=y\r\n world\r\n0\r\nX: y\r\n\r\n" + GET + b"\r\n")
        assert connection.answer().json()["body_size"] == 11
        assert connection.answer().json()["body_size"] == 0


def test_who_expects_it_is_told_to_continue(fake):
    with Connection(fake.url) as connection:
        connection.request(
            "POST", "/api/data/echo", [("Expect", "100-continue"), ("Content-Length", "3")]
        )
        assert connection.answer().status == 100
        connection.send(b"abc")
        assert connection.answer().json()["body_size"] == 3


def test_pipelined_requests_are_answered_in_their_order(fake):
    with Connection(fake.url) as connection:
        for i in range(100):
            path = (
                b"/api/data/slow?ms=%d" % (20 if i % 50 == 0 else 0) if i % 2 else b"/api/data/echo"
            )
            connection.send(
                b"GET %s?%d HTTP/1.1\r\n%s\r\n" % (path, i, HOST)
                if i % 2 == 0
                else b"GET %s HTTP/1.1\r\n%s\r\n" % (path, HOST)
            )
        for i in range(100):
            answer = connection.answer()
            assert answer.status == 200
            if i % 2 == 0:
                assert answer.json()["target"] == f"/api/data/echo?{i}"


def test_one_byte_too_many_stops_only_its_own_connection(fake):
    with Connection(fake.url) as bad:
        bad.send(POST + b"Content-Length: 1\r\n\r\nab\r\n")
        assert bad.answer().json()["body_size"] == 1
        is_refused(bad.answer(), 400, BAD)
        assert exchange(fake.url, "GET", "/api/data/echo").status == 200
        assert bad.is_closed()


def test_head_and_204_have_no_body(fake):
    with Connection(fake.url) as connection:
        connection.request("HEAD", "/api/data/echo")
        answer = connection.answer("HEAD")
        assert (answer.status, answer.header("content-length")) == (200, "0")
        connection.request("GET", "/api/data/none")
        answer = connection.answer()
        assert (answer.status, answer.header("content-length")) == (204, None)
        connection.request("GET", "/api/data/echo")
        assert connection.answer().status == 200


def test_the_connection_stays_as_the_client_asks(fake):
    for version, header, stays in [
        ("1.1", "", True),
        ("1.1", "Connection: close\r\n", False),
        ("1.0", "", False),
        ("1.0", "Connection: keep-alive\r\n", True),
    ]:
        with Connection(fake.url) as connection:
            connection.send(
                f"GET /api/data/echo HTTP/{version}\r\nHost: a\r\n{header}\r\n".encode()
            )
            answer = connection.answer()
            assert answer.header("connection") == ("keep-alive" if stays else "close")
            if not stays:
                assert connection.is_closed()


def test_a_client_that_has_ended_its_half_gets_its_answer(fake):
    with Connection(fake.url) as connection:
        connection.send(b"GET /api/data/slow?ms=300 HTTP/1.1\r\n" + HOST + b"\r\n" + GET + b"\r\n")
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection.answer().body == b"slept"
        assert connection.answer().status == 200
        assert connection.is_closed()


def test_a_client_that_goes_away_takes_its_answer_with_it(fake):
    with ExitStack() as stack:
        for _ in range(20):
            connection = stack.enter_context(Connection(fake.url))
            connection.request("GET", "/api/data/slow?ms=3000")
        poll(lambda: metric(fake, "renku_http_requests_in_flight") > 20)
        linger = b"\1\0\0\0\0\0\0\0"
        for connection in list(stack.pop_all()._exit_callbacks):
            connection[1].__self__.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            connection[1].__self__.__exit__()
    poll(lambda: metric(fake, "renku_http_requests_in_flight") <= 1)
    assert exchange(fake.url, "GET", "/api/data/echo").status == 200


@pytest.mark.parametrize("word, by", [("now", b"line"), ("soon", b"line"), ("refused", b"thread")])
def test_what_needs_no_thread_is_answered_without_one(fake, word, by):
    with Connection(fake.url) as connection:
        for _ in range(3):
            connection.request("GET", f"/api/data/line/{word}")
            assert connection.answer().body == by
        connection.send((b"GET /api/data/line/%s HTTP/1.1\r\n" % word.encode() + HOST + b"\r\n") * 20)
        assert [connection.answer().body for _ in range(20)] == [by] * 20


def test_who_leaves_before_an_answer_without_a_thread_leaves_nothing_behind(folder):
    with started(folder, SANIC_GRACEFUL_SHUTDOWN_TIMEOUT="1") as server:
        for word in ("soon", "refused"):
            for _ in range(20):
                with Connection(server.url) as connection:
                    connection.request("GET", f"/api/data/line/{word}")
        with ExitStack() as stack:
            for _ in range(20):
                connection = stack.enter_context(Connection(server.url))
                connection.request("GET", "/api/data/line/never")
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            poll(lambda: metric(server, "renku_http_requests_in_flight") > 20)
        poll(lambda: metric(server, "renku_http_requests_in_flight") <= 1)
        assert exchange(server.url, "GET", "/api/data/line/soon").body == b"line"


def test_a_thousand_connections_are_served_at_once(fake):
    with ExitStack() as stack:
        connections = [stack.enter_context(Connection(fake.url, 30)) for _ in range(1000)]
        for turn in range(2):
            for connection in connections:
                connection.request("GET", f"/api/data/echo?{turn}")
            for connection in connections:
                assert connection.answer().json()["target"] == f"/api/data/echo?{turn}"


def slowest_beside_an_upload(fake) -> tuple[float, float]:
    """How long the slowest neighbour waited, and how long the upload took."""
    size, longest = 90_000_000, 0.0
    with Connection(fake.url, 60) as upload:

        def send():
            upload.request("POST", "/api/data/echo", [("Content-Length", str(size))])
            for _ in range(size // 1_000_000):
                upload.send(b"x" * 1_000_000)

        thread = threading.Thread(target=send)
        started = time.monotonic()
        thread.start()
        with Connection(fake.url) as one, Connection(fake.url) as other:
            while thread.is_alive():
                for connection in (one, other):
                    begun = time.monotonic()
                    connection.request("GET", "/api/data/echo")
                    assert connection.answer().status == 200
                    longest = max(longest, time.monotonic() - begun)
        thread.join()
        whole = time.monotonic() - started
        assert upload.answer().json()["body_size"] == size
    return longest, whole


def test_an_upload_does_not_hold_up_the_others(fake):
    for _ in range(3):  # on a busy machine anybody may wait once; who is held up waits each time
        longest, whole = slowest_beside_an_upload(fake)
        if longest < max(5 if SANITIZED else 1, whole / 2):
            return
    raise AssertionError(f"slowest neighbour: {longest:.3f} of {whole:.3f} s")


def test_a_large_answer_reaches_a_slow_reader_whole(fake):
    size = 30_000_000
    with Connection(fake.url, 60) as connection:
        connection.request("GET", f"/api/data/big?size={size}")
        poll(lambda: exchange(fake.url, "GET", "/api/data/echo").status == 200)
        answer = connection.answer()
        assert len(answer.body) == size
        connection.request("GET", "/api/data/echo")
        assert connection.answer().status == 200


def test_a_refused_upload_can_read_why(fake):
    """The error arrives although the client goes on sending."""
    with Connection(fake.url, 30) as connection:
        connection.request("POST", "/api/data/echo", [("Content-Length", "200000000")])
        for _ in range(20):
            connection.send(b"x" * 100_000)
        is_refused(connection.answer(), 413, "Request body exceeds the size limit")
