"""The data that programs keep on the disk, below the id of their app."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from zope.interface import implementer

from clace.deep_folders import bytes_below, remove_folder
from clace.interfaces import IAppData
from clace.threads import InThread

_NAME = re.compile(r"[A-Za-z0-9_]+")


@implementer(IAppData)
class ProgramData:
    """The data of programs below ``folder``, of apps of which none ``runs`` any more."""

    def __init__(self, folder: Path, runs: Callable[[str], bool], in_thread: InThread) -> None:
        self._folder = folder
        self._runs = runs
        self._in_thread = in_thread

    async def size(self, app_id: str) -> int:
        found: int = await self._in_thread(partial(bytes_below, self._of(app_id)))
        return found

    async def remove(self, app_id: str) -> int | None:
        if self._runs(app_id):
            return None
        removed: int = await self._in_thread(partial(_remove, self._of(app_id)))
        return removed

    def _of(self, app_id: str) -> Path:
        """:raises ValueError: if the id is not a name, and would lead elsewhere."""
        if not _NAME.fullmatch(app_id):
            raise ValueError(f"not the id of an app: {app_id!r}")
        return self._folder / app_id


def _remove(folder: Path) -> int:
    size = bytes_below(folder)
    with suppress(FileNotFoundError):
        remove_folder(folder)
    return size
