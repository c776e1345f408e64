# SPDX-License-Identifier: Apache-2.0
"""The types of storage and their options. Spec: storage.md 3, 4.2, 6"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from peers.rclone import call
from support.api import check_error

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "librenku" / "storage" / "providers.json"
sys.path.insert(0, str(ROOT / "tools" / "storagegen"))

import catalogue  # noqa: E402
import patches  # noqa: E402

PATH = "/storage_schema"
ORDER = (
    "azureblob doi drive dropbox ftp http onedrive protondrive s3 sftp webdav polybox switchDrive openbis".split()
)
COUNTS = {
    "azureblob": 37, "doi": 4, "drive": 50, "dropbox": 21, "ftp": 25, "http": 6, "onedrive": 29, "protondrive": 14, "s3": 114,
    "sftp": 33, "webdav": 14, "polybox": 14, "switchDrive": 14, "openbis": 2,
}  # fmt: skip
OPTION_KEYS = (
    "name help provider default default_str examples required ispassword sensitive advanced exclusive type".split()
)
TYPES = (
    "int bool string stringArray Time Duration MultiEncoder SizeSuffix SpaceSepList CommaSepList Tristate Encoding Bits".split()
)


@pytest.fixture(scope="module")
def schema(shared_api):
    response = shared_api.anonymous().get(PATH)
    assert response.status_code == 200
    return {entry["prefix"]: entry for entry in response.json()}


def options(schema, name):
    return schema[name]["options"]


def named(schema, type_name, name):
    return [option for option in options(schema, type_name) if option["name"] == name]


def having(schema, predicate):
    return {f"{entry}.{option['name']}" for entry in schema for option in options(schema, entry) if predicate(option)}


# --- 3.1 base data ---------------------------------------------------------------------------------------------------


# Spec: storage.md 3.1: captured from the pinned version, sorted by name
def test_the_base_data_are_those_of_the_real_rclone(rclone):
    said = call(rclone, "config", "providers")
    made = subprocess.run(
        [sys.executable, "-B", ROOT / "tools" / "storagegen", "--reduce"], input=said, capture_output=True, text=True, check=True
    )
    assert made.stdout == BASE.read_text()
    assert len(json.loads(made.stdout)) == 64
    assert {entry["Prefix"] for entry in json.loads(said)} == {*catalogue.KEPT, *catalogue.BLOCKED}


def base():
    return json.loads(BASE.read_text())


def add_type(providers):
    providers.append({"Name": "novel", "Prefix": "novel"})


def lose_type(providers):
    providers.pop()


def add_option(providers):
    sftp = patches.entry_of(providers, "sftp")
    sftp["Options"].append({**sftp["Options"][0], "Name": "novel_command"})


def lose_dropped_option(providers):
    sftp = patches.entry_of(providers, "sftp")
    sftp["Options"] = [option for option in sftp["Options"] if option["Name"] != "ssh"]


# Spec: storage.md 3.1: a new rclone must be reviewed first
@pytest.mark.parametrize("change", [add_type, lose_type, add_option, lose_dropped_option])
def test_what_nobody_has_classified_is_refused(change):
    providers = base()
    change(providers)
    with pytest.raises(catalogue.CatalogueError):
        patches.patched(providers)


# --- 3.2 to 3.6 ------------------------------------------------------------------------------------------------------


# Spec: storage.md 3.3
def test_types_stand_in_their_order(schema):
    assert list(schema) == ORDER
    assert {name: len(options(schema, name)) for name in schema} == COUNTS


# Spec: storage.md 3.2
@pytest.mark.parametrize("name", list(catalogue.KEPT))
def test_options_are_those_that_are_kept(schema, name):
    names = list(dict.fromkeys(option["name"] for option in options(schema, name)))
    assert names == catalogue.KEPT[name]


# Spec: storage.md 3.3: 2
def test_sensitive_flags_are_overridden(schema):
    for type_name, name, value in patches.SENSITIVE:
        assert [option["sensitive"] for option in named(schema, type_name, name)] == [value]


# Spec: storage.md 3.3: 3, 4
def test_the_endpoints_of_s3(schema):
    switch = named(schema, "s3", "endpoint")[-1]
    assert switch == options(schema, "s3")[-1]
    others = [o for o in named(schema, "s3", "endpoint") if o["provider"].startswith("!AWS,ArvanCloud,IBMCOS,IDrive,IONOS,")]
    assert [option["required"] for option in others] == [True]
    first = next(o for o in named(schema, "s3", "endpoint") if o["provider"].startswith("!AWS,"))
    assert first["provider"].endswith(",Switch")
    assert named(schema, "s3", "provider")[0]["examples"][-1] == {
        "value": "Switch",
        "help": "Switch Object Storage",
        "provider": "",
    }


# Spec: storage.md 3.4
def test_the_endpoint_of_switch(schema):
    values = {
        "https://s3-zh.os.switch.ch": "Cloudian Hyperstore (ZH)",
        "https://os.zhdk.cloud.switch.ch": "Ceph Object Gateway (ZH)",
        "https://os.unil.cloud.switch.ch": "Ceph Object Gateway (LS)",
    }
    assert options(schema, "s3")[-1] == {
        "name": "endpoint",
        "help": "Endpoint for Switch S3 API.",
        "provider": "Switch",
        "default": "https://s3-zh.os.switch.ch",
        "default_str": "",
        "examples": [{"value": value, "help": text, "provider": ""} for value, text in values.items()],
        "required": True,
        "ispassword": False,
        "sensitive": False,
        "advanced": False,
        "exclusive": True,
        "type": "string",
    }


CLOUDS = [
    ("polybox", "PolyBox", "Polybox", "https://polybox.ethz.ch/remote.php/webdav/",
     "https://polybox.ethz.ch/index.php/s/8NffJ3rFyHaVyyy"),
    ("switchDrive", "SwitchDrive", "SwitchDrive", "https://drive.switch.ch/remote.php/webdav/",
     "https://drive.switch.ch/index.php/s/OPSd72zrs5JG666"),
]  # fmt: skip


# Spec: storage.md 3.5
@pytest.mark.parametrize("prefix, name, description, url, link", CLOUDS)
def test_the_clouds_of_webdav(schema, prefix, name, description, url, link):
    entry = schema[prefix]
    assert (entry["name"], entry["description"]) == (name, description)
    assert [option["name"] for option in entry["options"]] == (
        "url user pass bearer_token encoding headers pacer_min_sleep owncloud_exclude_shares owncloud_exclude_mounts "
        "unix_socket auth_redirect description provider public_link"
    ).split()
    assert {o["name"] for o in entry["options"] if o.get("provider") == "personal"} == {"url", "bearer_token", "headers", "user"}
    by_name = {option["name"]: option for option in entry["options"]}
    assert (by_name["url"]["default"], by_name["url"]["default_str"], by_name["url"]["required"]) == (url, "", False)
    assert by_name["public_link"] == {
        "name": "public_link",
        "help": f"Shared folder link. E.g., {link}",
        "provider": "shared",
        "default": "",
        "default_str": "",
        "required": True,
        "ispassword": False,
        "sensitive": False,
        "advanced": False,
        "exclusive": False,
        "type": "string",
    }
    assert (by_name["pass"]["ispassword"], by_name["pass"]["sensitive"]) == (True, True)
    provider = by_name["provider"]
    assert (provider["help"], provider["provider"], provider["default"]) == ("Choose the mode to access the data source.", "", "")
    assert [example["value"] for example in provider["examples"]] == ["personal", "shared"]
    assert all(example["provider"] == "" for example in provider["examples"])


# Spec: storage.md 3.6
def test_openbis(schema):
    host, token = options(schema, "openbis")
    assert (schema["openbis"]["name"], schema["openbis"]["description"]) == ("openbis", "openBIS")
    assert host["help"] == 'openBIS host to connect to.\n\nE.g. "openbis-eln-lims.ethz.ch".'
    assert host["examples"] == [{"value": "openbis-eln-lims.ethz.ch", "help": "Public openBIS demo instance", "provider": ""}]
    assert (host["sensitive"], host["exclusive"], host["required"]) == (False, False, True)
    assert (token["help"], token["ispassword"], token["sensitive"]) == ("openBIS session token", True, True)
    assert "examples" not in token


# --- 3.7 facts -------------------------------------------------------------------------------------------------------


# Spec: storage.md 3.7
def test_required_options(schema):
    required = having(schema, lambda option: option["required"] and option["default"] == "")
    assert required == {
        "doi.doi", "ftp.host", "http.url", "protondrive.username", "protondrive.password", "s3.endpoint", "sftp.host",
        "webdav.url", "polybox.provider", "polybox.public_link", "switchDrive.provider", "switchDrive.public_link",
        "openbis.host", "openbis.session_token",
    }  # fmt: skip
    endpoints = [o["provider"] for o in named(schema, "s3", "endpoint") if o["required"]]
    assert sorted(endpoints)[1:] == ["LyveCloud", "Petabox", "Switch"]
    assert having(schema, lambda option: option["required"] and option["default"] != "") == {"s3.endpoint"}


# Spec: storage.md 3.7
def test_exclusive_options(schema):
    exclusive = having(schema, lambda option: option["exclusive"])
    assert exclusive == {"azureblob.delete_snapshots", "s3.endpoint", "polybox.provider", "switchDrive.provider"}
    snapshots = named(schema, "azureblob", "delete_snapshots")[0]
    assert [example["value"] for example in snapshots["examples"]] == ["", "include", "only"]


# Spec: storage.md 3.7
def test_password_and_sensitive_options(schema):
    assert having(schema, lambda option: option["ispassword"]) == {
        "azureblob.password", "ftp.pass", "protondrive.password", "protondrive.mailbox_password", "sftp.pass", "webdav.pass",
        "polybox.pass", "switchDrive.pass", "openbis.session_token",
    }  # fmt: skip
    wanted = {
        "azureblob": "key sas_url tenant client_id client_secret username msi_object_id msi_client_id msi_mi_res_id",
        "drive": "client_id client_secret token root_folder_id service_account_credentials team_drive impersonate resource_key",
        "dropbox": "client_id client_secret token impersonate",
        "ftp": "user",
        "onedrive": "client_id client_secret token drive_id root_folder_id tenant link_password",
        "protondrive": "client_uid client_access_token client_refresh_token client_salted_key_pass",
        "s3": "access_key_id secret_access_key sse_kms_key_id sse_customer_key sse_customer_key_base64 sse_customer_key_md5 "
        "session_token",
        "sftp": "user key_pem",
        "webdav": "bearer_token",
        "polybox": "bearer_token",
        "switchDrive": "bearer_token",
    }
    sensitive = having(schema, lambda option: option["sensitive"] and not option["ispassword"])
    assert sensitive == {f"{entry}.{name}" for entry, text in wanted.items() for name in text.split()}


# --- 4.2, 6 ----------------------------------------------------------------------------------------------------------


# Spec: storage.md 4.2, 10: only the four keys of an entry, and of an option those that are named
def test_the_shape_of_entries_and_options(schema):
    for entry in schema.values():
        assert list(entry) == ["name", "description", "prefix", "options"]
        for option in entry["options"]:
            assert list(option) == [key for key in OPTION_KEYS if key in option]
            assert set(OPTION_KEYS) - set(option) <= {"provider", "examples"}
            assert option["type"] in TYPES
            for example in option.get("examples", []):
                assert list(example) in (["value", "help"], ["value", "help", "provider"])


# Spec: storage.md 4.2: defaults
def test_integers_have_a_fraction(shared_api, schema):
    text = shared_api.anonymous().get(PATH).text
    assert not re.findall(r'"default":-?\d+[,}]', text)
    assert '"default":5242880.0' in text and '"default":-1.0' in text
    tristates = [o["default"] for entry in schema for o in options(schema, entry) if o["type"] == "Tristate"]
    assert tristates and all(default == {"value": False, "valid": False} for default in tristates)


# Spec: storage.md 6: anybody, whatever credentials come along
def test_nobody_has_to_log_in(api):
    wanted = api.anonymous().get(PATH).content
    assert api.with_token("nonsense").get(PATH).content == wanted
    check_error(api.anonymous().post(PATH, json={}), 405)
