# SPDX-License-Identifier: Apache-2.0
"""The recipes for containers name what there is: packages, settings, programs, files."""

import json
import re
import subprocess

import pytest
import yaml

from support.server import ROOT

RECIPE = (ROOT / "deploy/container/Containerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "deploy/container/compose.yaml").read_text())


def test_the_image_takes_packages_that_are_built():
    built = re.findall(r"^Package: (\S+)$", (ROOT / "debian/control").read_text(), re.MULTILINE)

    (line,) = re.findall(r"^COPY --from=build (.*) \S+$", RECIPE, re.MULTILINE)
    taken = re.findall(r"/src/(\S+)_\*\.deb", line)

    assert taken and set(taken) <= set(built)


def test_the_image_serves_as_the_user_that_the_package_makes():
    users = re.findall(r"^u\s+(\S+)", (ROOT / "deploy/systemd/renku.sysusers").read_text(), re.MULTILINE)

    assert set(re.findall(r"^USER (\S+)$", RECIPE, re.MULTILINE)) < set(users)


def test_compose_sets_settings_that_exist():
    known = re.findall(r'^RK_SETTING\(\w+,\s*"(\w+)"', (ROOT / "librenku/base/settings.def").read_text(), re.MULTILINE)

    for service in ("api", "tasks", "secrets"):
        assert set(COMPOSE["services"][service]["environment"]) <= set(known)


def test_compose_builds_from_the_tree():
    build = COMPOSE["services"]["api"]["build"]
    folder = ROOT / "deploy/container" / build["context"]

    assert folder.resolve() == ROOT
    assert (folder / build["dockerfile"]).is_file()


def test_the_secrets_storage_shares_no_keys_and_no_port():
    services = COMPOSE["services"]

    assert not set(services["api"]["volumes"]) & set(services["secrets"]["volumes"])
    assert services["api"]["env_file"] != services["secrets"]["env_file"] and "ports" not in services["secrets"]


@pytest.mark.parametrize("name", ["renku.env", "keys", "db_password", "secrets.env", "secrets-keys"])
def test_files_of_an_operator_never_become_part_of_the_image(name):
    assert f"deploy/container/{name}" in (ROOT / ".dockerignore").read_text().split()


def test_the_image_is_healthy_while_its_server_can_work(other_server):
    """The command of the recipe, at the port of this server."""
    (command,) = re.findall(r"^HEALTHCHECK .*?CMD (\[.*?\])$", RECIPE, re.MULTILINE | re.DOTALL)
    assert "/8000 " in command
    server = other_server(workers=1)

    def ask() -> int:
        words = json.loads(command.replace("/8000 ", f"/{server.url.rpartition(':')[2]} "))
        return subprocess.run(words, stderr=subprocess.DEVNULL, timeout=60).returncode

    assert ask() == 0
    server.stop()
    assert ask() != 0
