# SPDX-License-Identifier: Apache-2.0
"""Of several who want one thing at once, as many get it as can have it, nobody gets a 5xx, and the rows agree afterwards.

A round is one race for one thing; 64 clients run several rounds at once. RENKU_RACE_ROUNDS: rounds of each race.
"""

import itertools

from support.api import Caller, unique
from support.contents import insert, new_id
from support.server import renku

from .volley import CLIENTS, ROUNDS, SEALING_ROUNDS, Shot, one_wins, shot, statuses

_v1_ids = itertools.count(900_000_000)


# --- slugs ------------------------------------------------------------------------------------------------------


def new_group(caller: Caller, slug: str) -> Shot:
    return shot(caller, "POST", "/groups", {"name": "Race", "slug": slug})


def new_project(caller: Caller, place: str, slug: str, **more) -> Shot:
    return shot(caller, "POST", "/projects", {"name": "Race", "namespace": place, "slug": slug} | more)


# Spec: namespaces.md 3.2
def test_one_of_several_groups_gets_the_slug(race, people):
    def make():
        slug = unique("race")
        return [new_group(person, slug) for person in people]

    race(make, one_wins(201, 422))


# Spec: projects.md 4.2
def test_one_of_several_projects_gets_the_path(race, people):
    def make():
        slug = unique("race")
        return [new_project(people[0], people[0].slug, slug) for _ in people]

    race(make, one_wins(201, 409))


# Spec: namespaces.md 3.4
def test_one_of_renamed_and_new_groups_gets_the_slug(race, people):
    def make():
        groups, slug = [person.create_group()["slug"] for person in people[:4]], unique("race")
        renamed = [shot(people[i], "PATCH", f"/groups/{group}", {"slug": slug}) for i, group in enumerate(groups)]
        return renamed + [new_group(person, slug) for person in people[4:]]

    def judge(shots):
        found = statuses(shots)
        assert found[200] + found[201] == 1 and found[422] == len(shots) - 1, shots

    race(make, judge, ROUNDS // 2)


# Spec: projects.md 5.4
def test_one_of_renamed_and_new_projects_gets_the_path(race, people):
    def make():
        slug = unique("race")
        made = [people[0].create_project(slug=unique("race")) for _ in range(4)]
        renamed = [patch_project(people[0], project, slug=slug) for project in made]
        return renamed + [new_project(people[0], people[0].slug, slug) for _ in range(4)]

    def judge(shots):
        assert statuses(shots[:4])[200] + statuses(shots[4:])[201] == 1, shots
        assert {one.status for one in shots} <= {200, 201, 409, 422}, shots

    race(make, judge, ROUNDS // 2)


# Spec: projects.md 5.4
def test_one_of_moved_and_new_projects_gets_the_path(race, people):
    person, target = people[0], people[0].create_group()["slug"]
    homes = [person.create_group()["slug"] for _ in range(4)]

    def make():
        slug = unique("race")
        made = [person.create_project(namespace=home, slug=slug) for home in homes]
        moved = [patch_project(person, project, namespace=target) for project in made]
        return moved + [new_project(person, target, slug) for _ in range(4)]

    def judge(shots):
        assert statuses(shots[:4])[200] + statuses(shots[4:])[201] == 1, shots
        assert {one.status for one in shots} <= {200, 201, 409, 422}, shots

    race(make, judge, ROUNDS // 2)


# Spec: projects.md 4.9
def test_one_of_several_migrations_counts(race, people):
    def make():
        path = f"/renku_v1_projects/{next(_v1_ids)}/migrations"
        return [
            shot(person, "POST", path, {"project": {"name": "Race", "slug": unique("race"), "namespace": person.slug}})
            for person in people
        ]

    race(make, one_wins(201, 422))


# Spec: users.md 3.1
def test_first_calls_make_one_record(race, api, rows):
    def make():
        visitor = api.visitor()
        return [shot(visitor, "GET", "/user") for _ in range(8)]

    def judge(shots):
        assert statuses(shots) == {200: 8} and len({one.text for one in shots}) == 1, shots
        assert rows.one("SELECT count(*) FROM common.namespaces WHERE user_id = %s", shots[0].json["id"]) == 1

    race(make, judge)


# Spec: namespaces.md 4.4
def test_users_of_one_name_get_different_slugs(race, api):
    def make():
        email = f"{unique('twin')}@example.org"
        return [shot(api.visitor(email=email), "GET", "/user") for _ in range(4)]

    def judge(shots):
        assert statuses(shots) == {200: 4} and len({one.json["username"] for one in shots}) == 4, shots

    race(make, judge)


# --- versions ---------------------------------------------------------------------------------------------------


def patch_project(caller: Caller, project: dict, **body) -> Shot:
    return shot(caller, "PATCH", f"/projects/{project['id']}", body, if_match=project["etag"])


# Spec: projects.md 4.4
def test_one_of_several_changes_of_a_project_counts(race, people):
    def make():
        project = people[0].create_project()
        return [patch_project(people[0], project, name=f"Winner {i}") for i in range(8)]

    def judge(shots):
        one_wins(200, 409)(shots)
        winner = next(one for one in shots if one.status == 200)
        assert people[0].project(winner.json["id"])["name"] == winner.body["name"]

    race(make, judge)


# Spec: session-secrets.md 3.4
def test_one_of_several_changes_of_a_slot_counts(race, people):
    project = people[0].create_project()

    def make():
        body = {"project_id": project["id"], "filename": unique("file")}
        slot = people[0].post("/session_secret_slots", json=body).json()
        path = f"/session_secret_slots/{slot['id']}"
        return [shot(people[0], "PATCH", path, {"name": f"Winner {i}"}, if_match=slot["etag"]) for i in range(8)]

    race(make, one_wins(200, 409))


# Spec: platform.md 4.2
def test_one_of_several_changes_of_the_banner_counts(race, root):
    def make():
        etag = root.get("/platform/config").json()["etag"]
        return [shot(root, "PATCH", "/platform/config", {"incident_banner": unique("banner")}, if_match=etag) for _ in range(CLIENTS)]

    race(make, one_wins(200, 409), ROUNDS // 8)


# Spec: platform.md 4.4
def test_of_several_switches_those_with_the_present_version_count(race, root):
    def make():
        now = root.get("/platform/authorization_config").json()
        other = {"create_groups": "admins_only" if now["create_groups"] == "registered_users" else "registered_users"}
        return [shot(root, "PATCH", "/platform/authorization_config", other, if_match=now["etag"]) for _ in range(CLIENTS)]

    race(make, one_wins(200, 409), ROUNDS // 8 // 2 * 2)  # an even number: as it was before
    assert root.get("/platform/authorization_config").json()["create_groups"] == "registered_users"


# Spec: platform.md 4.7
def test_one_of_several_redirects_is_made(race, root):
    def make():
        body = {"source_url": f"/projects/{unique('race')}", "target_url": "https://code.example.org/a"}
        return [shot(root, "POST", "/platform/redirects", body) for _ in range(8)]

    race(make, one_wins(201, 409))


# Spec: platform.md 4.8, 4.9
def test_a_redirect_is_changed_once_or_deleted(race, root):
    def make():
        source = f"/projects/{unique('race')}"
        body = {"source_url": source, "target_url": "https://code.example.org/a"}
        etag = root.post("/platform/redirects", json=body).json()["etag"]
        path = "/platform/redirects/" + source.replace("/", "%2F")
        changes = [
            shot(root, "PATCH", path, {"target_url": f"https://code.example.org/{i}"}, if_match=etag) for i in range(4)
        ]
        return changes + [shot(root, "DELETE", path, if_match=etag) for _ in range(4)]

    def judge(shots):
        changed, removed = statuses(shots[:4]), statuses(shots[4:])
        there = root.get(shots[0].path).status_code
        if changed[200]:
            assert (changed, removed, there) == ({200: 1, 409: 3}, {409: 4}, 200), shots
        else:
            assert (changed, removed, there) == ({404: 4}, {204: 4}, 404), shots

    race(make, judge)


# --- owners and members -----------------------------------------------------------------------------------------


def role_race(race, make_path, people) -> None:
    """Each of two owners removes and demotes both."""

    def make():
        path, (one, other) = make_path(), people[:2]
        shots = []
        for caller, victim in itertools.product((one, other), repeat=2):
            shots.append(shot(caller, "DELETE", f"{path}/members/{victim.id}"))
            shots.append(shot(caller, "PATCH", f"{path}/members", [{"id": victim.id, "role": "viewer"}]))
        return shots

    def judge(shots):
        assert {one.status for one in shots} <= {200, 204, 404, 422}, shots
        members = people[0].get(shots[0].path.rsplit("/", 1)[0]).json()
        members = members if isinstance(members, list) else people[1].get(shots[0].path.rsplit("/", 1)[0]).json()
        assert [member["role"] for member in members].count("owner") == 1, (members, shots)

    race(make, judge)


# Spec: authorization.md 10
def test_a_group_keeps_an_owner(race, people):
    def make_path():
        path = f"/groups/{people[0].create_group()['slug']}"
        people[0].set_members(f"{path}/members", (people[1], "owner"))
        return path

    role_race(race, make_path, people)


# Spec: authorization.md 10
def test_a_project_keeps_an_owner(race, people, rows):
    keeper = people[2].create_group()["slug"]
    people[2].set_members(f"/groups/{keeper}/members", (people[0], "editor"), (people[1], "editor"))

    def make_path():
        project = people[0].create_project(namespace=keeper)
        people[0].set_members(f"/projects/{project['id']}/members", (people[1], "owner"))
        return f"/projects/{project['id']}"

    role_race(race, make_path, people)


# Spec: authorization.md 10.1
def test_a_new_member_has_one_role(race, people):
    def make():
        path = f"/groups/{people[0].create_group()['slug']}/members"
        roles = ("viewer", "editor", "owner", "viewer") * 2
        return [shot(people[0], "PATCH", path, [{"id": people[1].id, "role": role}]) for role in roles]

    def judge(shots):
        assert statuses(shots) == {200: 8}, shots
        members = people[0].get(shots[0].path).json()
        assert len(members) == 2, members

    race(make, judge)


# --- what goes while something comes ----------------------------------------------------------------------------


def is_gone(rows, project_id: str) -> bool:
    return not rows.one(
        "SELECT (SELECT count(*) FROM projects.projects WHERE id = %s)"
        " + (SELECT count(*) FROM librenku.relation WHERE object_id = %s)",
        project_id,
        project_id,
    )


# Spec: namespaces.md 3.5
def test_a_group_takes_with_it_what_is_just_made_in_it(race, people, rows):
    def make():
        slug = people[0].create_group()["slug"]
        project = people[0].create_project(namespace=slug)
        shots = [new_project(people[0], slug, unique("race")) for _ in range(4)]
        shots.insert(2, shot(people[0], "DELETE", f"/groups/{slug}"))
        shots.append(shot(people[0], "PATCH", f"/groups/{slug}/members", [{"id": people[1].id, "role": "owner"}]))
        shots.append(patch_project(people[0], project, name="Changed"))
        shots.append(patch_project(people[0], project, namespace=people[0].slug, slug=unique("race")))
        return shots

    def judge(shots):
        assert shots[2].status == 204 and {one.status for one in shots} <= {200, 201, 204, 404, 409}, shots
        made = [one.json["id"] for one in shots if one.status == 201]
        assert all(is_gone(rows, project_id) for project_id in made), shots

    race(make, judge)


# Spec: projects.md 4.5, 4.6
def test_a_project_goes_while_it_is_changed_and_copied(race, people, rows):
    def make():
        project = people[0].create_project()
        path = f"/projects/{project['id']}"
        copy = {"name": "Copy", "namespace": people[0].slug}
        return [
            shot(people[0], "POST", f"{path}/copies", copy | {"slug": unique("race")}),
            patch_project(people[0], project, visibility="public"),
            shot(people[0], "PATCH", f"{path}/members", [{"id": people[1].id, "role": "owner"}]),
            shot(people[0], "POST", "/session_secret_slots", {"project_id": project["id"], "filename": "file"}),
            shot(people[0], "DELETE", path),
            shot(people[0], "DELETE", path),
            shot(people[0], "POST", f"{path}/copies", copy | {"slug": unique("race")}),
            shot(people[0], "DELETE", f"{path}/members/{people[1].id}"),
        ]

    def judge(shots):
        assert statuses(shots[4:6]) == {204: 1, 404: 1}, shots
        assert {one.status for one in shots} <= {200, 201, 204, 404, 409, 422}, shots
        assert is_gone(rows, shots[1].path.rsplit("/", 1)[1]), shots

    race(make, judge)


# Spec: users.md 3.4
def test_a_user_goes_while_making_things(race, api, root, people, rows):
    def make():
        user = api.user()
        project = user.create_project()
        return [
            new_project(user, user.slug, unique("race")),
            shot(user, "PATCH", f"/projects/{project['id']}", {"name": "Changed"}, if_match=project["etag"]),
            shot(root, "DELETE", f"/users/{user.id}"),
            new_group(user, unique("race")),
            shot(user, "POST", "/user/preferences/pinned_projects", {"project_slug": "a/b"}),
            shot(user, "GET", "/user"),
            shot(root, "POST", "/alerts", {"title": "T", "message": "M", "event_type": "e", "user_id": user.id}),
            shot(user, "PATCH", f"/projects/{project['id']}/members", [{"id": people[0].id, "role": "owner"}]),
        ]

    def judge(shots):
        assert {one.status for one in shots} <= {200, 201, 204, 404, 409, 422}, shots
        user_id = shots[2].path.rsplit("/", 1)[1]
        counts = "SELECT (SELECT count(*) FROM users.users WHERE keycloak_id = %s), (SELECT count(*) FROM common.namespaces WHERE user_id = %s)"
        ((users, homes),) = rows.all(counts, user_id, user_id)
        assert users == homes, shots

    race(make, judge, ROUNDS // 2)


# --- secrets and slots ------------------------------------------------------------------------------------------


def give_secret(rows, user: Caller) -> str:
    secret = new_id(rows)
    insert(
        rows,
        "secrets.secrets",
        id=secret,
        name="Given",
        default_filename=unique("given"),
        encrypted_value=b"x",
        encrypted_key=b"x",
        kind="general",
        modification_date="now()",
        user_id=user.id,
    )
    return secret


# Spec: secrets.md 3.4
def test_one_of_several_secrets_gets_the_file_name(race, people, rows):
    def make():
        name = unique("file")
        secrets = [give_secret(rows, people[0]) for _ in range(8)]
        return [shot(people[0], "PATCH", f"/user/secrets/{secret}", {"default_filename": name}) for secret in secrets]

    race(make, one_wins(200, 409))


# Spec: secrets.md 3.3
def test_one_of_several_new_secrets_gets_the_file_name(race, people):
    def make():
        body = {"name": "Race", "value": "v", "default_filename": unique("file")}
        return [shot(people[0], "POST", "/user/secrets", body) for _ in range(4)]

    race(make, one_wins(201, 422), SEALING_ROUNDS)


# Spec: secrets.md 3.6
def test_first_calls_return_one_key(race, api):
    def make():
        user = api.user()
        return [shot(user, "GET", "/user/secret_key") for _ in range(4)]

    def judge(shots):
        assert statuses(shots) == {200: 4} and len({one.text for one in shots}) == 1, shots

    race(make, judge, SEALING_ROUNDS)


# Spec: session-secrets.md 3.2, 3.4
def test_one_of_new_and_renamed_slots_gets_the_filename(race, people):
    project = people[0].create_project()

    def make():
        def body(name: str) -> dict:
            return {"project_id": project["id"], "filename": name}

        name, slots = unique("file"), []
        for _ in range(3):
            slots.append(people[0].post("/session_secret_slots", json=body(unique("slot"))).json())
        renamed = [
            shot(people[0], "PATCH", f"/session_secret_slots/{slot['id']}", {"filename": name}, if_match=slot["etag"])
            for slot in slots
        ]
        return renamed + [shot(people[0], "POST", "/session_secret_slots", body(name)) for _ in range(5)]

    def judge(shots):
        assert statuses(shots[:3])[200] + statuses(shots[3:])[201] == 1, shots
        assert statuses(shots)[409] == 7, shots

    race(make, judge)


# Spec: session-secrets.md 4.2
def test_a_slot_has_one_link_of_a_user(race, people, rows):
    project = people[0].create_project()
    secrets = [give_secret(rows, people[0]) for _ in range(4)]

    def make():
        body = {"project_id": project["id"], "filename": unique("file")}
        slot = people[0].post("/session_secret_slots", json=body).json()["id"]
        path = f"/projects/{project['id']}/session_secrets"
        links = [[{"secret_slot_id": slot, "secret_id": secret}] for secret in secrets]
        return [shot(people[0], "PATCH", path, link) for link in (*links, *links[:2], *[[{"secret_slot_id": slot}]] * 2)]

    def judge(shots):
        assert statuses(shots) == {200: 8}, shots
        slot = shots[0].body[0]["secret_slot_id"]
        assert rows.one("SELECT count(*) FROM projects.session_secrets WHERE secret_slot_id = %s", slot) <= 1

    race(make, judge)


# Spec: session-secrets.md 3.5
def test_a_slot_goes_while_it_is_filled(race, people, rows):
    project, secret = people[0].create_project(), give_secret(rows, people[0])

    def make():
        body = {"project_id": project["id"], "filename": unique("file")}
        slot = people[0].post("/session_secret_slots", json=body).json()
        fill = [{"secret_slot_id": slot["id"], "secret_id": secret}]
        fills = [shot(people[0], "PATCH", f"/projects/{project['id']}/session_secrets", fill) for _ in range(6)]
        return [*fills[:3], shot(people[0], "DELETE", f"/session_secret_slots/{slot['id']}"), *fills[3:]]

    def judge(shots):
        assert shots[3].status == 204 and {one.status for one in shots} <= {200, 204, 409, 422}, shots

    race(make, judge)


# --- preferences and alerts -------------------------------------------------------------------------------------


# Spec: user-preferences.md 4.1
def test_all_pins_count_and_each_once(race, api):
    def make():
        user = api.visitor()
        pins = ["a/b", "A/B", "c/d", "e/f", "g/h", "c/D"]
        shots = [shot(user, "POST", "/user/preferences/pinned_projects", {"project_slug": pin}) for pin in pins]
        shots.append(shot(user, "POST", "/user/preferences/dismiss_project_migration_banner"))
        return [*shots, shot(user, "GET", "/user/preferences")]

    def judge(shots):
        assert statuses(shots[:7]) == {200: 7} and shots[7].status in (200, 404), shots
        now = Caller(api.http, shots[0].token).get("/user/preferences").json()
        pins = sorted(pin.lower() for pin in now["pinned_projects"]["project_slugs"])
        assert pins == ["a/b", "c/d", "e/f", "g/h"] and not now["show_project_migration_banner"], now

    race(make, judge)


# Spec: user-preferences.md 4.1
def test_pins_never_exceed_the_limit(race, api):
    def make():
        user = api.visitor()
        return [shot(user, "POST", "/user/preferences/pinned_projects", {"project_slug": f"a/b{i}"}) for i in range(16)]

    def judge(shots):
        assert statuses(shots) == {200: 10, 422: 6}, shots

    race(make, judge, ROUNDS // 2)


# Spec: notifications.md 3.1, 4.1
def test_one_alert_is_active(race, root, people):
    def make():
        kind, session, user_id = unique("kind"), unique("session"), people[0].id
        body = {"title": "T", "message": "M", "event_type": kind, "user_id": user_id, "session_name": session}
        alert = {
            "status": "firing",
            "labels": {"alertname": kind, "safe_username": user_id, "statefulset": session},
            "annotations": {"title": "T", "description": "M"},
            "startsAt": "2026-01-01T00:00:00Z",
        }
        webhook = {"version": "4", "groupKey": "k", "status": "firing", "alerts": [alert]}
        shots = [shot(root, "POST", "/alerts", body) for _ in range(4)]
        return shots + [shot(root, "POST", "/webhooks/alertmanager", webhook) for _ in range(4)]

    def judge(shots):
        made, told = statuses(shots[:4]), statuses(shots[4:])
        assert made[201] <= 1 and made[201] + made[409] == 4 and told == {200: 4}, shots
        session = shots[0].body["session_name"]
        assert len(people[0].get("/alerts", params={"session_name": session}).json()) == 1

    race(make, judge)


# --- afterwards -------------------------------------------------------------------------------------------------


# The projection of lists is kept beside the rows. It stands last: what the races before it have left, agrees.
def test_counters_and_rows_agree(environment, volleys, record_property):
    done = renku("db", "verify", "--json", env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    rounds = "\n".join(f"{name:70} {count:6}" for name, count in volleys.rounds.items())
    record_property("counted", (volleys.shots, "requests raced"))
    record_property("summary", f"{volleys.rounds.total()} rounds, {volleys.shots} requests\n{rounds}")
