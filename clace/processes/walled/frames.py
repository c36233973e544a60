"""Packets between the daemon, the supervisor of a walled program, and its init.

An order is too long for a packet, so it travels as a file in memory. Descriptors stay with the
packet that names them.
"""

from __future__ import annotations

import os
import socket
from array import array

import msgspec
from msgspec import Struct

from clace.units import MEBIBYTE

MAX_PACKET = 16 * 1024
MAX_ORDER = 4 * MEBIBYTE
FORK = b"fork"
"""The daemon's order to the launcher; its descriptors are an order, a line, the output, then those
of its errors and of its socket, as far as the order has them."""
ALIVE = b"alive"
"""The daemon's question if the launcher still obeys, and the answer."""
_INT = array("i").itemsize
_MOST_DESCRIPTORS = 5


class BadWallPacket(ValueError):
    """Bytes that do not belong to this protocol."""


class Sight(Struct, frozen=True, kw_only=True):
    """A file or folder of the machine as it is seen behind the wall."""

    source: str
    target: str
    is_writable: bool = False
    may_execute: bool = True


class WallLimits(Struct, frozen=True, kw_only=True):
    """Limits of the program and all it starts, as ``WallBounds`` has them."""

    memory_mb: int
    cpus: float
    processes: int
    descriptors: int
    file_mb: int
    scratch_mb: int


class Opening(Struct, frozen=True):
    """An address on the loopback behind the wall at which the daemon listens."""

    address: str
    port: int


class WallOrder(Struct, frozen=True, kw_only=True):
    """A program to start, and the wall around it.

    ``names`` are those of hosts, with their addresses behind the wall; ``required`` are layers
    without which it is not started.
    """

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]
    bounds: WallLimits
    mounts: tuple[Sight, ...] = ()
    folder: str = "/"
    user: int = 0
    merge: bool = True
    listens: bool = False
    has_network: bool = False
    names: dict[str, str] = {}
    openings: tuple[Opening, ...] = ()
    required: tuple[str, ...] = ()


class Opened(Struct, frozen=True, tag=True):
    """A listening socket at the opening of this place in the order comes with this."""

    place: int


class Walled(Struct, frozen=True, tag=True):
    """Why each layer does not stand, ``""`` if it does; ``pid`` is that of the supervisor."""

    walls: dict[str, str]
    pid: int = 0


class Running(Struct, frozen=True, tag=True):
    """The program runs; or ``failure`` says why it could not be executed."""

    failure: str = ""


class Reached(Struct, frozen=True, tag=True):
    """A socket that connects to the port comes with this, or ``error`` is the reason."""

    request: int
    error: int = 0


class Over(Struct, frozen=True, tag=True):
    """The program has ended, and nothing that it started is left."""

    status: int = 0
    signal: int = 0
    failure: str = ""


class Reach(Struct, frozen=True, tag=True):
    """Connect to a port on the loopback behind the wall."""

    request: int
    port: int


class SendSignal(Struct, frozen=True, tag=True):
    """Send the init a signal."""

    number: int


FromSupervisor = Opened | Walled | Running | Reached | Over
ToSupervisor = Reach | SendSignal
_encode = msgspec.msgpack.Encoder().encode
_from_supervisor: msgspec.msgpack.Decoder[FromSupervisor] = msgspec.msgpack.Decoder(FromSupervisor)
_to_supervisor: msgspec.msgpack.Decoder[ToSupervisor] = msgspec.msgpack.Decoder(ToSupervisor)
_order: msgspec.msgpack.Decoder[WallOrder] = msgspec.msgpack.Decoder(WallOrder)


def pack(message: FromSupervisor | ToSupervisor | WallOrder) -> bytes:
    return _encode(message)


def unpack_from_supervisor(packet: bytes) -> FromSupervisor:
    """:raises BadWallPacket: if a supervisor or an init does not say such things."""
    try:
        return _from_supervisor.decode(packet)
    except msgspec.MsgspecError as error:
        raise BadWallPacket(str(error)) from None


def unpack_to_supervisor(packet: bytes) -> ToSupervisor:
    """:raises BadWallPacket: if the daemon does not say such things."""
    try:
        return _to_supervisor.decode(packet)
    except msgspec.MsgspecError as error:
        raise BadWallPacket(str(error)) from None


def read_order(descriptor: int) -> WallOrder:
    """:raises BadWallPacket: if the file does not hold an order."""
    length = os.fstat(descriptor).st_size
    if length > MAX_ORDER:
        raise BadWallPacket("an order over the limit")
    try:
        return _order.decode(os.pread(descriptor, length, 0))
    except msgspec.MsgspecError as error:
        raise BadWallPacket(str(error)) from None


def receive(line: socket.socket) -> tuple[bytes, list[int]]:
    """The next packet and its descriptors, which no program inherits; empty if nobody is there."""
    try:
        packet, ancillary = _received(line)
    except ConnectionResetError:
        # Said once, of an end that left packets unread; what the other end sent comes after.
        packet, ancillary = _received(line)
    descriptors = array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(data[: len(data) - len(data) % _INT])
    return packet, descriptors.tolist()


def _received(line: socket.socket) -> tuple[bytes, list[tuple[int, int, bytes]]]:
    # socket.recv_fds of Python 3.11 forgets the flags that it is given.
    room = socket.CMSG_SPACE(_MOST_DESCRIPTORS * _INT)
    return line.recvmsg(MAX_PACKET, room, socket.MSG_CMSG_CLOEXEC)[:2]
