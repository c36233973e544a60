"""Files that plugins make for apps, and the offers by which users fetch files."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from attrs import define, frozen
from msgspec import Struct
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from clace.errors import NoSuchRoute, TooLarge
from clace.model import ksuid
from clace.threads import InThread

USER = "user"
APP = "app"
_OUTPUT, _UPLOAD = "clace-exec-stdout-", "clace-upload-"
_MAX_SERVED = 1000
_MAX_LASTING = 100


class ServedFile(Struct, frozen=True, kw_only=True):
    """A file offered for download: by whom, to whom (``USER``: only who it was made for)."""

    app_id: str
    user_id: str
    path: str
    identity: tuple[int, int]
    """Device and inode: another file put in its place is not served."""
    name: str
    mime_type: str
    visibility: str = USER
    single_access: bool = True
    seconds: float = 3600
    """How long it is offered; nothing or less: until the server stops."""


@frozen
class OpenDownload:
    """An open file on its way to a user; whoever sends it says how that went, by ``close``."""

    file: BinaryIO
    size: int
    name: str
    mime_type: str
    close: Callable[[bool], None]
    """Takes whether all of it was delivered; only then is a single access used up."""


@define
class _Offer:
    served: ServedFile
    expiry: IDelayedCall | None
    taken: bool = False


class TempFiles:
    """The temporary files there are, each belonging to one app.

    Only files made here are ever deleted; others that an app offers stay where they are.
    """

    def __init__(
        self,
        directory: str,
        clock: IReactorTime,
        random_bytes: Callable[[int], bytes],
        in_thread: InThread,
    ) -> None:
        self._directory = os.path.realpath(directory)
        self._clock = clock
        self._random_bytes = random_bytes
        self._in_thread = in_thread
        self._occupied = -1
        self._made: dict[str, str] = {}
        self._offers: dict[str, dict[str, _Offer]] = {}
        """By app, and by the id that a file can be fetched by."""

    def begin(self) -> None:
        """Remove what a server that was killed has left, unless another one uses the folder."""
        self._occupied = occupied(self._directory, (_OUTPUT, _UPLOAD))

    def reserve(self, app_id: str) -> str:
        """The path of a new file of the app; it is there once it was opened."""
        path = f"{self._directory}/{_OUTPUT}{self._random_bytes(16).hex()}"
        self._made[path] = app_id
        return path

    def inbox(self) -> str:
        """The path of a new folder for what one request brings; who writes there makes it."""
        return f"{self._directory}/{_UPLOAD}{self._random_bytes(16).hex()}"

    def adopt(self, path: str, app_id: str) -> None:
        """Take a file that was written to an inbox for one made for the app."""
        self._made[path] = app_id

    async def create(self, path: str) -> BinaryIO:
        """The reserved file, empty and open for writing."""
        return await self._in_thread(lambda: _created(path))

    def owner(self, path: str) -> str | None:
        """The app that a file was made for, if it was made here."""
        return self._made.get(path)

    async def discard(self, path: str) -> None:
        """Delete a file that was made here and that nobody offers."""
        if self._is_nobodys(path):
            del self._made[path]
            await self._in_thread(lambda: _remove(path))

    def serve(self, served: ServedFile) -> str:
        """Offer a file; the id that it can be fetched by.

        :raises TooLarge: if the app offers as many as it may.
        """
        offers = self._offers.get(served.app_id, {})
        _check_room(offers.values(), served)
        file_id = f"usr_file_{ksuid(self._clock.seconds(), self._random_bytes)}"
        expiry = (
            self._clock.callLater(served.seconds, self._withdraw, served.app_id, file_id)
            if served.seconds > 0
            else None
        )
        self._offers.setdefault(served.app_id, {})[file_id] = _Offer(served, expiry)
        return file_id

    async def open(self, app_id: str, user_id: str, file_id: str) -> OpenDownload:
        """The file that this app offers to this user under the id.

        :raises NoSuchRoute: if the file is not offered, for whatever reason.
        """
        offer = self._offers.get(app_id, {}).get(file_id)
        if offer is None or offer.taken or not _meant_for(offer.served, user_id):
            raise NoSuchRoute("file not found")
        offer.taken = offer.served.single_access
        served = offer.served
        try:
            file, size = await self._in_thread(lambda: _opened(served))
        except OSError as error:
            offer.taken = False
            raise NoSuchRoute("file not found") from error
        except BaseException:
            offer.taken = False
            raise

        def close(delivered: bool) -> None:  # noqa: FBT001 - Download says what it is
            file.close()
            offer.taken = False
            if delivered and served.single_access:
                self._withdraw(app_id, file_id)

        return OpenDownload(file, size, served.name, served.mime_type, close)

    async def stop(self) -> None:
        """Offer nothing any more and delete what was made."""
        for app_id, offers in tuple(self._offers.items()):
            for file_id in tuple(offers):
                self._withdraw(app_id, file_id)
        for path in tuple(self._made):
            await self.discard(path)
        if self._occupied >= 0:
            os.close(self._occupied)
            self._occupied = -1

    def _withdraw(self, app_id: str, file_id: str) -> None:
        offers = self._offers.get(app_id, {})
        offer = offers.pop(file_id, None)
        if offer is None:
            return
        if not offers:
            del self._offers[app_id]
        if offer.expiry is not None and offer.expiry.active():
            offer.expiry.cancel()
        path = offer.served.path
        if self._is_nobodys(path):
            del self._made[path]
            # One unlink, from a timer that nobody waits for; the thread is not worth it.
            _remove(path)

    def _is_nobodys(self, path: str) -> bool:
        """Return true if a file was made here, and its app does not offer it."""
        offers = self._offers.get(self._made.get(path, ""), {})
        return path in self._made and all(offer.served.path != path for offer in offers.values())


def _check_room(offers: Collection[_Offer], served: ServedFile) -> None:
    """:raises TooLarge: if the app offers as many files as it may, in all or for ever."""
    if served.seconds <= 0 and sum(offer.expiry is None for offer in offers) >= _MAX_LASTING:
        raise TooLarge(
            f"the app offers {_MAX_LASTING} files without an expiry, which stay until the server"
            " stops if nobody fetches them; give expiry_minutes for further ones"
        )
    if len(offers) >= _MAX_SERVED:
        raise TooLarge(
            f"the app offers {_MAX_SERVED} files; no more are possible until some were fetched or"
            " have expired, so give fewer expiry_minutes"
        )


def _meant_for(served: ServedFile, user_id: str) -> bool:
    return served.visibility == APP or served.user_id == user_id


def _created(path: str) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def _opened(served: ServedFile) -> tuple[BinaryIO, int]:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    file = os.fdopen(os.open(served.path, flags), "rb")
    found = os.fstat(file.fileno())
    if not stat.S_ISREG(found.st_mode) or (found.st_dev, found.st_ino) != served.identity:
        file.close()
        raise FileNotFoundError(served.path)
    return file, found.st_size


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        Path(path).unlink()
    inbox = Path(path).parent
    if inbox.name.startswith(_UPLOAD):
        with suppress(OSError):  # others are still in there
            inbox.rmdir()


def occupied(folder: str, prefixes: tuple[str, ...]) -> int:
    """A descriptor that says, as long as it is open, that a server uses the folder.

    If no other server does, what has such a prefix is nobody's any more and is removed first.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    # Where there are no locks, as on some network file systems, nothing is removed.
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove_left(folder, prefixes)
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def _remove_left(folder: str, prefixes: tuple[str, ...]) -> None:
    for entry in os.scandir(folder):
        if not entry.name.startswith(prefixes):
            continue
        if entry.is_file(follow_symlinks=False):
            Path(entry.path).unlink(missing_ok=True)
        elif entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
