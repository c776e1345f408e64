# SPDX-License-Identifier: Apache-2.0
"""Renku data services as a library: users, groups, namespaces and projects in PostgreSQL.

    from librenku import Client

    with Client(token="...") as client:
        for project in client.project_list_all():
            print(project["name"])
"""

from . import errors, types
from ._admin import backup_verify
from ._call import Answer, Cancel
from ._convert import Ulid
from ._library import library as _library
from ._version import __version__
from .aio import AsyncClient
from .client import Client
from .config import Config
from .errors import Closed, RenkuError
from .pages import AsyncPages, Pages

__all__ = [
    "Answer",
    "AsyncClient",
    "AsyncPages",
    "Cancel",
    "Client",
    "Closed",
    "Config",
    "Pages",
    "RenkuError",
    "Ulid",
    "__version__",
    "backup_verify",
    "errors",
    "library_version",
    "types",
]


def library_version() -> str:
    """The version of the shared library at hand."""
    return _library().release
