"""Packets between the daemon and the process that starts programs.

Both ends import this module, and the one that starts programs imports little else. An order is too
long for a packet, so it travels as a file in memory, with the descriptors of the program.
"""

from __future__ import annotations

import struct

from clace.units import MEBIBYTE

START, KILL = 1, 2
STARTED, REFUSED, EXITED, KILLED = 3, 4, 5, 6
# The daemon asks whether the other end still obeys, with number 0, and gets the same back.
ALIVE = 7
MAX_PACKET = 64
# The order, then input, output and errors of the program.
DESCRIPTORS = 4
MAX_ORDER = 4 * MEBIBYTE
_DOWN = struct.Struct(">BQ")
_UP = struct.Struct(">BQi")
_HEAD = struct.Struct(">QQII")


class BadPacket(ValueError):
    """Bytes that do not belong to this protocol."""


class StartOrder:
    """A program to start, in bytes as the kernel takes them; a limit of 0 means unlimited."""

    __slots__ = ("arguments", "environment", "executable", "file_bytes", "folder", "memory_bytes")

    def __init__(
        self,
        executable: bytes,
        arguments: list[bytes],
        environment: dict[bytes, bytes],
        folder: bytes,
        file_bytes: int = 0,
        memory_bytes: int = 0,
    ) -> None:
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.folder = folder
        self.file_bytes = file_bytes
        self.memory_bytes = memory_bytes

    def pack(self) -> bytes:
        """:raises ValueError: if a text contains NUL or the whole is too long."""
        entries = [b"%b=%b" % entry for entry in self.environment.items()]
        texts = [self.folder, self.executable, *self.arguments, *entries]
        body = b"\0".join((*texts, b""))
        if body.count(b"\0") != len(texts):
            raise ValueError("NUL in an argument")
        limits = self.file_bytes, self.memory_bytes
        packed = _HEAD.pack(*limits, len(self.arguments), len(entries)) + body
        if len(packed) > MAX_ORDER:
            raise ValueError("argument list too long")
        return packed

    @classmethod
    def unpack(cls, packed: bytes) -> StartOrder:
        """:raises BadPacket: if these bytes are not an order."""
        if len(packed) < _HEAD.size:
            raise BadPacket("an order without its head")
        *limits, arguments, entries = _HEAD.unpack_from(packed)
        folder, *texts = packed[_HEAD.size :].split(b"\0")
        if len(texts) != arguments + entries + 2 or texts.pop():
            raise BadPacket("an order with other texts than it counts")
        pairs = [entry.partition(b"=") for entry in texts[1 + arguments :]]
        if not all(equals for _name, equals, _value in pairs):
            raise BadPacket("a variable without a value")
        environment = {name: value for name, _equals, value in pairs}
        return cls(texts[0], texts[1 : 1 + arguments], environment, folder, *limits)


def pack_down(kind: int, number: int) -> bytes:
    """``START`` or ``KILL`` the program of this number, or say that it is ``ALIVE``."""
    return _DOWN.pack(kind, number)


def unpack_down(packet: bytes) -> tuple[int, int]:
    """:raises BadPacket: if the daemon does not say such things."""
    if len(packet) != _DOWN.size or packet[0] not in (START, KILL, ALIVE):
        raise BadPacket("not a packet of the daemon")
    kind, number = _DOWN.unpack(packet)
    return kind, number


def pack_up(kind: int, number: int, value: int) -> bytes:
    """A program's process id, or the error, exit status or signal that it ended with."""
    return _UP.pack(kind, number, value)


def unpack_up(packet: bytes) -> tuple[int, int, int]:
    """:raises BadPacket: if the process that starts programs does not say such things."""
    if len(packet) != _UP.size or packet[0] not in (STARTED, REFUSED, EXITED, KILLED, ALIVE):
        raise BadPacket("not a packet of the program runner")
    kind, number, value = _UP.unpack(packet)
    return kind, number, value
