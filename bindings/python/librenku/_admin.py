# SPDX-License-Identifier: Apache-2.0
"""What an operator does: no caller, no permission check. Whoever holds the configuration may do it."""

from __future__ import annotations

import json
import os
from abc import abstractmethod
from ctypes import byref, sizeof
from typing import Any, Callable, Dict, List, Optional, Union

from ._call import Cancel, optional_text, raw_text, take_text
from ._convert import Ulid
from ._library import PROGRESS, REWRITTEN, Rotation, Seed, Sync, Watch, library

Progress = Callable[[float, str], None]
Counted = Callable[[int], None]
Found = Dict[str, Any]
Path = Union[str, "os.PathLike[str]"]


# Which users a synchronisation reads.
_USERS = {"all": 0, "if_empty": 1, "events": 2}


def _progress(call: Optional[Progress]) -> Any:
    if call is None:
        return PROGRESS()

    def report(_user: Optional[int], share: float, what: bytes) -> None:
        call(share, what.decode(errors="replace"))

    return PROGRESS(report)


def _watch(call: Optional[Progress]) -> Any:
    return byref(Watch(sizeof(Watch), _progress(call), None))


def backup_verify(path: Path, progress: Optional[Progress] = None) -> Found:
    """Reads a backup from end to end; Invalid when it is damaged or cut off."""
    found = library()
    told: Found = json.loads(take_text(found, found.backup_verify(os.fsencode(path), _progress(progress), None)))
    return told


class AdminTools:
    """The functions of renku/admin.h as methods."""

    @abstractmethod
    def _tool(self, name: str, *arguments: Any) -> str:
        """Calls a function of the library with the context; the body of its result."""

    def _found(self, name: str, *arguments: Any) -> Found:
        found: Found = json.loads(self._tool(name, *arguments))
        return found

    def db_migrate(self) -> Found:
        """Brings the database to the newest revision; safe when two processes do it at once."""
        return self._found("db_migrate")

    def db_migrate_with(self, progress: Optional[Progress] = None) -> Found:
        """The same; `progress` hears which migration of how many is being applied."""
        return self._found("db_migrate_with", _watch(progress))

    def db_status(self) -> Found:
        """The revision of the database and what is pending."""
        return self._found("db_status")

    def db_check(self) -> Found:
        """Compares the database with the expected schema; Conflict names the differences."""
        return self._found("db_check")

    def db_adopt(self) -> Found:
        """Takes over the database of a running deployment."""
        return self._found("db_adopt")

    def db_adopt_with(self, progress: Optional[Progress] = None) -> Found:
        """The same; `progress` hears which migration of how many is being applied."""
        return self._found("db_adopt_with", _watch(progress))

    def db_hand_back(self, force: bool = False) -> Found:
        """Gives an adopted database back. With `force` also when relationships would be lost."""
        return self._found("db_hand_back", int(force))

    def db_verify(self, repair: bool = False) -> Found:
        """Checks the projection behind the project lists against the rows; `repair` rebuilds it."""
        return self._found("db_verify", int(repair))

    def db_verify_with(self, repair: bool = False, progress: Optional[Progress] = None) -> Found:
        """The same; `progress` hears which part is being compared, or made anew."""
        return self._found("db_verify_with", int(repair), _watch(progress))

    def authz_check(self, type: str, id: str, scope: str, user: Optional[str] = None) -> bool:
        """Whether a permission holds; without a user, for an anonymous caller."""
        return bool(self._found("authz_check", *map(optional_text, (type, id, scope, user)))["allowed"])

    def authz_explain(self, type: str, id: str, scope: str, user: Optional[str] = None) -> Found:
        """Whether a permission holds, and the paths by which it does."""
        return self._found("authz_explain", *map(optional_text, (type, id, scope, user)))

    def authz_lookup(self, type: str, scope: str, user: Optional[str] = None) -> List[str]:
        """The ids of the objects of a type on which the user has the scope."""
        ids: List[str] = self._found("authz_lookup", *map(optional_text, (type, scope, user)))["ids"]
        return [Ulid(id) if len(id) == 26 else id for id in ids]

    def authz_export(self) -> str:
        """All relationships, one a line: project:ID#owner@user:ID"""
        return self._tool("authz_export")

    def authz_export_with(self, progress: Optional[Progress] = None) -> str:
        """The same; `progress` hears how many are written."""
        return self._tool("authz_export_with", _watch(progress))

    def authz_import(self, text: str, apply: bool = False) -> Found:
        """Reads such lines; tells what the rows imply and the relationships lack, or the reverse. Writes only with `apply`."""
        raw = raw_text(text)
        return self._found("authz_import", raw, len(raw), int(apply))

    def authz_import_with(self, text: str, apply: bool = False, progress: Optional[Progress] = None) -> Found:
        """The same; `progress` hears how many are read, and what is done with them."""
        raw = raw_text(text)
        return self._found("authz_import_with", raw, len(raw), int(apply), _watch(progress))

    def authz_admin(self, action: str, user_id: Optional[str] = None) -> Found:
        """The platform administrators: "add", "remove", or "list", which needs no user."""
        return self._found("authz_admin", raw_text(action), optional_text(user_id))

    def dev_seed(
        self, users: int = 0, groups: int = 0, projects: int = 0, progress: Optional[Progress] = None
    ) -> Found:
        """Fills the database for trials and benchmarks. `progress` gets a share from 0 to 1 and what is done."""
        seed = Seed(sizeof(Seed), users, groups, projects, _progress(progress), None)
        return self._found("dev_seed", byref(seed))

    def backup(self, path: Path, progress: Optional[Progress] = None) -> Found:
        """Writes a consistent copy of the whole database into a new file, and reads it back."""
        return self._found("backup", os.fsencode(path), _progress(progress), None)

    def backup_fd(self, fd: int, progress: Optional[Progress] = None) -> Found:
        """The same into an open descriptor, which may be a pipe."""
        return self._found("backup_fd", fd, _progress(progress), None)

    def restore(self, path: Path, progress: Optional[Progress] = None) -> Found:
        """Puts a backup into an empty installation, all of it or nothing."""
        return self._found("restore", os.fsencode(path), _progress(progress), None)

    def user_export(self, user_id: str) -> Found:
        """Everything about one person; secrets by their names only."""
        return self._found("user_export", raw_text(user_id))

    def user_export_with(self, user_id: str, progress: Optional[Progress] = None) -> Found:
        """The same; `progress` hears which section is being read."""
        return self._found("user_export_with", raw_text(user_id), _watch(progress))

    def user_delete_preview(self, user_id: str) -> Found:
        """What removing a user would do; nothing is changed."""
        return self._found("user_delete_preview", raw_text(user_id))

    def users_sync(
        self,
        users: str = "all",
        dry_run: bool = False,
        progress: Optional[Progress] = None,
        cancel: Optional[Cancel] = None,
    ) -> Found:
        """Makes the users of Keycloak users of the platform. `users`: "all", "if_empty" (only when there is none yet) or "events"."""
        pointer = cancel.pointer if cancel is not None else None
        how = Sync(sizeof(Sync), _progress(progress), None, pointer, _USERS[users], int(dry_run))
        return self._found("users_sync", byref(how))

    def admins_sync(self, dry_run: bool = False, cancel: Optional[Cancel] = None) -> Found:
        """Makes who has the role renku-admin in Keycloak a platform administrator, and nobody else."""
        pointer = cancel.pointer if cancel is not None else None
        how = Sync(sizeof(Sync), _progress(None), None, pointer, 0, int(dry_run))
        return self._found("admins_sync", byref(how))

    def secrets_rotate(self, progress: Optional[Progress] = None) -> Found:
        """Rewrites the secrets of all users to another key pair; may be ended and begun again."""
        return self._found("secrets_rotate", _progress(progress), None)

    def secrets_rotate_with(
        self, progress: Optional[Progress] = None, rewritten: Optional[Counted] = None, cancel: Optional[Cancel] = None
    ) -> Found:
        """The same; `rewritten` hears after each batch how many secrets it rewrote, `cancel` ends it between two secrets."""
        counted = REWRITTEN((lambda _user, count: rewritten(count)) if rewritten else 0)
        pointer = cancel.pointer if cancel is not None else None
        rotation = Rotation(sizeof(Rotation), _progress(progress), counted, None, pointer, 0, 0)
        return self._found("secrets_rotate_with", byref(rotation))

    def secrets_rotate_status(self, progress: Optional[Progress] = None) -> Found:
        """How far that is; nothing is changed."""
        return self._found("secrets_rotate_status", _progress(progress), None)

    def task_once(self, name: str) -> Found:
        """One pass of a task: {"task", "outcome"}; the outcome is "done", "over" or "elsewhere"."""
        return self._found("task_once", raw_text(name))

    def doctor(self) -> Found:
        """Examines the installation: {"findings": [{"code", "level", "problem", "remedy"}, ..]}"""
        return self._found("doctor")


class AsyncAdminTools:
    """The same, awaitable. Such a call is not ended with its task."""

    @abstractmethod
    async def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Calls a function in a thread."""

    @property
    @abstractmethod
    def _tools(self) -> AdminTools:
        """Whose methods are called."""

    async def _found(self, function: Callable[..., Found], *arguments: Any) -> Found:
        found: Found = await self._in_thread(function, *arguments)
        return found

    async def db_migrate(self) -> Found:
        """Brings the database to the newest revision; safe when two processes do it at once."""
        return await self._found(self._tools.db_migrate)

    async def db_migrate_with(self, progress: Optional[Progress] = None) -> Found:
        """The same; `progress` hears which migration of how many is being applied."""
        return await self._found(self._tools.db_migrate_with, progress)

    async def db_status(self) -> Found:
        """The revision of the database and what is pending."""
        return await self._found(self._tools.db_status)

    async def db_check(self) -> Found:
        """Compares the database with the expected schema; Conflict names the differences."""
        return await self._found(self._tools.db_check)

    async def db_adopt(self) -> Found:
        """Takes over the database of a running deployment."""
        return await self._found(self._tools.db_adopt)

    async def db_adopt_with(self, progress: Optional[Progress] = None) -> Found:
        """The same; `progress` hears which migration of how many is being applied."""
        return await self._found(self._tools.db_adopt_with, progress)

    async def db_hand_back(self, force: bool = False) -> Found:
        """Gives an adopted database back. With `force` also when relationships would be lost."""
        return await self._found(self._tools.db_hand_back, force)

    async def db_verify(self, repair: bool = False) -> Found:
        """Checks the projection behind the project lists against the rows; `repair` rebuilds it."""
        return await self._found(self._tools.db_verify, repair)

    async def db_verify_with(self, repair: bool = False, progress: Optional[Progress] = None) -> Found:
        """The same; `progress` hears which part is being compared, or made anew."""
        return await self._found(self._tools.db_verify_with, repair, progress)

    async def authz_check(self, type: str, id: str, scope: str, user: Optional[str] = None) -> bool:
        """Whether a permission holds; without a user, for an anonymous caller."""
        allowed: bool = await self._in_thread(self._tools.authz_check, type, id, scope, user)
        return allowed

    async def authz_explain(self, type: str, id: str, scope: str, user: Optional[str] = None) -> Found:
        """Whether a permission holds, and the paths by which it does."""
        return await self._found(self._tools.authz_explain, type, id, scope, user)

    async def authz_lookup(self, type: str, scope: str, user: Optional[str] = None) -> List[str]:
        """The ids of the objects of a type on which the user has the scope."""
        ids: List[str] = await self._in_thread(self._tools.authz_lookup, type, scope, user)
        return ids

    async def authz_export(self) -> str:
        """All relationships, one a line: project:ID#owner@user:ID"""
        text: str = await self._in_thread(self._tools.authz_export)
        return text

    async def authz_export_with(self, progress: Optional[Progress] = None) -> str:
        """The same; `progress` hears how many are written."""
        text: str = await self._in_thread(self._tools.authz_export_with, progress)
        return text

    async def authz_import(self, text: str, apply: bool = False) -> Found:
        """Reads such lines; writes only with `apply`."""
        return await self._found(self._tools.authz_import, text, apply)

    async def authz_import_with(self, text: str, apply: bool = False, progress: Optional[Progress] = None) -> Found:
        """The same; `progress` hears how many are read, and what is done with them."""
        return await self._found(self._tools.authz_import_with, text, apply, progress)

    async def authz_admin(self, action: str, user_id: Optional[str] = None) -> Found:
        """The platform administrators: "add", "remove", or "list", which needs no user."""
        return await self._found(self._tools.authz_admin, action, user_id)

    async def dev_seed(
        self, users: int = 0, groups: int = 0, projects: int = 0, progress: Optional[Progress] = None
    ) -> Found:
        """Fills the database for trials and benchmarks. `progress` is called in another thread."""
        return await self._found(self._tools.dev_seed, users, groups, projects, progress)

    async def backup(self, path: Path, progress: Optional[Progress] = None) -> Found:
        """Writes a consistent copy of the whole database into a new file, and reads it back."""
        return await self._found(self._tools.backup, path, progress)

    async def backup_fd(self, fd: int, progress: Optional[Progress] = None) -> Found:
        """The same into an open descriptor, which may be a pipe."""
        return await self._found(self._tools.backup_fd, fd, progress)

    async def restore(self, path: Path, progress: Optional[Progress] = None) -> Found:
        """Puts a backup into an empty installation, all of it or nothing."""
        return await self._found(self._tools.restore, path, progress)

    async def user_export(self, user_id: str) -> Found:
        """Everything about one person; secrets by their names only."""
        return await self._found(self._tools.user_export, user_id)

    async def user_export_with(self, user_id: str, progress: Optional[Progress] = None) -> Found:
        """The same; `progress` hears which section is being read."""
        return await self._found(self._tools.user_export_with, user_id, progress)

    async def user_delete_preview(self, user_id: str) -> Found:
        """What removing a user would do; nothing is changed."""
        return await self._found(self._tools.user_delete_preview, user_id)

    async def users_sync(
        self,
        users: str = "all",
        dry_run: bool = False,
        progress: Optional[Progress] = None,
        cancel: Optional[Cancel] = None,
    ) -> Found:
        """Makes the users of Keycloak users of the platform. `users`: "all", "if_empty" (only when there is none yet) or "events"."""
        return await self._found(self._tools.users_sync, users, dry_run, progress, cancel)

    async def admins_sync(self, dry_run: bool = False, cancel: Optional[Cancel] = None) -> Found:
        """Makes who has the role renku-admin in Keycloak a platform administrator, and nobody else."""
        return await self._found(self._tools.admins_sync, dry_run, cancel)

    async def secrets_rotate(self, progress: Optional[Progress] = None) -> Found:
        """Rewrites the secrets of all users to another key pair; may be ended and begun again."""
        return await self._found(self._tools.secrets_rotate, progress)

    async def secrets_rotate_with(
        self, progress: Optional[Progress] = None, rewritten: Optional[Counted] = None, cancel: Optional[Cancel] = None
    ) -> Found:
        """The same; `rewritten` hears after each batch how many secrets it rewrote, `cancel` ends it between two secrets."""
        return await self._found(self._tools.secrets_rotate_with, progress, rewritten, cancel)

    async def secrets_rotate_status(self, progress: Optional[Progress] = None) -> Found:
        """How far that is; nothing is changed."""
        return await self._found(self._tools.secrets_rotate_status, progress)

    async def task_once(self, name: str) -> Found:
        """One pass of a task: {"task", "outcome"}; the outcome is "done", "over" or "elsewhere"."""
        return await self._found(self._tools.task_once, name)

    async def doctor(self) -> Found:
        """Examines the installation: {"findings": [{"code", "level", "problem", "remedy"}, ..]}"""
        return await self._found(self._tools.doctor)
