"""How much a client may send, and how slowly."""

from __future__ import annotations

from msgspec import Struct


class Limits(Struct, frozen=True, kw_only=True):
    """Sizes in bytes, times in seconds."""

    head: int = 16 * 1024
    headers: int = 100
    target: int = 8 * 1024
    body: int = 64 * 1024 * 1024
    head_seconds: float = 20
    """From the first byte of a request to the end of its headers."""
    idle_seconds: float = 60
    """Between two requests, and between two pieces of a body."""
    stall_seconds: float = 120
    """For a client to read on in an answer that is made while it is sent."""
    linger_seconds: float = 30
    """For a client that was answered before its body was read to stop sending it."""
    flush_seconds: float = 600
    """For a client to take the rest of an answer when the connection is to be closed."""


class Refused(Exception):
    """A request that is not one, or too much of one: the connection ends with this status."""

    def __init__(
        self, status: int, why: str, headers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.headers = headers
