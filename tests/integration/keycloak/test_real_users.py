# SPDX-License-Identifier: Apache-2.0
"""Users, events and administrators of a real Keycloak. Spec: users.md 5, 6; authorization.md 12"""

import json

import pytest
from population import PEOPLE, SIGNED_SECRET

from support.follower import numbers

ALL = len(PEOPLE)
CLI = "renku-cli"


def entry(name: str) -> tuple:
    """What stands in the database of a user who was not changed."""
    return name.capitalize(), "Last", f"{name}@example.org", name


# -- all users -----------------------------------------------------------------------------------------------------


# Spec: users.md 5.3, 6.1
def test_all_users_are_read_and_followed_and_none_is_removed(world, keycloak):
    assert world.sync() == numbers(seen=ALL, added=ALL)
    assert {person["username"] for person in PEOPLE} == {user[3] for user in world.users().values()}
    assert world.users()[keycloak.id_of("bob")] == entry("bob")

    made, changed, removed = keycloak.add("made"), keycloak.add("changed"), keycloak.add("removed")
    assert world.sync() == numbers(seen=ALL + 3, added=3)
    keycloak.change(changed, firstName="Zoë", lastName="O'Neil", email="new@example.org")
    keycloak.remove(removed)
    keycloak.change(made, enabled=False)

    assert world.sync() == numbers(seen=ALL + 1, updated=1)
    assert world.users()[changed] == ("Zoë", "O'Neil", "new@example.org", "changed")
    assert {world.users()[user] for user in (made, removed)} == {entry("made"), entry("removed")}


# Spec: users.md 4.1, 6.1; namespaces.md 4.4
def test_a_user_with_nothing_but_a_name_to_log_in_is_one_all_the_same(world, keycloak):
    user_id = keycloak.add("bare", email=None, firstName=None, lastName=None)

    assert world.sync() == numbers(seen=ALL + 1, added=ALL + 1)
    first, last, email, slug = world.users()[user_id]
    assert (first, last, email) == (None, None, None) and slug


# Spec: users.md 5.1: the secret and the assertion are sent, whichever Keycloak wants
@pytest.mark.parametrize(("client", "secret"), [("renku", None), ("signed", SIGNED_SECRET)])
def test_a_client_proves_itself_as_keycloak_wants_it(world, client, secret):
    more = {"KEYCLOAK_CLIENT_ID": client} | ({"KEYCLOAK_CLIENT_SECRET": secret} if secret else {})

    assert world.sync("--dry-run", **more)["seen"] == ALL


# Spec: users.md 5.1
def test_a_token_that_ends_within_a_minute_is_renewed_by_the_refresh_token(world, keycloak):
    keycloak.forget()

    assert world.sync("--dry-run", KEYCLOAK_CLIENT_ID="renewed")["seen"] == ALL
    assert keycloak.events() == ["CLIENT_LOGIN"] + ["REFRESH_TOKEN"] * 3


@pytest.mark.parametrize(
    ("client", "secret", "word"),
    [("renku", "another-secret-4713", "unauthorized_client"), ("unheard-of", "another-secret-4713", "invalid_client")],
)
def test_a_client_that_keycloak_does_not_accept_ends_it(world, client, secret, word):
    errors = world.refused(KEYCLOAK_CLIENT_ID=client, KEYCLOAK_CLIENT_SECRET=secret)

    assert f"does not accept the client '{client}'" in errors and f"401 {word}" in errors
    assert secret not in errors


def test_a_realm_that_is_not_there_ends_it(world):
    assert "404 no token" in world.refused(KEYCLOAK_REALM="unheard-of")


# What docs/operating.md says about the roles of the client.
def test_users_are_read_with_one_role_of_the_client(world):
    assert world.sync("--dry-run", KEYCLOAK_CLIENT_ID="users-only")["seen"] == ALL


@pytest.mark.parametrize(
    ("client", "command"),
    [
        ("powerless", ("user", "sync")),
        ("users-only", ("user", "sync", "--events")),
        ("users-only", ("authz", "admin", "sync")),
    ],
)
def test_what_the_client_may_not_read_ends_it_before_anything_is_changed(world, client, command):
    world.sync()
    world.run("authz", "admin", "add", "somebody")
    before = world.rows.fingerprint()

    assert "403, no list" in world.refused(*command, KEYCLOAK_CLIENT_ID=client)
    assert world.rows.fingerprint() == before


# -- events --------------------------------------------------------------------------------------------------------


@pytest.fixture
def known(world, keycloak):
    """A world that knows everybody, and "gone" whom a test may remove; events begin here."""
    keycloak.add("gone")
    keycloak.forget()
    world.sync()
    return world


# Spec: users.md 6.3
def test_what_users_and_administrators_do_is_followed_by_events(known, keycloak):
    before, gone = set(known.users()), keycloak.id_of("gone")
    newcomer = keycloak.register("newcomer")
    keycloak.change_own(
        keycloak.tokens("newcomer", client_id=CLI, scope="openid")["access_token"],
        username="newcomer", firstName="Other", lastName="Name", email="other@example.org",
    )  # fmt: skip
    made = keycloak.add("made")
    keycloak.change(made, firstName="Changed")
    keycloak.remove(gone)

    told = known.sync("--events")

    assert (told["added"], told["removed"], told["skipped"]) == (2, 1, 0)
    assert set(known.users()) == before - {gone} | {newcomer, made}
    assert known.users()[newcomer] == ("Other", "Name", "other@example.org", "newcomer")
    assert known.users()[made][:3] == ("Changed", "Last", "made@example.org")


# Spec: users.md 6.3: strictly greater
def test_each_event_is_applied_once(known, keycloak):
    user = keycloak.id_of("gone")
    keycloak.change(user, lastName="First")
    assert known.sync("--events")["updated"] == 1
    assert known.sync("--events") == numbers()
    keycloak.change(user, lastName="Second")
    assert known.sync("--events")["updated"] == 1
    assert known.users()[user][1] == "Second"


def test_a_user_whose_link_to_another_provider_is_removed_stays(known, keycloak):
    user = keycloak.add("linked")
    keycloak.link(user)

    assert known.sync("--events")["removed"] == 0
    assert known.users()[user][:3] == entry("linked")[:3]


# Spec: users.md 5.3
def test_events_of_many_pages_are_read_to_their_end(known, keycloak):
    user = keycloak.id_of("gone")
    for number in range(25):
        keycloak.change(user, lastName=f"Name{number}")

    assert known.sync("--events")["updated"] == 25
    assert known.users()[user][1] == "Name24"


# -- administrators ------------------------------------------------------------------------------------------------


# Spec: authorization.md 12: only direct role assignments count
def test_who_has_the_role_itself_is_an_administrator(world, keycloak):
    alice, bob, other = (keycloak.id_of(name) for name in ("alice", "bob", "person1"))
    keycloak.appoint(alice)
    keycloak.appoint(bob)
    keycloak.appoint_group_of(other)
    assert world.sync_admins() == {"dry_run": False, "admins": 2, "added": sorted([alice, bob]), "removed": []}

    keycloak.dismiss(bob)
    assert world.sync_admins() == {"dry_run": False, "admins": 1, "added": [], "removed": [bob]}
    assert world.admins() == {alice}


# -- tasks ---------------------------------------------------------------------------------------------------------


# Spec: tasks.md 4
def test_the_two_tasks_of_keycloak_do_the_same(world, keycloak):
    alice = keycloak.id_of("alice")
    keycloak.appoint(alice)

    for task in ("users_sync", "sync_admins_from_keycloak"):
        out, _ = world.run("tasks", "--once", task, "--json")
        assert json.loads(out) == {"task": task, "outcome": "done"}

    assert world.users()[alice] == entry("alice")
    assert len(world.users()) == ALL
    assert world.admins() == {alice}
