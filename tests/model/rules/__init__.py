# SPDX-License-Identifier: Apache-2.0
"""The table of all operations that the model knows: how a call is made up, and what the server has to answer."""

from collections.abc import Callable
from dataclasses import dataclass, field

from model.model import Answer, Model, Person, Refusal


NULL_BYTE = b'{"a": "\\u0000"}'
REFUSED_BODIES = ((b"{", 400), (b"[1", 400), (b"nul", 400), (b'{"no such member": 1}', 422), (b"", 422), (b'"text"', 422), (NULL_BYTE, 422))


@dataclass
class Call:
    """One request, before it is decided who sends it. `fault` is the status for a body that is no good (400, 422)."""

    path: dict[str, str] = field(default_factory=dict)
    body: object = None
    query: dict = field(default_factory=dict)
    if_match: str | None = None
    if_none_match: str | None = None
    fault: int = 0

    def check_text(self) -> None:
        """Before anything else there may be no null byte in it. Spec: projects.md 4"""
        if self.body == NULL_BYTE:
            raise Refusal(422)

    def check_body(self) -> None:
        if self.fault:
            raise Refusal(self.fault)

    def check_query(self, *names: str) -> None:
        """Unknown parameters and impossible values are refused."""
        if set(self.query) - set(names) or "?" in map(str, self.query.values()):
            raise Refusal(422)

    def check_if_match(self) -> None:
        if self.if_match is None:
            raise Refusal(428)


Rule = Callable[[Model, Person, Call], Answer]


@dataclass
class Operation:
    name: str
    method: str
    path: str
    weight: int
    refusals: tuple[int, ...]
    successes: tuple[int, ...]
    draw: Callable
    rule: Rule
    admin: bool  # only the token tells who may


TABLE: dict[str, Operation] = {}


def operation(method: str, path: str, draw: Callable, refusals=(), successes=(200,), weight: int = 4, admin=False):
    """Enters a rule, named as the operation, into the table."""

    def enter(rule: Rule) -> Rule:
        row = Operation(rule.__name__, method, path, weight, tuple(refusals), tuple(successes), draw, rule, admin)
        assert row.name not in TABLE
        TABLE[row.name] = row
        return rule

    return enter


def load() -> dict[str, Operation]:
    from . import alerts, groups, keepsakes, people, projects, settings, slots, storages  # noqa: F401

    return TABLE
