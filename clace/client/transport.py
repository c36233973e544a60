"""The client's interface to a transport, and the errors for its failed steps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from clace.errors import BadRequest, ServerUnreachable, TooLarge
from clace.units import MEBIBYTE

# Long enough to clone a big repository; the server has deadlines of its own.
TIMEOUT = 600.0
CONNECT_SECONDS = 30.0
# Answers are JSON about apps, and small.
LIMIT = 64 * MEBIBYTE

_RUNNING = "is the server running?"
NO_SOCKET = f"there is no such socket; {_RUNNING}"
NOT_A_SOCKET = "that is no socket"
REFUSED = f"connection refused; {_RUNNING}"
DENIED = "permission denied; only the user that the server runs as may use it"
TIMED_OUT = "the connection timed out"
NO_ANSWER_IN_TIME = "the server did not answer in time"
NO_ANSWER = "the server closed the connection without an answer"
CUT = "the server closed the connection in the middle of its answer"
NO_HTTP = "the server does not speak HTTP there"


class SendRequest(Protocol):
    """Sends one request, its ``target`` below ``/_clace`` and its body JSON, and returns the status
    and the body of the answer.

    :raises ServerUnreachable: if a step of it fails; the text says which.
    :raises TooLarge: if the answer is over the limit; the rest was not read.
    :raises BadRequest: if the request cannot be written as HTTP.
    """

    async def __call__(
        self, method: str, target: str, body: bytes | None, /
    ) -> tuple[int, bytes]: ...

    async def open(
        self, method: str, target: str, body: bytes | None, /
    ) -> tuple[int, AsyncIterator[bytes]]:
        """Return the status and an answer of any size in pieces, which raises as above."""
        ...


class EndedUnanswered(ServerUnreachable):
    """The server took a request and closed the connection before any answer."""


async def collected(pieces: AsyncIterator[bytes]) -> bytes:
    """Return an answer as a whole.

    :raises TooLarge: if it is over the limit.
    """
    whole = b""
    async for piece in pieces:
        whole += piece
        if len(whole) > LIMIT:
            raise TooLarge(too_large(LIMIT))
    return whole


def cannot_reach(
    server_uri: str, step: str, kind: type[ServerUnreachable] = ServerUnreachable
) -> ServerUnreachable:
    """The failure of a step on the way to ``server_uri``."""
    return kind(f"cannot reach {server_uri}: {step}")


def header_value(text: str) -> str:
    """Return a text that goes into a header, where it is UTF-8.

    :raises BadRequest: if it cannot.
    """
    if not text.isprintable() or text != text.strip():
        raise BadRequest(f"{text!r} cannot be sent in a header")
    return text


def too_large(limit: int) -> str:
    """The text for an answer that was not read to its end."""
    return f"the answer is over the limit of {limit} bytes"
