# SPDX-License-Identifier: Apache-2.0
"""Who has the role renku-admin in Keycloak is an administrator here. Spec: authorization.md 12"""

import pytest

from support.keycloak import person, says

ONE, TWO, THREE = (person(i) for i in (1, 2, 3))


def ids(*people: dict) -> list[str]:
    return [one["id"] for one in people]


def test_a_new_administrator_of_keycloak_becomes_one_and_a_former_one_does_not_stay(world, keycloak):
    keycloak.admins = [ONE, TWO]
    assert world.sync_admins() == {"dry_run": False, "admins": 2, "added": ids(ONE, TWO), "removed": []}
    keycloak.admins = [THREE, TWO]
    assert world.sync_admins() == {"dry_run": False, "admins": 2, "added": ids(THREE), "removed": ids(ONE)}
    assert world.admins() == set(ids(TWO, THREE))
    world.drive("admins")
    assert world.admins() == set(ids(TWO, THREE))


def test_a_dry_run_tells_and_changes_nothing(world, keycloak):
    world.run("authz", "admin", "add", TWO["id"])
    keycloak.admins = [ONE]

    assert world.sync_admins("--dry-run") == {"dry_run": True, "admins": 1, "added": ids(ONE), "removed": ids(TWO)}
    assert world.admins() == set(ids(TWO))


def test_without_any_administrator_all_are_removed_and_that_is_said_loudly(world, keycloak):
    world.run("authz", "admin", "add", ONE["id"])

    _, errors = world.run("authz", "admin", "sync")

    assert world.admins() == set()
    assert "all 1 administrators of the platform are removed" in errors


def test_many_administrators_are_read_page_by_page_and_doubles_count_once(world, keycloak):
    keycloak.admins = [person(i) for i in range(1, 150)] + [ONE, ONE]

    assert world.sync_admins()["admins"] == 149
    assert len(world.admins()) == 149


@pytest.mark.parametrize("user_id", ["*", "", "no id", None, 5, "a" * 37])
def test_what_is_no_id_makes_nobody_an_administrator(world, keycloak, user_id):
    world.run("authz", "admin", "add", TWO["id"])
    keycloak.admins = [ONE, ONE | {"id": user_id}]

    world.refused("authz", "admin", "sync")
    assert world.admins() == set(ids(TWO))


# Spec: authorization.md 12: any failure aborts before a write
@pytest.mark.parametrize("page", [0, 1, 2])
def test_nothing_is_changed_before_all_is_read(world, keycloak, page):
    world.run("authz", "admin", "add", TWO["id"])
    keycloak.admins = [person(i) for i in range(1, 60)]
    keycloak.lies = [None] * page + [says(403, {"error": "HTTP 403 Forbidden"})]

    assert "/roles/renku-admin/users: 403" in world.refused("authz", "admin", "sync")
    assert world.admins() == set(ids(TWO))
