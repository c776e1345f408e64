# SPDX-License-Identifier: Apache-2.0
"""Secrets of users as the data API stores them, made by PyPI's cryptography. Spec: secrets.md 4.5"""

import base64
import os
import uuid

from cryptography.fernet import Fernet

from support import secrets
from support.api import unique
from support.server import private_pem

OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "3b2f5a5c-0c0b-4d0e-9a61-5b3c8d1f9e27"}


class Person:
    """A user with a key of the inner layer."""

    def __init__(self, token: str, user_id: str):
        self.token, self.id = token, user_id
        self.key = base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=")
        self.inner = Fernet(secrets.derive(self.key, user_id))

    def read(self, data: str) -> str:
        """The value behind one entry of a Kubernetes secret. Spec: secrets.md 4.7"""
        return self.inner.decrypt(base64.b64decode(data, validate=True)).decode()


class Keeper:
    """Puts secrets into a database, sealed for a key pair."""

    def __init__(self, rows, realm, pair):
        self.rows, self.realm, self.pair = rows, realm, pair

    def person(self) -> Person:
        user_id = str(uuid.uuid4())
        self.rows.run(
            "WITH person AS (INSERT INTO users.users (keycloak_id) VALUES (%s) RETURNING keycloak_id)"
            " INSERT INTO common.namespaces (id, slug, user_id) SELECT public.generate_ulid(), %s, keycloak_id FROM person",
            user_id, unique("keeper").lower(),
        )  # fmt: skip
        return Person(self.realm.token(user_id, email="jane@example.org"), user_id)

    def add(self, person: Person, value: str = "v", pair=None, expires: str | None = None, **columns) -> str:
        """The id of a new secret; `expires` is an interval from now."""
        public = (pair or self.pair).public_key()
        sealed = secrets.seal_outer(public, person.id, person.inner.encrypt(value.encode()).decode())
        row = {"name": unique("secret"), "default_filename": unique("file")} | columns
        return self.rows.one(
            "INSERT INTO secrets.secrets (id, name, default_filename, encrypted_value, encrypted_key, kind,"
            " modification_date, expiration_timestamp, user_id) VALUES (public.generate_ulid(), %s, %s, %s, %s,"
            " 'general', '2020-01-01Z', now() + %s::interval, %s) RETURNING id",
            row["name"], row["default_filename"], *sealed, expires, person.id,
        )  # fmt: skip

    def filename(self, secret: str) -> str:
        return self.rows.one("SELECT default_filename FROM secrets.secrets WHERE id = %s", secret)

    def outer(self, secret: str, pair) -> str:
        """The inner layer, when the outer one is sealed for that pair."""
        [(user, value, key)] = self.rows.all(
            "SELECT user_id, encrypted_value, encrypted_key FROM secrets.secrets WHERE id = %s", secret
        )
        return secrets.open_outer(pair, user, bytes(value), bytes(key))


def body_of(*ids: str, **more) -> dict:
    """What the secrets storage is asked to create. Spec: secrets.md 6.2"""
    body = {"name": unique("secret"), "namespace": "default", "secret_ids": list(ids), "owner_references": [OWNER]}
    return {name: value for name, value in (body | more).items() if value is not ...}


def write_key(path, pair) -> str:
    path.write_bytes(private_pem(pair))
    path.chmod(0o600)
    return str(path)


def storage_environment(environment: dict[str, str], **more) -> dict[str, str]:
    """The environment of a secrets storage beside a data API: none of its keys, but keys of its own."""
    foreign = {"INTERNAL_AUTHN_SECRET_KEY_PATH", "ENCRYPTION_KEY_PATH", "SECRETS_SERVICE_PUBLIC_KEY_PATH"}
    own = {name: value for name, value in environment.items() if name not in foreign}
    return {name: value for name, value in (own | more).items() if value is not None}
