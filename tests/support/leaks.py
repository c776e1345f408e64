# SPDX-License-Identifier: Apache-2.0
"""What must not stand in any log: every token, key and password that a suite has used. When the suite ends, the logs of its
servers and of its database are searched (tests/conftest.py)."""

import re
from collections.abc import Iterable
from pathlib import Path

RUN = re.compile(rb"[A-Za-z0-9_=-]{24,}")  # what looks like a part of a token or a key
LEAST = 8  # a shorter text may stand anywhere by chance

_runs: set[bytes] = set()
_texts: set[bytes] = set()


def remember(secret: str | bytes) -> None:
    """Takes a secret; of a token its last part counts, which no other token has."""
    raw = secret.encode() if isinstance(secret, str) else secret
    last = raw.rpartition(b".")[2]
    if RUN.fullmatch(last):
        _runs.add(last)
    elif RUN.fullmatch(raw):
        _runs.add(raw)
    elif len(raw) >= LEAST:
        _texts.add(raw)


def count() -> int:
    return len(_runs) + len(_texts)


def lines_with_secrets(paths: Iterable[Path]) -> list[str]:
    """PATH:NUMBER of each line that holds one; never the line itself."""
    found = []
    for path in paths:
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            if not _runs.isdisjoint(RUN.findall(line)) or any(text in line for text in _texts):
                found.append(f"{path}:{number}")
    return found
