"""Folders of this machine in which containers have the sockets that they are reached by."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from clace.containers.names import digest
from clace.containers.reaching import SOCKET
from clace.deep_folders import remove_folder
from clace.threads import InThread

_DIGITS = 16
_RELAY = ".relay"


class RunFolders:
    """Folders by the names of their containers, below ``root``; a path of a socket is short."""

    def __init__(self, root: Path, in_thread: InThread) -> None:
        self._root = root
        self._in_thread = in_thread

    def of(self, name: str) -> Path:
        return self._root / digest(name)[:_DIGITS]

    def relay(self, name: str) -> str:
        """Return the path of the socket of a relay into the container."""
        return f"{self.of(name)}{_RELAY}"

    def make(self, name: str, *, is_shared: bool) -> None:
        """Make a folder in which any user of the container may make a socket, if it ``is_shared``;
        only that container can see it.
        """
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if is_shared:
            folder = self.of(name)
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o777)
            (folder / SOCKET).unlink(missing_ok=True)

    async def remove(self, name: str) -> None:
        """Remove what a container that has ended had, of which it may have made very much."""
        await self._in_thread(lambda: _remove(self.of(name)))

    async def listed(self) -> frozenset[Path]:
        """The folders that there are."""
        found: frozenset[Path] = await self._in_thread(lambda: _folders(self._root))
        return found

    async def remove_others(self, folders: frozenset[Path], names: Iterable[str]) -> None:
        """Remove these folders, but for those of the containers with these names."""
        gone = folders - set(map(self.of, names))
        await self._in_thread(lambda: _remove(*gone))


def _remove(*folders: Path) -> None:
    for folder in folders:
        with suppress(OSError):
            remove_folder(folder)
        folder.with_name(f"{folder.name}{_RELAY}").unlink(missing_ok=True)


def _folders(root: Path) -> frozenset[Path]:
    entries = root.iterdir() if root.is_dir() else ()
    return frozenset(root / entry.name.removesuffix(_RELAY) for entry in entries)
