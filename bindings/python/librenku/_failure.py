# SPDX-License-Identifier: Apache-2.0
"""What all failures have in common."""

from __future__ import annotations

from typing import ClassVar, Optional


class RenkuError(Exception):
    """A call that failed.

    message: what is wrong, in one sentence.
    code: the number that the API gives it, 1404.
    status: the HTTP status, 404.
    detail: what to do next, or None.
    operation: the name of the operation, or None.
    """

    number: ClassVar[int] = 0  # RENKU_E... of the library

    def __init__(
        self,
        message: str,
        code: int = 0,
        status: int = 0,
        detail: Optional[str] = None,
        operation: Optional[str] = None,
    ) -> None:
        super().__init__(message, code, status, detail, operation)
        self.message = message
        self.code = code
        self.status = status
        self.detail = detail
        self.operation = operation

    def __str__(self) -> str:
        return f"{self.message} {self.detail}" if self.detail else self.message


class Closed(RenkuError):
    """The client was closed before the call."""
