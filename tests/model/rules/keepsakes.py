# SPDX-License-Identifier: Apache-2.0
"""Secrets of users. Spec: secrets.md 3"""

from model.model import NO_CONTENT, Answer, Bag, Learn, Model, Person, Secret, refuse_unless, ulid

from . import Call, operation
from .projects import slug_of

FILENAMES = ("key", "token")
NEVER_AGAIN = "2001-01-01T00:00:00Z"
LONG = ("2099-12-31T23:59:59+01:00", "2099-12-31T22:59:59Z")  # as it is sent, as later answers write it
EXPIRATIONS = (NEVER_AGAIN, LONG[0], LONG[0], "2099-12-31T23:59:59")


def show(m: Model, secret: Secret, echo: str | None = None, before: str | None = None) -> dict:
    """`echo` is the expiration as the request wrote it."""
    slots = sorted(slot.id for (slot, _), one in m.links.items() if one is secret)
    return {
        "id": ulid(secret),
        "name": secret.name,
        "kind": secret.kind,
        "expiration_timestamp": echo or secret.expires,
        "modification_date": Learn(secret, "modified", unlike=before),
        "default_filename": secret.filename or Learn(secret, "filename"),
        "session_secret_slot_ids": Same(slots),
        "data_connector_ids": [],
    }


class Same(Learn):
    """The same texts in any order."""

    def __init__(self, texts: list[str]):
        self.texts = texts

    def __call__(self, got) -> bool:
        return sorted(got) == self.texts

    def __repr__(self):
        return f"<{self.texts}>"


def find(m: Model, me: Person, secret_id: str) -> Secret:
    secret = next((one for one in m.secrets if one.id == secret_id and one.owner is me), None)
    refuse_unless(secret and secret.usable, 404)
    return secret


def check_zone(body: dict) -> None:
    refuse_unless(body.get("expiration_timestamp") != EXPIRATIONS[-1], 422)


def written(expiration: str | None) -> str | None:
    return LONG[1] if expiration == LONG[0] else expiration


def taken(m: Model, me: Person, secret: Secret | None, filename: str | None) -> bool:
    return any(one.filename == filename for one in m.secrets if one.owner is me and one is not secret and filename)


def draw_list(d) -> Call:
    return Call(query=d.pick(({}, {"kind": "storage"}, {"kind": "?"}, {"nonsense": "1"})))


@operation("GET", "/user/secrets", draw_list, refusals=(401, 422))
def user_secret_list(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    call.check_query("kind")
    kind = call.query.get("kind", "general")
    mine = [secret for secret in m.secrets if secret.owner is me and secret.kind == kind and secret.usable]
    return Answer(200, Bag(show(m, secret) for secret in mine))


def draw_secret(d) -> Call:
    body = {"name": d.pick(("My key", "日本")), "value": "v"} | d.some(
        default_filename=d.pick(FILENAMES), kind=d.pick(("general", "storage"))
    )
    return d.sealing(d.faulty(Call(body=body | d.seldom(expiration_timestamp=d.pick(EXPIRATIONS)))))


@operation("POST", "/user/secrets", draw_secret, refusals=(400, 401, 404, 422), successes=(201,), weight=4)
def user_secret_create(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    call.check_body()
    check_zone(call.body)
    filename = call.body.get("default_filename")
    if not filename:
        refuse_unless(call.body["name"].isascii() and slug_of(call.body["name"]), 422)
    refuse_unless(me.namespace, 404)
    refuse_unless(not taken(m, me, None, filename), 422)
    expiration = call.body.get("expiration_timestamp")
    secret = Secret(me, call.body["name"], filename, call.body.get("kind", "general"), written(expiration))
    m.secrets.append(secret)
    return Answer(201, show(m, secret, expiration))


@operation("GET", "/user/secrets/{secret_id}", lambda d: Call({"secret_id": d.secret_id()}), refusals=(401, 404), weight=3)
def user_secret_get(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    return Answer(200, show(m, find(m, me, call.path["secret_id"])))


def draw_patch(d) -> Call:
    body = d.some(name=d.pick(("My key", "Other")), default_filename=d.pick(FILENAMES))
    body |= d.seldom(expiration_timestamp=d.pick(EXPIRATIONS), value="v")
    return d.sealing(d.faulty(Call({"secret_id": d.secret_id()}, body)))


@operation("PATCH", "/user/secrets/{secret_id}", draw_patch, refusals=(400, 401, 404, 409, 422), weight=6)
def user_secret_patch(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    call.check_body()
    check_zone(call.body)
    secret = find(m, me, call.path["secret_id"])
    filename, expiration = call.body.get("default_filename", secret.filename), call.body.get("expiration_timestamp")
    refuse_unless(not taken(m, me, secret, filename), 409)
    before = secret.modified
    if "value" in call.body:
        secret.modified = secret.expires = None
    secret.name, secret.filename = call.body.get("name", secret.name), filename
    secret.expires = written(expiration) or secret.expires
    return Answer(200, show(m, secret, expiration, before))


@operation(
    "DELETE",
    "/user/secrets/{secret_id}",
    lambda d: Call({"secret_id": d.secret_id()}),
    refusals=(401,),
    successes=(204,),
    weight=2,
)
def user_secret_delete(m: Model, me: Person, call: Call) -> Answer:
    me.check_login()
    secret = next((one for one in m.secrets if one.id == call.path["secret_id"] and one.owner is me), None)
    if secret and secret.usable:
        m.drop_secret(secret)
    return NO_CONTENT


