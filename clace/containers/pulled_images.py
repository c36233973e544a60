"""Images that this server has pulled, and their removal when no app needs them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct
from twisted.logger import Logger

from clace.containers.commands import EngineCommands
from clace.containers.names import ID_PIN, IMAGE_PIN, KeptVersions
from clace.model import AppKind
from clace.private_files import make_private_folders, replace_file
from clace.threads import InThread

Recent = Callable[[str], Collection[str]]
"""Gives the images that an app got last in this run of the server."""


class PulledImage(Struct, frozen=True):
    """An image that was not on this machine before: the name it was pulled by, and its apps."""

    reference: str
    apps: tuple[str, ...] = ()


class PulledImages:
    """The pulled images by their id, kept in a file. Those of the operator's are not among them."""

    _log = Logger()

    def __init__(self, file: Path, in_thread: InThread) -> None:
        self._file = file
        self._in_thread = in_thread
        self._known: dict[str, PulledImage] | None = None

    async def known(self) -> Mapping[str, PulledImage]:
        """:raises OSError: if the file cannot be read, or is not one of this server's."""
        if self._known is None:
            self._known = await self._in_thread(self._read)
        return self._known

    async def note(self, image: str, reference: str, app_id: str, *, is_new: bool) -> None:
        """Remember that an app has an image, if this server pulled it; ``is_new`` if just now."""
        try:
            known = await self.known()
            before = known.get(image) or PulledImage(reference)
            if (is_new or image in known) and app_id not in before.apps:
                after = PulledImage(before.reference, (*before.apps, app_id))
                await self._keep({**known, image: after})
        except OSError as error:
            told = "The pulled image {name} is never going to be removed: {reason}"
            self._log.warn(told, name=reference, reason=str(error))

    async def drop(self, image: str) -> None:
        """:raises OSError: if that cannot be kept."""
        known = await self.known()
        await self._keep({name: one for name, one in known.items() if name != image})

    async def _keep(self, known: dict[str, PulledImage]) -> None:
        self._known = known
        await self._in_thread(lambda: self._write(known))

    def _read(self) -> dict[str, PulledImage]:
        try:
            content = self._file.read_bytes()
        except FileNotFoundError:
            return {}
        try:
            return msgspec.json.decode(content, type=dict[str, PulledImage])
        except msgspec.MsgspecError as error:
            raise OSError(f"{self._file}: {error}") from error

    def _write(self, known: dict[str, PulledImage]) -> None:
        make_private_folders(self._file.parent)
        replace_file(self._file, msgspec.json.encode(known), 0o600)


class PulledSweep:
    """Removes a pulled image when two looks in a row have found it unneeded.

    Needed are the images that a kept version pins, those that an app got last in this run of the
    server, and those of dev apps that nobody has asked since it was started. The engine itself
    removes no image that a container has, or that somebody has given another name.
    """

    def __init__(self, commands: EngineCommands, images: PulledImages, recent: Recent) -> None:
        self._commands = commands
        self._images = images
        self._recent = recent
        self._unneeded: frozenset[str] = frozenset()

    async def sweep(self, installed: Iterable[str], kept: KeptVersions) -> tuple[str, ...]:
        """Remove unneeded images; return the names by which they were pulled."""
        known = await self._images.known()
        if not known:
            return ()
        apps = frozenset(installed)
        needed = {name for app in apps for name in self._recent(app)} | self._of_dev_apps(
            known, apps
        )
        for app in apps:
            needed |= {
                version.pins.get(ID_PIN, "")
                for version in await kept(app)
                if IMAGE_PIN in version.pins
            }
        before, self._unneeded = self._unneeded, frozenset(known.keys() - needed)
        gone = [name for name in sorted(before & self._unneeded) if await self._remove(name)]
        return tuple(known[name].reference for name in gone)

    def _of_dev_apps(self, known: Mapping[str, PulledImage], apps: frozenset[str]) -> set[str]:
        """The images of dev apps, which have no versions, as long as theirs is not known."""
        waiting = {app for app in apps if app.startswith(AppKind.DEV) and not self._recent(app)}
        return {name for name, one in known.items() if not waiting.isdisjoint(one.apps)}

    async def _remove(self, image: str) -> bool:
        """Remove an image; return false if the engine keeps it."""
        removed = await self._commands.run("rmi", image)
        is_gone = not removed.status
        if is_gone or (await self._commands.run("image", "inspect", image)).status:
            await self._images.drop(image)
        return is_gone
