# SPDX-License-Identifier: Apache-2.0
"""`renku top`: what a server does, from its /metrics."""

import json
import os
import pty
import subprocess

import httpx
import pytest

from support.server import PATIENCE, RENKU

GROUPS = {"requests", "latency", "pool", "statements", "authz", "tokens", "keys", "outbox"}


@pytest.fixture
def top(running, renku):
    return lambda *arguments: renku("top", "--url", running.url, "--interval", "1", *arguments)


def test_one_measurement_as_json_tells_every_figure(top, running):
    done = top("--once", "--json")

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == GROUPS
    assert found["pool"]["size"] > 0
    assert all(value >= 0 for group in found.values() for value in group.values())


def test_requests_between_two_looks_are_a_rate(running):
    command = [RENKU, "top", "--data", running.folder, "--once", "--json", "--interval", "2"]
    with subprocess.Popen(command, env=running.env, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            assert httpx.get(f"{running.url}/api/data/projects", timeout=PATIENCE).status_code == 200
        found = json.loads(process.stdout.read())
    assert found["requests"]["per_second"] > 0
    assert 0 < found["latency"]["p50_ms"] <= found["latency"]["p95_ms"] <= found["latency"]["p99_ms"]
    assert found["statements"]["per_second"] > 0
    assert found["statements"]["mean_ms"] > 0


def test_one_measurement_as_text_has_no_escapes(top, running):
    done = top("--once")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{running.url}, 1 s\n")
    assert "\033" not in done.stdout
    assert all(f"\n{group} " in done.stdout for group in GROUPS)


def test_a_terminal_is_drawn_anew_each_time(running):
    leader, follower = pty.openpty()
    command = [RENKU, "top", "--url", f"{running.url}/", "--interval", "1"]
    process = subprocess.Popen(command, env=running.env, stdout=follower, stdin=subprocess.DEVNULL)
    os.close(follower)
    seen = b""
    try:
        while seen.count(b"\033[H\033[J") < 2:
            seen += os.read(leader, 65536)
    finally:
        process.kill()
        process.wait()
        os.close(leader)
    assert f"{running.url}, 1 s".encode() in seen


@pytest.mark.parametrize(
    "arguments, status, says",
    [
        (["--url", "http://127.0.0.1:1"], 4, "does not answer"),
        (["--url", "file:///etc"], 4, "does not answer"),
        (["--url", "nonsense://x"], 4, "does not answer"),
        (["--data", "/nonexistent"], 3, "name the server with --url"),
        (["--url", "http://127.0.0.1:1", "--interval", "0"], 2, "from 1"),
        (["--url", "http://127.0.0.1:1", "--interval", "x"], 2, "--interval"),
    ],
)
def test_what_cannot_be_measured_is_told(renku, arguments, status, says):
    done = renku("top", "--once", *arguments)

    assert done.returncode == status, done.stderr
    assert says in done.stderr
    assert done.stdout == ""


def test_an_answer_that_is_no_metrics_page_is_told(running, renku):
    done = renku("top", "--once", "--url", f"{running.url}/api/data")

    assert done.returncode == 4
    assert "answers with status 404" in done.stderr
