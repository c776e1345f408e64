# SPDX-License-Identifier: Apache-2.0
"""Tokens as the service mints them for itself."""

import time
import uuid

from .realm import sign

INTERNAL_KEY = bytes(range(64))


def internal_claims(subject: str, **more) -> dict:
    """The claims of an access token, without those that are None. Spec: authentication.md 5.1"""
    now = int(time.time())
    claims = {
        "sub": subject,
        "email": "jane@example.org",
        "exp": now + 900,
        "iat": now,
        "nbf": now - 1,
        "iss": "renku-self",
        "aud": "renku-self",
        "jti": str(uuid.uuid4()),
        "typ": "Bearer",
    } | more
    return {name: value for name, value in claims.items() if value is not None}


def internal_token(subject: str, **more) -> str:
    return sign(internal_claims(subject, **more), INTERNAL_KEY, "HS512")
