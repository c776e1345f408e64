# SPDX-License-Identifier: Apache-2.0
"""Checking and obscuring storage configurations. Spec: storage.md 4, 5.1, 6"""

import pytest

from support.api import check_error, fields_error

VALIDATE = "/storage_schema/validate"
OBSCURE = "/storage_schema/obscure"
MISSING = "The following fields are required but missing:\n"
AWS = {"type": "s3", "provider": "AWS"}


def validate(caller, configuration):
    return caller.post(VALIDATE, json=configuration)


def refused(caller, configuration, message=None, contains=None):
    error = check_error(validate(caller, configuration), 422, message, contains)
    assert set(error) == {"code", "message"}
    return error


def accepted(caller, configuration):
    response = validate(caller, configuration)
    assert (response.status_code, response.content) == (204, b""), response.text


# --- 4.4 the table ---------------------------------------------------------------------------------------------------

VALID = [
    AWS,
    {"type": "s3", "provider": "Switch"},
    {"type": "s3", "provider": "Switch", "endpoint": "https://os.zhdk.cloud.switch.ch"},
    {"type": "s3", "provider": "Foo", "endpoint": "x"},  # 10: a provider is no choice
    {"type": "s3", "endpoint": "x"},
    {"type": "s3", "provider": "Other", "endpoint": ""},  # an empty text is present
    {**AWS, "nobody_knows": "this"},  # 10: unknown options
    {**AWS, "nobody_knows": 5, "nor": {"a": 1}, "or": True},
    {**AWS, "region": None, "env_auth": None},  # null is removed
    {**AWS, "region": None, "chunk_size": 5.0},  # 4.3
    {**AWS, "chunk_size": True},  # a boolean passes as an integer
    {**AWS, "chunk_size": 9223372036854775807},
    {**AWS, "env_auth": True, "force_path_style": False},
    {**AWS, "use_multipart_etag": {"value": True, "valid": True}},
    {**AWS, "access_key_id": "a", "secret_access_key": "b"},
    {"type": "sftp", "host": "h", "port": 22},
    {"type": "polybox", "provider": "personal"},
    {"type": "polybox", "provider": "shared", "public_link": "https://x/y"},
    {"type": "switchDrive", "provider": "shared", "public_link": "https://x/y", "pass": "p"},
    {"type": "openbis", "host": "h", "session_token": "t"},
    {"type": "azureblob", "delete_snapshots": "include"},
    {"type": "azureblob", "delete_snapshots": ""},
    {"type": "webdav", "url": "https://x", "vendor": "anything"},  # examples that are hints
    {"type": "drive"},
    {"type": "dropbox"},
    {"type": "onedrive"},
    {"type": "doi", "doi": "10.5281/zenodo.1"},
]


# Spec: storage.md 4.3, 4.4, 10
@pytest.mark.parametrize("configuration", VALID, ids=str)
def test_a_configuration_is_valid(anonymous, configuration):
    accepted(anonymous, configuration)


LONG = "Value '{}' is not valid for field {}. Valid values are: {}"
ENDPOINTS = "https://s3-zh.os.switch.ch, https://os.zhdk.cloud.switch.ch, https://os.unil.cloud.switch.ch"
INVALID = [
    ({}, "Expected a field `type` in the configuration of the storage."),
    ({"type": None}, "Expected a field `type` in the configuration of the storage."),
    ({"provider": "AWS"}, "Expected a field `type` in the configuration of the storage."),
    ({"type": "local"}, "Storage 'local' is not supported."),
    ({"type": "crypt"}, "Storage 'crypt' is not supported."),
    ({"type": "nope"}, "RClone provider 'nope' does not exist."),
    ({"type": "S3"}, "RClone provider 'S3' does not exist."),
    ({"type": ""}, "RClone provider '' does not exist."),
    ({"type": 5}, "RClone provider '5' does not exist."),
    ({"type": True}, "RClone provider 'True' does not exist."),
    ({"type": {"a": 1}}, "RClone provider '{\"a\":1}' does not exist."),
    ({"type": "s3"}, f"{MISSING}endpoint"),
    ({"type": "s3", "provider": "Other"}, f"{MISSING}endpoint"),
    ({"type": "s3", "provider": "aws"}, f"{MISSING}endpoint"),  # 4.1: exactly
    ({"type": "s3", "provider": " AWS"}, f"{MISSING}endpoint"),
    ({"type": "s3", "provider": None}, f"{MISSING}endpoint"),
    ({"type": "s3", "provider": "Other", "endpoint": None}, f"{MISSING}endpoint"),
    ({"type": "s3", "provider": "LyveCloud"}, f"{MISSING}endpoint"),
    ({"type": "s3", "provider": "Petabox"}, f"{MISSING}endpoint"),
    ({"type": "polybox"}, f"{MISSING}provider"),
    ({"type": "polybox", "provider": "shared"}, f"{MISSING}public_link"),
    ({"type": "openbis"}, f"{MISSING}host\nsession_token"),
    ({"type": "protondrive"}, f"{MISSING}username\npassword"),
    ({"type": "sftp", "port": "22"}, f"{MISSING}host"),  # 3 comes before 4
    ({"type": "s3", "provider": "Switch", "endpoint": "https://x.example"}, LONG.format("https://x.example", "endpoint", ENDPOINTS)),
    ({"type": "polybox", "provider": "public"}, LONG.format("public", "provider", "personal, shared")),
    ({"type": "azureblob", "delete_snapshots": "all"}, LONG.format("all", "delete_snapshots", ", include, only")),
    ({"type": "sftp", "host": "h", "port": "22"}, "Value '22' for field 'port' is not of type int"),
    ({"type": "sftp", "host": 5}, "Value '5' for field 'host' is not of type string"),
    ({**AWS, "region": True}, "Value 'True' for field 'region' is not of type string"),
    ({**AWS, "env_auth": "true"}, "Value 'true' for field 'env_auth' is not of type bool"),
    ({**AWS, "env_auth": 1}, "Value '1' for field 'env_auth' is not of type bool"),
    ({**AWS, "use_multipart_etag": "x"}, "Value 'x' for field 'use_multipart_etag' is not of type Dict(Tristate)"),
    ({**AWS, "chunk_size": "5Mi"}, "Value '5Mi' for field 'chunk_size' is not of type int"),
    ({**AWS, "encoding": 5}, "Value '5' for field 'encoding' is not of type string"),
    # a secret does not come back, not even to whoever sent it
    ({**AWS, "access_key_id": 5}, "Value '<sensitive>' for field 'access_key_id' is not of type string"),
    ({**AWS, "secret_access_key": 7}, "Value '<sensitive>' for field 'secret_access_key' is not of type string"),
    # what would be more lines of a configuration file
    ({**AWS, "region": "a\nb"}, "The value for field 'region' has a line break."),
    ({**AWS, "nobody_knows": "a\rb"}, "The value for field 'nobody_knows' has a line break."),
    ({**AWS, "a\nb": "c"}, "A name of the configuration has a character that rclone cannot read."),
    ({**AWS, "a=b": "c"}, "A name of the configuration has a character that rclone cannot read."),
]


# Spec: storage.md 4.1, 4.4
@pytest.mark.parametrize("configuration, message", INVALID, ids=lambda value: str(value)[:60])
def test_a_configuration_is_refused(anonymous, configuration, message):
    refused(anonymous, configuration, message)


BLOCKED = {
    "azureblob": ["client_certificate_path", "client_certificate_password", "service_principal_file"],
    "drive": ["service_account_file"],
    "s3": ["shared_credentials_file", "profile"],
    "sftp": [
        "key_file", "key_file_pass", "pubkey_file", "known_hosts_file", "md5sum_command", "sha1sum_command", "crc32sum_command",
        "sha256sum_command", "blake3sum_command", "xxh3sum_command", "xxh128sum_command", "ssh",
    ],
    "webdav": ["bearer_token_command"],
}  # fmt: skip
BLOCKED |= {"polybox": BLOCKED["webdav"], "switchDrive": BLOCKED["webdav"], "openbis": BLOCKED["sftp"]}
WHOLE = {
    "s3": {"provider": "AWS"}, "sftp": {"host": "h"}, "webdav": {"url": "u"}, "polybox": {"provider": "personal"},
    "switchDrive": {"provider": "personal"}, "openbis": {"host": "h", "session_token": "t"},
}  # fmt: skip


# Spec: storage.md 4.4: 4a, and the security note
@pytest.mark.parametrize("type_name, name", [(type_name, name) for type_name, names in BLOCKED.items() for name in names])
def test_an_option_that_reaches_into_the_machine_is_refused(anonymous, type_name, name):
    configuration = {"type": type_name, **WHOLE.get(type_name, {})}
    accepted(anonymous, configuration)
    refused(anonymous, {**configuration, name: "x"}, f"The {name} option is not allowed.")


# Spec: storage.md 4.3
@pytest.mark.parametrize("value", [[], ["a"], 1.5, [1], 10**30, 1e30], ids=str)
def test_a_value_is_a_scalar_or_an_object(anonymous, value):
    check_error(validate(anonymous, {**AWS, "nobody_knows": value}), 422, contains="There are errors in the following fields, ")


# Spec: storage.md 4.3: 1e3 is an integer
def test_an_exponent_is_an_integer(anonymous):
    response = anonymous.send("POST", VALIDATE, b'{"type":"s3","provider":"AWS","chunk_size":1e3}')
    assert response.status_code == 204, response.text


# Spec: storage.md 6
@pytest.mark.parametrize("body, status", [(b"", 422), (b"null", 422), (b"[]", 422), (b'"s3"', 422), (b"{", 400), (b"{}", 422)])
def test_the_body_is_a_configuration(anonymous, body, status):
    check_error(anonymous.send("POST", VALIDATE, body), status)


# --- 5.1 obscure -----------------------------------------------------------------------------------------------------


def obscure(caller, **configuration):
    response = caller.post(OBSCURE, json={"configuration": configuration})
    assert response.status_code == 200, response.text
    return response.json()


# Spec: storage.md 5.1, 6: six bytes give thirty characters
def test_passwords_are_obscured(anonymous):
    answer = obscure(anonymous, type="webdav", url="https://x", user="u")
    assert answer == {"type": "webdav", "url": "https://x", "user": "u"}
    answer = obscure(anonymous, type="webdav", user="u", **{"pass": "secret"})
    assert len(answer["pass"]) == 30 and "=" not in answer["pass"]
    again = obscure(anonymous, type="webdav", user="u", **{"pass": "secret"})
    assert again["pass"] != answer["pass"]


# Spec: storage.md 5.1: no provider condition, nothing but passwords, no further validation
@pytest.mark.parametrize("name, configuration", [
    ("password", {"type": "azureblob", "key": "stays"}),
    ("pass", {"type": "polybox", "bearer_token": "stays"}),
    ("pass", {"type": "switchDrive", "provider": "neither"}),
    ("session_token", {"type": "openbis"}),
    ("mailbox_password", {"type": "protondrive"}),
])  # fmt: skip
def test_obscuring_needs_no_valid_configuration(anonymous, name, configuration):
    answer = obscure(anonymous, **configuration, **{name: "secret"})
    assert len(answer.pop(name)) == 30
    assert answer == configuration


# Spec: storage.md 5.1: empty values stay; a value with a dash is no flag; what is no text is refused
def test_odd_passwords(anonymous):
    for value in ("", None):
        assert obscure(anonymous, type="sftp", **{"pass": value}) == {"type": "sftp", "pass": value}
    assert len(obscure(anonymous, type="sftp", **{"pass": "-flag!"})["pass"]) == 30
    body = {"configuration": {"type": "sftp", "pass": 5}}
    check_error(anonymous.post(OBSCURE, json=body), 422, "Value '<sensitive>' for field 'pass' is not of type string")


# Spec: storage.md 6
@pytest.mark.parametrize("body, message", [
    ({}, fields_error("configuration: Field required")),
    ({"configuration": {}}, "Expected a field `type` in the configuration of the storage."),
    ({"configuration": {"type": "local"}}, "Storage 'local' is not supported."),
])  # fmt: skip
def test_obscuring_checks_the_type(anonymous, body, message):
    check_error(anonymous.post(OBSCURE, json=body), 422, message)
