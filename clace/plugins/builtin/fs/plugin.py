"""The functions of ``fs.in``."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path, PurePath
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from msgspec import Struct
from msgspec.structs import replace
from twisted.internet.defer import DeferredSemaphore

from clace.model import App, Permission
from clace.plugins.builtin.fs.access import FolderAccess, names_path, unlinked
from clace.plugins.builtin.fs.walk import FolderWalk, blocks, joined
from clace.plugins.kit import (
    APP,
    USER,
    CallFailed,
    Function,
    Invocation,
    Plugin,
    ServedFile,
    TempFiles,
)
from clace.threads import InThread

T = TypeVar("T")
Given = TypeVar("Given", "AbsParameters", "ListParameters", "FindParameters", "ServeTmpFile")
MAX_FOUND = 100_000
MAX_PATTERN = 255  # as long as a name can be; the time that a pattern takes grows with its square
_MIME_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(; ?charset=[\w-]+)?", re.ASCII)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f/\\]")


class FsSettings(Struct, frozen=True, kw_only=True):
    """The folders open to an app, and those that stay closed although one around them is open;
    how many entries one call may look at, and how many calls may be looking at the same time:
    half of them for one app.
    """

    file_access: Callable[[App], tuple[str, ...]]
    closed: tuple[str, ...] = ()
    entries: int = 1_000_000
    at_once: int = 4


class AbsParameters(Struct, frozen=True):
    """The parameters of ``fs.abs``."""

    path: str


class ListParameters(Struct, frozen=True):
    """The parameters of ``fs.list``."""

    path: str
    recursive_size: bool = False
    ignore_errors: bool = False


class FindParameters(Struct, frozen=True):
    """The parameters of ``fs.find``."""

    path: str
    name: str = ""
    limit: int = 10_000
    min_size: int = 0
    ignore_errors: bool = False


class ServeTmpFile(Struct, frozen=True):
    """The parameters of ``fs.serve_tmp_file``."""

    path: str
    name: str = ""
    visibility: str = USER
    mime_type: str = "application/octet-stream"
    expiry_minutes: int = 60
    single_access: bool = True


class FsFunctions:
    """The functions of ``fs.in``."""

    def __init__(self, settings: FsSettings, files: TempFiles, in_thread: InThread) -> None:
        self._settings = settings
        self._files = files
        self._in_thread = in_thread
        self._closed = tuple(map(os.path.realpath, settings.closed))
        self._not_entered = frozenset(map(_identity, self._closed))
        # Long walks must leave threads for those who only want a file, one app's for other apps'.
        self._walking = DeferredSemaphore(settings.at_once)
        self._of_app: WeakValueDictionary[str, DeferredSemaphore] = WeakValueDictionary()

    @property
    def plugin(self) -> Plugin:
        functions = {
            "abs": Function(AbsParameters, self.absolute, is_read=True),
            "list": Function(ListParameters, self.listing, is_read=True),
            "find": Function(FindParameters, self.found, is_read=True),
            "serve_tmp_file": Function(ServeTmpFile, self.offered, is_read=True),
        }
        return Plugin("fs.in", functions, {"USER": USER, "APP": APP}, self._bounds)

    def _bounds(self, app: App, permission: Permission) -> str:
        """Say which folders a permission reaches that names no folder."""
        roots = tuple(dict.fromkeys(self._settings.file_access(app)))
        if permission.method == "abs" or names_path(permission) or "/" in roots:
            return ""
        wider = json.dumps([*roots, "/FOLDER"], ensure_ascii=False)
        return (
            f"fs.in.{permission.method} looks at what is below {' and '.join(roots) or 'no folder'}"
            f" only; for more: clace app update-metadata conf --promote"
            f" {shlex.quote(f'fs.file_access={wider}')} {app.main_address}"
        )

    async def absolute(self, invocation: Invocation, given: AbsParameters) -> str:
        """The absolute path; nothing is looked at."""
        path = self._placed(invocation, given).path
        return os.path.abspath(path)  # noqa: ASYNC240, PTH100 - touches no file, keeps links

    async def listing(self, invocation: Invocation, given: ListParameters) -> list[dict[str, Any]]:
        """List a folder, and at the end the folder itself with the sum.

        :raises CallFailed: if it may not or cannot be read, or has too many files.
        """
        access, placed = self._access(invocation), self._placed(invocation, given)
        walk = self._walk(ignore_errors=given.ignore_errors)
        return await self._walked(invocation, walk, lambda: _listed(access, walk, placed))

    async def found(self, invocation: Invocation, given: FindParameters) -> list[dict[str, Any]]:
        """The files below a folder with this name and size.

        :raises CallFailed: if it may not or cannot be read, or has too many files.
        """
        if given.limit > MAX_FOUND:
            raise CallFailed(f"file limit {given.limit} exceeds max limit {MAX_FOUND}")
        if len(given.name) > MAX_PATTERN:
            raise CallFailed(f"name has {len(given.name)} characters, expected {MAX_PATTERN}")
        access, placed = self._access(invocation), self._placed(invocation, given)
        walk = self._walk(ignore_errors=given.ignore_errors)
        return await self._walked(invocation, walk, lambda: _found(access, walk, placed))

    async def offered(self, invocation: Invocation, given: ServeTmpFile) -> dict[str, Any]:
        """Offer a file for download; its id, URL and name.

        :raises CallFailed: if it may not be looked at, or is not a file.
        """
        if given.visibility not in {USER, APP}:
            raise CallFailed(f"invalid visibility {given.visibility}, expected {USER} or {APP}")
        if not _MIME_TYPE.fullmatch(given.mime_type):
            raise CallFailed(f"invalid mime_type {given.mime_type}")
        app = invocation.caller.app
        access, placed = self._access(invocation), self._placed(invocation, given)
        path, identity = await self._in_thread(lambda: self._servable(access, app.id, placed.path))
        name = given.name or Path(path).name
        file_id = self._files.serve(
            ServedFile(
                app_id=app.id,
                user_id=invocation.caller.user_id,
                path=path,
                identity=identity,
                name=_UNPRINTABLE.sub("_", name),
                mime_type=given.mime_type,
                visibility=given.visibility,
                single_access=given.single_access,
                seconds=given.expiry_minutes * 60,
            )
        )
        url = f"{app.path.rstrip('/')}/_clace_app/file/{file_id}"
        return {"id": file_id, "url": url, "name": name}

    def _servable(
        self, access: FolderAccess, app_id: str, given: str
    ) -> tuple[str, tuple[int, int]]:
        path = unlinked(given)
        owner = self._files.owner(path)
        if owner is not None:
            # One app's temporary file is not another's, wherever it lies.
            access = FolderAccess(roots=(path,) if owner == app_id else ())
        with access.opened(path if owner else given, 0) as descriptor:
            state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise CallFailed(f"{given} is not a file")
        return path, (state.st_dev, state.st_ino)

    def _placed(self, invocation: Invocation, given: Given) -> Given:
        """Return an absolute path; a relative one is taken from the app's first folder.

        The server's own folder is nothing that an app could know, and often a closed one.
        """
        if given.path.startswith("/"):
            return given
        roots = (*self._settings.file_access(invocation.caller.app), "/")
        return replace(given, path=str(PurePath(roots[0], given.path)))

    def _access(self, invocation: Invocation) -> FolderAccess:
        roots = self._settings.file_access(invocation.caller.app)
        return FolderAccess.of(roots, invocation.grants, self._closed)

    def _walk(self, *, ignore_errors: bool) -> FolderWalk:
        return FolderWalk(self._settings.entries, ignore_errors, self._not_entered)

    async def _walked(self, invocation: Invocation, walk: FolderWalk, work: Callable[[], T]) -> T:
        its_share = DeferredSemaphore(max(self._settings.at_once // 2, 1))
        own = self._of_app.setdefault(invocation.caller.app.id, its_share)
        async with own, self._walking:
            try:
                return await self._in_thread(work)
            finally:
                # If nobody waits any more, the thread must not go on for them.
                walk.stopped.set()


def _identity(path: str) -> tuple[int, int]:
    state = Path(path).stat()
    return state.st_dev, state.st_ino


def _listed(access: FolderAccess, walk: FolderWalk, given: ListParameters) -> list[dict[str, Any]]:
    with access.opened(given.path, os.O_DIRECTORY) as folder:
        own = os.fstat(folder)
        rows = []
        for name, state in walk.entries(folder, given.path):
            path = joined(given.path, name)
            recursive = given.recursive_size and state.st_dev == own.st_dev
            size = walk.size(folder, name, path, state) if recursive else blocks(state)
            rows.append(_row(path, size, state))
        total = blocks(own) + sum(row["size"] for row in rows)
        return [*rows, _row(given.path, total, own)]


def _found(access: FolderAccess, walk: FolderWalk, given: FindParameters) -> list[dict[str, Any]]:
    with access.opened(given.path, os.O_DIRECTORY) as folder:
        return list(islice(_matching(walk, folder, given), max(given.limit, 0)))


def _matching(walk: FolderWalk, folder: int, given: FindParameters) -> Iterator[dict[str, Any]]:
    for path, state in walk.below(folder, given.path, os.fstat(folder).st_dev):
        named = not given.name or fnmatchcase(Path(path).name, given.name)
        if named and state.st_size >= given.min_size and not stat.S_ISDIR(state.st_mode):
            yield _row(path, blocks(state), state)


def _row(path: str, size: int, state: os.stat_result) -> dict[str, Any]:
    return {
        "name": path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
        "size": size,
        "is_dir": stat.S_ISDIR(state.st_mode),
        "mode": stat.S_IMODE(state.st_mode),
    }
