"""The head of a request: bytes to method, target and headers, or a refusal.

httptools reads it; what it leaves open, or leaves to its callers, is checked here, so that no
proxy before us can have read another request in the same bytes.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from msgspec import Struct

from clace.web.http1.fields import HeaderFields
from clace.web.http1.limits import RefusedRequest, RequestLimits

_END = b"\r\n\r\n"
_END_LENGTH = len(_END)
_AROUND_TARGET = len(b"M-SEARCH") + len(b"  HTTP/1.1") + 8
_VERSIONS = frozenset({b"HTTP/1.1", b"HTTP/1.0"})
_OTHER_VERSION = re.compile(rb"[A-Z-]+ [!-~]+(?: HTTP/(?!1\.[01])\d\.\d)?\r\n")
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?#]*)([/?].*)?")
_MAX_DIGITS = 18
_METHOD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) [!-~]+ HTTP/1\.[01]\r\n")
_METHOD_BYTES = b"!#$%&'*+-.^_`|~" + string.ascii_letters.encode() + string.digits.encode()
# The first bytes of a connection that is to be encrypted: the type of its record, a version of 3.
_HANDSHAKE = b"\x16\x03"
SERVED = (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS")
"""The methods that resources may answer; others are known, and not allowed."""
_SERVED = frozenset(SERVED)
_PLAIN = re.compile(rb"/[!-\"$-~]*")
_LONGEST_REMEMBERED = 2048
# Those that the parser reads; a method nobody knows is another matter than a malformed request.
_KNOWN = frozenset(
    b"ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY "
    b"MKCALENDAR MKCOL MOVE NOTIFY OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND "
    b"REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE".split()
)
_FRAMING = frozenset(
    {
        b"host",
        b"content-length",
        b"transfer-encoding",
        b"connection",
        b"expect",
        b"authorization",
    }
)


class Head(Struct, frozen=True):
    """A request as far as its empty line; ``length`` is that of the body, ``None`` if chunked.

    ``target`` is in origin form, or ``*``.
    """

    method: bytes
    target: bytes
    version: bytes
    headers: HeaderFields
    length: int | None
    persistent: bool
    awaits_continue: bool


class HeadReader:
    """Reads the heads of one connection.

    Most clients say the same of themselves in one request after the other; what follows the
    target is then known from the request before.
    """

    def __init__(self, limits: RequestLimits) -> None:
        self._limits = limits
        self._last: Head | None = None
        self._said = b""

    def read(self, data: bytes) -> Head:
        """Return the request whose head, with its empty line, is ``data``.

        :raises RefusedRequest: if there is more than one way to read it, or it is not for us.
        """
        method, _, rest = data.partition(b" ")
        target, _, said = rest.partition(b" ")
        last = self._last
        if last is None or said != self._said or not self._is_plain(method, target):
            return self._remembered(read_head(data, self._limits), said)
        return Head(
            method,
            target,
            last.version,
            last.headers,
            last.length,
            last.persistent,
            last.awaits_continue,
        )

    def _remembered(self, head: Head, said: bytes) -> Head:
        """Remember the head, unless it is long: an idle connection costs little memory."""
        is_short = len(said) <= _LONGEST_REMEMBERED
        self._last, self._said = (head, said) if is_short else (None, b"")
        return head

    def _is_plain(self, method: bytes, target: bytes) -> bool:
        """Return true for what can be read in one way only, whatever follows."""
        return (
            method in _SERVED
            and len(target) <= self._limits.target
            and _PLAIN.fullmatch(target) is not None
        )


class _ParsedHead:
    """Findings of the parser."""

    __slots__ = ("complete", "headers", "target")

    def __init__(self) -> None:
        self.target = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.complete = False

    def on_url(self, part: bytes) -> None:
        self.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        self.complete = True


def find_head(received: bytearray, limits: RequestLimits) -> tuple[int, int] | None:
    """Return the place of the head in what was received, or ``None`` while it is incomplete.

    :raises RefusedRequest: if it cannot become a head within the limits.
    """
    # One empty line before a request is forgiven (RFC 9112, 2.2).
    start = 2 if received.startswith(b"\r\n") else 0
    come = len(received)
    line_end = received.find(b"\r\n", start)
    if (come if line_end < 0 else line_end) - start > limits.target + _AROUND_TARGET:
        raise RefusedRequest(414, "the request target is too long")
    found = received.find(_END, start)
    end = come if found < 0 else found + _END_LENGTH
    if end - start > limits.head:
        raise RefusedRequest(431, "the request headers are too long")
    if found >= 0:
        return start, end
    _check_beginning(received, start, line_end)
    return None


def _check_beginning(received: bytearray, start: int, line_end: int) -> None:
    """Refuse at once what cannot become a request, however long it is waited for.

    :raises RefusedRequest: if it begins like no method, or its first line names no version.
    """
    first = received[start : start + 1]
    # A client that sends an empty line before its request may have sent half of that.
    if first and first not in _METHOD_BYTES and (start or first != b"\r"):
        raise _malformed(bytes(received[start:]))
    if line_end > start and b" HTTP/" not in received[start:line_end]:
        raise _malformed(bytes(received[start : line_end + 2]))


def read_head(data: bytes, limits: RequestLimits) -> Head:
    """The request whose head, with its empty line, is ``data``.

    :raises RefusedRequest: if there is more than one way to read it, or it is not for us.
    """
    method, target, version, headers = _parse(data)
    if method in {b"TRACE", b"CONNECT"}:
        raise RefusedRequest(405, "this method is never served", ((b"Allow", b", ".join(SERVED)),))
    if len(target) > limits.target:
        raise RefusedRequest(414, "the request target is too long")
    if len(headers) > limits.headers:
        raise RefusedRequest(431, "there are too many request headers")
    framing = _framing(headers)
    host = _host(framing)
    if len(framing.get(b"authorization", ())) > 1:
        raise RefusedRequest(400, "there is more than one Authorization header")
    return Head(
        method,
        _origin_form(method, target, host),
        version,
        HeaderFields(headers),
        _length(framing, version),
        version == b"HTTP/1.1" and b"close" not in _tokens(framing.get(b"connection", ())),
        _awaits_continue(framing.get(b"expect", ()), version),
    )


def _parse(data: bytes) -> tuple[bytes, bytes, bytes, list[tuple[bytes, bytes]]]:
    found = _ParsedHead()
    parser = HttpRequestParser(found)
    try:
        data.decode()  # Headers are text to all that follows.
        parser.feed_data(data)
    except HttpParserUpgrade:
        pass  # Whether to change the protocol is for the resource to decide.
    except HttpParserError as error:
        raise _malformed(data, f": {error}") from error
    except UnicodeDecodeError as error:
        raise _malformed(data, ": the headers are not UTF-8") from error
    method, version = parser.get_method(), b"HTTP/" + parser.get_http_version().encode()
    # The parser forgives some spaces, and might come to forgive more.
    exact = data.startswith(b"%b %b %b\r\n" % (method, found.target, version))
    lines = data.count(b"\n") == len(found.headers) + 2
    if not (exact and lines and found.complete and version in _VERSIONS):
        raise _malformed(data)
    return method, found.target, version, found.headers


def _malformed(data: bytes, why: str = "") -> RefusedRequest:
    if _OTHER_VERSION.match(data):
        return RefusedRequest(505, "only HTTP/1.0 and HTTP/1.1 are served")
    if data.startswith(_HANDSHAKE):
        return RefusedRequest(400, "this port speaks HTTP, and the request came over TLS")
    line = _METHOD.match(data)
    if line is not None and line[1] not in _KNOWN:
        return RefusedRequest(501, "this method is not known")
    return RefusedRequest(400, f"malformed request{why}")


def _framing(headers: list[tuple[bytes, bytes]]) -> dict[bytes, list[bytes]]:
    """The headers on which the meaning of the others depends, by name in lower case."""
    found: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        lower = name.lower()
        if lower in _FRAMING:
            found.setdefault(lower, []).append(value)
    return found


def _host(framing: dict[bytes, list[bytes]]) -> bytes:
    hosts = framing.get(b"host", [])
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
        raise RefusedRequest(400, "invalid Host header")
    return hosts[0]


def _origin_form(method: bytes, target: bytes, host: bytes) -> bytes:
    if b"#" in target:
        raise RefusedRequest(400, "a request target has no fragment")
    if target.startswith(b"/") or (target == b"*" and method == b"OPTIONS"):
        return target
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None or absolute[1].lower() != host.lower():
        raise RefusedRequest(400, "the request target does not agree with the Host header")
    rest = absolute[2] or b"/"
    return rest if rest.startswith(b"/") else b"/" + rest


def _length(framing: dict[bytes, list[bytes]], version: bytes) -> int | None:
    lengths, codings = framing.get(b"content-length"), framing.get(b"transfer-encoding")
    if codings is None:
        if lengths is None:
            return 0
        if len(lengths) != 1 or not lengths[0].isdigit() or len(lengths[0]) > _MAX_DIGITS:
            raise RefusedRequest(400, "invalid Content-Length")
        return int(lengths[0])
    if lengths is not None or version != b"HTTP/1.1":
        raise RefusedRequest(400, "Transfer-Encoding is not allowed here")
    if [coding.lower() for coding in codings] != [b"chunked"]:
        raise RefusedRequest(400, "unknown Transfer-Encoding")
    return None


def _tokens(values: Sequence[bytes]) -> set[bytes]:
    return {token.strip().lower() for value in values for token in value.split(b",")}


def _awaits_continue(values: Sequence[bytes], version: bytes) -> bool:
    if values and _tokens(values) != {b"100-continue"}:
        raise RefusedRequest(417, "this expectation cannot be met")
    return bool(values) and version == b"HTTP/1.1"
