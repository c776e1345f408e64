# SPDX-License-Identifier: Apache-2.0
"""How one call is put together, and what becomes of its result."""

from __future__ import annotations

import json
import math
from ctypes import byref, c_char_p, pointer, sizeof
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Dict, List, Mapping, Optional, Tuple
from urllib.parse import urlencode

from . import errors
from ._convert import Convert, from_time, to_json
from ._library import Call, Library, Parameter, Request, library

Parameters = Tuple[Tuple[bytes, Any], ...]

_LONGEST_MS = 2**63 - 1
_REQUEST_SIZE, _CALL_SIZE = sizeof(Request), sizeof(Call)
_loads = json.JSONDecoder().raw_decode
_dumps = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=to_json).encode


class Operation:
    """What the machinery of calls knows about an operation."""

    __slots__ = ("name", "raw", "convert", "form", "paginated")

    def __init__(self, name: str, convert: Optional[Convert] = None, form: bool = False, paginated: bool = False) -> None:
        self.name = name
        self.raw = raw_text(name)
        self.convert = convert
        self.form = form
        self.paginated = paginated


@dataclass(frozen=True)
class Answer:
    """An answer with everything that belongs to it."""

    status: int  # 200, 201, 204; 304 when the ETag of the caller is that of the object
    data: Any  # None for 204, 304, and wherever the operation answers nothing
    etag: Optional[str] = None  # for if_match and if_none_match
    headers: Mapping[str, str] = field(default_factory=dict)


class Cancel:
    """Ends calls from another thread: every call that was made with it, now and later, raises Cancelled."""

    def __init__(self) -> None:
        self._library = library()
        self._pointer: Optional[int] = self._library.cancel_new()
        if not self._pointer:
            raise errors.OutOfMemory("There is no memory, or no descriptor, for another Cancel.", 1500, 500)

    @property
    def pointer(self) -> Optional[int]:
        """The handle of the library."""
        return self._pointer

    def now(self) -> None:
        """Ends the calls. Works from any thread, and in a handler of signals."""
        self._library.cancel_now(self._pointer)

    def __del__(self) -> None:
        found, self._pointer = getattr(self, "_pointer", None), None
        if found:
            self._library.cancel_free(found)


# --- from Python to the library ---


def raw_text(text: str) -> bytes:
    """As the library takes it. What stands behind a NUL would be lost."""
    raw = text.encode()
    if b"\0" in raw:
        raise ValueError("a text for the library cannot hold a NUL character")
    return raw


def optional_text(text: Optional[str]) -> Optional[bytes]:
    return None if text is None else raw_text(text)


def _parameter(value: Any) -> bytes:
    if isinstance(value, str):
        return raw_text(value)
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, (int, float)):
        return str(value).encode()
    if isinstance(value, datetime):
        return from_time(value).encode()
    raise TypeError(f"{type(value).__name__} cannot be a parameter")


def _pairs(parameters: Parameters) -> List[Tuple[bytes, bytes]]:
    pairs = []
    for name, value in parameters:
        if value is None:
            continue
        if isinstance(value, (list, tuple, set, frozenset)):
            pairs += [(name, _parameter(item)) for item in value]
        else:
            pairs.append((name, _parameter(value)))
    return pairs


def _body(operation: Operation, body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    if operation.form:
        return urlencode({name: value for name, value in body.items() if value is not None}, doseq=True).encode()
    return _dumps(body).encode()


@dataclass
class How:
    """What is common to all calls."""

    if_match: Optional[str] = None
    if_none_match: Optional[str] = None
    timeout: Optional[float] = None
    request_id: Optional[str] = None
    cancel: Optional[Cancel] = None

    def call(self) -> Call:
        milliseconds = 0
        if self.timeout is not None:
            if not 0 < self.timeout < math.inf:
                raise ValueError(f"timeout is a number of seconds above 0, not {self.timeout!r}")
            milliseconds = min(math.ceil(self.timeout * 1000), _LONGEST_MS)
        cancel = self.cancel.pointer if self.cancel is not None else None
        texts = (self.if_match, self.if_none_match, self.request_id)
        return Call(_CALL_SIZE, milliseconds, cancel, *map(optional_text, texts))


def how_of(
    if_match: Optional[str] = None,
    if_none_match: Optional[str] = None,
    timeout: Optional[float] = None,
    request_id: Optional[str] = None,
    cancel: Optional[Cancel] = None,
) -> Optional[How]:
    """None for the usual call, which says nothing of these."""
    if timeout is None and cancel is None and request_id is None and if_match is None and if_none_match is None:
        return None
    return How(if_match, if_none_match, timeout, request_id, cancel)


def request(operation: Operation, parameters: Parameters, body: Any, how: Optional[How]) -> Request:
    """The request; it keeps alive what it points to."""
    made = Request(_REQUEST_SIZE, operation.raw)
    pairs = _pairs(parameters)
    if pairs:
        array: Any = Parameter * len(pairs)
        made.parameters = array(*pairs)
        made.parameter_count = len(pairs)
    if body is not None:
        raw = _body(operation, body)
        made.body, made.body_size = raw, len(raw)
    if how is not None:
        made.call = pointer(how.call())
    return made


# --- from the library to Python ---


def _failure(lib: Library, result: int, number: int, operation: Optional[str]) -> errors.RenkuError:
    detail = lib.result_detail(result)
    return errors.BY_NUMBER.get(number, errors.RenkuError)(
        lib.result_message(result).decode(errors="replace"),
        lib.result_code(result),
        lib.result_status(result),
        detail.decode(errors="replace") if detail else None,
        operation,
    )


def take_text(lib: Library, result: int, operation: Optional[str] = None) -> str:
    """The body of a result, which is given back; raises what it says when the call has failed."""
    try:
        number = lib.result_error(result)
        if number:
            raise _failure(lib, result, number, operation)
        raw: bytes = lib.result_body(result, None)
    finally:
        lib.result_free(result)
    return raw.decode()


def take(lib: Library, result: int, operation: Operation) -> Any:
    """The same as Python values."""
    text = take_text(lib, result, operation.name)
    if not text:
        return None
    value, _ = _loads(text)
    return operation.convert(value) if operation.convert else value


def _headers(lib: Library, result: int) -> Dict[str, str]:
    found, name, value = {}, c_char_p(), c_char_p()
    for index in range(lib.result_header_count(result)):
        if lib.result_header(result, index, byref(name), byref(value)) and name.value and value.value is not None:
            found[name.value.decode()] = value.value.decode(errors="replace")
    return found


def take_answer(lib: Library, result: int, operation: Operation) -> Answer:
    """The same with status, ETag and headers."""
    status, etag, headers = lib.result_status(result), lib.result_etag(result), _headers(lib, result)
    data = take(lib, result, operation)
    return Answer(status, data, etag.decode() if etag else None, headers)
