# SPDX-License-Identifier: Apache-2.0
"""Alerts and the webhook of Alertmanager. Spec: notifications.md"""

import random
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from support.api import NO_ULID, ULID, Caller, at_once, check_error, unique

WEBHOOK = "/webhooks/alertmanager"
ROLE = "alertmanager-webhook"
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$")


@pytest.fixture
def root(api) -> Caller:
    """An administrator by the token; the operations ask for no relationship."""
    return api.token_admin()


@pytest.fixture
def robot(api) -> Caller:
    """A service account: a token without an e-mail address. Spec: notifications.md 3.4"""
    return api.visitor(roles=(ROLE,), email=None, azp=unique("alertmanager"))


def create(root: Caller, user: Caller, **more) -> dict:
    response = post(root, user, **more)
    assert response.status_code == 201, response.text
    return response.json()


def body_for(user_id: str, **more) -> dict:
    usual = {"title": "Memory", "message": "90%", "event_type": "memory", "user_id": user_id}
    return usual | more


def post(root: Caller, user: Caller, **more):
    return root.post("/alerts", json=body_for(user.id, **more))


def active(user: Caller, **query) -> list[dict]:
    response = user.get("/alerts", params=query)
    assert response.status_code == 200, response.text
    return response.json()


def alert(user_id: str, status="firing", session="sess-1", **more) -> dict:
    """One alert as Alertmanager sends it."""
    labels = {"alertname": "MemoryHigh", "safe_username": user_id, "statefulset": session}
    texts = {"title": "Memory", "description": "90% used"}
    return {
        "status": status,
        "labels": labels | more.get("labels", {}),
        "annotations": texts | more.get("annotations", {}),
        "startsAt": "2026-01-02T03:04:05.678Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": "0123456789abcdef",
        "unknown": {"kept": "never"},
    }


def payload(*alerts: dict, **more) -> dict:
    return {
        "version": "4",
        "groupKey": '{}:{alertname="MemoryHigh"}',
        "status": "firing",
        "receiver": "renku",
        "groupLabels": {"alertname": "Other"},
        "commonLabels": {"safe_username": "other"},
        "commonAnnotations": {"title": "Other"},
        "externalURL": "http://alertmanager",
        "truncatedAlerts": 0,
        "alerts": list(alerts),
        "unknown": 1,
    } | more


def notify(caller: Caller, *alerts: dict, **more) -> None:
    response = caller.post(WEBHOOK, json=payload(*alerts, **more))
    assert (response.status_code, response.text) == (200, "{}")


# --- 2, 3.1 creation -----------------------------------------------------------------------------


# Spec: notifications.md 2, 3.1
def test_an_alert_is_created(root, user, rows):
    before = datetime.now(UTC)
    response = post(root, user, session_name="sess-1")
    assert response.status_code == 201, response.text
    assert not {"location", "etag"} & set(response.headers)
    created = response.json()
    assert ULID.match(created["id"]) and TIME.match(created["creation_date"])
    assert created == body_for(user.id, session_name="sess-1") | {
        "id": created["id"],
        "creation_date": created["creation_date"],
    }
    stored = rows.all(
        "SELECT creation_date, resolved_date FROM notifications.alerts WHERE id = %s", created["id"]
    )
    assert stored == [(datetime.fromisoformat(created["creation_date"]), None)]
    assert abs((stored[0][0] - before).total_seconds()) < 60
    assert active(user) == [created]


# Spec: notifications.md 2: what has no value is left out; texts have any length
def test_an_alert_without_session(root, user):
    title = "ä\N{GRINNING FACE} " * 5000
    created = create(root, user, title=title, message="", session_name=None)
    assert "session_name" not in created and "resolved_date" not in created
    assert (created["title"], created["message"]) == (title, "")


# Spec: notifications.md 3.1, 8 (2): 401, 403, 400, 422
def test_checks_of_a_creation_have_their_order(anonymous, robot, root, user, rows):
    before = rows.fingerprint()
    check_error(anonymous.send("POST", "/alerts", b"{"), 401)
    for caller in (user, robot):
        check_error(caller.send("POST", "/alerts", b"{"), 403)
    check_error(root.send("POST", "/alerts", b"{"), 400)
    good = body_for("nobody-knows")
    for name in good:
        check_error(
            root.post("/alerts", json={k: v for k, v in good.items() if k != name}),
            422,
            contains=f"{name}: Field required",
        )
    for wrong in (
        {"unknown": 1},
        {"user_id": "-x"},
        {"user_id": "x"},
        {"user_id": "a b"},
        {"session_name": ""},
        {"session_name": "x" * 100},
        {"title": 1},
    ):
        check_error(root.post("/alerts", json=good | wrong), 422, contains=next(iter(wrong)))
    assert rows.fingerprint() == before


# Spec: notifications.md 3.1 (1), 8 (6)
def test_an_unknown_user_gets_no_alert(root, rows):
    before = rows.fingerprint()
    response = root.post("/alerts", json=body_for("nobody-knows"))
    check_error(response, 422, contains="nobody-knows")
    assert rows.fingerprint() == before


# Spec: notifications.md 3.1 (2), 8 (4): user, event type and session; texts do not count
def test_one_active_alert_for_each_event_and_session(root, user, other):
    create(root, user)
    check_error(post(root, user, title="other", message="other"), 409)
    for more in ({"session_name": "a"}, {"session_name": "b"}, {"event_type": "cpu"}):
        create(root, user, **more)
        check_error(post(root, user, **more), 409)
    create(root, other)
    assert len(active(user)) == 4


# Spec: notifications.md 3.1 (2): what is resolved does not count
def test_a_resolved_alert_makes_way(root, user):
    first = create(root, user)
    assert root.patch(f"/alerts/{first['id']}", json={"resolved": True}).status_code == 200
    second = create(root, user)
    assert second["id"] != first["id"]
    assert active(user) == [second]


# Spec: notifications.md 2: creation is serialised for each user
def test_of_creations_at_once_one_wins(root, user):
    answers = at_once(lambda _: post(root, user, session_name="s"), range(8))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert len(active(user)) == 1


# Spec: notifications.md 2: who waits for another creation sees its alert
def test_a_creation_waits_for_another(root, user, rows):
    response = rows.let_wait(
        [
            ("SELECT FROM users.users WHERE keycloak_id = %s FOR NO KEY UPDATE", user.id),
            (
                "INSERT INTO notifications.alerts (title, message, event_type, user_id)"
                " VALUES ('t', 'm', 'memory', %s)",
                user.id,
            ),
        ],
        lambda: post(root, user),
    )
    check_error(response, 409)


# Spec: notifications.md 2: duplicates of another writer are one active alert too many, no failure
def test_duplicates_do_no_harm(root, robot, user, rows):
    for _ in range(2):
        rows.run(
            "INSERT INTO notifications.alerts (title, message, event_type, user_id, session_name)"
            " VALUES ('t', 'm', 'MemoryHigh', %s, 'sess-1')",
            user.id,
        )
    check_error(post(root, user, event_type="MemoryHigh", session_name="sess-1"), 409)
    notify(robot, alert(user.id))
    assert [item["message"] for item in active(user)] == ["90% used"] * 2
    notify(robot, alert(user.id, "resolved"))
    assert active(user) == []


# Spec: foundations.md 4.3: longer than an index can hold
def noise(length: int = 20_000) -> str:
    source = random.Random(1)
    return "".join(source.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(length))


def test_an_event_type_that_is_too_long_is_refused(root, user):
    check_error(post(root, user, event_type=noise()), 422, contains="too long")


# Spec: notifications.md 2: alerts go with their user
def test_alerts_go_with_their_user(root, admin, user, rows):
    created = create(root, user)
    assert admin.delete(f"/users/{user.id}").status_code == 204
    assert rows.all("SELECT FROM notifications.alerts WHERE id = %s", created["id"]) == []


# --- 3.2 the list --------------------------------------------------------------------------------


# Spec: notifications.md 3.2
def test_alerts_come_newest_first_and_by_session(root, user):
    created = []
    for number in range(4):
        created.append(create(root, user, event_type=f"e{number}", session_name="ab"[number % 2]))
    ids = sorted((item["id"] for item in created), reverse=True)
    assert [item["id"] for item in active(user)] == ids
    wanted = {item["id"] for item in created if item["session_name"] == "a"}
    assert {item["id"] for item in active(user, session_name="a")} == wanted
    assert active(user, session_name="A") == active(user, session_name="ab") == []
    assert [item["id"] for item in active(user, session_name="")] == ids


# Spec: notifications.md 3.2, 8 (1): whatever id the anonymous caller claims to have
def test_an_anonymous_caller_has_no_alerts(api, root, user):
    create(root, user)
    assert active(api.anonymous()) == []
    assert active(api.anonymous(**{"renku-auth-anon-id": user.id})) == []


# Spec: notifications.md 3.2: administrators, too
def test_everybody_sees_the_own_active_alerts_only(root, user, other):
    mine, theirs = create(root, root), create(root, user)
    gone = create(root, user, event_type="gone")
    root.patch(f"/alerts/{gone['id']}", json={"resolved": True})
    assert (active(root), active(user), active(other)) == ([mine], [theirs], [])


# Spec: notifications.md 3.2
@pytest.mark.parametrize(
    "query", ["unknown=1", f"session_name={'x' * 100}", "session_name=a&session_name=b", "page=1"]
)
def test_bad_queries_are_refused(user, anonymous, query):
    for caller in (user, anonymous):
        check_error(caller.get(f"/alerts?{query}"), 422)


# --- 3.3 resolving by hand -----------------------------------------------------------------------


# Spec: notifications.md 3.3, 8 (5)
def test_resolving_again_moves_the_date(root, user, rows):
    created = create(root, user)
    dates = []
    for _ in range(2):
        response = root.patch(f"/alerts/{created['id']}", json={"resolved": True})
        assert response.status_code == 200, response.text
        dates.append(response.json().pop("resolved_date"))
        assert response.json() == created | {"resolved_date": dates[-1]}
        assert TIME.match(dates[-1])
    assert datetime.fromisoformat(dates[1]) > datetime.fromisoformat(dates[0])
    assert active(user) == []


# Spec: notifications.md 3.3: an alert cannot be activated again
def test_what_is_not_true_changes_nothing(root, user):
    created = create(root, user)
    path = f"/alerts/{created['id']}"
    for body in ({}, {"resolved": False}, {"resolved": None}):
        assert root.patch(path, json=body).json() == created
    resolved = root.patch(path, json={"resolved": True}).json()
    for body in ({}, {"resolved": False}, {"resolved": None}):
        response = root.patch(path, json=body)
        assert (response.status_code, response.json()) == (200, resolved)


# Spec: notifications.md 3.3
def test_checks_of_resolving_have_their_order(anonymous, robot, root, user):
    path = f"/alerts/{NO_ULID}"
    check_error(anonymous.send("PATCH", path, b"{"), 401)
    for caller in (user, robot):
        check_error(caller.send("PATCH", path, b"{"), 403)
    check_error(root.send("PATCH", path, b"{"), 400)
    for wrong in ({"resolved": "maybe"}, {"title": "x"}, []):
        check_error(root.patch(path, json=wrong), 422)
    for body in ({"resolved": True}, {}):
        check_error(root.patch(path, json=body), 404, contains=NO_ULID)


# Spec: notifications.md 3.3: what is no ULID is another path
@pytest.mark.parametrize("alert_id", ["x", NO_ULID.lower(), NO_ULID[1:], "8" + NO_ULID[1:]])
def test_what_is_no_ulid_is_another_path(anonymous, alert_id):
    check_error(anonymous.patch(f"/alerts/{alert_id}", json={}), 404, contains="Requested URL")


# Spec: notifications.md 3: there is no DELETE and no GET of one
@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "POST"])
def test_alerts_have_no_other_methods(root, method):
    check_error(root.request(method, f"/alerts/{NO_ULID}"), 405)


# --- 3.4 the webhook: who, and what -----------------------------------------------------------------


# Spec: notifications.md 3.4, 8 (2)
def test_the_webhook_is_for_its_role_and_administrators(api, anonymous, root, robot, user):
    check_error(anonymous.send("POST", WEBHOOK, b"{"), 401)
    check_error(api.with_token("x.y.z").send("POST", WEBHOOK, b"{"), 401)
    check_error(user.send("POST", WEBHOOK, b"{"), 403, contains=ROLE)
    check_error(api.user(roles=("alertmanager",)).post(WEBHOOK, json=payload()), 403, contains=ROLE)
    for caller in (root, robot):
        check_error(caller.send("POST", WEBHOOK, b"{"), 400)
        notify(caller)


# Spec: notifications.md 6
def test_the_role_is_a_setting(other_server, make_api):
    own = make_api(other_server({"ALERTMANAGER_WEBHOOK_ROLE": "bells"}, workers=1))
    notify(own.visitor(roles=("bells",)))
    check_error(own.visitor(roles=(ROLE,)).post(WEBHOOK, json=payload()), 403, contains="bells")


WRONG = {
    "no-version": lambda p: p.pop("version"),
    "no-group-key": lambda p: p.pop("groupKey"),
    "no-status": lambda p: p.pop("status"),
    "no-alerts": lambda p: p.pop("alerts"),
    "status": lambda p: p.update(status="pending"),
    "alerts": lambda p: p.update(alerts={}),
    "group-labels": lambda p: p.update(groupLabels={"a": 1}),
    "truncated": lambda p: p.update(truncatedAlerts="many"),
    "alert": lambda p: p["alerts"].append(1),
    "alert-without-status": lambda p: p["alerts"][1].pop("status"),
    "alert-without-labels": lambda p: p["alerts"][1].pop("labels"),
    "alert-without-annotations": lambda p: p["alerts"][1].pop("annotations"),
    "alert-without-start": lambda p: p["alerts"][1].pop("startsAt"),
    "alert-status": lambda p: p["alerts"][1].update(status="pending"),
    "alert-label": lambda p: p["alerts"][1]["labels"].update(pod=1),
    "alert-annotation": lambda p: p["alerts"][1]["annotations"].update(title=None),
    "alert-start": lambda p: p["alerts"][1].update(startsAt="yesterday"),
}


# Spec: notifications.md 3.4, 8 (3): one invalid alert, and nothing is processed
@pytest.mark.parametrize("spoil", WRONG.values(), ids=WRONG.keys())
def test_an_invalid_payload_is_refused_as_a_whole(robot, user, rows, spoil):
    before = rows.fingerprint()
    body = payload(alert(user.id), alert(user.id, session="sess-2"))
    spoil(body)
    check_error(robot.post(WEBHOOK, json=body), 422)
    assert rows.fingerprint() == before


# Spec: notifications.md 3.4: what is optional
def test_the_least_payload_is_enough(robot, user):
    least = {key: alert(user.id)[key] for key in ("status", "labels", "annotations", "startsAt")}
    body = {"version": "4", "groupKey": "", "status": "resolved", "alerts": [least]}
    assert robot.post(WEBHOOK, json=body).text == "{}"
    assert len(active(user)) == 1


# Spec: notifications.md 3.4: the mapping; group and common members have no influence
def test_an_alert_of_alertmanager_becomes_an_alert(robot, user):
    notify(robot, alert(user.id), status="resolved")
    [found] = active(user)
    assert found == {
        "id": found["id"],
        "title": "Memory",
        "message": "90% used",
        "event_type": "MemoryHigh",
        "user_id": user.id,
        "session_name": "sess-1",
        "creation_date": found["creation_date"],
    }


SKIPPED = {
    "user": ({"labels": {"safe_username": ""}}, "label 'safe_username'"),
    "session": ({"labels": {"statefulset": ""}}, None),
    "title": ({"annotations": {"title": ""}}, "annotation 'title'"),
    "message": ({"annotations": {"description": ""}}, "annotation 'description'"),
    "event": ({"labels": {"alertname": ""}}, "label 'alertname'"),
    "long-session": ({"labels": {"statefulset": "x" * 100}}, "session xxxx"),
    "event-too-long": ({"labels": {"alertname": noise()}}, "was not taken"),
    "unknown-user": ({"labels": {"safe_username": "nobody-knows"}}, "nobody-knows"),
}


# Spec: notifications.md 3.4, 4.1 (1), 8 (3), 8 (6): skipped with a word in the log, or without
@pytest.mark.parametrize("more, said", SKIPPED.values(), ids=SKIPPED.keys())
def test_what_cannot_be_kept_is_skipped(server, robot, user, rows, more, said):
    count = rows.one("SELECT count(*) FROM notifications.alerts")
    length = len(server.log())
    notify(robot, alert(user.id, **more), alert(user.id, session="good"))
    assert [item["session_name"] for item in active(user)] == ["good"]
    assert rows.one("SELECT count(*) FROM notifications.alerts") == count + 1
    words = [line for line in server.log()[length:].splitlines() if "alert" in line]
    assert [said in line for line in words] == [True] if said else words == []


# Spec: notifications.md 3.4: labels that are missing altogether
def test_an_alert_without_labels_is_skipped(robot, user):
    bare = alert(user.id) | {"labels": {}, "annotations": {}}
    notify(robot, bare, bare | {"status": "resolved"}, alert(user.id))
    assert len(active(user)) == 1


# --- 4.1, 4.2, 4.3 creating, updating, resolving ----------------------------------------------------


# Spec: notifications.md 4.3
def test_the_worked_example(robot, user, rows):
    def fire(text, status="firing"):
        notify(robot, alert(user.id, status, annotations={"description": text}))

    fire("90% used")
    [first] = active(user)
    assert (first["event_type"], first["message"]) == ("MemoryHigh", "90% used")
    fire("95% used")
    assert active(user) == [first | {"message": "95% used"}]
    fire("90% used", "resolved")
    assert active(user) == [first | {"message": "95% used"}]
    fire("95% used", "resolved")
    assert active(user) == []
    fire("90% used")
    [second] = active(user)
    assert second["id"] != first["id"]
    assert rows.all(
        "SELECT id, resolved_date IS NULL FROM notifications.alerts WHERE user_id = %s ORDER BY id",
        user.id,
    ) == [(first["id"], False), (second["id"], True)]


# Spec: notifications.md 3.4: repeating changes nothing
def test_a_payload_can_be_repeated(robot, user, rows):
    firing = [alert(user.id, session=f"sess-{number}") for number in range(3)]
    resolved = [alert(user.id, "resolved", session="sess-0")]
    notify(robot, *firing)
    before = rows.fingerprint()
    notify(robot, *firing)
    assert rows.fingerprint() == before
    notify(robot, *resolved)
    before = rows.fingerprint()
    notify(robot, *resolved)
    assert rows.fingerprint() == before
    assert {item["session_name"] for item in active(user)} == {"sess-1", "sess-2"}


# Spec: notifications.md 4.1 (2, 3): title and message are replaced, the rest stays
def test_firing_again_replaces_the_texts(robot, root, user):
    made = create(root, user, event_type="MemoryHigh", session_name="sess-1", title="By hand")
    notify(robot, alert(user.id))
    assert active(user) == [made | {"title": "Memory", "message": "90% used"}]


# Spec: notifications.md 4.2, 8 (4): texts and session count, the event type does not
def test_resolving_compares_texts_and_session(robot, user):
    events = {"a": {"labels": {"alertname": "A"}}, "b": {"labels": {"alertname": "B"}}}
    others = [
        alert(user.id, session="sess-2"),
        alert(user.id, labels={"alertname": "T"}, annotations={"title": "Other"}),
        alert(user.id, labels={"alertname": "D"}, annotations={"description": "Other"}),
    ]
    notify(robot, *(alert(user.id, **more) for more in events.values()), *others)
    assert len(active(user)) == 5
    notify(robot, alert(user.id, "resolved", labels={"alertname": "C"}))
    assert {item["event_type"] for item in active(user)} == {"MemoryHigh", "T", "D"}


# Spec: notifications.md 3.4, 8 (7): firing ones first, whatever their place
def test_firing_alerts_come_before_resolved_ones(robot, user, rows):
    notify(robot, alert(user.id, "resolved"), alert(user.id))
    assert active(user) == []
    assert rows.one("SELECT count(*) FROM notifications.alerts WHERE user_id = %s", user.id) == 1


# Spec: notifications.md 3.4: in the order of the payload
def test_the_last_of_the_same_wins(robot, user):
    texts = ("first", "second", "third")
    notify(robot, *(alert(user.id, annotations={"description": text}) for text in texts))
    assert [item["message"] for item in active(user)] == ["third"]


# Spec: notifications.md 2: concurrent writers make no duplicates
def test_webhooks_at_once_make_one_alert(robot, user):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: notify(robot, alert(user.id)), range(16)))
    assert len(active(user)) == 1


# Spec: notifications.md 2: what cannot be shown is an error of the answer, named
@pytest.mark.server_error
def test_a_session_name_of_another_writer_that_is_too_long(root, user, rows):
    created = create(root, user)
    update = "UPDATE notifications.alerts SET session_name = repeat('x', 100) WHERE id = %s"
    rows.run(update, created["id"])
    for response in (user.get("/alerts"), root.patch(f"/alerts/{created['id']}", json={})):
        check_error(response, 500, contains="session_name")
