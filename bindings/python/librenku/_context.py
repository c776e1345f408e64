# SPDX-License-Identifier: Apache-2.0
"""A context of the library, given back when nobody needs it any more."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from ctypes import byref, c_void_p
from typing import Callable, Optional, Set

from . import errors
from ._call import optional_text, take_text
from .config import Config

_open: weakref.WeakSet[Context] = weakref.WeakSet()


class Context:
    """Counts the calls that run, since none may when the context goes."""

    def __init__(self, config: Config) -> None:
        self.library = config.library
        self._pid = os.getpid()
        self._is_foreign = False  # made before a fork()
        self._closing = False
        self._running = 0
        self._pages: Set[int] = set()
        # a finaliser of Python may run in the middle of anything that this very thread does
        self._lock = threading.RLock()
        self._idle = threading.Condition(self._lock)
        self._pointer: Optional[int] = None
        found = c_void_p()
        config.update(LOG_FORMAT_STYLE="json")  # what forward() reads
        with config.pointer() as settings:
            take_text(self.library, self.library.ctx_new(byref(found), settings))
        self._pointer = found.value
        _open.add(self)

    def check_process(self) -> None:
        if self._is_foreign:
            raise errors.Internal("The client was made before fork(): make one in each process.", 1500, 500)

    def enter(self) -> int:
        """The context for one call; leave() must follow."""
        self.check_process()
        with self._lock:
            if self._pointer is None:
                raise errors.Closed("The client is closed.")
            self._running += 1
            return self._pointer

    def leave(self) -> None:
        with self._lock:
            self._running -= 1
            if self._closing and not self._running:
                self._idle.notify_all()

    def close(self, wait: bool = True) -> None:
        """Refuses new calls, waits for those that run, and gives all back."""
        if os.getpid() != self._pid:
            return  # its connections belong to the process that made it
        with self._lock:
            found, self._pointer = self._pointer, None
            self._closing = True
            while self._running and wait:
                self._idle.wait()
            if found is None or self._running:
                return
            pages, self._pages = self._pages, set()
        for page in pages:
            self.library.pages_free(page)
        self.library.ctx_free(found)

    def __del__(self) -> None:
        if hasattr(self, "_pointer"):
            self.close()

    # --- what belongs to it ---

    def free_caller(self, caller: int) -> None:
        """Gives back a caller, unless that has happened with the context."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            if self._pointer is not None:
                self.library.caller_free(caller)

    def add_pages(self, make: Callable[[], Optional[int]]) -> int:
        with self._lock:
            found = make()
            if not found:
                raise errors.OutOfMemory("Out of memory", 1500, 500)
            self._pages.add(found)
            return found

    def free_pages(self, pages: int) -> None:
        if os.getpid() != self._pid:
            return
        with self._lock:
            if pages in self._pages:
                self._pages.remove(pages)
                self.library.pages_free(pages)


class Caller:
    """On whose behalf calls run."""

    def __init__(self, context: Context, kind: str, text: str) -> None:
        self._context = context
        self.pointer: Optional[int] = None
        lib, found = context.library, c_void_p()
        ctx = context.enter()
        try:
            take_text(lib, getattr(lib, f"caller_from_{kind}")(byref(found), ctx, optional_text(text)))
            self.pointer = found.value
            self.id: str = lib.caller_id(self.pointer).decode()
            self.is_admin = bool(lib.caller_is_admin(self.pointer))
        finally:
            context.leave()

    def __del__(self) -> None:
        found, self.pointer = getattr(self, "pointer", None), None
        if found:
            self._context.free_caller(found)


def _disown_all() -> None:
    for context in list(_open):
        context._is_foreign = True


os.register_at_fork(after_in_child=_disown_all)


@atexit.register
def _close_all() -> None:
    """A thread of the library must not meet an interpreter that is no more."""
    for context in list(_open):
        context.close(wait=False)
