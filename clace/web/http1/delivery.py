"""Delivery: the bytes a client has taken, and its end, as far as the kernel can tell."""

from __future__ import annotations

import select
import socket
import struct
from typing import Any

# Of Linux's struct tcp_info: tcpi_bytes_acked, an unsigned number of 64 bits.
_ACKED = 120
_SIZE = _ACKED + 8


def taken_bytes(transport: Any) -> int | None:
    """Return the bytes that the peer has acknowledged; ``None`` if nobody counts them."""
    try:
        found = _handle(transport).getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SIZE)
        (acked,) = struct.unpack_from("=Q", found, _ACKED)
    except (AttributeError, OSError, struct.error):
        return None
    return int(acked)


def has_hung_up(transport: Any) -> bool:
    """Return true if the kernel knows that nobody is at the other end any more."""
    try:
        descriptor = _handle(transport).fileno()
        poll = select.poll()
        poll.register(descriptor, 0)
        return bool(poll.poll(0))
    except (AttributeError, OSError, ValueError):
        return False


def _handle(transport: Any) -> Any:
    while hasattr(transport, "transport"):
        transport = transport.transport  # TLS and other wrappers
    return transport.getHandle()
