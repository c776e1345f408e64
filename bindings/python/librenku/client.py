# SPDX-License-Identifier: Apache-2.0
"""The library as an object with one method per operation."""

from __future__ import annotations

import os
from ctypes import byref
from types import TracebackType
from typing import Any, Iterator, Optional, Type, TypeVar, Union

from . import _table, errors
from ._admin import AdminTools
from ._call import Answer, Cancel, How, Operation, Parameters, how_of, raw_text, request, take, take_answer, take_text
from ._context import Caller, Context
from ._operations import Operations
from .config import Config
from .pages import Pages, check_list

Settings = Union[Config, str, "os.PathLike[str]", None]
AnyClient = TypeVar("AnyClient", bound="Client")


def config_of(settings: Settings) -> Config:
    """A configuration of what a client is made of."""
    if settings is None:
        return Config.from_environment()
    return settings if isinstance(settings, Config) else Config.from_file(settings)


def caller_of(context: Context, token: Optional[str], user: Optional[str], service: Optional[str]) -> Optional[Caller]:
    """On whose behalf calls run; None is the anonymous caller."""
    given = [(kind, text) for kind, text in (("token", token), ("user", user), ("service", service)) if text is not None]
    if len(given) > 1:
        raise ValueError(f"a caller is either a {' or a '.join(kind for kind, _ in given)}")
    return Caller(context, *given[0]) if given else None


def operation_of(name: str) -> Operation:
    """The row of an operation; of one that is not known, the library says so itself."""
    return _table.BY_NAME.get(name) or Operation(name)


class Client(Operations, AdminTools):
    """The library, ready for work, on behalf of one caller.

    Client() takes its settings from the environment, Client("file") from a file of lines NAME=VALUE, and
    Client(Config(DB_HOST="...")) those that are given. The caller is the bearer of a `token`, a `user` of that
    id - without any proof, for programs that have authenticated their user themselves -, a `service`, or
    nobody. Threads may share a client. It is closed by close(), at the end of a `with`, or when nothing refers to it.
    """

    def __init__(
        self,
        settings: Settings = None,
        *,
        token: Optional[str] = None,
        user: Optional[str] = None,
        service: Optional[str] = None,
    ) -> None:
        self._context = Context(config_of(settings))
        self._owns = True
        self._closed = False
        self._caller = caller_of(self._context, token, user, service)

    def on_behalf(
        self: AnyClient, *, token: Optional[str] = None, user: Optional[str] = None, service: Optional[str] = None
    ) -> AnyClient:
        """The same library on behalf of somebody else, or of nobody. It ends with this client at the latest."""
        other = type(self).__new__(type(self))
        other._context = self._context
        other._owns = False
        other._closed = self._closed
        other._caller = caller_of(self._context, token, user, service)
        return other

    def close(self) -> None:
        """Waits for the calls that run, then gives everything back. Calls raise Closed from now on."""
        self._closed = True
        self._caller = None
        if self._owns:
            self._context.close()

    def __enter__(self: AnyClient) -> AnyClient:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], problem: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    # --- the caller ---

    @property
    def caller_id(self) -> Optional[str]:
        """The id of the user or service; None for the anonymous caller."""
        return self._caller.id if self._caller else None

    @property
    def is_admin(self) -> bool:
        """Whether the caller is a platform administrator or a service."""
        return self._caller.is_admin if self._caller else False

    # --- calls ---

    def call(
        self,
        operation: str,
        body: Any = None,
        *,
        if_match: Optional[str] = None,
        if_none_match: Optional[str] = None,
        timeout: Optional[float] = None,
        request_id: Optional[str] = None,
        cancel: Optional[Cancel] = None,
        **parameters: Any,
    ) -> Answer:
        """Runs an operation by its name; the answer comes with status, ETag and headers.

        A body of bytes is sent as it stands, any other as JSON.
        """
        how = how_of(if_match, if_none_match, timeout, request_id, cancel)
        answer: Answer = self._perform(take_answer, operation_of(operation), _named(parameters), body, how)
        return answer

    def pages(
        self,
        operation: str,
        *,
        timeout: Optional[float] = None,
        request_id: Optional[str] = None,
        cancel: Optional[Cancel] = None,
        **parameters: Any,
    ) -> Pages:
        """Iterates over the pages of a list, each a list of items."""
        row = operation_of(operation)
        check_list(row)
        return self._pages(row, _named(parameters), how_of(None, None, timeout, request_id, cancel))

    def _acting(self) -> Optional[Caller]:
        """The caller, whom close() takes away only after it has said so."""
        caller = self._caller
        if self._closed:
            raise errors.Closed("The client is closed.")
        return caller

    def _pages(self, operation: Operation, parameters: Parameters, how: Optional[How]) -> Pages:
        made = request(operation, parameters, None, how)
        return Pages(self._context, self._acting(), operation, made, how.cancel if how else None)

    def _run(self, operation: Operation, parameters: Parameters, body: Any = None, **options: Any) -> Any:
        return self._perform(take, operation, parameters, body, how_of(**options))

    def _perform(self, taking: Any, operation: Operation, parameters: Parameters, body: Any, how: Optional[How]) -> Any:
        made = request(operation, parameters, body, how)
        context, caller = self._context, self._acting()  # a caller lives until its last call is over
        ctx = context.enter()
        try:
            result = context.library.request_run(ctx, caller.pointer if caller else None, byref(made))
        finally:
            context.leave()
        return taking(context.library, result, operation)

    def _items(self, operation: Operation, parameters: Parameters, **options: Any) -> Iterator[Any]:
        return self._pages(operation, parameters, how_of(**options)).items()

    def _tool(self, name: str, *arguments: Any) -> str:
        self._acting()
        library = self._context.library
        ctx = self._context.enter()
        try:
            result = getattr(library, name)(ctx, *arguments)
        finally:
            self._context.leave()
        return take_text(library, result)


def _named(parameters: Any) -> Parameters:
    return tuple((raw_text(name), value) for name, value in parameters.items())
