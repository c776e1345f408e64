# SPDX-License-Identifier: Apache-2.0
"""What several suites of the platform need."""

import hashlib
from datetime import UTC

CONFIG, AUTHORIZATION, REDIRECTS = (
    "/platform/config",
    "/platform/authorization_config",
    "/platform/redirects",
)
TARGET = "/p/01FZ8RSZ9KAKYQZ1ZZZZZZZZZZ"
STALE = '"00000000000000000000000000000000"'


def escaped(text: str) -> str:
    """Every byte as an escape."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


def redirect_path(source: str) -> str:
    return f"{REDIRECTS}/{escaped(source)}"


def etag_of(text: str) -> str:
    return f'"{hashlib.md5(text.encode()).hexdigest().upper()}"'


def etag_of_time(when) -> str:
    """Spec: platform.md 3.1"""
    return etag_of(when.astimezone(UTC).isoformat())
