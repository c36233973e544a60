"""Folders walked by descriptor: never through a symbolic link, never onto another file system."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from threading import Event

from attrs import define, field

from clace.plugins.builtin.fs.access import failed
from clace.plugins.kit import CallFailed

BLOCK = 4096
_MAX_DEPTH = 128


@define
class FolderWalk:
    """One walk: how many entries it may still see, and whether anybody still waits for it.

    Folders whose device and inode are in ``closed`` are seen and not entered.
    """

    budget: int
    ignore_errors: bool
    closed: frozenset[tuple[int, int]] = frozenset()
    stopped: Event = field(factory=Event)

    def entries(self, folder: int, path: str) -> Iterator[tuple[str, os.stat_result]]:
        """Name and state of what is directly in an open folder.

        :raises CallFailed: if one cannot be looked at, or the walk is over.
        """
        with os.scandir(folder) as found:
            for entry in found:
                self._spend()
                try:
                    state = entry.stat(follow_symlinks=False)
                except OSError as error:
                    self._pass_over("lstat", joined(path, entry.name), error)
                else:
                    yield entry.name, state

    def below(
        self, folder: int, path: str, device: int, depth: int = 0
    ) -> Iterator[tuple[str, os.stat_result]]:
        """Path and state of all that is in an open folder and the folders in it."""
        if depth > _MAX_DEPTH:
            self._pass_over("open", path, OSError(0, "folders are nested too deeply"))
            return
        for name, state in self.entries(folder, path):
            place = joined(path, name)
            yield place, state
            if self._is_open(state) and state.st_dev == device:
                yield from self._inside(folder, name, place, device, depth)

    def size(self, folder: int, name: str, path: str, state: os.stat_result) -> int:
        """The size of an entry, and if it is a folder of all that is below it."""
        if not self._is_open(state):
            return blocks(state)
        inside = self._inside(folder, name, path, state.st_dev, 0)
        return blocks(state) + sum(blocks(below) for _, below in inside)

    def _is_open(self, state: os.stat_result) -> bool:
        """Return true if it is a folder that may be entered."""
        return stat.S_ISDIR(state.st_mode) and (state.st_dev, state.st_ino) not in self.closed

    def _inside(
        self, folder: int, name: str, path: str, device: int, depth: int
    ) -> Iterator[tuple[str, os.stat_result]]:
        try:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            child = os.open(name, flags, dir_fd=folder)
        except OSError as error:
            self._pass_over("open", path, error)
            return
        try:
            yield from self.below(child, path, device, depth + 1)
        finally:
            os.close(child)

    def _spend(self) -> None:
        self.budget -= 1
        if self.budget < 0:
            raise CallFailed("there are more files than one call may look at")
        if self.stopped.is_set():
            raise CallFailed("nobody waits for the files any more")

    def _pass_over(self, act: str, path: str, error: OSError) -> None:
        if not self.ignore_errors:
            raise failed(act, path, error)


def blocks(state: os.stat_result) -> int:
    """A size rounded up to whole blocks."""
    return -(-state.st_size // BLOCK) * BLOCK


def joined(folder: str, name: str) -> str:
    """The path of a name in a folder."""
    return f"{folder.rstrip('/')}/{name}"
