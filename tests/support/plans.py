# SPDX-License-Identifier: Apache-2.0
"""What the statements of a request touch: their plans, from the log of the cluster (auto_explain)."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from support.postgres import Postgres
from support.server import poll

SETTINGS = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_buffers": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_nested_statements": "off",
    "auto_explain.log_format": "json",
}
ENTRY = re.compile(
    r"^\S+ \S+ \S+ \[\d+\] (\S+) LOG:  duration: ([\d.]+) ms  plan:\n((?:\t.*\n)+)(?=\S)", re.MULTILINE
)


@dataclass(frozen=True)
class Plan:
    statement: str
    milliseconds: float
    buffers: int  # pages of tables and indexes, wherever they were found


class Plans:
    """Reads the plans of one database. Connections that are opened later write them."""

    def __init__(self, cluster: Postgres, database: str):
        self.cluster, self.database = cluster, database
        with cluster.superuser() as connection:
            for name, value in SETTINGS.items():
                connection.execute(f"ALTER DATABASE {database} SET {name} = '{value}'")

    def _read(self, mark: int) -> list[Plan]:
        with self.cluster.log_path.open("rb") as log:
            log.seek(mark)
            text = log.read().decode(errors="replace")
        found = []
        for database, duration, body in ENTRY.findall(text + "."):
            if database == self.database:
                entry = json.loads(body)
                plan = entry["Plan"]
                buffers = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
                found.append(Plan(entry["Query Text"], float(duration), buffers))
        return found

    def of(self, action: Callable[[], object], containing: str) -> list[Plan]:
        """The plans of all statements of an action, once one that contains the text is among them."""
        mark = self.cluster.log_path.stat().st_size
        action()

        def plans():
            found = self._read(mark)
            return found if any(containing in plan.statement for plan in found) else None

        return poll(plans)
