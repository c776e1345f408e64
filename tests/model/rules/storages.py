# SPDX-License-Identifier: Apache-2.0
"""Cloud storage: its schema, and the legacy operations of a platform without GitLab, where nobody owns any. Spec: storage.md"""

from model.model import NO_CONTENT, Answer, Model, Person, Refusal, refuse_unless
from support.api import NO_ULID

from . import Call, operation

GOOD = (
    {"type": "s3", "provider": "AWS"},
    {"type": "s3", "provider": "Switch"},
    {"type": "sftp", "host": "h", "port": 22},
    {"type": "doi", "doi": "10.5281/zenodo.1"},
)
BAD = (
    {"type": "s3"},
    {"type": "s3", "provider": "Switch", "endpoint": "https://x.example"},
    {"type": "sftp", "host": "h", "port": "22"},
    {"type": "polybox", "provider": "shared"},
    {"type": "webdav", "url": "https://e.org", "bearer_token_command": "x"},
)
UNKNOWN = ({"type": "local"}, {"type": "nope"}, {})


def draw_configuration(d) -> dict:
    return d.pick((*GOOD, *BAD, *UNKNOWN))


@operation("GET", "/storage_schema", lambda d: Call(), weight=1)
def storage_schema_get(_m: Model, _me: Person, _call: Call) -> Answer:
    return Answer(200)


def draw_validate(d) -> Call:
    return d.faulty(Call(body=draw_configuration(d)), strict=False)


@operation("POST", "/storage_schema/validate", draw_validate, refusals=(400, 422), successes=(204,), weight=3)
def storage_schema_validate(_m: Model, _me: Person, call: Call) -> Answer:
    call.check_body()
    refuse_unless(call.body in GOOD, 422)
    return NO_CONTENT


def draw_obscure(d) -> Call:
    return d.faulty(Call(body={"configuration": draw_configuration(d)}))


@operation("POST", "/storage_schema/obscure", draw_obscure, refusals=(400, 422), weight=2)
def storage_schema_obscure(_m: Model, _me: Person, call: Call) -> Answer:
    call.check_body()
    configuration = call.body["configuration"]
    refuse_unless(configuration not in UNKNOWN, 422)
    return Answer(200, configuration)  # none of these has a password


# --- legacy: without a user of GitLab ---------------------------------------------------------------------------


def draw_storage_list(d) -> Call:
    return Call(query=d.pick(({"project_id": "1"}, {"project_id": "1"}, {}, {"project_id": "1", "nonsense": "1"})))


@operation("GET", "/storage", draw_storage_list, refusals=(422,), weight=2)
def storage_list(_m: Model, _me: Person, call: Call) -> Answer:
    call.check_query("project_id")
    refuse_unless(call.query, 422)
    return Answer(200, [])


def draw_storage(d) -> Call:
    body = {"project_id": "1", "name": "data", "configuration": d.pick(GOOD[:1] + BAD[:1]), "source_path": "a", "target_path": "b"}
    return d.faulty(Call({"storage_id": NO_ULID}, body))


def check_storage(call: Call) -> None:
    call.check_body()
    refuse_unless(call.body["configuration"] in GOOD, 422)


@operation("POST", "/storage", draw_storage, refusals=(400, 403, 422), successes=(), weight=2)
def storage_create(_m: Model, _me: Person, call: Call) -> Answer:
    check_storage(call)
    raise Refusal(403)


@operation("GET", "/storage/{storage_id}", lambda d: Call({"storage_id": NO_ULID}), refusals=(404,), successes=(), weight=1)
def storage_get(_m: Model, _me: Person, _call: Call) -> Answer:
    raise Refusal(404)


@operation("PUT", "/storage/{storage_id}", draw_storage, refusals=(400, 404, 422), successes=(), weight=2)
def storage_put(_m: Model, _me: Person, call: Call) -> Answer:
    check_storage(call)
    raise Refusal(404)


def draw_storage_patch(d) -> Call:
    return Call({"storage_id": NO_ULID}, d.pick(({"name": "other"}, {"name": "!"})))


@operation("PATCH", "/storage/{storage_id}", draw_storage_patch, refusals=(404, 422), successes=(), weight=1)
def storage_patch(_m: Model, _me: Person, call: Call) -> Answer:
    refuse_unless(call.body != {"name": "!"}, 422)
    raise Refusal(404)


@operation("DELETE", "/storage/{storage_id}", lambda d: Call({"storage_id": NO_ULID}), successes=(204,), weight=1)
def storage_delete(_m: Model, _me: Person, _call: Call) -> Answer:
    return NO_CONTENT
