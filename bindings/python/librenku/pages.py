# SPDX-License-Identifier: Apache-2.0
"""Lists, page by page."""

from __future__ import annotations

import threading
from ctypes import byref
from typing import Any, AsyncIterator, Awaitable, Callable, Iterator, List, Optional

from . import errors
from ._call import Cancel, Operation, take
from ._context import Caller, Context
from ._library import Request


class Pages:
    """Iterates over the pages of a list, each a list of items.

    A list that changes meanwhile may show an item twice or not at all. Threads take turns.
    """

    def __init__(
        self,
        context: Context,
        caller: Optional[Caller],
        operation: Operation,
        request: Request,
        cancel: Optional[Cancel] = None,
    ) -> None:
        self._context = context
        self._kept = (caller, request, cancel)  # what the library points to
        self._operation = operation
        self._lock = threading.Lock()
        self._pointer: Optional[int] = None
        pointer = caller.pointer if caller else None
        ctx = context.enter()
        try:
            self._pointer = context.add_pages(lambda: context.library.pages_new(ctx, pointer, byref(request)))
        finally:
            context.leave()

    def __iter__(self) -> Iterator[List[Any]]:
        return self

    def __next__(self) -> List[Any]:
        with self._lock:
            if self._pointer is None:
                raise StopIteration
            page = self._next(self._pointer)
            if page is None:
                self._free()
                raise StopIteration
            return page

    def _next(self, pointer: int) -> Optional[List[Any]]:
        library = self._context.library
        self._context.enter()
        try:
            result = library.pages_next(pointer)
            if result is None:
                return None
            items: List[Any] = take(library, result, self._operation)
            return items
        finally:
            self._context.leave()

    @property
    def total(self) -> Optional[int]:
        """How many items the list had when the last page was read; None before the first and after the last."""
        with self._lock:
            if self._pointer is None:
                return None
            self._context.enter()
            try:
                found = int(self._context.library.pages_total(self._pointer))
            finally:
                self._context.leave()
        return found if found >= 0 else None

    def items(self) -> Iterator[Any]:
        """The items of all pages that are left, one after the other."""
        for page in self:
            yield from page

    def close(self) -> None:
        """Gives back what the iteration holds; the last page does so too."""
        with self._lock:
            self._free()

    def _free(self) -> None:
        found, self._pointer = self._pointer, None
        if found is not None:
            self._context.free_pages(found)

    def __del__(self) -> None:
        if getattr(self, "_pointer", None) is not None:
            self._free()


class AsyncPages:
    """The same for `async for`."""

    def __init__(self, pages: Pages, in_thread: Callable[..., Awaitable[Any]]) -> None:
        self._pages = pages
        self._in_thread = in_thread

    def __aiter__(self) -> AsyncIterator[List[Any]]:
        return self

    async def __anext__(self) -> List[Any]:
        page: Optional[List[Any]] = await self._in_thread(next, self._pages, None)
        if page is None:
            raise StopAsyncIteration
        return page

    @property
    def total(self) -> Optional[int]:
        """As of Pages."""
        return self._pages.total

    async def items(self) -> AsyncIterator[Any]:
        """The items of all pages that are left, one after the other."""
        async for page in self:
            for item in page:
                yield item


def check_list(operation: Operation) -> None:
    """Refuses what is no list before any page is asked for."""
    if not operation.paginated:
        raise errors.Invalid(f"'{operation.name}' is no list with pages.", 1422, 422, None, operation.name)
