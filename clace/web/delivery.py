"""Delivery: the bytes a client has taken, as far as the kernel can tell."""

from __future__ import annotations

import socket
import struct
from typing import Any

# Of Linux's struct tcp_info: tcpi_bytes_acked, an unsigned number of 64 bits.
_ACKED = 120
_SIZE = _ACKED + 8


def taken_bytes(transport: Any) -> int | None:
    """Return the bytes that the peer has acknowledged; ``None`` if nobody counts them."""
    while hasattr(transport, "transport"):
        transport = transport.transport  # TLS and other wrappers
    try:
        handle = transport.getHandle()
        found = handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SIZE)
        (acked,) = struct.unpack_from("=Q", found, _ACKED)
    except (AttributeError, OSError, struct.error):
        return None
    return int(acked)
