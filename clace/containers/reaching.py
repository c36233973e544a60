"""Ways to the program in a container: its socket in a folder, its loopback, or a published port."""

from __future__ import annotations

import os
import socket
import stat
import struct
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct
from twisted.internet.endpoints import TCP4ClientEndpoint, UNIXClientEndpoint
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IProtocolFactory

from clace.containers.namespaces import connected_inside, in_thread_of_its_own

SOCKET = "app.sock"
_CREDENTIALS = "3i"


class ContainerPlace(Struct, frozen=True, kw_only=True):
    """A container that runs: the process in it, the folder that it has a socket in, if it does so,
    and its port, which is ``published`` on the loopback of this machine if that is not 0; or to
    which a relay leads whose socket is ``relay``.
    """

    pid: int
    folder: Path | None = None
    port: int = 0
    published: int = 0
    relay: str = ""


class ContainerConnections:
    """Connects to containers, by a socket if there is one."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    async def connect(
        self, place: ContainerPlace, factory: IProtocolFactory, seconds: float
    ) -> Any:
        """:raises ConnectError: if nothing listens."""
        if place.folder is not None:
            return await self._by_socket(place, place.folder / SOCKET, factory, seconds)
        if place.relay:
            relay = UNIXClientEndpoint(self._reactor, place.relay, timeout=round(seconds) or 1)
            return await relay.connect(factory)
        if place.published:
            endpoint = TCP4ClientEndpoint(self._reactor, "127.0.0.1", place.published, seconds)
            return await endpoint.connect(factory)
        return await self._inside(place, factory, seconds)

    async def _by_socket(
        self, place: ContainerPlace, path: Path, factory: IProtocolFactory, seconds: float
    ) -> Any:
        """Connect to the socket that is there now, and not to one that a link leads to.

        :raises ConnectError: if it is missing, another kind of file, or not the container's.
        """
        try:
            descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise ConnectError(string=f"{path}: {error.strerror}") from None
        try:
            if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                raise ConnectError(string=f"{path} is not a socket")
            endpoint = UNIXClientEndpoint(
                self._reactor, f"/proc/self/fd/{descriptor}", timeout=round(seconds) or 1
            )
            connected: Any = await endpoint.connect(factory)
        finally:
            os.close(descriptor)
        if not is_of_container(connected.transport.getHandle(), place.pid):
            connected.transport.abortConnection()
            raise ConnectError(string=f"{path} is a socket of another process")
        return connected

    async def _inside(
        self, place: ContainerPlace, factory: IProtocolFactory, seconds: float
    ) -> Any:
        work = partial(connected_inside, place.pid, place.port, seconds)
        try:
            made: socket.socket = await in_thread_of_its_own(self._reactor, work)
        except OSError as error:
            raise ConnectError(string=str(error)) from None
        made.setblocking(False)
        with made:
            adopted = self._reactor.adoptStreamConnection(made.fileno(), made.family, factory)
        return adopted.protocol


def is_of_container(handle: socket.socket, pid: int) -> bool:
    """Return true if the process that listens at the other end is in the container of ``pid``, as
    far as it can be seen, and is not this one.
    """
    size = struct.calcsize(_CREDENTIALS)
    said = handle.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    listener = int(struct.unpack(_CREDENTIALS, said)[0])
    if listener == os.getpid():
        return False
    try:
        theirs, wanted = (Path(f"/proc/{one}/ns/pid").stat().st_ino for one in (listener, pid))
    except OSError:
        # It has ended since it listened, or only root may look at it.
        return os.geteuid() != 0
    return theirs == wanted
