"""Limits on a client: how much it may send, and how slowly."""

from __future__ import annotations

from msgspec import Struct

from clace.units import MEBIBYTE


class RequestLimits(Struct, frozen=True, kw_only=True):
    """Sizes in bytes, times in seconds."""

    head: int = 16 * 1024
    headers: int = 100
    target: int = 8 * 1024
    body: int = 64 * MEBIBYTE
    head_seconds: float = 20
    """From the first byte of a request to the end of its headers, and from the start of a
    connection to its first byte."""
    idle_seconds: float = 40
    """Between two requests."""
    body_seconds: float = 20
    """For a body to begin to arrive; what arrives gives it more, as much as the rate says."""
    rate: int = 1024
    """The least bytes a second, of a body that arrives and of an answer that is taken."""
    stall_seconds: float = 30
    """For a client that is behind to take as much of its answer as the rate says."""
    linger_seconds: float = 30
    """For a client that was answered before its body was read to stop sending it."""


class RefusedRequest(Exception):
    """A request that is not one, or too much of one: the connection ends with this status."""

    def __init__(
        self, status: int, why: str, headers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.headers = headers
