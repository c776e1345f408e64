# SPDX-License-Identifier: Apache-2.0
"""How the server starts, or refuses to. Spec: foundations.md 19"""

import re
import time

import pytest

from support.fake_server import SANITIZED, FakeServer, fake_environment, resident, run, started
from support.raw import exchange


def test_it_says_once_where_it_listens(folder):
    with started(folder) as server:
        assert re.fullmatch(r"listening on http://127\.0\.0\.1:[1-9]\d*\n", server.log())
        for _ in range(10):
            assert exchange(server.url, "GET", "/healthz").status == 200
        assert server.log().count("\n") == 1


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
