"""Whole answers: their headers made once for all that have the same, and written in one piece."""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus

from msgspec import Struct
from twisted.web.http import Request
from twisted.web.http_headers import Headers

from clace.cookies import is_ours, name_of
from clace.model import AppResponse
from clace.web.apps import missing

Pairs = tuple[tuple[str, str], ...]
_KEPT = 512
_OF_CONTENT = (
    b"Content-Length",
    b"Content-Type",
    b"Content-Encoding",
    b"Content-Disposition",
    b"Content-Range",
)
# Apps choose headers; what they could make us keep is bounded.
_LARGEST_KEPT = 2000


# Numbers: to look up a member of an enumeration costs more than the comparison.
_OK = int(HTTPStatus.OK)
_EMPTY = frozenset(
    map(int, (HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT, HTTPStatus.NOT_MODIFIED))
)


class ResponseFields(Struct, frozen=True):
    """Headers as Twisted would write them: one by one, and as the lines that they are."""

    raw: tuple[tuple[bytes, bytes], ...]
    lines: bytes
    has_length: bool

    def sized(self, length: int) -> ResponseFields:
        """Return the same for a body of so many bytes."""
        line = b"Content-Length: %d\r\n" % length
        return ResponseFields(self.raw, self.lines + line, has_length=True)


class AnsweredAtOnce:
    """A request that takes an answer as one."""

    def answer(self, status: int, fields: ResponseFields, body: bytes) -> None:
        """Write the answer, and finish."""
        raise NotImplementedError


def is_empty(status: int) -> bool:
    """Return true if answers of this status have no content (RFC 9110)."""
    return status < _OK or status in _EMPTY


def drop_content(headers: Headers) -> None:
    """Remove what only an answer with content says."""
    for name in _OF_CONTENT:
        headers.removeHeader(name)


def own_fields(headers: Pairs) -> ResponseFields:
    """The headers of an answer of the server's own."""
    return _own_fields(headers)


class AppFields:
    """The headers of answers to visitors of apps, made once for all answers that have the same."""

    def __init__(self) -> None:
        self._made: dict[tuple[Pairs, int, bool, int], ResponseFields] = {}

    def of(self, response: AppResponse, level: int, *, secure: bool) -> ResponseFields:
        """Return the answer's own headers and what its security level adds."""
        key = (response.headers, level, secure, response.status)
        found = self._made.get(key)
        if found is None:
            found = _app_fields(*key)
            if len(found.lines) <= _LARGEST_KEPT:
                if len(self._made) >= _KEPT:
                    self._made.clear()
                self._made[key] = found
        return found


def answer(
    request: Request | AnsweredAtOnce, status: int, fields: ResponseFields, body: bytes
) -> None:
    """Write the whole answer and finish the request."""
    if isinstance(request, AnsweredAtOnce):
        request.answer(status, fields, body)
        return
    request.setResponseCode(status)
    for name, value in fields.raw:
        request.responseHeaders.addRawHeader(name, value)
    request.setHeader("content-length", str(len(body)))
    if request.method != b"HEAD":
        request.write(body)
    request.finish()


@lru_cache(maxsize=_KEPT)
def _own_fields(headers: Pairs) -> ResponseFields:
    return _fields(headers, (("X-Content-Type-Options", "nosniff"),), empty=False)


def _app_fields(headers: Pairs, level: int, secure: bool, status: int) -> ResponseFields:  # noqa: FBT001
    headers = tuple(header for header in headers if not _sets_ours(*header))
    present = {name.lower() for name, _ in headers}
    advice = missing(level, present, secure=secure)
    return _fields(headers, (("Server", "Clace"), *advice), empty=is_empty(status))


def _sets_ours(name: str, value: str) -> bool:
    """Tell whether an app would set a cookie of the server's, which no app may."""
    return name.lower() == "set-cookie" and is_ours(name_of(value))


def _fields(headers: Pairs, forced: Pairs, *, empty: bool) -> ResponseFields:
    """Return the headers; each of ``forced`` replaces any of the same name."""
    collected = Headers()
    for name, value in headers:
        collected.addRawHeader(name, value)
    for name, value in forced:
        collected.setRawHeaders(name, [value])
    if empty:
        drop_content(collected)
    raw = tuple((name, one) for name, values in collected.getAllRawHeaders() for one in values)
    lines = b"".join(b"%b: %b\r\n" % pair for pair in raw)
    return ResponseFields(raw, lines, collected.hasHeader(b"Content-Length"))
