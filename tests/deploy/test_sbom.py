# SPDX-License-Identifier: Apache-2.0
"""The bill of materials names what the programs link and need, in a form that others can read."""

import json
import os
import re
import subprocess

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from support.server import BUILD, ROOT

MOMENT = {"SOURCE_DATE_EPOCH": "1700000000"}


def write() -> str:
    return subprocess.run(
        ["/usr/bin/python3", ROOT / "tools/dev/sbom.py", "--build", BUILD],
        check=True, capture_output=True, text=True, env=os.environ | MOMENT,
    ).stdout  # fmt: skip


@pytest.fixture(scope="module")
def text():
    return write()


@pytest.fixture(scope="module")
def bill(text):
    return json.loads(text)


@pytest.fixture(scope="module")
def components(bill):
    return {component["name"]: component for component in bill["components"]}


def test_it_is_what_the_schema_of_cyclonedx_says(text):
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(text) is None


def test_the_same_packages_give_the_same_bytes(text):
    assert write() == text


def test_every_package_has_a_version_a_licence_and_an_address(components):
    packages = [component for component in components.values() if "purl" in component]

    assert len(packages) > 20
    for package in packages:
        assert re.fullmatch(rf"pkg:deb/\w+/{re.escape(package['name'])}@\S+\?arch=\w+&distro=\S+", package["purl"])
        assert package["version"] and package["licenses"][0]["license"]["name"]


def test_no_licence_of_a_linked_library_is_left_to_the_reader(components):
    assert [name for name, one in components.items() if "says" in one["licenses"][0]["license"].get("name", "")] == []


def test_every_library_of_pkg_config_is_in_it(components):
    (modules,) = re.findall(r"^PKG_CHECK_MODULES\(\[LIBRENKU\], \[(.+)\]\)$", (ROOT / "configure.ac").read_text(), re.MULTILINE)
    folders = subprocess.run(
        ["pkg-config", "--variable=libdir", *modules.split()], check=True, capture_output=True, text=True
    ).stdout.split()

    assert len(folders) == len(modules.split())
    for word in ("libpq", "json-c", "curl", "sodium", "ssl", "cjose", "pcre2-8", "utf8proc", "yaml"):
        assert [name for name in components if word in name], word


def test_what_programs_need_without_linking_it_is_in_it(components):
    assert components["kore"]["scope"] == "required"
    assert components["postgresql"]["scope"] == "optional"


def test_all_that_depends_on_something_depends_on_a_component(bill):
    known = {component["bom-ref"] for component in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    named = {row["ref"] for row in bill["dependencies"]} | {ref for row in bill["dependencies"] for ref in row["dependsOn"]}

    assert named == known


def test_the_server_depends_on_the_library_and_the_library_on_the_client_of_postgresql(bill):
    needs = {row["ref"].split("@")[0]: [ref.split("@")[0] for ref in row["dependsOn"]] for row in bill["dependencies"]}

    assert "librenku.so" in needs["renku_server.so"]
    assert [ref for ref in needs["librenku.so"] if ref.endswith("/libpq5")]
