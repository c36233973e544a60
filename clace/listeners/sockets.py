"""UNIX sockets: who may open them, and which of those lying about are alive."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from clace.errors import ListenError
from clace.model import EndpointDescription
from clace.private_files import make_private_folder

_LONGEST_PATH = 107
_OTHERS = 0o077
_EVERYBODY = 0o007


class UnixSocket(Struct, frozen=True):
    """A ``unix:`` endpoint as declared."""

    path: Path
    mode: str | None

    @classmethod
    def described(cls, layer: EndpointDescription) -> UnixSocket:
        """:raises ListenError: it has no path, or one that is too long."""
        path = layer.value("address", 0)
        if not path:
            raise ListenError("a UNIX socket needs a path")
        length = len(os.fsencode(path))
        if length > _LONGEST_PATH:
            raise ListenError(
                f"the path of the socket has {length} bytes; more than {_LONGEST_PATH} "
                "cannot be opened"
            )
        return cls(Path(path), layer.value("mode", 1))

    def is_open_to_others(self) -> bool:
        """Tell a socket that every user may open from one of its owner and group."""
        return self.mode is None or bool(_octal(self.mode) & _EVERYBODY)

    def make_folder(self) -> None:
        """Make the folder of an admin socket if it is missing.

        :raises ListenError: it is not only ours; nothing was changed.
        """
        folder = self.path.parent
        make_private_folder(folder)
        found = folder.stat()
        if found.st_uid != os.geteuid():
            raise ListenError(
                f"the folder {folder} belongs to user id {found.st_uid}, and the server runs "
                f"as {os.geteuid()}"
            )
        if found.st_mode & _OTHERS:
            mode = stat.S_IMODE(found.st_mode)
            raise ListenError(
                f"the folder {folder} is open to others (mode {mode:04o}); close it with: "
                f"chmod 700 {folder}"
            )

    def check_free(self) -> None:
        """:raises ListenError: if a server answers there, or the file is not a socket."""
        try:
            found = self.path.lstat()
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(found.st_mode):
            raise ListenError(f"{self.path} exists and is not a socket")
        if _is_answered(self.path):
            raise ListenError(f"another server already running answers at {self.path}")

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Inside, the place is free and stays so: a dead socket is gone, no other server comes.

        :raises ListenError: as ``check_free``, and when somebody else is inside.
        """
        with _locked(self.path.parent):
            self.check_free()
            self.path.unlink(missing_ok=True)
            yield


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    # Two servers that start at once could each take the other's fresh socket for a dead one.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ListenError(f"another server is being started in {folder}") from error


def _octal(mode: str) -> int:
    try:
        return int(mode, 8)
    except ValueError as error:
        raise ListenError(f"expected a mode like 600, got mode={mode}") from error


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        answer = probe.connect_ex(os.fsencode(path))
    if answer in {errno.ECONNREFUSED, errno.ENOENT}:
        return False
    # EAGAIN is a server with a full queue.
    if answer in {0, errno.EAGAIN}:
        return True
    raise OSError(answer, os.strerror(answer), str(path))
