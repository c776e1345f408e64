# SPDX-License-Identifier: Apache-2.0
"""The encryption formats, by PyPI's cryptography: an implementation that owes nothing to ours. Spec: secrets.md 4"""

import base64
import functools
import hashlib
import os
from pathlib import Path

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from support.server import private_key_of

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
ROUNDS = 480000


@functools.cache  # it takes as long as it shall take whoever guesses
def derive(password: bytes, salt: str, rounds: int = ROUNDS) -> bytes:
    return base64.urlsafe_b64encode(hashlib.pbkdf2_hmac("sha256", password, salt.encode(), rounds, 32))


def enc(password: bytes, salt: str, text: str, rounds: int = ROUNDS) -> bytes:
    return Fernet(derive(password, salt, rounds)).encrypt(text.encode())


def dec(password: bytes, salt: str, token: bytes, rounds: int = ROUNDS) -> str:
    return Fernet(derive(password, salt, rounds)).decrypt(token).decode()


def seal_outer(public, user: str, inner: str, rounds: int = ROUNDS) -> tuple[bytes, bytes]:
    """encrypted_value, encrypted_key"""
    password = base64.urlsafe_b64encode(os.urandom(32))
    return enc(password, user, inner, rounds), public.encrypt(password, OAEP)


def open_outer(private, user: str, value: bytes, key: bytes, rounds: int = ROUNDS) -> str:
    return dec(private.decrypt(key, OAEP), user, value, rounds)


def load_private(pem: bytes):
    return serialization.load_pem_private_key(pem, None)


class Vault:
    """What the data API and the secrets storage can read together."""

    def __init__(self, keys: dict[str, str], rows):
        self.service_key = Path(keys["ENCRYPTION_KEY_PATH"]).read_bytes()
        self.private = load_private(private_key_of(keys).read_bytes())
        self.rows = rows

    def user_key(self, user: str) -> str:
        stored = self.rows.one("SELECT secret_key FROM users.users WHERE keycloak_id = %s", user)
        return dec(self.service_key, user, bytes(stored))

    def value(self, secret: str) -> str:
        """The value of a stored secret."""
        [(user, value, key)] = self.rows.all(
            "SELECT user_id, encrypted_value, encrypted_key FROM secrets.secrets WHERE id = %s", secret
        )
        inner = open_outer(self.private, user, bytes(value), bytes(key))
        return dec(self.user_key(user).encode(), user, inner.encode())
