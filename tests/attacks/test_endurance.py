# SPDX-License-Identifier: Apache-2.0
"""Whoever takes time, memory or places gets them for so long and so much, and the others are served meanwhile."""

import contextlib
import resource
import select
import socket
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.raw import Connection, exchange
from support.server import SANITIZERS

HEAD = b"GET /api/data/echo HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /api/data/echo HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def hasty(start_fake):
    """A second for a request."""
    return start_fake(SANIC_REQUEST_TIMEOUT="1", SANIC_KEEP_ALIVE_TIMEOUT="1")


def resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) * 1024


# What is sent again and again, slowly, behind the beginning.
SLOW = {
    "bytes of a method": (b"", b"G"),
    "fields": (HEAD, b"X: y\r\n"),
    "bytes of a field": (HEAD + b"X: ", b"y"),
    "bytes of a body": (POST + b"Content-Length: 1000000\r\n\r\n", b"x"),
    "chunks": (CHUNKED, b"1\r\nx\r\n"),
    "digits of a chunk": (CHUNKED, b"0"),
    "extensions of a chunk": (CHUNKED + b"1", b";x"),
    "trailers": (CHUNKED + b"0\r\n", b"X: y\r\n"),
}


@pytest.mark.parametrize("name", SLOW)
def test_a_slow_sender_runs_out_of_time(hasty, name):
    begin, more = SLOW[name]
    begun = time.monotonic()
    with Connection(hasty.url) as connection:
        connection.send(begin)
        while not select.select([connection.socket], [], [], 0.1)[0]:
            assert time.monotonic() - begun < 20
            with contextlib.suppress(ConnectionError):  # refused since we looked; why can still be read
                connection.send(more)
        assert connection.answer().status in (400, 408)  # 400: too many digits, before the time is over
        assert exchange(hasty.url, "GET", "/api/data/echo").status == 200


def test_many_slow_senders_leave_the_others_in_peace(hasty):
    with ExitStack() as stack:
        for _ in range(500):
            stack.enter_context(Connection(hasty.url)).send(HEAD + b"X: ")
        for _ in range(20):
            assert exchange(hasty.url, "GET", "/api/data/echo").status == 200


# What is sent without end, as fast as it goes.
ENDLESS = {
    "request line": (b"GET /", b"x" * 65536, 413),
    "field": (HEAD + b"X: ", b"x" * 65536, 413),
    "fields": (HEAD, b"X: y\r\n" * 10000, 431),
    "body": (POST + b"Content-Length: 999999999999\r\n\r\n", b"x" * 65536, 413),
    "chunk": (CHUNKED + b"fffffff\r\n", b"x" * 65536, 413),
    "chunks": (CHUNKED, b"1\r\nx\r\n" * 10000, 413),
    "size of a chunk": (CHUNKED, b"0" * 65536, 400),
    "extension of a chunk": (CHUNKED + b"1;", b"x" * 65536, 400),
    "trailers": (CHUNKED + b"0\r\n", b"X: y\r\n" * 10000, 413),
}


@pytest.fixture(scope="module")
def frugal(start_fake):
    """Bodies of at most a megabyte, and time enough for all of it."""
    return start_fake(SANIC_REQUEST_MAX_SIZE="1000000")


@pytest.mark.parametrize("name", ENDLESS)
def test_what_does_not_end_is_refused(frugal, name):
    begin, more, status = ENDLESS[name]
    worker = frugal.processes()[-1]
    before = resident(worker)
    with Connection(frugal.url) as connection:
        connection.send(begin)
        with contextlib.suppress(OSError):  # refused in the midst of it
            for _ in range(256):
                connection.send(more)
                if select.select([connection.socket], [], [], 0)[0]:
                    break
        assert connection.answer().status == status
        assert resident(worker) - before < 32 * 1024 * 1024


def test_a_thousand_requests_in_one_write_are_answered_in_their_order(fake):
    requests = b"".join(b"GET /api/data/echo?%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(1000))
    with Connection(fake.url, 60) as connection:
        sender = threading.Thread(target=connection.send, args=(requests,))
        sender.start()
        for number in range(1000):
            assert connection.answer().json()["target"] == f"/api/data/echo?{number}"
        sender.join()


def test_who_never_reads_is_not_written_to_without_end(start_fake):
    """Requests whose answers nobody takes wait in the kernel, not in the server."""
    fake = start_fake(ASAN_OPTIONS=f"{SANITIZERS['ASAN_OPTIONS']}:quarantine_size_mb=1")  # what is freed counts as free
    worker = fake.processes()[-1]
    before = resident(worker)
    with ExitStack() as stack:
        for _ in range(20):
            connection = stack.enter_context(Connection(fake.url))
            connection.socket.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    connection.socket.send(b"GET /api/data/big?size=100000 HTTP/1.1\r\nHost: a\r\n\r\n" * 100)
        assert exchange(fake.url, "GET", "/api/data/echo").status == 200
        assert resident(worker) - before < 64 * 1024 * 1024


def room_for(wanted: int) -> int:
    """How many descriptors this process may open for it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard - 1000)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, most + 1000) if hard != resource.RLIM_INFINITY else most + 1000), hard))
    return most


def test_ten_thousand_idle_connections_cost_little(start_fake, capsys):
    count = room_for(10_000)
    server = start_fake(workers=2, RENKU_SERVER_CONNECTIONS=str(count + 1000))
    before = sum(resident(pid) for pid in server.processes())
    address = ("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
    with ExitStack() as stack:
        connections = [stack.enter_context(socket.create_connection(address, 60)) for _ in range(count)]
        for connection in connections[::100]:
            connection.sendall(HEAD + b"\r\n")
        for connection in connections[::100]:
            assert connection.recv(16).startswith(b"HTTP/1.1 200")
        assert exchange(server.url, "GET", "/api/data/echo").status == 200
        each = (sum(resident(pid) for pid in server.processes()) - before) / count
    with capsys.disabled():
        print(f"\n{count} idle connections: {each:.0f} bytes each")
    assert each < 16384


def test_beyond_its_places_a_server_takes_those_of_the_idle(start_fake):
    server = start_fake(RENKU_SERVER_CONNECTIONS="64", SANIC_KEEP_ALIVE_TIMEOUT="60")
    address = ("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(socket.create_connection(address, 60))
        with Connection(server.url, 30) as connection:
            connection.request("GET", "/api/data/echo")
            assert connection.answer().status == 200
