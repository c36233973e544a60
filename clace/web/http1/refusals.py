"""Answers of a connection itself, to what never became a request or did not arrive whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus

import msgspec
from twisted.web.http import datetimeToString

from clace.admin_api import Refusal
from clace.errors import AppBusy, BadRequest, ClaceError, TooLarge
from clace.web.http1.heads import Head
from clace.web.http1.limits import RefusedRequest
from clace.web.pages import MediaType, Trouble, best, trouble_answer

_KINDS: dict[int, type[ClaceError]] = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TooLarge,
    HTTPStatus.SERVICE_UNAVAILABLE: AppBusy,
}


def as_error(refused: RefusedRequest) -> ClaceError:
    """The same refusal, for a handler that waits for the body."""
    return _KINDS.get(refused.status, BadRequest)(refused.why)


def encoded(refused: RefusedRequest, seconds: float, head: Head | None = None) -> bytes:
    """The whole answer, as of ``seconds`` since the epoch; the connection ends with it.

    It is JSON, and a page if the ``head``, as far as there was one, is a browser's.
    """
    media, body = _content(refused, head.headers if head else ())
    headers = (
        (b"Date", datetimeToString(seconds)),
        (b"Connection", b"close"),
        (b"X-Content-Type-Options", b"nosniff"),
        *media,
        (b"Content-Length", b"%d" % len(body)),
        *refused.headers,
    )
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    phrase = HTTPStatus(refused.status).phrase.encode()
    content = b"" if head and head.method == b"HEAD" else body
    return b"HTTP/1.1 %d %b\r\n%b\r\n%b" % (refused.status, phrase, lines, content)


def _content(
    refused: RefusedRequest, asked: Iterable[tuple[bytes, bytes]]
) -> tuple[tuple[tuple[bytes, bytes], ...], bytes]:
    code = as_error(refused).code
    headers = {name.lower(): value.decode("latin-1") for name, value in asked}
    if b"hx-request" in headers or _wanted(headers) is not MediaType.HTML:
        body = msgspec.json.encode(Refusal(refused.why, refused.status, code))
        return ((b"Content-Type", b"application/json"),), body
    page = trouble_answer(
        Trouble(status=refused.status, code=code, message=refused.why), MediaType.HTML
    )
    assert isinstance(page.body, bytes)
    return tuple((name.encode(), value.encode()) for name, value in page.headers), page.body


def _wanted(headers: Mapping[bytes, str]) -> MediaType:
    return best(headers.get(b"accept", ""), MediaType.JSON)
