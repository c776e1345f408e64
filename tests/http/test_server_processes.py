# SPDX-License-Identifier: Apache-2.0
"""The processes of the server: what they tell, how they end, how they are replaced. Spec: foundations.md 2.5, 16, 19"""

import os
import re
import signal
import time
from pathlib import Path

import pytest

from support.fake_server import FakeServer, fake_environment, metric, started, workers
from support.raw import Connection, exchange
from support.ports import free_port
from support.server import LISTENING, PATIENCE, poll


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
        slow.request("GET", "/api/data/slow?ms=3000")
        poll(lambda: metric(server, "renku_http_requests_in_flight") >= 2)
        server.process.terminate()
        assert idle.is_closed()
        with pytest.raises(ConnectionRefusedError):
            Connection(server.url)
        answer = slow.answer()
        assert (answer.body, answer.header("connection")) == (b"slept", "close")
    assert server.process.wait(PATIENCE) == 0
    assert server.log().count("\n") == 1, server.log()


def test_sigterm_ends_what_waits_without_a_thread(folder):
    with started(folder, workers=1, SANIC_GRACEFUL_SHUTDOWN_TIMEOUT="1") as server, Connection(server.url) as waiting:
        waiting.request("GET", "/api/data/line/never")
        poll(lambda: metric(server, "renku_http_requests_in_flight") >= 2)
        assert server.stop() == 0


def test_sigterm_does_not_wait_for_ever(folder):
    server = FakeServer(
        fake_environment(SANIC_GRACEFUL_SHUTDOWN_TIMEOUT="1"), folder / "grace.log"
    ).start()
    with Connection(server.url) as slow:
        slow.request("GET", "/api/data/slow?ms=60000")
        poll(lambda: metric(server, "renku_http_requests_in_flight") >= 2)
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 15  # which it would be without the setting


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
        assert server.process.wait(PATIENCE) == 0
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
    here = ("--port", str(free_port()))
    server = FakeServer(fake_environment(), folder / "orphans.log", arguments=here).start()
    pids = workers(server)
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    poll(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    again = FakeServer(fake_environment(), folder / "orphans.log", arguments=here).start()
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
