# SPDX-License-Identifier: Apache-2.0
"""What an operator does with a whole installation, from Python."""

import asyncio
import os
import threading

import pytest

import librenku
from librenku import AsyncClient, Cancel, Client, Config, errors
from support.keycloak import Keycloak, person


@pytest.fixture
def saved(client, project, tmp_path):
    """A backup in which the project stands."""
    client.backup(tmp_path / "all")
    return tmp_path / "all"


def test_a_backup_is_checked_and_restored(saved, project, environment, make_database):
    shares = []

    assert librenku.backup_verify(saved)
    with Client(Config(**environment | make_database()), service="migrations") as fresh:
        fresh.restore(saved, progress=lambda share, _what: shares.append(share))
        found = {one["id"] for one in fresh.project_list_all()}

    assert project["id"] in found
    assert shares[-1] == 1


def test_a_damaged_backup_is_refused(saved, tmp_path):
    os.truncate(saved, 4096)

    with pytest.raises(errors.Invalid):
        librenku.backup_verify(saved)
    with pytest.raises(errors.NotFound):
        librenku.backup_verify(tmp_path / "missing")


def test_a_backup_goes_into_an_open_file(client, tmp_path):
    with (tmp_path / "all").open("wb") as file:
        client.backup_fd(file.fileno())

    assert librenku.backup_verify(tmp_path / "all")


def test_a_person_is_exported_and_removal_previewed(client, user, project):
    me = user.user_me()

    assert project["id"] in str(client.user_export(me["id"]))
    assert client.user_delete_preview(me["id"])
    assert user.user_me() == me


def test_settings_are_examined(config):
    assert {finding["code"][:4] for finding in config.doctor()["findings"]} == {"RK-D"}


def test_the_same_can_be_awaited(config, user, tmp_path):
    async def run(user_id):
        async with AsyncClient(config) as client:
            await client.backup(tmp_path / "all")
            with (tmp_path / "again").open("wb") as file:
                await client.backup_fd(file.fileno())
            with pytest.raises(errors.Conflict):
                await client.restore(tmp_path / "all")
            return await client.user_export(user_id), await client.user_delete_preview(user_id)

    told, preview = asyncio.run(run(user.user_me()["id"]))

    assert user.slug in str(told) and preview


def test_a_pass_of_a_task_is_made(client, config):
    async def run():
        async with AsyncClient(config) as client:
            return await client.task_once("migrate_groups_make_all_public")

    assert client.task_once("migrate_groups_make_all_public")["outcome"] == "done"
    assert asyncio.run(run())["task"] == "migrate_groups_make_all_public"
    with pytest.raises(errors.NotFound, match="nonsense"):
        client.task_once("nonsense")


def test_a_rotation_names_the_key_that_it_lacks(client):
    for tool in (client.secrets_rotate, client.secrets_rotate_status):
        with pytest.raises(errors.Configuration, match="SECRETS_SERVICE_PRIVATE_KEY_PATH"):
            tool()


@pytest.fixture
def keycloak():
    with Keycloak([person(i + 1) for i in range(30)]) as keycloak:
        yield keycloak


@pytest.fixture
def followed(environment, make_database, keycloak):
    """The settings of a database without users, and of a Keycloak with 30."""
    return Config(**environment | make_database() | {"KEYCLOAK_URL": keycloak.url})


def test_users_and_administrators_follow_keycloak(followed, keycloak):
    shares = []
    keycloak.admins = keycloak.users[:1]
    with Client(followed, service="migrations") as client:
        assert client.users_sync(dry_run=True)["added"] == 30
        assert client.users_sync("if_empty", progress=lambda share, _what: shares.append(share))["added"] == 30
        assert client.users_sync("events")["seen"] == 0
        assert client.admins_sync(dry_run=True)["added"] == client.admins_sync()["added"] == [keycloak.users[0]["id"]]
        assert len(client.user_list()) == 30
    assert shares[-1] == 1


def test_a_synchronisation_can_be_awaited_and_cancelled(followed, keycloak):
    cancel = Cancel()
    cancel.now()

    async def run():
        async with AsyncClient(followed) as client:
            with pytest.raises(errors.Cancelled):
                await client.users_sync(cancel=cancel)
            with pytest.raises(errors.Cancelled):
                await client.admins_sync(cancel=cancel)
            return await client.users_sync()

    assert asyncio.run(run())["added"] == 30


def test_waiting_for_a_keycloak_that_is_away_can_be_cancelled(followed, keycloak):
    cancel = Cancel()
    keycloak.stop()
    with Client(followed) as client:
        timer = threading.Timer(0.5, cancel.now)
        timer.start()
        with pytest.raises(errors.Cancelled):
            client.users_sync(cancel=cancel)
        timer.join()
    keycloak.start()
