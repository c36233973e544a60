"""The data that programs keep on the disk, below the id of their app."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from zope.interface import implementer

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
        found: int = await self._in_thread(partial(_size, self._of(app_id)))
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


def _size(folder: Path) -> int:
    found = 0
    for place, _folders, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # gone meanwhile
                found += (Path(place) / name).lstat().st_size
    return found


def _remove(folder: Path) -> int:
    size = _size(folder)
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)
    return size
