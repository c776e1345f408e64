# SPDX-License-Identifier: Apache-2.0
"""What bad input is tried on, and what it must not change."""

import pytest

from .api import check_error
from .spec import operations

OPERATIONS = operations()
WITH_BODY = [operation for operation in OPERATIONS if operation.body]
INJECTIONS = [
    "'; DROP TABLE common.groups; --",
    "' OR '1'='1",
    "x') OR 1=1 --",
    '"; SELECT pg_sleep(10); --',
    "$1",
    "%s%n%p",
    "{0}",
    "${jndi:ldap://127.0.0.1/x}",
    "../../etc/passwd",
    "x\r\nSet-Cookie: a=b",
    "<script>alert(1)</script>",
    "\u202e\ufeff\u0001\x7f",
    "x" * 5000,
]


class Unchanged:
    """Collects what was answered wrongly, and compares the database before and after."""

    def __init__(self, rows):
        self.rows, self.wrong = rows, []

    def __enter__(self) -> "Unchanged":
        self.before = self.rows.fingerprint()
        return self

    def expect(self, response, label: str, *statuses: int) -> None:
        """One of these; without any: some 4xx."""
        status = response.status_code
        good = status in statuses if statuses else 400 <= status < 500
        if good and status >= 400:
            try:
                check_error(response, status)
            except (AssertionError, ValueError) as error:
                self.wrong.append(f"{label}: {error}")
        elif not good:
            self.wrong.append(f"{label}: {status}, not {statuses or '4xx'}: {response.text[:300]}")

    def __exit__(self, kind, _error, _trace) -> None:
        if kind:
            return
        after = self.rows.fingerprint()
        changed = [name for name in after if after[name] != self.before.get(name)]
        assert not self.wrong, "\n".join(self.wrong)
        assert not changed, f"changed: {changed}"


def each(list_of_operations):
    return pytest.mark.parametrize(
        "operation", list_of_operations, ids=[operation.name for operation in list_of_operations]
    )
