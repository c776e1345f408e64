# SPDX-License-Identifier: Apache-2.0
"""The statements of a request, and what they touch: their plans, from the log of the cluster (auto_explain)."""

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
    "log_min_duration_statement": "0",
}
ENTRY = re.compile(
    r"^\S+ \S+ \S+ \[\d+\] (\S+) LOG:  duration: ([\d.]+) ms  plan:\n((?:\t.*\n)+)(?=\S)",
    re.MULTILINE,
)
EXECUTED = re.compile(
    r"^\S+ \S+ \S+ \[\d+\] (\S+) LOG:  duration: [\d.]+ ms  execute [^:]*: (.*(?:\n\t.*)*)\n"
    r"\S+ \S+ \S+ \[\d+\] \S+ DETAIL:  parameters: (.*)\n",
    re.MULTILINE,
)
PARAMETER = re.compile(r"\$\d+ = (?:'((?:[^']|'')*)'|NULL)")


@dataclass(frozen=True)
class Statement:
    sql: str
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    statement: str
    milliseconds: float
    buffers: int  # pages of tables and indexes, wherever they were found
    hashed: list[int]  # rows that each hash table of an aggregate was made for


def hash_tables(node: dict) -> list[int]:
    """They take the time of what the planner expects, also where nearly nothing comes."""
    own = [node["Plan Rows"]] if node.get("Strategy") in ("Hashed", "Mixed") else []
    return own + [rows for child in node.get("Plans", ()) for rows in hash_tables(child)]


class Plans:
    """Watches one database: connections that are opened meanwhile write what they do into the log."""

    def __init__(self, cluster: Postgres, database: str):
        self.cluster, self.database = cluster, database

    def __enter__(self) -> "Plans":
        self._set("SET {} = '{}'")
        return self

    def __exit__(self, *_exc) -> None:
        self._set("RESET {}")

    def _set(self, command: str) -> None:
        with self.cluster.superuser() as connection:
            for setting in SETTINGS.items():
                connection.execute(f"ALTER DATABASE {self.database} {command.format(*setting)}")

    def _log(self, mark: int) -> str:
        with self.cluster.log_path.open("rb") as log:
            log.seek(mark)
            return log.read().decode(errors="replace") + "."

    def _mark(self) -> int:
        return self.cluster.log_path.stat().st_size

    def _plans(self, mark: int) -> list[Plan]:
        found = []
        for database, duration, body in ENTRY.findall(self._log(mark)):
            if database == self.database:
                entry = json.loads(body)
                plan = entry["Plan"]
                buffers = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
                found.append(Plan(entry["Query Text"], float(duration), buffers, hash_tables(plan)))
        return found

    def of(self, action: Callable[[], object], containing: str) -> list[Plan]:
        """The plans of all statements of an action, once one that contains the text is among them."""
        mark = self._mark()
        action()

        def plans():
            found = self._plans(mark)
            return found if any(containing in plan.statement for plan in found) else None

        return poll(plans)

    def statement_of(self, action: Callable[[], object], containing: str) -> Statement:
        """The statement of an action that contains the text, with what it was given."""
        mark = self._mark()
        action()

        def statement():
            for database, sql, given in EXECUTED.findall(self._log(mark)):
                if database == self.database and containing in sql:
                    values = (value.replace("''", "'") for value in PARAMETER.findall(given))
                    return Statement(sql, tuple(values))
            return None

        return poll(statement)
