# SPDX-License-Identifier: Apache-2.0
"""Log lines of the library as records of Python's logging."""

from __future__ import annotations

import json
import logging
from typing import Any, Dict, Optional

OURS = "renku_data_services"
logger = logging.getLogger("librenku")
logger.addHandler(logging.NullHandler())


def _record(line: str, level: int) -> logging.LogRecord:
    try:
        found: Dict[str, Any] = json.loads(line)
    except ValueError:
        found = {"message": line}
    name = str(found.get("name", OURS))
    own = name.replace(OURS, logger.name, 1) if name.startswith(OURS) else f"{logger.name}.{name}"
    path, number = str(found.get("pathname", "")), int(found.get("lineno", 0))
    record = logging.LogRecord(own, level, path, number, str(found.get("message", line)), None, None)
    record.request_id = found.get("request_id")
    return record


def forward(_user: Optional[int], level: int, line: bytes) -> None:
    """Takes a line of the library; it may come from any thread."""
    if logger.isEnabledFor(level):
        record = _record(line.decode(errors="replace"), level)
        target = logging.getLogger(record.name)
        if target.isEnabledFor(level):
            target.handle(record)
