# SPDX-License-Identifier: Apache-2.0
"""What an operator sees of a server: own metrics, traces, slow statements. See docs/operating.md."""

import http.server
import json
import os
import re
import signal
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from support.api import unique
from support.raw import exchange
from support.server import PATIENCE, Server, poll

TABLE = Path(__file__).resolve().parents[2] / "librenku/base/counter.def"
NAMES = re.findall(r'"(renku_\w+)"', TABLE.read_text())
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT, SENTRY = f"00-{TRACE}-{SPAN}-01", f"{TRACE}-{SPAN}-1"


def metrics(server: Server) -> dict[str, float]:
    """The metrics without labels."""
    text = httpx.get(f"{server.url}/metrics", timeout=PATIENCE).text
    return {name: float(value) for name, value in re.findall(r"^(\w+) (\S+)$", text, re.MULTILINE)}


@pytest.fixture
def watched(other_server):
    return other_server({"RENKU_SLOW_STATEMENT_MS": "1"}, workers=2)


# --- metrics -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_the_library_has_a_kind_and_a_value(server, name):
    text = httpx.get(f"{server.url}/metrics", timeout=PATIENCE).text
    kind = "counter" if name.endswith("_total") else "gauge"
    assert re.search(rf"^# HELP {name} \S.*\n# TYPE {name} {kind}\n{name} \d", text, re.MULTILINE)


def test_what_any_worker_counts_is_seen_at_each(watched, make_api):
    api = make_api(watched)
    user, other = api.user(), api.user()
    project = user.create_project(visibility="private")
    for _ in range(10):
        with httpx.Client(base_url=api.http.base_url, timeout=PATIENCE) as fresh:  # whichever worker takes it
            for caller, status in ((user, 200), (other, 404)):
                headers = {"authorization": f"Bearer {caller.token}"}
                answer = fresh.get(f"projects/{project['id']}", headers=headers)
                assert answer.status_code == status

    def counted() -> bool:
        found = metrics(watched)
        tokens = found["renku_token_cache_hits_total"] + found["renku_token_cache_misses_total"]
        return (
            tokens >= 3 + 20
            and found["renku_db_statements_total"] >= 3 + 20
            and found["renku_db_statement_seconds_total"] > 0
            and found["renku_authz_checks_total"] >= 20
            and found["renku_authz_denials_total"] >= 10
        )

    poll(counted)
    found = metrics(watched)
    assert found["renku_db_pool_size"] == 2 * 10  # workers * DB_POOL_SIZE
    assert found["renku_db_pool_busy"] <= 2  # each worker may hold one for its point reads
    assert found["renku_db_pool_waiting"] == 0
    assert 0 < found["renku_db_pool_open"] <= found["renku_db_pool_size"]
    assert found["renku_jwks_fetches_total"] >= 1
    assert found["renku_jwks_failures_total"] == 0
    assert found["renku_jwks_age_seconds"] > 0


def test_counters_outlive_the_worker_that_counted(watched, make_api):
    user = make_api(watched).user()
    for _ in range(10):
        user.get("/user")
    counted = poll(lambda: metrics(watched)).get("renku_db_statements_total")
    workers = set(watched.processes()[1:])
    for pid in workers:
        os.kill(pid, signal.SIGKILL)

    def replaced() -> bool:
        try:
            found = metrics(watched)
        except httpx.TransportError:
            return False
        return found["renku_db_statements_total"] >= counted and not workers & set(
            watched.processes()
        )

    poll(replaced)


def test_an_operation_that_waits_for_a_connection_is_seen(other_server, make_api, rows):
    server = other_server({"DB_POOL_SIZE": "1", "RENKU_DB_POOL_WAIT_MS": "200"}, workers=1)
    api = make_api(server)
    user = api.user()
    project = user.create_project()
    api.errors.expected = True
    with ThreadPoolExecutor(1) as pool:
        with rows.connection.transaction():
            rows.run("SELECT FROM projects.projects WHERE id = %s FOR UPDATE", project["id"])
            change = pool.submit(user.patch_project, project, project["etag"], description="x")
            poll(rows.is_waited_for)
            assert metrics(server)["renku_db_pool_busy"] == 1
            assert user.get("/projects").status_code >= 500
        assert change.result().status_code == 200
    poll(lambda: metrics(server)["renku_db_pool_busy"] == 0)
    found = metrics(server)
    assert found["renku_db_pool_refused_total"] == 1
    assert found["renku_db_pool_wait_seconds_total"] >= 0.2
    assert found["renku_db_pool_waiting"] == 0


def put_into_outbox(rows, *ages: str) -> None:
    """Events that have waited for so long, the oldest first."""
    for number, age in enumerate(ages):
        rows.run(
            "INSERT INTO metrics.metrics (id, event, anonymous_user_id, timestamp)"
            " VALUES (%s, 'group_created', 'x', now() - %s::interval)",
            f"00000000000000000000000{number:03}", age,
        )  # fmt: skip


@pytest.fixture
def outbox(rows):
    """What others have left there does not disturb."""
    rows.run("DELETE FROM metrics.metrics")
    yield
    rows.run("DELETE FROM metrics.metrics")


def test_what_waits_for_its_delivery_is_seen_at_each_worker(watched, rows, outbox):
    assert metrics(watched)["renku_outbox_events"] == 0
    assert metrics(watched)["renku_outbox_lag_seconds"] == 0
    put_into_outbox(rows, "2 hours", "1 hour", "1 second")
    before = time.time()
    for _ in range(10):  # whichever worker takes it
        found = metrics(watched)
        assert found["renku_outbox_events"] == 3
        assert 7200 <= found["renku_outbox_lag_seconds"] < 7200 + PATIENCE
        assert found["renku_outbox_measured_timestamp_seconds"] >= before - 1
    rows.run("DELETE FROM metrics.metrics")
    assert metrics(watched)["renku_outbox_events"] == 0
    assert metrics(watched)["renku_outbox_lag_seconds"] == 0


def test_metrics_wait_for_no_connection(other_server, make_api, rows, outbox):
    """What stands in the database is as it was then, and when that was is told."""
    server = other_server({"DB_POOL_SIZE": "1"}, workers=1)
    user = make_api(server).user()
    project = user.create_project()
    last = metrics(server)["renku_outbox_measured_timestamp_seconds"]
    with ThreadPoolExecutor(1) as pool:
        with rows.connection.transaction():
            rows.run("SELECT FROM projects.projects WHERE id = %s FOR UPDATE", project["id"])
            change = pool.submit(user.patch_project, project, project["etag"], description="x")
            poll(rows.is_waited_for)
            put_into_outbox(rows, "1 hour")
            found = metrics(server)
            assert found["renku_outbox_measured_timestamp_seconds"] == last
            assert found["renku_outbox_events"] == found["renku_db_pool_refused_total"] == 0
        assert change.result().status_code == 200
    assert metrics(server)["renku_outbox_events"] == 1


# Spec: foundations.md 16
def test_metrics_count_requests_by_method_path_and_status(other_server):
    server = other_server(workers=1)
    path = f"/api/data/{unique('nothing')}"
    for _ in range(3):
        exchange(server.url, "GET", path + "?x=1")
    exchange(server.url, "OPTIONS", path)
    answer = exchange(server.url, "GET", "/metrics")
    assert answer.status == 200
    assert answer.header("content-type") == "text/plain; version=0.0.4; charset=utf-8"
    text = answer.body.decode()
    counts = [
        line
        for line in text.splitlines()
        if path in line and line.startswith("sanic_request_count_total{")
    ]
    assert len(counts) == 1
    labels, value = counts[0].rsplit(" ", 1)
    for label in ('method="GET"', f'endpoint="{path}"', 'http_status="404"'):
        assert label in labels
    assert float(value) == 3
    assert any(
        line.startswith("sanic_request_latency_sec_bucket{") and 'le="+Inf"' in line
        for line in text.splitlines()
    )
    assert "sanic_request_latency_sec_sum" in text and "sanic_request_latency_sec_count" in text
    assert 'endpoint="/metrics"' not in exchange(server.url, "GET", "/metrics").body.decode()
    assert "sanic_process_resident_memory_bytes" in text


# --- slow statements -----------------------------------------------------------------------------


def test_a_slow_statement_is_logged_by_name_and_without_values(watched, make_api, rows):
    user = make_api(watched).user()
    project = user.create_project()
    request_id = str(uuid.uuid4())
    secret = "a text that nobody else writes"
    headers = {"if-match": project["etag"], "x-request-id": request_id}
    lock = ("SELECT FROM projects.projects WHERE id = %s FOR UPDATE", project["id"])
    path = f"/projects/{project['id']}"
    answer = rows.let_wait(
        [lock], lambda: user.patch(path, json={"description": secret}, headers=headers)
    )
    assert answer.status_code == 200
    pattern = rf"\[{request_id}\]\[-\] - slow statement rk_[0-9a-f]{{16}}: \d+ ms: [A-Z]+ "
    poll(lambda: re.search(pattern, watched.log()))
    assert secret not in watched.log()
    assert project["id"] not in "".join(
        line for line in watched.log().splitlines() if "slow statement" in line
    )
    poll(lambda: metrics(watched)["renku_db_slow_statements_total"] >= 1)


# --- traces --------------------------------------------------------------------------------------


def trace_in_log(server: Server, api, **headers: str) -> str:
    """The trace id in the line about a request with these headers."""
    request_id = str(uuid.uuid4())
    api.anonymous().get("/error", headers={"x-request-id": request_id} | headers)
    (trace,) = poll(lambda: re.findall(rf"\[{request_id}\]\[([^]]*)\]", server.log()))[:1]
    return trace


@pytest.mark.parametrize(
    "headers, trace",
    [
        ({"traceparent": PARENT}, TRACE),
        ({"sentry-trace": SENTRY}, TRACE),
        ({"sentry-trace": f"{TRACE}-{SPAN}"}, TRACE),
        ({"traceparent": PARENT, "sentry-trace": f"{SPAN}{SPAN}-{SPAN}-0"}, TRACE),
        ({}, "-"),
        ({"traceparent": f"ff-{TRACE}-{SPAN}-01"}, "-"),
        ({"traceparent": f"00-{'0' * 32}-{SPAN}-01"}, "-"),
        ({"traceparent": f"00-{TRACE}-{'0' * 16}-01"}, "-"),
        ({"traceparent": f"00-{TRACE.upper()}-{SPAN}-01"}, "-"),
        ({"traceparent": PARENT[:-1]}, "-"),
        ({"traceparent": f"{PARENT}-more"}, "-"),
        ({"traceparent": ""}, "-"),
        ({"sentry-trace": f"{TRACE}-{SPAN}-2"}, "-"),
        ({"sentry-trace": f"{'0' * 32}-{SPAN}"}, "-"),
        ({"sentry-trace": "x" * 5000}, "-"),
    ],
)
def test_a_trace_stands_in_the_log_when_it_is_valid(server, api, headers, trace):
    assert trace_in_log(server, api, **headers) == trace


def test_a_trace_stands_in_lines_of_json(other_server, make_api):
    server = other_server({"LOG_FORMAT_STYLE": "json"}, workers=1)
    headers = {"traceparent": PARENT}
    make_api(server).anonymous().get("/error", headers=headers)
    line = poll(lambda: [line for line in server.log().splitlines() if TRACE in line])[0]
    assert json.loads(line)["trace_id"] == TRACE


class GitLab(http.server.BaseHTTPRequestHandler):
    """Remembers what it was asked with."""

    def do_GET(self):
        self.server.asked.append(self.headers)
        self.send_response(401)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def gitlab():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), GitLab)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "headers, handed_on",
    [
        ({"traceparent": PARENT, "sentry-trace": SENTRY}, [PARENT, SENTRY]),
        ({"traceparent": PARENT}, [PARENT, None]),
        ({"traceparent": "nonsense", "sentry-trace": SENTRY}, [None, SENTRY]),
        ({}, [None, None]),
    ],
)
def test_services_of_the_deployment_learn_the_trace(
    other_server, make_api, gitlab, headers, handed_on
):
    url = f"http://127.0.0.1:{gitlab.server_port}"
    server = other_server({"ENABLE_INTERNAL_GITLAB": "true", "GITLAB_URL": url}, workers=1)
    caller = make_api(server).with_token("a-token")
    caller.get("/storage?project_id=1", headers={"gitlab-access-token": "a-token"} | headers)
    assert gitlab.asked
    for asked in gitlab.asked:
        assert [asked.get("traceparent"), asked.get("sentry-trace")] == handed_on
