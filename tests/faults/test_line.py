# SPDX-License-Identifier: Apache-2.0
"""Every point of every operation's talk with PostgreSQL, broken in every way.

Whatever breaks: the answer is the usual one, and the change is there, or a documented 5xx; the database is as before or
as after the change; the next request works. RENKU_FAULTS=all takes every message in place of one of each kind."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import pytest

from support.api import Api, ServerErrors, check_error
from support.contents import insert_class
from support.database import Rows
from support.examples import World, make_world
from support.faults import LIES, Fault, Trip
from support.lanes import PATIENCE, Lane, Request, State
from support.spec import Operation, operations

OPERATIONS = operations()
# of libpq, when the server that it speaks to lies
LOSSES = {"LSAN_OPTIONS": f"suppressions={Path(__file__).with_name('lying_server.supp')}:print_suppressions=0"}
# What the world of these tests does not hold: an attached GitLab, rclone, tokens of sessions, a user who has gone.
REFUSED = {
    "POST /internal/authentication/token",
    "PUT /storage/{storage_id}",
    "PATCH /storage/{storage_id}",
    "POST /storage",
    "POST /storage_schema/test_connection",
    "DELETE /users/{user_id}",
}
LANES = 4
ATTEMPTS = 3
LONGEST = PATIENCE + 5  # seconds
EVERYTHING = os.environ.get("RENKU_FAULTS") == "all"
STATES = ("40P01", "53100", "25006", "57014", "53200")
UNKNOWN = "whether it is there must be looked up"


@pytest.fixture(scope="module")
def settings(settings):
    """One connection, so that each fault meets the operation that it is meant for, and little patience."""
    return settings | {"DB_POOL_SIZE": "1", "SANIC_RESPONSE_TIMEOUT": str(PATIENCE)}


@pytest.fixture(scope="module")
def world(settings, start_server, realm):
    server = start_server({"SANIC_RESPONSE_TIMEOUT": "60"}, base=settings, workers=1)
    api, rows = Api(server.url, realm, ServerErrors()), Rows(settings)
    world = make_world(api, rows)
    world.me.set_members(f"/groups/{world.group['slug']}/members", (world.other, "editor"))
    world.me.set_members(f"/projects/{world.project['id']}/members", (world.other, "editor"))
    world.class_id = insert_class(rows, "*")
    world.prepared = {operation.name: request_of(world, operation) for operation in OPERATIONS}
    world.probe = Request("GET", f"/projects/{world.project['id']}", credentials(world.me))
    rows.close()
    api.close()
    assert server.stop() == 0
    return world


def credentials(caller) -> dict[str, str]:
    return {"authorization": f"Bearer {caller.token}"}


def body_of(world: World, operation: Operation):
    """As the example, but with a resource class that exists."""
    body = world.body(operation)
    if body and "session_launcher" in body:
        body["session_launcher"]["resource_class_id"] = world.class_id
    return body


def request_of(world: World, operation: Operation) -> Request:
    return Request(
        operation.method,
        world.path(operation),
        world.headers(operation) | credentials(world.by(operation)),
        body_of(world, operation),
    )


@pytest.fixture(scope="module")
def lanes(cluster, settings, world, start_server):
    """Servers that work on copies of one database, to be used by one thread each."""
    free, made = SimpleQueue(), []

    def make_server(database):
        return start_server(LOSSES, base=settings | database, workers=1, arguments=("--no-migrate",))

    for _ in range(LANES):
        database = cluster.create_database(settings["DB_NAME"])
        made.append(Lane(cluster, database, make_server, world.probe))
        free.put(made[-1])
    yield free
    for lane in made:
        lane.close()


# --- which faults --------------------------------------------------------------------------------


def some(count: int, one: int) -> list[int]:
    """Every place, or one."""
    return list(range(count)) if EVERYTHING else [min(one, count - 1)]


def faults_of_trip(number: int, trip: Trip) -> list[Fault]:
    count, middle = len(trip.answer), len(trip.answer) // 2
    found = [Fault(kind, number) for kind in ("cut-before", "cut-after", "hang-before", "delay")]
    found += [Fault("cut-request", number, at) for at in range(trip.statements + 1)]
    found += [Fault("error", number, at, "40001") for at in range(trip.statements)]
    found += [Fault("error", number, at, state) for at in some(trip.statements, trip.statements) for state in STATES]
    found += [Fault("fatal", number, at, "57P01") for at in some(trip.statements, 0)]
    for kind in ("cut-answer", "reset", "hang-answer", *LIES):
        found += [Fault(kind, number, at) for at in some(count, middle)]
    return [fault for fault in found if fault.kind != "swap" or fault.at + 1 < count]


def faults_of(trips: list[Trip]) -> list[Fault]:
    found = [fault for number, trip in enumerate(trips) for fault in faults_of_trip(number, trip)]
    found += [Fault(kind, lasting=True) for kind in ("cut-before", "cut-after")]
    return [*found, Fault("error", state="40001", lasting=True)]


# --- what must hold ------------------------------------------------------------------------------


def is_change(before: State, after: State) -> bool:
    return before.exact != after.exact


def differing(one: tuple, other: tuple) -> list[str]:
    return sorted({name for name, _ in set(one) ^ set(other)})


def judge_state(lane: Lane, state: State, after: State) -> tuple[bool, bool, str]:
    """Whether it is the state before, or that after, of the change."""
    before = lane.keeper.before
    is_before = state.exact == before.exact
    is_after = state.alike == after.alike and (not is_change(before, after) or not is_before)
    wrong = "" if is_before or is_after else f"half: {differing(state.alike, after.alike)} differ from after"
    return is_before, is_after or (is_before and not is_change(before, after)), wrong


def judge_answer(fault: Fault, response, clean, is_after: bool) -> str:
    if response is None:
        return "no answer"
    if response.status_code == clean.status_code:
        return "" if is_after or fault.kind in LIES else "acknowledged, and not there"
    if fault.kind in LIES and response.status_code < 500:
        return ""
    if response.status_code not in (500, 503):
        return f"{response.status_code} {response.text[:200]}"
    error = check_error(response, response.status_code)
    return "" if error["code"] in (1500, 1503) else str(error)


def judge_doubt(fault: Fault, response, is_before: bool) -> str:
    """A change that is there was acknowledged, or the answer leaves that open."""
    if is_before or response is None or response.status_code < 500 or fault.kind in LIES:
        return ""
    said = response.status_code == 503 or UNKNOWN in response.text
    return "" if said else f"done, and answered {response.text[:200]}"


def is_about_rows(fault: Fault, trips: list[Trip]) -> bool:
    """Rows that are lost or turned round look like other rows: nobody could tell."""
    return fault.kind in LIES and "D" in trips[fault.trip].answer[fault.at : fault.at + 2]


def run_fault(lanes: SimpleQueue, request: Request, fault: Fault, known: tuple) -> str:
    clean, trips, after = known
    lane = lanes.get()
    try:
        for _ in range(ATTEMPTS):
            response, state, took, hits = lane.suffer(request, fault)
            has_struck = hits or response is None or response.status_code != 503
            if has_struck and took < LONGEST:
                break
            lane.keeper.restore(state)  # on a busy machine it may not come that far in time; what hangs does so each time
        is_before, is_after, half = judge_state(lane, state, after)
        lane.keeper.restore(state)
        words = [
            "" if is_about_rows(fault, trips) else half,
            judge_answer(fault, response, clean, is_after),
            judge_doubt(fault, response, is_before),
            "" if took < LONGEST else f"took {took:.1f} s",
            "" if hits or (response is not None and response.status_code == 503) else "the fault did not strike",
            lane.recovers() or "",
            "" if lane.server.is_running() else "the server has ended",
        ]
        wrong = "; ".join(word for word in words if word)
        return f"{fault}: {wrong} [{response.status_code if response else None}]" if wrong else ""
    finally:
        lanes.put(lane)


def record(lanes: SimpleQueue, request: Request) -> tuple:
    """A clean run: the last two are alike, so all statements stand prepared, and nothing in it is left from what came before."""
    lane = lanes.get()
    try:
        known = lane.record(request)
        for _ in range(2 * ATTEMPTS):
            before, known = known, lane.record(request)
            if known[0].status_code < 500 and before[1] == known[1]:
                return known
    finally:
        lanes.put(lane)
    raise AssertionError(f"no clean run: {before[1]}, {known[1]}, {known[0].text}")


@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.name for operation in OPERATIONS])
def test_no_fault_of_the_line_breaks_a_promise(lanes, world, operation):
    request = world.prepared[operation.name]
    known = clean, trips, _after = record(lanes, request)
    assert clean.status_code < 400 or not operation.writes or operation.name in REFUSED, clean.text
    with ThreadPoolExecutor(LANES) as pool:
        wrong = list(pool.map(lambda fault: run_fault(lanes, request, fault, known), faults_of(trips) if trips else []))
    assert not any(wrong), "\n".join(line for line in wrong if line)
