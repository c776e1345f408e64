# SPDX-License-Identifier: Apache-2.0
"""Secret slots of projects and what users put into them. Spec: session-secrets.md"""

import hashlib
import re

import pytest

from support.api import NO_ULID, ULID, at_once, check_error, unique
from support.secrets import Vault

SLOTS = "/session_secret_slots"
SECRETS = "/user/secrets"


@pytest.fixture(scope="session")
def vault(keys, rows):
    return Vault(keys, rows)


@pytest.fixture
def project(user) -> dict:
    return user.create_project(visibility="public")


def add_slot(caller, project: dict, **body) -> dict:
    response = caller.post(SLOTS, json={"project_id": project["id"], "filename": unique("file")} | body)
    assert response.status_code == 201, response.text
    return response.json()


def slots(caller, project: dict) -> list[dict]:
    response = caller.get(f"/projects/{project['id']}{SLOTS}")
    assert response.status_code == 200, response.text
    return response.json()


def patch_slot(caller, slot: dict, etag: str | None = None, **body):
    return caller.patch(f"{SLOTS}/{slot['id']}", json=body, headers={"if-match": etag or slot["etag"]})


def links(project: dict) -> str:
    return f"/projects/{project['id']}/session_secrets"


def fill(caller, project: dict, *items: dict) -> list[dict]:
    response = caller.patch(links(project), json=list(items))
    assert response.status_code == 200, response.text
    return response.json()


def filled(caller, project: dict) -> list[dict]:
    response = caller.get(links(project))
    assert response.status_code == 200, response.text
    return response.json()


def keep(caller, **body) -> dict:
    """A secret of the user."""
    response = caller.post(SECRETS, json={"name": unique("secret"), "value": "kept"} | body)
    assert response.status_code == 201, response.text
    return response.json()


def count(rows, table: str, **where) -> int:
    conditions = " AND ".join(f"{name} = %s" for name in where)
    return rows.one(f"SELECT count(*) FROM {table} WHERE {conditions}", *where.values())


# --- 2 and 3.1 -----------------------------------------------------------------------------------


# Spec: session-secrets.md 3.1: newest first, whoever can read
def test_whoever_reads_the_project_sees_its_slots(user, other, anonymous, project):
    made = [add_slot(user, project) for _ in range(3)]
    wanted = sorted(made, key=lambda slot: slot["id"], reverse=True)
    for caller in (user, other, anonymous):
        assert slots(caller, project) == wanted


# Spec: session-secrets.md 3.1
def test_a_project_without_slots_has_an_empty_list(anonymous, project):
    assert slots(anonymous, project) == []


# Spec: session-secrets.md 3.1
def test_slots_of_hidden_and_missing_projects_are_not_found(user, other, anonymous):
    hidden = user.create_project(visibility="private")
    add_slot(user, hidden)
    for caller in (other, anonymous):
        check_error(caller.get(f"/projects/{hidden['id']}{SLOTS}"), 404)
    check_error(user.get(f"/projects/{NO_ULID}{SLOTS}"), 404)
    check_error(user.get(f"/projects/{NO_ULID.lower()}{SLOTS}"), 404)


# Spec: session-secrets.md 2
def test_the_etag_of_a_slot_comes_from_its_time(user, project, rows):
    slot = add_slot(user, project)
    for time, text in (
        ("2026-03-04T05:06:07.891011Z", "46C7A200415BB5272511AC4662C15572"),
        ("2026-03-04T05:06:07Z", hashlib.md5(b"2026-03-04T05:06:07+00:00").hexdigest().upper()),
    ):
        rows.run("UPDATE projects.session_secret_slots SET updated_at = %s WHERE id = %s", time, slot["id"])
        assert user.get(f"{SLOTS}/{slot['id']}").json()["etag"] == f'"{text}"'


# Spec: session-secrets.md 2: cascades
def test_slots_and_links_go_with_the_project_but_secrets_stay(user, project, rows):
    slot = add_slot(user, project)
    [link] = fill(user, project, {"secret_slot_id": slot["id"], "value": "v"})
    assert user.delete(f"/projects/{project['id']}").status_code == 204
    assert count(rows, "projects.session_secret_slots", id=slot["id"]) == 0
    assert count(rows, "projects.session_secrets", secret_slot_id=slot["id"]) == 0
    assert user.get(f"{SECRETS}/{link['secret_id']}").json()["session_secret_slot_ids"] == []


# --- 3.2 POST /session_secret_slots --------------------------------------------------------------


# Spec: session-secrets.md 3.2: defaults
@pytest.mark.parametrize(
    "body, name, description",
    [
        ({}, None, None),
        ({"name": None, "description": None}, None, None),
        ({"name": "Name", "description": ""}, "Name", None),
        ({"name": "N" * 99, "description": "d" * 500}, "N" * 99, "d" * 500),
    ],
)
def test_a_slot_is_added(user, project, rows, body, name, description):
    before = user.project(project["id"])
    slot = add_slot(user, project, filename="file.txt", **body)
    assert list(slot) == ["id", "project_id", "name"] + (["description"] if description else []) + ["filename", "etag"]
    assert ULID.match(slot["id"]) and re.fullmatch(r'"[0-9A-F]{32}"', slot["etag"])
    assert slot["project_id"] == project["id"] and slot["filename"] == "file.txt"
    assert slot["name"] == (name or "file.txt") and slot.get("description") == description
    creator = rows.one("SELECT created_by_id FROM projects.session_secret_slots WHERE id = %s", slot["id"])
    assert creator == user.id
    assert user.project(project["id"]) == before


BAD = {
    "no-project": {"project_id": None},
    "odd-project": {"project_id": "x"},
    "lower-project": {"project_id": NO_ULID.lower()},
    "no-filename": {"filename": None},
    "empty-filename": {"filename": ""},
    "long-filename": {"filename": "x" * 201},
    "slash": {"filename": "a/b"},
    "dot": {"filename": "."},
    "empty-name": {"name": ""},
    "long-name": {"name": "x" * 100},
    "long-description": {"description": "x" * 501},
    "unknown": {"id": NO_ULID},
    "long-default-name": {"filename": "x" * 100},
}


# Spec: session-secrets.md 3.2 steps 2 and 3 (quirk: 500 for a file name too long to be a name)
@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_a_slot_must_fit_its_schema(user, project, body):
    check_error(user.post(SLOTS, json={"project_id": project["id"], "filename": "f"} | body), 422)
    assert slots(user, project) == []


# Spec: session-secrets.md 3.2
def test_a_filename_that_does_not_match_is_named(user, project):
    response = user.post(SLOTS, json={"project_id": project["id"], "filename": "a b"})
    check_error(response, 422, contains="filename: String should match pattern")


# Spec: session-secrets.md 3.2 step 3: .. passes; a long file name with a name does too
@pytest.mark.parametrize("filename", ["..", "x" * 200, "A.b_c-9"])
def test_odd_filenames_pass(user, project, filename):
    assert add_slot(user, project, filename=filename, name="n")["filename"] == filename


# Spec: session-secrets.md 3.2 steps 1 and 4
def test_writers_alone_add_slots(user, other, anonymous, project):
    body = {"project_id": project["id"], "filename": "f"}
    check_error(anonymous.post(SLOTS, json=body), 401)
    check_error(anonymous.send("POST", SLOTS, b"{"), 401)
    check_error(other.post(SLOTS, json=body), 404)
    check_error(user.post(SLOTS, json=body | {"project_id": NO_ULID}), 404)
    user.set_members(f"/projects/{project['id']}/members", (other, "viewer"))
    check_error(other.post(SLOTS, json=body), 404)
    user.set_members(f"/projects/{project['id']}/members", (other, "editor"))
    assert other.post(SLOTS, json=body).status_code == 201


# Spec: session-secrets.md 3.2 step 5: exact comparison
def test_a_filename_is_taken_once_in_a_project(user, project):
    add_slot(user, project, filename="same")
    check_error(user.post(SLOTS, json={"project_id": project["id"], "filename": "same"}), 409)
    add_slot(user, project, filename="Same")
    add_slot(user, user.create_project(), filename="same")


# Spec: session-secrets.md 3.2 (quirk: 500 for the loser)
def test_of_simultaneous_slots_with_one_filename_one_is_added(user, project):
    body = {"project_id": project["id"], "filename": "race"}
    statuses = sorted(at_once(lambda _: user.post(SLOTS, json=body).status_code, range(4)))
    assert statuses == [201, 409, 409, 409]


# --- 3.3 GET /session_secret_slots/{slot_id} -----------------------------------------------------


# Spec: session-secrets.md 3.3, 7: 304 for the exact text; no ETag header
def test_a_slot_is_read(user, anonymous, project):
    slot = add_slot(user, project)
    path = f"{SLOTS}/{slot['id']}"
    for caller in (user, anonymous):
        response = caller.get(path)
        assert response.status_code == 200 and response.json() == slot
        assert "etag" not in response.headers
        same = caller.get(path, headers={"if-none-match": slot["etag"]})
        assert same.status_code == 304 and not same.content
        for other in (slot["etag"].strip('"'), "*", f"W/{slot['etag']}"):
            assert caller.get(path, headers={"if-none-match": other}).status_code == 200


# Spec: session-secrets.md 3.3: missing or not readable, same message
def test_missing_and_hidden_slots_look_alike(user, other):
    slot = add_slot(user, user.create_project())
    hidden = check_error(other.get(f"{SLOTS}/{slot['id']}"), 404)["message"]
    missing = check_error(other.get(f"{SLOTS}/{NO_ULID}"), 404)["message"]
    assert hidden.replace(slot["id"], "") == missing.replace(NO_ULID, "")


# --- 3.4 PATCH /session_secret_slots/{slot_id} ---------------------------------------------------


# Spec: session-secrets.md 3.4: the order of checks
def test_the_checks_of_a_patch_have_an_order(user, other, anonymous, project):
    slot = add_slot(user, project, filename="one")
    add_slot(user, project, filename="two")
    path, tag = f"{SLOTS}/{slot['id']}", {"if-match": "x"}
    check_error(anonymous.patch(path, json={"x": 1}), 401)
    check_error(other.patch(path, json={"x": 1}), 428, contains="If-Match header not provided")
    check_error(other.patch(path, json={"x": 1}, headers=tag), 422)
    check_error(other.patch(path, json={"filename": "."}, headers=tag), 422)
    check_error(user.patch(f"{SLOTS}/{NO_ULID}", json={"filename": "two"}, headers=tag), 404)
    check_error(other.patch(path, json={"filename": "two"}, headers=tag), 404)
    check_error(user.patch(path, json={"filename": "two"}, headers=tag), 409, contains="ETag")
    check_error(patch_slot(user, slot, filename="two"), 409)
    extra = patch_slot(user, slot, project_id=project["id"])
    check_error(extra, 422, contains="project_id: Extra inputs are not permitted")
    assert user.get(path).json() == slot


# Spec: session-secrets.md 3.4
@pytest.mark.parametrize(
    "body, now",
    [
        ({"name": "Other"}, {"name": "Other"}),
        ({"description": "Other"}, {"description": "Other"}),
        ({"description": ""}, {"description": None}),
        ({"filename": "other"}, {"filename": "other"}),
        ({"filename": "other", "name": None, "description": None}, {"filename": "other"}),
    ],
)
def test_a_slot_is_changed(user, project, body, now):
    slot = add_slot(user, project, filename="one", name="One", description="Text")
    response = patch_slot(user, slot, **body)
    assert response.status_code == 200
    changed = response.json()
    wanted = {name: value for name, value in (slot | now).items() if value is not None}
    assert changed == wanted | {"etag": changed["etag"]}
    assert changed["etag"] != slot["etag"]
    assert user.get(f"{SLOTS}/{slot['id']}").json() == changed
    check_error(patch_slot(user, slot, name="late"), 409)


# Spec: session-secrets.md 3.4: a patch that changes nothing keeps updated_at and the ETag
@pytest.mark.parametrize("body", [{}, {"name": None}, {"name": "One", "description": "Text", "filename": "one"}])
def test_a_patch_that_changes_nothing_keeps_the_etag(user, project, body):
    slot = add_slot(user, project, filename="one", name="One", description="Text")
    assert patch_slot(user, slot, **body).json() == slot


# Spec: session-secrets.md 3.4
def test_two_changes_with_one_etag_do_not_both_succeed(user, project):
    slot = add_slot(user, project)
    statuses = sorted(at_once(lambda i: patch_slot(user, slot, name=f"n{i}").status_code, range(4)))
    assert statuses == [200, 409, 409, 409]


# --- 3.5 DELETE, 3.6 copies ----------------------------------------------------------------------


# Spec: session-secrets.md 3.5: idempotent; the links of all users go, their secrets stay
def test_a_slot_is_removed(user, other, anonymous, project, rows):
    slot = add_slot(user, project)
    made = [fill(caller, project, {"secret_slot_id": slot["id"], "value": "v"})[0] for caller in (user, other)]
    check_error(anonymous.delete(f"{SLOTS}/{slot['id']}"), 401)
    check_error(other.delete(f"{SLOTS}/{slot['id']}"), 404)
    for _ in range(2):
        response = user.delete(f"{SLOTS}/{slot['id']}")
        assert response.status_code == 204 and not response.content
    assert other.delete(f"{SLOTS}/{NO_ULID}").status_code == 204
    assert slots(user, project) == [] == filled(other, project)
    for link in made:
        assert count(rows, "secrets.secrets", id=link["secret_id"]) == 1


# Spec: session-secrets.md 3.6
def test_slots_are_copied_without_secrets(user, other, project):
    slot = add_slot(user, project, name="n", description="d")
    fill(other, project, {"secret_slot_id": slot["id"], "value": "v"})
    body = {"name": unique("copy"), "namespace": other.slug}
    copy = other.post(f"/projects/{project['id']}/copies", json=body).json()
    [copied] = slots(other, copy)
    assert {name: copied[name] for name in ("name", "description", "filename")} == {
        name: slot[name] for name in ("name", "description", "filename")
    }
    assert copied["id"] != slot["id"]
    assert filled(other, copy) == []


# --- 4.1 GET session_secrets ---------------------------------------------------------------------


# Spec: session-secrets.md 4, 4.1, 4.3
def test_links_are_for_users_who_can_read(user, other, anonymous, admin):
    project = user.create_project()
    slot = add_slot(user, project)
    item = [{"secret_slot_id": slot["id"], "value": "v"}]
    check_error(anonymous.get(links(project)), 401)
    check_error(anonymous.patch(links(project), json=[{}]), 401)
    check_error(anonymous.delete(links(project)), 401)
    check_error(other.get(links(project)), 404)
    check_error(other.patch(links(project), json=item), 404)
    assert other.delete(links(project)).status_code == 204
    fill(user, project, *item)
    assert filled(admin, project) == []


# Spec: session-secrets.md 4.1: newest first, each sees the own ones
def test_users_see_their_own_links(user, other, project, rows):
    made = [add_slot(user, project) for _ in range(3)]
    secret = keep(user)
    items = [{"secret_slot_id": slot["id"], "secret_id": secret["id"]} for slot in made]
    assert fill(user, project, *items) == [{"secret_slot": slot, "secret_id": secret["id"]} for slot in made]
    order = rows.all(
        "SELECT secret_slot_id FROM projects.session_secrets WHERE user_id = %s ORDER BY id DESC", user.id
    )
    assert [item["secret_slot"]["id"] for item in filled(user, project)] == [slot for (slot,) in order]
    assert filled(other, project) == []


# Spec: session-secrets.md 4.1, 4.2: expired ones are left out here, but not in the answer to a patch
def test_expired_links_are_left_out(user, project, rows):
    slot, secret = add_slot(user, project), keep(user)
    fill(user, project, {"secret_slot_id": slot["id"], "secret_id": secret["id"]})
    for seconds, shown in ((150, 1), (119, 0), (-1, 0)):
        rows.run(
            "UPDATE secrets.secrets SET expiration_timestamp = now() + make_interval(secs => %s) WHERE id = %s",
            seconds,
            secret["id"],
        )
        assert len(filled(user, project)) == shown
        assert len(fill(user, project, {"secret_slot_id": slot["id"], "secret_id": secret["id"]})) == 1


# --- 4.2 PATCH session_secrets -------------------------------------------------------------------


# Spec: session-secrets.md 4.2: an empty array
def test_an_empty_patch_changes_nothing(user, other, project):
    assert fill(user, project) == []
    assert fill(other, project) == []


ITEMS = {
    "both": {"secret_id": NO_ULID, "value": "v"},
    "both-null-value": {"secret_id": NO_ULID, "value": None},
    "null-secret": {"secret_id": None},
    "empty-value": {"value": ""},
    "long-value": {"value": "x" * 5001},
    "odd-secret": {"secret_id": "x"},
    "unknown": {"name": "x"},
    "no-slot": {"secret_slot_id": None},
    "odd-slot": {"secret_slot_id": NO_ULID.lower()},
}


# Spec: session-secrets.md 4.2: the table of items
@pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS)
def test_items_must_fit_their_schema(user, project, item):
    slot = add_slot(user, project)
    check_error(user.patch(links(project), json=[{"secret_slot_id": slot["id"]} | item]), 422)
    check_error(user.patch(f"/projects/{NO_ULID}/session_secrets", json=[{"secret_slot_id": slot["id"]} | item]), 422)


# Spec: session-secrets.md 4.2: the order of checks
def test_the_checks_of_items_have_an_order(user, project):
    slot = add_slot(user, project)
    twice = [{"secret_slot_id": slot["id"]}] * 2
    check_error(user.patch(f"/projects/{NO_ULID}/session_secrets", json=twice), 422)
    check_error(user.patch(f"/projects/{NO_ULID}/session_secrets", json=twice[:1]), 404)
    check_error(user.patch(links(project), json={}), 422)


# Spec: session-secrets.md 4.2 step 1: a slot that is missing, or of another project
def test_items_name_slots_of_the_project(user, project):
    foreign = add_slot(user, user.create_project())
    for slot in (foreign["id"], NO_ULID):
        check_error(user.patch(links(project), json=[{"secret_slot_id": slot, "value": "v"}]), 422)


# Spec: session-secrets.md 4.2 step 2 (quirks: a missing id was 500, a foreign one accepted)
def test_only_own_secrets_are_linked(user, other, project):
    slot, foreign = add_slot(user, project), keep(other)
    for secret in (foreign["id"], NO_ULID):
        check_error(user.patch(links(project), json=[{"secret_slot_id": slot["id"], "secret_id": secret}]), 422)
    assert filled(user, project) == []


# Spec: session-secrets.md 4.2 steps 2 and 3
def test_a_link_is_replaced_and_removed(user, project, rows):
    slot, one, two = add_slot(user, project), keep(user), keep(user)
    [first] = fill(user, project, {"secret_slot_id": slot["id"], "secret_id": one["id"]})
    [second] = fill(user, project, {"secret_slot_id": slot["id"], "secret_id": two["id"]})
    assert (first["secret_id"], second["secret_id"]) == (one["id"], two["id"])
    assert count(rows, "projects.session_secrets", secret_slot_id=slot["id"]) == 1
    for item in ({}, {"value": None}):
        fill(user, project, {"secret_slot_id": slot["id"], "secret_id": two["id"]})
        assert fill(user, project, {"secret_slot_id": slot["id"]} | item) == []
        assert filled(user, project) == []
        assert fill(user, project, {"secret_slot_id": slot["id"]} | item) == []
    assert user.get(f"{SECRETS}/{two['id']}").json() == two


# Spec: session-secrets.md 4.2 step 4, 7: the linked secret is overwritten in place
def test_a_value_overwrites_the_linked_secret(user, project, vault, rows):
    one, two = add_slot(user, project), add_slot(user, project)
    secret = keep(user, expiration_timestamp="2039-01-01T00:00:00Z")
    fill(user, project, *({"secret_slot_id": slot["id"], "secret_id": secret["id"]} for slot in (one, two)))
    [link] = fill(user, project, {"secret_slot_id": one["id"], "value": "new"})
    assert link["secret_id"] == secret["id"]
    assert vault.value(secret["id"]) == "new"
    now = user.get(f"{SECRETS}/{secret['id']}").json()
    assert now["expiration_timestamp"] is None and now["modification_date"] > secret["modification_date"]
    assert now["name"] == secret["name"] and now["default_filename"] == secret["default_filename"]
    assert count(rows, "secrets.secrets", user_id=user.id) == 1


# Spec: session-secrets.md 4.2 step 5, 7; secrets.md 5.1: renaming the slot leaves the secret
def test_a_value_makes_a_secret(user, project, vault):
    slot = add_slot(user, project, name="My Slot!")
    [link] = fill(user, project, {"secret_slot_id": slot["id"], "value": "välue"})
    assert link["secret_slot"] == slot
    secret = user.get(f"{SECRETS}/{link['secret_id']}").json()
    assert secret["name"] == "My Slot!" and secret["kind"] == "general" and secret["expiration_timestamp"] is None
    assert re.fullmatch(r"my-slot-[a-z0-9]{8}", secret["default_filename"])
    assert secret["session_secret_slot_ids"] == [slot["id"]]
    assert vault.value(secret["id"]) == "välue"
    patch_slot(user, slot, name="Other")
    assert user.get(f"{SECRETS}/{link['secret_id']}").json()["name"] == "My Slot!"


# Spec: session-secrets.md 4.2 step 5
def test_a_slot_name_without_slug_takes_no_value(user, project):
    slot = add_slot(user, project, name="日本")
    check_error(user.patch(links(project), json=[{"secret_slot_id": slot["id"], "value": "v"}]), 422)
    secret = keep(user)
    assert len(fill(user, project, {"secret_slot_id": slot["id"], "secret_id": secret["id"]})) == 1


# Spec: session-secrets.md 4.2: any failure undoes all items
def test_all_items_count_or_none(user, project, rows):
    one, two = add_slot(user, project), add_slot(user, project)
    keep(user)
    before = rows.fingerprint()
    for bad in ({"secret_slot_id": two["id"], "secret_id": NO_ULID}, {"secret_slot_id": NO_ULID}):
        check_error(user.patch(links(project), json=[{"secret_slot_id": one["id"], "value": "v"}, bad]), 422)
    assert rows.fingerprint() == before


# Spec: session-secrets.md 4.2: links in request order, removed ones absent; write is not needed
def test_the_answer_has_the_order_of_the_request(user, other, project):
    made = [add_slot(user, project) for _ in range(4)]
    secret = keep(other)
    items = [
        {"secret_slot_id": made[2]["id"], "value": "a"},
        {"secret_slot_id": made[0]["id"]},
        {"secret_slot_id": made[3]["id"], "secret_id": secret["id"]},
        {"secret_slot_id": made[1]["id"], "value": "b"},
    ]
    answer = fill(other, project, *items)
    assert [link["secret_slot"] for link in answer] == [made[2], made[3], made[1]]
    assert all(list(link) == ["secret_slot", "secret_id"] for link in answer)


# Spec: session-secrets.md 4.2 step 4: another user's secret is never overwritten, whatever is linked
def test_a_foreign_secret_that_is_linked_is_not_overwritten(user, other, project, rows, vault):
    slot, foreign = add_slot(user, project), keep(other, value="theirs")
    rows.run(
        "INSERT INTO projects.session_secrets (id, user_id, secret_slot_id, secret_id)"
        " VALUES (public.generate_ulid(), %s, %s, %s)",
        user.id,
        slot["id"],
        foreign["id"],
    )
    [link] = fill(user, project, {"secret_slot_id": slot["id"], "value": "mine"})
    assert link["secret_id"] != foreign["id"]
    assert vault.value(foreign["id"]) == "theirs" and vault.value(link["secret_id"]) == "mine"


# Spec: session-secrets.md 4.2 (quirk: 500 for the loser)
def test_simultaneous_first_values_leave_one_link(user, project, rows):
    slot = add_slot(user, project)
    user.get("/user/secret_key")
    item = {"secret_slot_id": slot["id"], "value": "v"}
    answers = at_once(lambda _: user.patch(links(project), json=[item]), range(4))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert count(rows, "projects.session_secrets", secret_slot_id=slot["id"]) == 1


# Spec: session-secrets.md 5: a missing users row
def test_a_value_needs_a_record(api, user, project):
    slot = add_slot(user, project)
    check_error(api.visitor().patch(links(project), json=[{"secret_slot_id": slot["id"], "value": "v"}]), 404)


# --- 4.3 DELETE session_secrets ------------------------------------------------------------------


# Spec: session-secrets.md 4.3, 7: no project check; who lost read can still remove
def test_all_links_of_a_project_are_removed(user, other, rows):
    project = user.create_project(visibility="public")
    elsewhere = user.create_project()
    slot, kept = add_slot(user, project), add_slot(user, elsewhere)
    fill(other, project, {"secret_slot_id": slot["id"], "value": "v"})
    fill(user, project, {"secret_slot_id": slot["id"], "value": "v"})
    fill(user, elsewhere, {"secret_slot_id": kept["id"], "value": "v"})
    user.patch_project(project, visibility="private")
    check_error(other.get(links(project)), 404)
    assert count(rows, "projects.session_secrets", user_id=other.id) == 1
    response = other.delete(links(project))
    assert response.status_code == 204 and not response.content
    assert count(rows, "projects.session_secrets", user_id=other.id) == 0
    assert count(rows, "secrets.secrets", user_id=other.id) == 1
    assert count(rows, "projects.session_secrets", user_id=user.id) == 2
    assert other.delete(f"/projects/{NO_ULID}/session_secrets").status_code == 204
