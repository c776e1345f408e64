# SPDX-License-Identifier: Apache-2.0
"""Users of Keycloak become users here. Spec: users.md 4.1, 4.3, 5.3, 6"""

import json
import os

import pytest

from support.follower import numbers
from support.keycloak import by_admin, changed, person, registered, says


# -- all users -----------------------------------------------------------------------------------------------------


# Spec: users.md 6.1
def test_users_are_added_and_brought_up_to_date(world, keycloak):
    keycloak.users = [person(1), person(2), person(3, enabled=False), {"id": person(4)["id"], "email": "four@example.org"}]
    assert world.sync() == numbers(seen=2, added=2)
    assert world.users() == {
        person(1)["id"]: ("First1", "Last", "person1@example.org", "person1"),
        person(2)["id"]: ("First2", "Last", "person2@example.org", "person2"),
    }

    keycloak.users = [person(1, firstName="Other", email="new@example.org"), person(2)]
    assert world.sync() == numbers(seen=2, updated=1)
    assert world.users()[person(1)["id"]] == ("Other", "Last", "new@example.org", "person1")
    assert world.sync() == numbers(seen=2)


# Spec: users.md 4.1: absent is unchanged, empty is removed
def test_what_keycloak_lacks_stays_and_what_it_empties_goes(world, keycloak):
    keycloak.users = [person(1)]
    world.sync()
    absent = {"id": person(1)["id"], "enabled": True, "lastName": None}
    keycloak.users = [absent | {"firstName": ""}]

    assert world.sync() == numbers(seen=1, updated=1)
    assert world.users()[person(1)["id"]] == (None, "Last", "person1@example.org", "person1")
    assert world.sync() == numbers(seen=1)


# Spec: users.md 6.1: never deletes
@pytest.mark.parametrize("fate", [[], [person(1, enabled=False)]])
def test_who_is_gone_from_keycloak_stays(world, keycloak, fate):
    keycloak.users = [person(1)]
    world.sync()
    keycloak.users = fate

    assert world.sync() == numbers()
    assert person(1)["id"] in world.users()


# Spec: users.md 5.3
@pytest.mark.parametrize(("count", "pages"), [(0, 1), (19, 1), (20, 1), (21, 2), (40, 2), (41, 3), (63, 4)])
def test_all_pages_are_read_once(world, keycloak, count, pages):
    keycloak.users = [person(i + 1) for i in range(count)]

    assert world.sync() == numbers(seen=count, added=count)
    assert keycloak.pages("/users") == [f"first={20 * i}&max=21" for i in range(pages)]
    assert len(world.users()) == count


# Spec: namespaces.md 4.4
def test_users_of_one_name_get_namespaces_of_their_own(world, keycloak):
    keycloak.users = [person(i + 1, email="twin@example.org") for i in range(8)]

    assert world.sync() == numbers(seen=8, added=8)
    assert len({user[3] for user in world.users().values()}) == 8


# Spec: users.md 8
@pytest.mark.parametrize(
    "bad",
    [
        {"id": person(2)["id"], "enabled": True, "firstName": "漢字", "lastName": "漢字"},
        person(2, id="no id at all"),
        person(2, id="*"),
        person(2, id="a" * 37),
    ],
)
def test_a_user_after_whom_no_namespace_can_be_named_is_skipped(world, keycloak, bad):
    keycloak.users = [person(1), bad, person(3)]

    out, errors = world.run("user", "sync", "--json")

    if json.loads(out)["skipped"]:
        assert json.loads(out) == numbers(seen=3, added=2, skipped=1)
        assert bad["id"] in errors
    assert {person(1)["id"], person(3)["id"]} <= set(world.users())


@pytest.mark.parametrize("stored", [False, True])
def test_a_user_whose_name_does_not_fit_is_skipped(world, keycloak, stored):
    keycloak.users = [person(1), person(2), person(3)][: 3 if stored else 0]
    world.sync()
    keycloak.users = [person(1), person(2, firstName="a" * 257), person(3, lastName="New")]

    assert world.sync()["skipped"] == 1
    assert world.users()[person(3)["id"]][1] == "New"
    assert (person(2)["id"] in world.users()) is stored


# Spec: users.md 4.2
def test_metrics_learn_of_changes_only(world, keycloak):
    keycloak.users = [person(1)]
    for expected in (1, 1):
        world.sync(POSTHOG_ENABLED="true")
        assert world.rows.one("SELECT count(*) FROM metrics.metrics WHERE event = 'identify_user'") == expected
    keycloak.users = [person(1, lastName="New")]
    world.sync(POSTHOG_ENABLED="true")
    assert world.rows.one("SELECT metadata->>'last_name' FROM metrics.metrics ORDER BY id DESC LIMIT 1") == "New"


def test_a_dry_run_tells_and_changes_nothing(world, keycloak):
    keycloak.users = [person(1), person(2)]
    world.sync()
    keycloak.users = [person(1), person(2, lastName="New"), person(3)]
    before = world.rows.fingerprint()

    assert world.sync("--dry-run") == numbers(dry_run=True, seen=3, added=1, updated=1) | {
        "changes": [{"change": "update", "user": person(2)["id"]}, {"change": "add", "user": person(3)["id"]}]
    }
    assert world.rows.fingerprint() == before


# Spec: users.md 6.2
def test_it_can_be_left_to_an_empty_database(world, keycloak):
    keycloak.users = [person(1)]
    assert world.sync("--if-empty") == numbers(seen=1, added=1)
    keycloak.users = [person(2)]
    assert world.sync("--if-empty") == numbers()
    world.drive("empty")
    assert set(world.users()) == {person(1)["id"]}


# Spec: users.md 7
def test_in_development_there_are_two_users_and_no_administrator(world, keycloak):
    more = {"DUMMY_STORES": "true"}

    assert world.sync(**more) == numbers(seen=2, added=2)
    assert world.users() == {
        "user1": ("user1", "doe", "user1@doe.com", "user1"),
        "user2": ("user2", "doe", "user2@doe.com", "user2"),
    }
    world.drive("events", **more)
    world.drive("admins", **more)
    assert keycloak.seen == []


def test_memory_does_not_follow_the_realm(world, keycloak):
    """What a page needs is given back before the next one."""
    keycloak.users = [person(i + 1, attributes={"filler": ["x" * 5000]}) for i in range(20)]
    world.sync()
    few = peak(world)
    keycloak.users = [user | {"round": i} for i in range(50) for user in keycloak.users]

    assert peak(world) < few + 4096


def peak(world) -> int:
    """The most memory that a synchronisation has held, in KiB."""
    process = world.start("user", "sync")
    _, status, usage = os.wait4(process.pid, 0)
    process.stdout.close()
    process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss


# -- events --------------------------------------------------------------------------------------------------------

@pytest.fixture
def known(world, keycloak):
    """A world with one user, so that events count."""
    keycloak.users = [person(1)]
    world.sync()
    return world


# Spec: users.md 6.3
def test_events_are_applied_in_the_order_of_their_times(known, keycloak):
    keycloak.events = [changed(1, 30, updated_first_name="Third", previous_first_name="x"), changed(1, 10, updated_first_name="First")]
    keycloak.admin_events = [by_admin("UPDATE", 1, 20, firstName="Second", lastName="Admin", email=""), by_admin("CREATE", 2, 5, email="two@example.org")]

    assert known.sync("--events") == numbers(added=1, updated=4)
    assert known.users()[person(1)["id"]] == ("Third", "Admin", "person1@example.org", "person1")
    assert known.users()[person(2)["id"]] == (None, None, "two@example.org", "two")
    assert known.rows.one("SELECT timestamp_utc::text FROM users.last_keycloak_event_timestamp") == "2023-11-14 22:13:20.03"


# Spec: users.md 6.3: strictly greater; one row
def test_events_are_applied_once(known, keycloak):
    keycloak.events = [changed(1, 10, updated_last_name="New")]
    known.sync("--events")
    keycloak.events += [changed(1, 10, updated_last_name="Late")]
    assert known.sync("--events") == numbers()
    keycloak.events += [changed(1, 11, updated_last_name="Later")]
    assert known.sync("--events") == numbers(updated=1)
    assert known.rows.one("SELECT count(*) FROM users.last_keycloak_event_timestamp") == 1


# Spec: users.md 6.3: deletions come last
def test_removals_come_after_all_updates(known, keycloak):
    keycloak.admin_events = [by_admin("DELETE", 1, 10), by_admin("DELETE", 9, 11)]
    keycloak.events = [changed(1, 20, updated_last_name="New"), registered(2, 30)]

    assert known.sync("--events") == numbers(added=1, updated=3, removed=1)
    assert set(known.users()) == {person(2)["id"]}


def test_a_removal_that_cannot_be_is_tried_again(known, keycloak):
    known.rows.run(
        "INSERT INTO common.groups (id, name, created_by, creation_date) VALUES ('G', 'Ice', %s, now())", person(1)["id"]
    )
    keycloak.admin_events = [by_admin("DELETE", 1, 10)]

    assert "delete those first" in known.refused("user", "sync", "--events")
    known.rows.run("DELETE FROM common.groups")
    assert known.sync("--events") == numbers(removed=1)


def test_without_users_all_are_read_first(world, keycloak):
    keycloak.users = [person(i + 1) for i in range(21)]
    keycloak.events = [changed(1, 10, updated_last_name="New")]

    assert world.sync("--events") == numbers(seen=21, added=21, updated=1)


# Spec: users.md 6.3: incomplete or unknown events are skipped
@pytest.mark.parametrize(
    "event",
    [
        {},
        {"time": "yesterday"},
        registered(2, 10) | {"details": None},
        registered(2, 10) | {"time": -5},
        registered(2, 10) | {"time": 10**18},
        registered(2, 10) | {"userId": None},
        registered(2, 10) | {"userId": 7},
        registered(2, 10) | {"details": ["email"]},
    ],
)
def test_an_event_of_a_user_that_is_incomplete_is_skipped(known, keycloak, event):
    keycloak.events = [{"type": "REGISTER"} | event, changed(1, 20, updated_last_name="New")]

    assert known.sync("--events") == numbers(updated=1)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"time": None},
        {"resourceType": "GROUP"},
        {"resourcePath": "users/"},
        {"resourcePath": "clients/1"},
        {"resourcePath": None},
        {"representation": "{"},
        {"representation": "[]"},
        {"representation": 5},
        {"representation": json.dumps({"email": 5, "firstName": ["a"], "lastName": ""})},
    ],
)
def test_an_event_of_an_administrator_that_is_incomplete_is_skipped(known, keycloak, event):
    event = by_admin("UPDATE", 2, 10) | event if event else {"operationType": "UPDATE"}
    keycloak.admin_events = [event, by_admin("UPDATE", 1, 20, lastName="New")]

    assert known.sync("--events") == numbers(updated=1)


# Spec: users.md 6.3: a read failure aborts without any change
def test_nothing_is_applied_before_all_is_read(known, keycloak):
    keycloak.admin_events = [by_admin("UPDATE", 1, 20, lastName="New")]
    keycloak.lies = [None, None, says(500, {"error": "unknown_error"})]
    before = known.rows.fingerprint()

    assert "/events: 500" in known.refused("user", "sync", "--events")
    assert known.rows.fingerprint() == before


def test_a_dry_run_of_events_changes_nothing(known, keycloak):
    keycloak.events = [registered(2, 10, email="two@example.org"), changed(1, 11, updated_last_name="New")]
    keycloak.admin_events = [by_admin("DELETE", 1, 12)]
    before = known.rows.fingerprint()

    told = known.sync("--events", "--dry-run")

    assert [change["change"] for change in told["changes"]] == ["add", "update", "remove"]
    assert known.rows.fingerprint() == before


def test_events_ask_since_yesterday(known, keycloak):
    known.sync("--events")

    (of_users,), of_admins = keycloak.pages("/events"), keycloak.pages("/admin-events")
    assert "type=UPDATE_PROFILE&type=REGISTER&first=0&max=21" in of_users
    assert ["operationTypes=CREATE&operationTypes=UPDATE&resourceTypes=USER" in query for query in of_admins] == [True, False]
    assert all(query.startswith("dateFrom=20") for query in [of_users, *of_admins])
