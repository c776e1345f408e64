# SPDX-License-Identifier: Apache-2.0
"""The settings that a client starts from."""

from __future__ import annotations

import json
import os
import threading
from contextlib import contextmanager
from typing import Any, Dict, Iterator, Optional, Union

from . import errors
from ._call import optional_text, raw_text, take_text
from ._library import library


class Config:
    """Settings under the names that they have in the environment, as docs/configuration.md lists them.

    Config(DB_HOST="localhost") takes nothing from the environment; Config.from_environment() and
    Config.from_file() do what their names say. Any number of clients may be made of one. Log lines go to
    the logger "librenku", whatever LOG_FORMAT_STYLE says.
    """

    def __init__(self, **settings: Optional[str]) -> None:
        self.library = library()
        self._lock = threading.Lock()
        self._pointer: Optional[int] = self.library.config_new()
        if not self._pointer:
            raise errors.OutOfMemory("Out of memory", 1500, 500)
        self.library.config_log(self._pointer, self.library.log, None)
        self.update(**settings)

    @classmethod
    def from_environment(cls, **settings: Optional[str]) -> Config:
        """The settings of the environment, and on top those that are given."""
        made = cls()
        with made.pointer() as pointer:
            made._check(made.library.config_from_environment(pointer))
        made.update(**settings)
        return made

    @classmethod
    def from_file(cls, path: Union[str, os.PathLike[str]], **settings: Optional[str]) -> Config:
        """The settings of a file of lines NAME=VALUE, and on top those that are given."""
        made = cls()
        with made.pointer() as pointer:
            take_text(made.library, made.library.config_from_file(pointer, raw_text(os.fspath(path))))
        made.update(**settings)
        return made

    @contextmanager
    def pointer(self) -> Iterator[int]:
        """The handle of the library, which belongs to one thread at a time."""
        with self._lock:
            assert self._pointer is not None
            yield self._pointer

    @staticmethod
    def _check(outcome: int) -> None:
        if outcome:
            raise errors.OutOfMemory("Out of memory", 1500, 500)

    def update(self, **settings: Optional[str]) -> None:
        """Changes settings; None removes one."""
        for name, value in settings.items():
            with self.pointer() as pointer:
                self._check(self.library.config_set(pointer, raw_text(name), optional_text(value)))

    def get(self, name: str) -> Optional[str]:
        """The value that was set for a name; None when there is none."""
        with self.pointer() as pointer:
            found = self.library.config_get(pointer, raw_text(name))
        return None if found is None else found.decode()

    def describe(self) -> Dict[str, Any]:
        """All settings with their sources, secrets masked, and under "problem" what is wrong with them."""
        with self.pointer() as pointer:
            text = take_text(self.library, self.library.config_describe(pointer))
        described: Dict[str, Any] = json.loads(text)
        return described

    def doctor(self, fix: bool = False) -> Dict[str, Any]:
        """Examines the settings and the installation that they lead to; `fix` mends what is safe to mend."""
        with self.pointer() as pointer:
            text = take_text(self.library, self.library.doctor_run(pointer, int(fix)))
        found: Dict[str, Any] = json.loads(text)
        return found

    def __del__(self) -> None:
        found, self._pointer = getattr(self, "_pointer", None), None
        if found:
            self.library.config_free(found)
