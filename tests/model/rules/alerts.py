# SPDX-License-Identifier: Apache-2.0
"""Alerts of users. Spec: notifications.md"""

from model.model import Alert, Answer, Learn, Model, Person, Unspecified, present, refuse_unless, ulid

from . import Call, operation

SESSIONS = ("session-1", "session-2")
KINDS = ("memory_high", "quota_low")


def show(alert: Alert, before: str | None = None) -> dict:
    return present(
        id=ulid(alert),
        title=alert.title,
        message=alert.message,
        event_type=alert.event_type,
        user_id=alert.person.id,
        session_name=alert.session_name,
        creation_date=Learn(alert, "created"),
        resolved_date=Learn(alert, "resolved_date", unlike=before) if alert.resolved else None,
    )


def draw_alert(d) -> Call:
    body = {"title": d.pick(("T", "U")), "message": "M", "event_type": d.pick(KINDS), "user_id": d.person().id or "x!"}
    return d.faulty(Call(body=body | d.some(session_name=d.pick((*SESSIONS, "")))))


@operation("POST", "/alerts", draw_alert, refusals=(400, 401, 403, 409, 422), successes=(201,), weight=6, admin=True)
def alert_create(m: Model, me: Person, call: Call) -> Answer:
    me.check_admin()
    call.check_body()
    body = call.body
    refuse_unless(body.get("session_name") != "" and "!" not in body["user_id"], 422)
    person = m.person(body["user_id"])
    refuse_unless(person and person.namespace, 422)
    alert = Alert(person, body["title"], body["message"], body["event_type"], body.get("session_name"))
    refuse_unless(not active(m, alert), 409)
    m.alerts.append(alert)
    return Answer(201, show(alert))


def active(m: Model, like: Alert) -> Alert | None:
    def same(alert: Alert) -> bool:
        return all(getattr(alert, name) == getattr(like, name) for name in ("person", "event_type", "session_name"))

    return next((alert for alert in m.alerts if same(alert) and not alert.resolved), None)


def draw_list(d) -> Call:
    return Call(query=d.pick(({}, {}, {"session_name": d.pick(SESSIONS)}, {"session_name": ""}, {"nonsense": "1"})))


@operation("GET", "/alerts", draw_list, refusals=(422,), weight=5)
def alert_list(m: Model, me: Person, call: Call) -> Answer:
    call.check_query("session_name")
    name = call.query.get("session_name")
    mine = [alert for alert in m.alerts if alert.person is me and not alert.resolved and name in (None, "", alert.session_name)]
    assign(mine)
    return Answer(200, [show(alert) for alert in sorted(mine, key=lambda alert: alert.id or "", reverse=True)])


def assign(alerts: list[Alert]) -> None:
    """Those of Alertmanager have ids that nobody was told; they are asked for only when there is no doubt about them."""
    if sum(alert.id is None for alert in alerts) and len(alerts) > 1:
        raise Unspecified


def draw_patch(d) -> Call:
    body = d.pick(({"resolved": True}, {"resolved": True}, {"resolved": False}, {}))
    return d.faulty(Call({"alert_id": d.alert_id()}, body))


@operation("PATCH", "/alerts/{alert_id}", draw_patch, refusals=(400, 401, 403, 404, 422), weight=4, admin=True)
def alert_patch(m: Model, me: Person, call: Call) -> Answer:
    me.check_admin()
    call.check_body()
    alert = next((one for one in m.alerts if one.id == call.path["alert_id"]), None)
    refuse_unless(alert, 404)
    before = alert.resolved_date
    if call.body.get("resolved"):
        alert.resolved, alert.resolved_date = True, None
    return Answer(200, show(alert, before))


def draw_webhook(d) -> Call:
    alerts = []
    for _ in range(d.pick((1, 1, 2))):
        labels = {"safe_username": d.person().id or "x", "alertname": d.pick(KINDS)} | d.some(statefulset=d.pick(SESSIONS))
        alerts.append(
            {
                "status": d.pick(("firing", "firing", "resolved")),
                "labels": labels,
                "annotations": {"title": d.pick(("T", "U")), "description": "M"},
                "startsAt": "2026-01-01T00:00:00Z",
            }
        )
    body = {"version": "4", "groupKey": "k", "status": "firing", "alerts": alerts}
    return d.faulty(Call(body=body))


@operation("POST", "/webhooks/alertmanager", draw_webhook, refusals=(400, 401, 403, 422), weight=5, admin=True)
def alertmanager_notify(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    refuse_unless(me.herald or me.badge, 403)
    call.check_body()
    for status, take in (("firing", fire), ("resolved", resolve)):
        for item in call.body["alerts"]:
            person = m.person(item["labels"]["safe_username"])
            if item["status"] == status and "statefulset" in item["labels"] and person and person.namespace:
                take(m, notice(person, item))
    return Answer(200, {})


def notice(person: Person, item: dict) -> Alert:
    labels, texts = item["labels"], item["annotations"]
    return Alert(person, texts["title"], texts["description"], labels["alertname"], labels["statefulset"])


def fire(m: Model, wanted: Alert) -> None:
    """Spec: notifications.md 4.1"""
    found = active(m, wanted)
    if found:
        found.title, found.message = wanted.title, wanted.message
    else:
        m.alerts.append(wanted)


def resolve(m: Model, wanted: Alert) -> None:
    """By the texts, whatever the kind. Spec: notifications.md 4.2"""
    for alert in m.alerts:
        if not alert.resolved and all(
            getattr(alert, name) == getattr(wanted, name) for name in ("person", "title", "message", "session_name")
        ):
            alert.resolved = True


