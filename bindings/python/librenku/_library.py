# SPDX-License-Identifier: Apache-2.0
"""The shared library: where it is, and what its functions take."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from ctypes import POINTER, Structure, c_char_p, c_double, c_int, c_int64, c_size_t, c_void_p
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

from ._log import forward
from ._version import SONAME


class Parameter(Structure):
    _fields_ = [("name", c_char_p), ("value", c_char_p)]


class Call(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("timeout_ms", c_int64),
        ("cancel", c_void_p),
        ("if_match", c_char_p),
        ("if_none_match", c_char_p),
        ("request_id", c_char_p),
    ]


class Request(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("operation", c_char_p),
        ("parameters", POINTER(Parameter)),
        ("parameter_count", c_size_t),
        ("body", c_char_p),
        ("body_size", c_size_t),
        ("call", POINTER(Call)),
    ]


PROGRESS = ctypes.CFUNCTYPE(None, c_void_p, c_double, c_char_p)
LOG = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_char_p)


REWRITTEN = ctypes.CFUNCTYPE(None, c_void_p, c_int64)


class Rotation(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("progress", PROGRESS),
        ("rewritten", REWRITTEN),
        ("user", c_void_p),
        ("cancel", c_void_p),
        ("optional", c_int),
        ("reserved", c_int),
    ]


class Sync(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("progress", PROGRESS),
        ("user", c_void_p),
        ("cancel", c_void_p),
        ("users", c_int),
        ("dry_run", c_int),
    ]


class Watch(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("progress", PROGRESS),
        ("user", c_void_p),
    ]


class Seed(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("users", c_int64),
        ("groups", c_int64),
        ("projects", c_int64),
        ("progress", PROGRESS),
        ("user", c_void_p),
    ]


Prototypes = Dict[str, Tuple[Any, List[Any]]]

# What may wait or log: other threads of Python run meanwhile.
BLOCKING: Prototypes = {
    "renku_admins_sync": (c_void_p, [c_void_p, POINTER(Sync)]),
    "renku_authz_admin": (c_void_p, [c_void_p, c_char_p, c_char_p]),
    "renku_authz_check": (c_void_p, [c_void_p, c_char_p, c_char_p, c_char_p, c_char_p]),
    "renku_authz_explain": (c_void_p, [c_void_p, c_char_p, c_char_p, c_char_p, c_char_p]),
    "renku_authz_export": (c_void_p, [c_void_p]),
    "renku_authz_export_with": (c_void_p, [c_void_p, POINTER(Watch)]),
    "renku_authz_import": (c_void_p, [c_void_p, c_char_p, c_size_t, c_int]),
    "renku_authz_import_with": (c_void_p, [c_void_p, c_char_p, c_size_t, c_int, POINTER(Watch)]),
    "renku_authz_lookup": (c_void_p, [c_void_p, c_char_p, c_char_p, c_char_p]),
    "renku_backup": (c_void_p, [c_void_p, c_char_p, PROGRESS, c_void_p]),
    "renku_backup_fd": (c_void_p, [c_void_p, c_int, PROGRESS, c_void_p]),
    "renku_backup_verify": (c_void_p, [c_char_p, PROGRESS, c_void_p]),
    "renku_caller_from_service": (c_void_p, [POINTER(c_void_p), c_void_p, c_char_p]),
    "renku_caller_from_token": (c_void_p, [POINTER(c_void_p), c_void_p, c_char_p]),
    "renku_caller_from_user": (c_void_p, [POINTER(c_void_p), c_void_p, c_char_p]),
    "renku_config_from_file": (c_void_p, [c_void_p, c_char_p]),
    "renku_ctx_free": (None, [c_void_p]),
    "renku_ctx_new": (c_void_p, [POINTER(c_void_p), c_void_p]),
    "renku_db_adopt": (c_void_p, [c_void_p]),
    "renku_db_adopt_with": (c_void_p, [c_void_p, POINTER(Watch)]),
    "renku_db_check": (c_void_p, [c_void_p]),
    "renku_db_hand_back": (c_void_p, [c_void_p, c_int]),
    "renku_db_migrate": (c_void_p, [c_void_p]),
    "renku_db_migrate_with": (c_void_p, [c_void_p, POINTER(Watch)]),
    "renku_db_status": (c_void_p, [c_void_p]),
    "renku_db_verify": (c_void_p, [c_void_p, c_int]),
    "renku_db_verify_with": (c_void_p, [c_void_p, c_int, POINTER(Watch)]),
    "renku_dev_seed": (c_void_p, [c_void_p, POINTER(Seed)]),
    "renku_doctor": (c_void_p, [c_void_p]),
    "renku_doctor_run": (c_void_p, [c_void_p, c_int]),
    "renku_pages_next": (c_void_p, [c_void_p]),
    "renku_request_run": (c_void_p, [c_void_p, c_void_p, POINTER(Request)]),
    "renku_restore": (c_void_p, [c_void_p, c_char_p, PROGRESS, c_void_p]),
    "renku_secrets_rotate": (c_void_p, [c_void_p, PROGRESS, c_void_p]),
    "renku_secrets_rotate_status": (c_void_p, [c_void_p, PROGRESS, c_void_p]),
    "renku_secrets_rotate_with": (c_void_p, [c_void_p, POINTER(Rotation)]),
    "renku_task_once": (c_void_p, [c_void_p, c_char_p]),
    "renku_user_delete_preview": (c_void_p, [c_void_p, c_char_p]),
    "renku_user_export": (c_void_p, [c_void_p, c_char_p]),
    "renku_user_export_with": (c_void_p, [c_void_p, c_char_p, POINTER(Watch)]),
    "renku_users_sync": (c_void_p, [c_void_p, POINTER(Sync)]),
}

# What answers at once: to let other threads run for it would cost more than it does.
QUICK: Prototypes = {
    "renku_caller_free": (None, [c_void_p]),
    "renku_caller_id": (c_char_p, [c_void_p]),
    "renku_caller_is_admin": (c_int, [c_void_p]),
    "renku_cancel_free": (None, [c_void_p]),
    "renku_cancel_new": (c_void_p, []),
    "renku_cancel_now": (None, [c_void_p]),
    "renku_config_describe": (c_void_p, [c_void_p]),
    "renku_config_free": (None, [c_void_p]),
    "renku_config_from_environment": (c_int, [c_void_p]),
    "renku_config_get": (c_char_p, [c_void_p, c_char_p]),
    "renku_config_log": (None, [c_void_p, LOG, c_void_p]),
    "renku_config_new": (c_void_p, []),
    "renku_config_set": (c_int, [c_void_p, c_char_p, c_char_p]),
    "renku_operation_list": (c_void_p, []),
    "renku_pages_free": (None, [c_void_p]),
    "renku_pages_new": (c_void_p, [c_void_p, c_void_p, POINTER(Request)]),
    "renku_pages_total": (c_int64, [c_void_p]),
    "renku_result_body": (c_char_p, [c_void_p, POINTER(c_size_t)]),
    "renku_result_code": (c_int, [c_void_p]),
    "renku_result_detail": (c_char_p, [c_void_p]),
    "renku_result_error": (c_int, [c_void_p]),
    "renku_result_etag": (c_char_p, [c_void_p]),
    "renku_result_free": (None, [c_void_p]),
    "renku_result_header": (c_int, [c_void_p, c_size_t, POINTER(c_char_p), POINTER(c_char_p)]),
    "renku_result_header_count": (c_size_t, [c_void_p]),
    "renku_result_message": (c_char_p, [c_void_p]),
    "renku_result_status": (c_int, [c_void_p]),
    "renku_version": (c_char_p, []),
}


class Library:
    """Its functions as attributes."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._declare(ctypes.CDLL(path), BLOCKING)
        self._declare(ctypes.PyDLL(path), QUICK)
        self.log = LOG(forward)  # lives as long as the library, which any thread may call it from

    def _declare(self, handle: ctypes.CDLL, prototypes: Prototypes) -> None:
        for name, (result, arguments) in prototypes.items():
            function = getattr(handle, name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name[len("renku_") :], function)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{self.path} has no function renku_{name}")

    @property
    def release(self) -> str:
        """The version of the library at hand."""
        return str(self.version().decode())


def places() -> Iterator[str]:
    """Where the library may be, the likeliest place first."""
    chosen = os.environ.get("RENKU_LIBRARY")
    if chosen:
        yield chosen
        return
    own = Path(__file__).resolve().parent / SONAME
    if own.exists():
        yield str(own)
    yield SONAME
    found = ctypes.util.find_library("renku")
    if found:
        yield found


@lru_cache(maxsize=None)
def library() -> Library:
    """The library, loaded once: RENKU_LIBRARY, the copy in this package, or that of the system."""
    problems = []
    for place in places():
        try:
            return Library(place)
        except (OSError, AttributeError) as problem:
            problems.append(str(problem))
    raise ImportError(f"librenku cannot be loaded: {'; '.join(problems)}. RENKU_LIBRARY may name the file.")
