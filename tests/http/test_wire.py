# SPDX-License-Identifier: Apache-2.0
"""The server as a server: framing, limits, time, processes. Spec: foundations.md 2.5, 16, 19; FIELD 3.3."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import jwt
import pytest

from support.fake_server import FakeServer, fake_environment, program
from support.raw import Connection, exchange
from support.server import LISTENING, poll

HOST = b"Host: a\r\n"
GET = b"GET /api/data/echo HTTP/1.1\r\n" + HOST
POST = b"POST /api/data/echo HTTP/1.1\r\n" + HOST
SANITIZED = "libasan" in subprocess.run(["ldd", program()], capture_output=True, text=True).stdout


@pytest.fixture(scope="session")
def fake(folder):
    """The server that the tests of this file share."""
    with started(folder) as server:
        yield server
        assert not server.reports(), server.log()


class started:
    """A fake server for a with statement; it must end cleanly unless it was ended already."""

    def __init__(self, folder: Path, *arguments: str, workers: int = 2, **environment: str):
        name = f"wire-{time.monotonic_ns()}.log"
        self.server = FakeServer(fake_environment(**environment), folder / name, workers, arguments)

    def __enter__(self) -> FakeServer:
        try:
            return self.server.start()
        except BaseException:
            self.server.kill()
            raise

    def __exit__(self, kind, *_exc) -> None:
        status = self.server.stop()
        assert kind or status == 0, self.server.log()


def status_file(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def workers(server: FakeServer) -> list[int]:
    return server.processes()[1:]


def metric(server: FakeServer, name: str) -> float:
    """A sample of /metrics; labels belong to the name."""
    text = exchange(server.url, "GET", "/metrics").body.decode()
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found.group(1)) if found else 0.0


def is_refused(answer, status: int, message: str) -> None:
    assert answer.status == status
    assert answer.json() == {"error": {"code": 1000 + status, "message": message}}
    assert answer.header("content-type") == "application/json"
    assert answer.header("x-request-id")
    assert answer.header("connection") == "close"
    assert answer.header("server") is None
    assert answer.header("strict-transport-security") is None


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
            connection.request("GET", "/api/data/slow?ms=500")
        poll(lambda: metric(fake, "renku_http_requests_in_flight") >= 20)
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
            poll(lambda: metric(server, "renku_http_requests_in_flight") >= 20)
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


def test_an_upload_does_not_hold_up_the_others(fake):
    size, longest = 90_000_000, 0.0
    with Connection(fake.url, 60) as upload:

        def send():
            upload.request("POST", "/api/data/echo", [("Content-Length", str(size))])
            for _ in range(size // 1_000_000):
                upload.send(b"x" * 1_000_000)

        thread = threading.Thread(target=send)
        thread.start()
        with Connection(fake.url) as one, Connection(fake.url) as other:
            while thread.is_alive():
                for connection in (one, other):
                    begun = time.monotonic()
                    connection.request("GET", "/api/data/echo")
                    assert connection.answer().status == 200
                    longest = max(longest, time.monotonic() - begun)
        thread.join()
        assert upload.answer().json()["body_size"] == size
    assert longest < (5 if SANITIZED else 1), f"slowest neighbour: {longest:.3f} s"


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
            head = b"POST /api/data/slow?ms=1500 HTTP/1.1\r\n" + HOST + b"X-Request-ID: mine\r\n"
            connection.send(head + rest)
            answer = connection.answer()
            assert (answer.status, answer.header("x-request-id")) == (status, "mine")


def test_one_byte_at_a_time_does_not_win_time(hasty):
    with Connection(hasty.url) as connection:
        connection.socket.settimeout(0.05)
        begun = time.monotonic()
        answer = None
        while answer is None and time.monotonic() < begun + 5:
            try:
                connection.send(b"G")
                answer = connection.socket.recv(1000)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - begun < 3


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


def resident(pids: list[int]) -> int:
    return sum(int(status_file(pid)["VmRSS"].split()[0]) for pid in pids)


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


# Pages of the process. Spec: foundations.md 16


def test_the_process_says_that_it_is_well(fake):
    answer = exchange(fake.url, "GET", "/healthz")
    assert (answer.status, answer.body, answer.header("content-type")) == (
        200,
        b"ok",
        "text/plain; charset=utf-8",
    )
    assert exchange(fake.url, "GET", "/readyz").body == b"ok\n"
    assert exchange(fake.url, "GET", "/readyz?verbose").body == b"database ok\nok\n"
    answer = exchange(fake.url, "POST", "/healthz", body=b"x")
    assert answer.json()["error"] == {
        "code": 1405,
        "message": "Method POST not allowed for URL /healthz",
    }


def test_metrics_are_summed_over_the_workers(fake):
    name = 'sanic_request_count_total{method="GET",endpoint="/api/data/echo/m",http_status="200"}'
    for _ in range(40):
        assert exchange(fake.url, "GET", "/api/data/echo/m?x=1").status == 200
    exchange(fake.url, "OPTIONS", "/api/data/echo/m")
    assert metric(fake, name) == 40
    answer = exchange(fake.url, "GET", "/metrics")
    text = answer.body.decode()
    assert answer.header("content-type") == "text/plain; version=0.0.4; charset=utf-8"
    assert name.replace("count_total", "latency_sec_count") + " 40" in text
    assert name.replace("count_total", "latency_sec_bucket")[:-1] + ',le="+Inf"} 40' in text
    assert 'endpoint="/metrics"' not in text and "OPTIONS" not in text
    assert (
        len(
            re.findall(
                r"^sanic_process_resident_memory_bytes\{worker=\"\{'Sanic-Server-\d-0'\}\",pid=\"\d+\"\} "
                r"[1-9]\d+$",
                text,
                re.MULTILINE,
            )
        )
        == 2
    )
    assert 'renku_build_info{version="' in text


def test_metrics_stay_bounded(folder):
    with started(folder, workers=1) as server, Connection(server.url) as connection:
        for i in range(1000):
            connection.request("GET", f"/api/data/unknown/{i}")
            assert connection.answer().status == 404
        connection.request("GET", "/api/data/echo")
        assert connection.answer().status == 200
        text = exchange(server.url, "GET", "/metrics").body.decode()
        assert text.count("sanic_request_count_total{") < 600
        assert (
            'sanic_request_count_total{method="GET",endpoint="other",http_status="404"} 488' in text
        )
        assert 'endpoint="/api/data/echo",http_status="200"} 1' in text


# Processes. Spec: foundations.md 2.5, 19


def test_sigterm_lets_running_requests_end(folder):
    server = FakeServer(fake_environment(), folder / "drain.log").start()
    with Connection(server.url) as slow, Connection(server.url) as idle:
        slow.request("GET", "/api/data/slow?ms=1500")
        poll(lambda: metric(server, "renku_http_requests_in_flight") >= 1)
        server.process.terminate()
        assert idle.is_closed()
        with pytest.raises(ConnectionRefusedError):
            Connection(server.url)
        answer = slow.answer()
        assert (answer.body, answer.header("connection")) == (b"slept", "close")
    assert server.process.wait(5) == 0
    assert server.log().count("\n") == 1, server.log()


def test_sigterm_ends_what_waits_without_a_thread(folder):
    with started(folder, workers=1, SANIC_GRACEFUL_SHUTDOWN_TIMEOUT="1") as server, Connection(server.url) as waiting:
        waiting.request("GET", "/api/data/line/never")
        poll(lambda: metric(server, "renku_http_requests_in_flight") >= 1)
        assert server.stop() == 0


def test_sigterm_does_not_wait_for_ever(folder):
    server = FakeServer(
        fake_environment(SANIC_GRACEFUL_SHUTDOWN_TIMEOUT="1"), folder / "grace.log"
    ).start()
    with Connection(server.url) as slow:
        slow.request("GET", "/api/data/slow?ms=60000")
        poll(lambda: metric(server, "renku_http_requests_in_flight") >= 1)
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 5


def test_sigterm_ends_a_worker_that_is_stuck(folder):
    server = FakeServer(fake_environment(SANIC_GRACEFUL_SHUTDOWN_TIMEOUT="1"), folder / "stuck.log").start()
    os.kill(workers(server)[0], signal.SIGSTOP)
    assert server.stop() == 0


# What it shows of the data API is for the library to say: test_secrets_storage.py.
def test_the_secrets_storage_is_a_server_of_its_own(folder):
    with started(folder, "--service", "secrets", workers=1) as server:
        assert exchange(server.url, "GET", "/healthz").body == b"ok"
        assert "sanic_process" not in exchange(server.url, "GET", "/metrics").body.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_whole_group_ends_it_cleanly(folder, number):
    for turn in range(5):
        server = FakeServer(fake_environment(), folder / f"group-{number}-{turn}.log").start()
        os.killpg(server.process.pid, number)
        assert server.process.wait(10) == 0
        assert server.log().count("\n") == 1, server.log()


def test_a_hangup_changes_nothing(fake):
    os.killpg(fake.process.pid, signal.SIGHUP)
    assert exchange(fake.url, "GET", "/api/data/echo").status == 200


@pytest.mark.parametrize("victims", [1, 2])
def test_killed_workers_are_replaced(folder, victims):
    with started(folder) as server:
        old = workers(server)
        for pid in old[:victims]:
            os.kill(pid, signal.SIGKILL)
        poll(lambda: len(workers(server)) == 2 and not set(workers(server)) & set(old[:victims]))
        poll(lambda: exchange(server.url, "GET", "/api/data/echo").status == 200)
        assert metric(server, "renku_http_requests_in_flight") <= 1
        assert len(LISTENING.findall(server.log())) == 1
        assert "restarting worker" in server.log()


def test_a_crash_costs_one_worker_and_not_the_server(folder):
    with started(folder) as server:
        for _ in range(3):
            assert exchange(server.url, "GET", "/api/data/crash") is None
            poll(lambda: len(workers(server)) == 2)
            assert exchange(server.url, "GET", "/api/data/echo").status == 200


def test_no_worker_outlives_the_parent(folder):
    server = FakeServer(fake_environment(), folder / "orphans.log").start()
    pids = workers(server)
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    poll(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    port = server.url.rsplit(":", 1)[1]
    again = FakeServer(
        fake_environment(), folder / "orphans.log", arguments=("--port", port)
    ).start()
    assert again.url == server.url
    assert again.stop() == 0


def test_no_shared_memory_is_left_behind(folder):
    server = FakeServer(fake_environment(), folder / "shm.log").start()

    def segments():
        rows = [line.split() for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]
        return [row for row in rows if row[4] == str(server.process.pid)]

    assert exchange(server.url, "GET", "/healthz").status == 200
    assert len(segments()) == 1
    server.kill()
    poll(lambda: not segments())


def test_it_says_once_where_it_listens(folder):
    with started(folder) as server:
        assert re.fullmatch(r"listening on http://127\.0\.0\.1:[1-9]\d*\n", server.log())
        for _ in range(10):
            assert exchange(server.url, "GET", "/healthz").status == 200
        assert server.log().count("\n") == 1


@pytest.mark.parametrize("user, uid, gid", [("", "65534", "65534"), ("12345:54321", "12345", "54321")])
def test_nothing_runs_as_root(folder, user, uid, gid):
    """Who is not root already stays who it is."""
    expected = (uid, gid) if os.geteuid() == 0 else (str(os.geteuid()), str(os.getegid()))
    with started(folder, RENKU_RUN_AS=user) as server:
        for pid in server.processes():
            assert status_file(pid)["Uid"].split() == [expected[0]] * 4
            assert status_file(pid)["Gid"].split() == [expected[1]] * 4


@pytest.mark.parametrize("user", ["root", "0:0", "no-such-user", "12x"])
def test_root_cannot_be_told_to_stay_root(user):
    done = run("--port", "0", "--help" if os.geteuid() else "--debug", RENKU_RUN_AS=user)
    assert done.returncode == (0 if os.geteuid() else 1)
    assert "RENKU_RUN_AS" in done.stdout + done.stderr


def test_the_sandbox_is_closed(fake):
    for pid in workers(fake):
        assert status_file(pid)["Seccomp"] == "2"
        assert status_file(pid)["NoNewPrivs"] == "1"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [program(), *arguments],
        env=fake_environment(**environment),
        timeout=20,
        capture_output=True,
        text=True,
    )


def test_a_second_server_on_the_port_says_so(fake):
    port = fake.url.rsplit(":", 1)[1]
    done = run("--host", "127.0.0.1", "--port", port)
    assert done.returncode == 1
    assert f"port {port} of 127.0.0.1 is taken" in done.stderr
    assert exchange(fake.url, "GET", "/healthz").status == 200


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--single-process", "--fast"], "--single-process excludes"),
        (["--single-process", "-d"], "--single-process excludes"),
        (["--port", "70000"], "no port"),
        (["--port", "x"], "no port"),
        (["--workers", "0"], "--workers"),
        (["--service", "tea"], "unknown service"),
        (["extra"], "unknown argument"),
        (["--unknown"], "--help"),
    ],
)
def test_wrong_options_are_refused(arguments, words):
    done = run(*arguments)
    assert done.returncode == 2
    assert words in done.stderr


def test_a_wrong_configuration_stops_the_start():
    done = run("--port", "0", FAKE_BROKEN="1")
    assert done.returncode == 1
    assert "DB_PASSWORD is missing" in done.stderr


def test_an_address_that_is_none_is_refused():
    done = run("--host", "256.1.1.1", "--port", "0")
    assert done.returncode == 1
    assert '"256.1.1.1"' in done.stderr


def test_it_listens_on_ipv6(folder):
    with started(folder, "--host", "::1") as server:
        assert server.url.startswith("http://[::1]:")
        assert exchange(server.url, "GET", "/api/data/echo").json()["peer"] == "::1"


# The local identity provider


@pytest.fixture(scope="module")
def identity(folder):
    place = folder / "identity"
    place.mkdir(mode=0o700)
    (place / "users.json").write_text(
        json.dumps(
            {
                "users": [
                    {
                        "username": "alice",
                        "password": "wonder & land",
                        "email": "alice@example.org",
                        "given_name": "Alice",
                        "family_name": "Liddell",
                        "roles": ["renku-admin", "other"],
                    }
                ],
                "clients": [{"client_id": "renku", "client_secret": "s3cret"}],
            }
        )
    )
    (place / "users.json").chmod(0o600)
    with started(
        folder, "--service", "identity", workers=1, RENKU_IDENTITY_DIR=str(place)
    ) as server:
        yield server


def form(server, **fields):
    from urllib.parse import urlencode

    return exchange(
        server.url,
        "POST",
        "/realms/Renku/protocol/openid-connect/token",
        [("Content-Type", "application/x-www-form-urlencoded")],
        urlencode(fields).encode(),
    )


def verify(server, token: str) -> dict:
    configuration = exchange(
        server.url, "GET", "/realms/Renku/.well-known/openid-configuration"
    ).json()
    keys = exchange(server.url, "GET", configuration["jwks_uri"].removeprefix(server.url)).json()
    key = jwt.PyJWKSet.from_dict(keys)[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(
        token, key, algorithms=["RS256"], audience="renku", issuer=configuration["issuer"]
    )


def test_a_user_gets_a_token_like_that_of_keycloak(identity):
    answer = form(
        identity,
        grant_type="password",
        client_id="renku",
        username="alice",
        password="wonder & land",
    )
    assert answer.status == 200
    claims = verify(identity, answer.json()["access_token"])
    assert claims["realm_access"] == {"roles": ["other", "renku-admin"]}
    expected = {
        "typ": "Bearer",
        "azp": "renku",
        "email": "alice@example.org",
        "name": "Alice Liddell",
        "given_name": "Alice",
        "family_name": "Liddell",
        "preferred_username": "alice",
        "aud": "renku",
    }
    assert {name: claims[name] for name in expected} == expected
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", claims["sub"])
    assert claims["exp"] - claims["iat"] == answer.json()["expires_in"]


def test_a_client_gets_a_token_for_itself(identity):
    answer = form(
        identity, grant_type="client_credentials", client_id="renku", client_secret="s3cret"
    )
    claims = verify(identity, answer.json()["access_token"])
    assert claims["preferred_username"] == "service-account-renku"
    assert "email" not in claims


@pytest.mark.parametrize(
    "status, error, fields",
    [
        (
            401,
            "invalid_grant",
            {"grant_type": "password", "client_id": "renku", "username": "alice", "password": "x"},
        ),
        (
            401,
            "invalid_grant",
            {"grant_type": "password", "client_id": "renku", "username": "bob", "password": "x"},
        ),
        (
            401,
            "invalid_grant",
            {"grant_type": "password", "client_id": "renku", "username": "alice"},
        ),
        (
            401,
            "unauthorized_client",
            {"grant_type": "client_credentials", "client_id": "renku", "client_secret": "x"},
        ),
        (
            401,
            "unauthorized_client",
            {"grant_type": "client_credentials", "client_id": "other", "client_secret": "x"},
        ),
        (400, "unsupported_grant_type", {"grant_type": "tea", "client_id": "renku"}),
        (400, "invalid_request", {"client_id": "renku"}),
    ],
)
def test_nobody_else_gets_a_token(identity, status, error, fields):
    answer = form(identity, **fields)
    assert (answer.status, answer.json()["error"]) == (status, error)


def test_the_identity_provider_keeps_to_its_paths(identity):
    for path in (
        "/",
        "/realms",
        "/realms/a%2fb/x",
        "/realms/Renku/protocol/openid-connect/token",
        "/api/data/version",
    ):
        assert exchange(identity.url, "GET", path).status == 404
    assert exchange(identity.url, "GET", "/healthz").status == 200


# What it costs


def test_it_starts_fast_and_stays_small(folder, capsys):
    times = []
    for turn in range(5):
        begun = time.monotonic()
        server = FakeServer(fake_environment(), folder / "cost.log").start()
        assert exchange(server.url, "GET", "/api/data/echo").status == 200
        times.append(time.monotonic() - begun)
        small = resident(server.processes())
        assert server.stop() == 0
    with capsys.disabled():
        print(
            f"\nserver alone: first answer after {min(times) * 1000:.0f} ms, "
            f"parent and 2 workers {small / 1024:.1f} MiB resident"
        )
    assert SANITIZED or small < 40 * 1024
