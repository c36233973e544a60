"""Answers of a connection itself, to what never became a request or did not arrive whole."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from twisted.web.http import datetimeToString

from clace.errors import AppBusy, BadRequest, ClaceError, TooLarge
from clace.model.results import Refusal
from clace.web.limits import Refused

_KINDS: dict[int, type[ClaceError]] = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TooLarge,
    HTTPStatus.SERVICE_UNAVAILABLE: AppBusy,
}


def as_error(refused: Refused) -> ClaceError:
    """The same refusal, for a handler that waits for the body."""
    return _KINDS.get(refused.status, BadRequest)(refused.why)


def encoded(refused: Refused, seconds: float) -> bytes:
    """The whole answer, as of ``seconds`` since the epoch; the connection ends with it."""
    refusal = Refusal(refused.why, refused.status, as_error(refused).code)
    body = msgspec.json.encode(refusal)
    headers = (
        (b"Date", datetimeToString(seconds)),
        (b"Connection", b"close"),
        (b"Content-Type", b"application/json"),
        (b"Content-Length", b"%d" % len(body)),
        *refused.headers,
    )
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    phrase = HTTPStatus(refused.status).phrase.encode()
    return b"HTTP/1.1 %d %b\r\n%b\r\n%b" % (refused.status, phrase, lines, body)
