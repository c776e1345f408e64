# SPDX-License-Identifier: Apache-2.0
"""Secret slots of projects, and what users put into them. Spec: session-secrets.md"""

from model.model import NO_CONTENT, Answer, Bag, Learn, Model, Person, Secret, Slot, present, refuse_unless, ulid
from support.api import NO_ULID

from . import Call, operation

FILENAMES = ("one", "two", "three", ".")
NAMES = ("Slot one", "日本")


def show(slot: Slot, before: str | None = None) -> dict:
    return present(
        id=ulid(slot),
        project_id=slot.project.id,
        name=slot.name,
        description=slot.description,
        filename=slot.filename,
        etag=Learn(slot, "etag", unlike=before),
    )


def require(m: Model, me: Person, project_id: str, scope: str = "read"):
    """By relationships alone: a project that has lost its namespace still has its slots."""
    project = m.lookup(project_id)
    refuse_unless(project and m.may(me, scope, project), 404)
    return project


def lookup(m: Model, slot_id: str) -> Slot | None:
    return next((slot for slot in m.slots if slot.id == slot_id), None)


def taken(m: Model, slot: Slot, filename: str) -> bool:
    return any(one.filename == filename for one in m.slots if one.project is slot.project and one is not slot)


@operation("GET", "/projects/{project_id}/session_secret_slots", lambda d: Call({"project_id": d.project_id()}), refusals=(404,), weight=5)
def session_secret_slot_list(m: Model, me: Person, call: Call) -> Answer:
    project = require(m, me, call.path["project_id"])
    return Answer(200, Bag((show(slot) for slot in m.slots if slot.project is project), "filename"))


def draw_slot(d) -> Call:
    body = {"project_id": d.project_id(), "filename": d.pick(FILENAMES)}
    return d.faulty(Call(body=body | d.some(name=d.pick(NAMES), description=d.pick(("about", "")))))


@operation("POST", "/session_secret_slots", draw_slot, refusals=(400, 401, 404, 409, 422), successes=(201,), weight=8)
def session_secret_slot_create(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    call.check_body()
    filename = call.body["filename"]
    refuse_unless(filename != ".", 422)
    project = require(m, me, call.body["project_id"], "write")
    slot = Slot(project, me, call.body.get("name", filename), filename, call.body.get("description") or None)
    refuse_unless(not taken(m, slot, filename), 409)
    m.enter(me)
    m.slots.append(slot)
    return Answer(201, show(slot))


def draw_get(d) -> Call:
    slot = d.slot()
    return Call({"slot_id": slot.id if slot else NO_ULID}, if_none_match=d.pick((None, None, slot and slot.etag)))


@operation("GET", "/session_secret_slots/{slot_id}", draw_get, refusals=(404,), successes=(200, 304))
def session_secret_slot_get(m: Model, me: Person, call: Call) -> Answer:
    slot = lookup(m, call.path["slot_id"])
    refuse_unless(slot and m.may(me, "read", slot.project), 404)
    return Answer(304, Answer.NOTHING) if call.if_none_match == slot.etag else Answer(200, show(slot))


def draw_patch(d) -> Call:
    slot = d.slot()
    body = d.some(name=d.pick(NAMES), description=d.pick(("about", "")), filename=d.pick(FILENAMES))
    etag = d.pick((slot.etag, slot.etag, slot.etag, '"X"', None)) if slot else '"X"'
    return d.faulty(Call({"slot_id": slot.id if slot else NO_ULID}, body, if_match=etag))


@operation("PATCH", "/session_secret_slots/{slot_id}", draw_patch, refusals=(400, 401, 404, 409, 422, 428), weight=7)
def session_secret_slot_patch(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    call.check_if_match()
    call.check_body()
    refuse_unless(call.body.get("filename") != ".", 422)
    slot = lookup(m, call.path["slot_id"])
    refuse_unless(slot and m.may(me, "write", slot.project), 404)
    refuse_unless(call.if_match == slot.etag, 409)
    changes = dict(call.body)
    if "description" in changes:
        changes["description"] = changes["description"] or None
    refuse_unless(not taken(m, slot, changes.get("filename", slot.filename)), 409)
    before = slot.etag
    if any(getattr(slot, name) != value for name, value in changes.items()):
        slot.etag = None
    for name, value in changes.items():
        setattr(slot, name, value)
    return Answer(200, show(slot, before))


def draw_delete(d) -> Call:
    slot = d.slot()
    return Call({"slot_id": slot.id if slot else NO_ULID})


@operation("DELETE", "/session_secret_slots/{slot_id}", draw_delete, refusals=(401, 404), successes=(204,), weight=2)
def session_secret_slot_delete(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    slot = lookup(m, call.path["slot_id"])
    if slot:
        refuse_unless(m.may(me, "write", slot.project), 404)
        m.drop_slot(slot)
    return NO_CONTENT


# --- what users put into them -----------------------------------------------------------------------------------


def show_link(slot: Slot, secret: Secret) -> dict:
    return {"secret_slot": show(slot), "secret_id": ulid(secret)}


@operation("GET", "/projects/{project_id}/session_secrets", lambda d: Call({"project_id": d.project_id()}), refusals=(401, 404))
def session_secret_list(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    project = require(m, me, call.path["project_id"])
    mine = [(slot, secret) for (slot, person), secret in m.links.items() if person is me and slot.project is project]
    return Answer(200, [show_link(slot, secret) for slot, secret in reversed(mine) if secret.usable])


def draw_fill(d) -> Call:
    slot = d.slot()
    project_id = d.pick((slot.project.id, slot.project.id, slot.project.id, d.project_id())) if slot else d.project_id()
    slot_id = slot.id if slot else NO_ULID
    items = [{"secret_slot_id": slot_id} | d.content()] * d.pick((1, 1, 1, 2, 0))
    return d.faulty(Call({"project_id": project_id}, items))


@operation("PATCH", "/projects/{project_id}/session_secrets", draw_fill, refusals=(400, 401, 404, 422), weight=9)
def session_secret_patch(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    call.check_body()
    refuse_unless(len(call.body) < 2, 422)  # the same slot twice
    project = require(m, me, call.path["project_id"])
    if not call.body:
        return Answer(200, [])
    (item,) = call.body
    slot = lookup(m, item["secret_slot_id"])
    refuse_unless(slot and slot.project is project, 422)
    if "secret_id" in item:
        secret = next((one for one in m.secrets if one.id == item["secret_id"] and one.owner is me), None)
        refuse_unless(secret, 422)
        m.links[slot, me] = secret
    elif item.get("value"):
        store(m, me, slot)
    else:
        m.links.pop((slot, me), None)
    linked = m.links.get((slot, me))
    return Answer(200, [show_link(slot, linked)] if linked else [])


def store(m: Model, me: Person, slot: Slot) -> None:
    """Overwrites what the slot holds, else makes a secret. Spec: session-secrets.md 4.2, steps 4 and 5"""
    refuse_unless(slot.name not in NAMES[1:], 422)
    refuse_unless(me.namespace, 404)
    if (slot, me) in m.links:
        m.links[slot, me].expires = m.links[slot, me].modified = None
        return
    m.links[slot, me] = Secret(me, slot.name, None)
    m.secrets.append(m.links[slot, me])


@operation(
    "DELETE",
    "/projects/{project_id}/session_secrets",
    lambda d: Call({"project_id": d.project_id()}),
    refusals=(401,),
    successes=(204,),
    weight=2,
)
def session_secret_delete(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    project = m.lookup(call.path["project_id"])
    m.links = {key: secret for key, secret in m.links.items() if key[1] is not me or key[0].project is not project}
    return NO_CONTENT
