# SPDX-License-Identifier: Apache-2.0
"""What JSON becomes in Python, and the reverse."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict, Optional, Tuple

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_ULID = re.compile(f"[0-7][{_DIGITS}]{{25}}")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_FRACTION = re.compile(r"\.(\d{1,6})\d*")

Convert = Callable[[Any], Any]


class Ulid(str):
    """A sortable unique id of 26 characters: a text that also knows when it was made."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Ulid:
        """The id that a text holds; ValueError when it holds none."""
        if not _ULID.fullmatch(text):
            raise ValueError(f"{text!r} is no ULID")
        return cls(text)

    @property
    def time(self) -> datetime:
        """When it was made, to the millisecond."""
        milliseconds = 0
        for digit in self[:10]:
            milliseconds = milliseconds * 32 + _VALUES[digit]
        return _EPOCH + timedelta(milliseconds=milliseconds)


def to_time(text: str) -> datetime:
    """The moment that a text of the API names; without an offset it is in UTC."""
    plain = text[:-1] + "+00:00" if text.endswith("Z") else text
    try:
        moment = datetime.fromisoformat(plain)
    except ValueError:  # before Python 3.11 a fraction has three or six digits
        moment = datetime.fromisoformat(_FRACTION.sub(lambda found: f".{found[1]:0<6}", plain))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def from_time(moment: datetime) -> str:
    """The text that the API takes for a moment."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return moment.isoformat()


def to_json(value: Any) -> str:
    """For json.dumps: what is no JSON by itself."""
    if isinstance(value, datetime):
        return from_time(value)
    raise TypeError(f"{type(value).__name__} cannot be part of a body")


class Members:
    """Converts members of an object, in place."""

    parts: Tuple[Tuple[str, Convert], ...] = ()

    def __call__(self, value: Dict[str, Any]) -> Dict[str, Any]:
        for name, convert in self.parts:
            member = value.get(name)
            if member is not None:
                value[name] = convert(member)
        return value


class Items:
    """Converts all items of a list."""

    parts: Tuple[Convert, ...] = ()

    def __call__(self, value: Any) -> Any:
        (convert,) = self.parts
        return [item if item is None else convert(item) for item in value]


class Values(Items):
    """Converts all values of an object."""

    def __call__(self, value: Any) -> Any:
        (convert,) = self.parts
        return {name: item if item is None else convert(item) for name, item in value.items()}


class Fits:
    """Whether a value looks like one alternative of several."""

    def __init__(
        self,
        kind: type,
        needed: Tuple[str, ...] = (),
        words: Optional[Dict[str, Tuple[str, ...]]] = None,
        known: Optional[Tuple[str, ...]] = None,
    ) -> None:
        self.kind = kind
        self.needed = needed
        self.words = words or {}
        self.known = known

    def __call__(self, value: Any) -> bool:
        if not isinstance(value, self.kind):
            return False
        return not isinstance(value, dict) or self._members(value)

    def _members(self, value: Dict[str, Any]) -> bool:
        return (
            all(name in value for name in self.needed)
            and all(value[name] in words for name, words in self.words.items() if name in value)
            and (self.known is None or all(name in self.known for name in value))
        )


class Either:
    """Whether a value looks like one of several."""

    def __init__(self, *options: Callable[[Any], bool]) -> None:
        self.options = options

    def __call__(self, value: Any) -> bool:
        return any(fits(value) for fits in self.options)


class Choice:
    """Converts as the first alternative wants that the value looks like."""

    parts: Tuple[Tuple[Callable[[Any], bool], Optional[Convert]], ...] = ()

    def __call__(self, value: Any) -> Any:
        for fits, convert in self.parts:
            if fits(value):
                return convert(value) if convert else value
        return value
