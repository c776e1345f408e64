# SPDX-License-Identifier: Apache-2.0
"""`renku config`: which settings there are, where they come from, and what is wrong with them."""

import json


def test_every_setting_is_shown_with_its_source(world):
    listed = {one["name"]: one for one in world.ask("config", "show")["settings"]}

    assert listed["DB_NAME"] == listed["DB_NAME"] | {"value": world.env["DB_NAME"], "source": "environment"}
    assert listed["MAX_PINNED_PROJECTS"]["source"] == "default"
    shown = world.run("config", "show").stdout
    assert all(f"{name} " in shown for name in listed)


def test_secrets_are_masked(world):
    for arguments in (["config", "show"], ["config", "show", "--json"], ["config", "check", "--json"]):
        done = world.run(*arguments)
        assert world.env["DB_PASSWORD"] not in done.stdout
        assert world.env["KEYCLOAK_CLIENT_SECRET"] not in done.stdout
        assert "***" in done.stdout


def test_the_file_of_a_local_installation_is_a_source(renku, tmp_path):
    (tmp_path / "env").write_text("DB_NAME='a b'\nVERSION=7\n")

    listed = json.loads(renku("config", "show", "--json", "--data", str(tmp_path)).stdout)["settings"]
    found = {one["name"]: (one["value"], one["source"]) for one in listed}

    assert found["DB_NAME"] == ("a b", f"{tmp_path}/env")
    assert found["VERSION"] == ("7", f"{tmp_path}/env")


def test_a_file_of_a_local_installation_that_is_none_is_refused(renku, tmp_path):
    (tmp_path / "env").write_text("# fine\nthis is nothing\n")

    done = renku("config", "show", "--data", str(tmp_path))

    assert done.returncode == 1
    assert "Line 2" in done.stderr


def test_check_names_every_problem(world):
    env = {"DB_PORT": "many; and more", "MAX_PINNED_PROJECTS": "x"}

    done = world.run("config", "check", env=env)

    assert done.returncode == 1
    lines = done.stdout.splitlines()[1:]
    assert len(lines) == 2
    assert any("MAX_PINNED_PROJECTS" in line for line in lines)
    assert any('DB_PORT is "many; and more"' in line for line in lines)
    assert world.run("config", "check", "--json", env=env).returncode == 1
    assert world.run("config", "check").returncode == 0
