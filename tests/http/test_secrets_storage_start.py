# SPDX-License-Identifier: Apache-2.0
"""How the secrets storage starts, or refuses to. Spec: secrets.md 6.1"""

import json
import os
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from support.api import NO_ULID, check_error
from support.keeper import body_of
from support.server import PATIENCE, private_pem

PREFIX = "/api/secrets"


def ends(start_server, base, **more) -> str:
    """The log of a server that does not start."""
    server = start_server(more, base=base, wait=False, workers=1, arguments=("--service", "secrets"))
    assert server.process.wait(PATIENCE) == 1, server.log()
    return server.log()


# Spec: secrets.md 6.1: a key that is missing, unreadable, no key, no RSA key, or not private stops the start
@pytest.mark.parametrize("setting", ["SECRETS_SERVICE_PRIVATE_KEY_PATH", "PREVIOUS_SECRETS_SERVICE_PRIVATE_KEY_PATH"])
def test_a_key_that_is_none_stops_the_start(start_server, storage_settings, keys, tmp_path, setting):
    curve, small = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 1024)
    sealed = small.private_bytes(
        forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.BestAvailableEncryption(b"secret")
    )
    bad = {
        "garbage": (b"-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n", "no private key"),
        "curve": (private_pem(curve), "no RSA key"),
        "public": (Path(keys["SECRETS_SERVICE_PUBLIC_KEY_PATH"]).read_bytes(), "no private key"),
        "sealed": (sealed, "without passphrase"),
        "empty": (b"", "empty"),
    }
    for name, (content, problem) in bad.items():
        path = tmp_path / name
        path.write_bytes(content)
        path.chmod(0o600)
        log = ends(start_server, storage_settings, **{setting: str(path)})
        assert f"{setting}: " in log and str(path) in log and problem in log, log
    log = ends(start_server, storage_settings, **{setting: str(tmp_path)})
    assert "no regular file" in log
    if not setting.startswith("PREVIOUS"):
        assert "No such file" in ends(start_server, storage_settings, **{setting: "/nonexistent/key"})


# Spec: secrets.md 6.1: required although unused
@pytest.mark.parametrize("name", ["KEYCLOAK_CLIENT_ID", "KEYCLOAK_CLIENT_SECRET", "KEYCLOAK_URL", "DB_PASSWORD"])
def test_a_setting_that_is_missing_stops_the_start(start_server, storage_settings, name):
    base = storage_settings | {"DB_HOST": "127.0.0.1"}
    log = ends(start_server, {key: value for key, value in base.items() if key != name})
    assert f"{name} is required" in log


# Spec: secrets.md 6.1, PKCS#1; foundations.md 19.3: no migration
def test_both_forms_of_private_keys_serve(other_server, storage_settings, pair, folder, postgres):
    path = folder / "pkcs1.pem"
    path.write_bytes(
        pair.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.TraditionalOpenSSL, forms.NoEncryption())
    )
    path.chmod(0o644)
    empty = postgres.create_database()
    more = {"SECRETS_SERVICE_PRIVATE_KEY_PATH": str(path), "RENKU_SERVICE": "secrets"}
    server = other_server(more | empty, base=storage_settings, workers=1)
    assert httpx.get(f"{server.url}{PREFIX}/version", timeout=60).status_code == 200
    assert httpx.get(f"{server.url}/readyz", timeout=60).status_code == 503
    assert "is open to others than its owner" in server.log()


# Spec: secrets.md 6.1, authentication.md 8: random keys, an empty previous key is ignored
def test_development_mode_needs_no_key(other_server, database, tmp_path):
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    env = {
        "DUMMY_STORES": "true",
        "HOME": "/nonexistent",
        "SECRETS_SERVICE_PRIVATE_KEY_PATH": "/nonexistent/key",
        "PREVIOUS_SECRETS_SERVICE_PRIVATE_KEY_PATH": str(empty),
    }
    server = other_server(env | database, base={"PATH": os.environ["PATH"]}, workers=1, arguments=("--service", "secrets"))
    token = json.dumps({"id": "user1"})
    headers = {"authorization": f"Bearer {token}"}
    answer = httpx.post(f"{server.url}{PREFIX}/kubernetes", headers=headers, json=body_of(NO_ULID), timeout=60)
    check_error(answer, 404)
    assert "secrets_rotation" not in httpx.get(f"{server.url}/metrics", timeout=60).text
