# SPDX-License-Identifier: Apache-2.0
"""Nobody puts a request into somebody else's connection: the server alone, and behind real proxies."""

import contextlib
import re
import socket

import pytest
from attacks.streams import REFUSED, TAKEN

from support.raw import Connection, exchange
from support.reverse import Reverse

STREAMS = REFUSED | {name: stream for name, (stream, _) in TAKEN.items()}


def send(connection: Connection, stream: bytes) -> None:
    """The bytes, and that there are no more."""
    with contextlib.suppress(OSError):  # whoever has refused it may not listen to the end
        connection.send(stream)
        connection.socket.shutdown(socket.SHUT_WR)


def answers(url: str, stream: bytes) -> list:
    found = []
    with Connection(url) as connection:
        send(connection, stream)
        while (answer := connection.answer()) is not None:
            found.append(answer)
    return found


def everything(url: str, stream: bytes) -> bytes:
    """What comes back, whatever it is: proxies answer HTTP/0.9 too."""
    found = b""
    with Connection(url, 60) as connection:
        send(connection, stream)
        with contextlib.suppress(ConnectionResetError):
            while part := connection.socket.recv(65536):
                found += part
    return found


def hidden(server) -> int:
    """How often the server was asked for the hidden request."""
    text = exchange(server.url, "GET", "/metrics").body.decode()
    return sum(int(float(count)) for count in re.findall(r'^sanic_request_count_total\{.*echo/hidden.*\} (\S+)$', text, re.MULTILINE))


@pytest.mark.parametrize("name", REFUSED)
def test_what_two_readers_may_see_differently_is_refused(fake, name):
    before = hidden(fake)
    found = answers(fake.url, REFUSED[name])
    assert [answer.status for answer in found] in ([400], [413]), found
    assert found[0].json()["error"]["code"] == 1000 + found[0].status
    assert found[0].header("connection") == "close"
    assert hidden(fake) == before


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_right_holds_as_many_requests_as_it_says(fake, name):
    stream, count = TAKEN[name]
    before = hidden(fake)
    assert [answer.status for answer in answers(fake.url, stream)] == [200] * count
    assert hidden(fake) == before + count - 1


@pytest.fixture(scope="module", params=["haproxy", "nginx"])
def proxy(request, fake, folder):
    with Reverse(request.param, fake.url, folder / request.param) as proxy:
        yield proxy


# Spec: FIELD 3.3: the pair agrees where a request ends
@pytest.mark.parametrize("name", STREAMS)
def test_behind_a_proxy_a_hidden_request_is_nobody_elses(fake, proxy, name):
    before = hidden(fake)
    seen = everything(proxy.url, STREAMS[name]).count(b'"target":"/api/data/echo/hidden"')
    with Connection(proxy.url) as victim:
        for turn in range(2):
            victim.request("GET", f"/api/data/echo/victim?{turn}")
            answer = victim.answer()
            assert (answer.status, answer.json()["target"]) == (200, f"/api/data/echo/victim?{turn}")
    assert hidden(fake) - before == seen
