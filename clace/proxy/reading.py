"""Answers as they arrive: httptools reads them; framing is decided here, in one way only."""

from __future__ import annotations

import re
from enum import Enum, auto

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from clace.interfaces import UpstreamHead
from clace.proxy.limits import (
    FREE_FRAMING,
    MAX_HEAD,
    MAX_HEADERS,
    MAX_INTERIM,
    MOST_FRAMING,
    BadAnswer,
)

_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_MAX_DIGITS = 18
_FIRST, _SWITCHED, _OK, _NO_CONTENT, _NOT_MODIFIED, _LAST = 100, 101, 200, 204, 304, 599
_WITHOUT_CONTENT = frozenset({_SWITCHED, _NO_CONTENT, _NOT_MODIFIED})
_VERSIONS = frozenset({"1.0", "1.1"})
_START = b"HTTP/1."
_FRAMING_LETTERS = frozenset({b"c", b"C", b"t", b"T"})
Headers = list[tuple[bytes, bytes]]


class AnswerFraming(Enum):
    """The way to know where an answer ends."""

    NONE = auto()
    LENGTH = auto()
    CHUNKS = auto()
    CLOSE = auto()


class AnswerReader:
    """The answers of one connection, one after the other. After each ``feed``, ``interim``,
    ``head``, ``pieces`` and ``is_whole`` are what is known; whoever takes the pieces and what came
    before the answer clears them.
    """

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self.begin()

    def begin(self, *, without_body: bool = False, may_upgrade: bool = False) -> None:
        """Expect the answer to another request."""
        self.interim: list[UpstreamHead] = []
        self.head: UpstreamHead | None = None
        self.pieces: list[bytes] = []
        self.trailers: Headers = []
        self.is_whole = False
        self.is_surplus = False
        self.switched: bytes | None = None
        self._without_body = without_body
        self._may_upgrade = may_upgrade
        self._is_at_end = False
        self._headers: Headers = []
        self._reason = b""
        self._framing = AnswerFraming.NONE
        self._is_persistent = False
        self._version = ""
        self._in_interim = False
        self._interims = 0
        self._said = 0
        self._content = 0
        self._fault = ""

    @property
    def can_go_on(self) -> bool:
        """Return true if the answer to another request can be read after this one; after an answer
        to HEAD the parser still waits for its content.
        """
        return self._is_at_end

    def close(self) -> None:
        """Let go of the parser, which would keep this in memory."""
        del self._parser

    @property
    def can_be_followed(self) -> bool:
        """Return true if the connection can be used for another request after this answer."""
        return (
            self.is_whole
            and not self.is_surplus
            and self._framing is not AnswerFraming.CLOSE
            and self._is_persistent
        )

    def feed(self, data: bytes) -> None:
        """Take what arrived.

        :raises BadAnswer: if it is malformed; pieces from before the fault are there nevertheless.
        """
        if not self._said and self.head is None and data[:7] != _START[: len(data)]:
            raise BadAnswer("what it sends is not HTTP/1")
        self._said += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as switched:
            self._switch(data[switched.args[0] :])
        except HttpParserError as error:
            if not self.is_whole:
                raise BadAnswer(self._fault or f"malformed answer: {error}") from None
            self.is_surplus = True
        if self.head is not None and self.head.status == _SWITCHED and self.switched is None:
            self._fault = self._fault or "the protocol is changed, to what is not said"
        if self._fault:
            raise BadAnswer(self._fault)
        self._check_sizes()

    def end(self) -> None:
        """The other server has closed in good order.

        :raises BadAnswer: if the answer is not whole without more.
        """
        if self._framing is AnswerFraming.CLOSE and self.head is not None:
            self.is_whole = True
        if not self.is_whole:
            begun = self.head is not None
            raise BadAnswer("the answer was cut off" if begun else "it closed the connection")

    # httptools calls these.

    def on_message_begin(self) -> None:
        if self.is_whole:
            self.is_surplus = True

    def on_status(self, part: bytes) -> None:
        self._reason += part

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.is_whole:
            return
        into = self._headers if self.head is None else self.trailers
        if len(into) >= MAX_HEADERS:
            self._fail("too many headers")
        into.append((name, value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        if self.is_whole:
            return
        status = self._parser.get_status_code()
        headers, self._headers = self._headers, []
        reason, self._reason = self._reason, b""
        said = b"".join([value for _, value in headers]) + reason
        if len(said) > MAX_HEAD:
            self._fail("the headers are too long")
        if _CONTROL.search(said):
            self._fail("a header has control characters")
        self._version = self._parser.get_http_version()
        if status < _FIRST or self._version not in _VERSIONS:
            self._fail(f"a status of {status} in HTTP/{self._version}")
        self._in_interim = status < _OK and status != _SWITCHED
        if self._in_interim:
            self._interims += 1
            if self._interims > MAX_INTERIM:
                self._fail("too many answers before the answer")
            self.interim.append(UpstreamHead(status, reason, headers))
            return
        if status > _LAST:
            self._fail(f"a status of {status}")
        if status == _SWITCHED and not self._may_upgrade:
            self._fail("the protocol is changed unasked")
        length = self._frame(status, headers)
        self.head = UpstreamHead(status, reason, headers, length)
        self._said = 0
        if self._framing is AnswerFraming.NONE and status != _SWITCHED:
            self.is_whole = True

    def on_body(self, data: bytes) -> None:
        if self.is_whole:
            self.is_surplus = True
            return
        self._content += len(data)
        self.pieces.append(data)

    def on_message_complete(self) -> None:
        if self._in_interim or self.head is None:
            return
        self.is_whole = self._is_at_end = True

    def _fail(self, why: str) -> None:
        self._fault = self._fault or why
        raise BadAnswer(why)

    def _frame(self, status: int, headers: Headers) -> int | None:
        """Decide the framing; return the length that is said."""
        lengths, codings = self._said_of_framing(headers)
        if len(lengths) > 1 or (lengths and not _is_number(lengths[0])):
            self._fail("Content-Length is not one number")
        if codings and (lengths or codings != [b"chunked"]):
            self._fail("Transfer-Encoding is not chunked alone")
        if codings and self._version != "1.1":
            self._fail("chunks in a version without them")
        length = int(lengths[0]) if lengths else None
        if self._without_body or status in _WITHOUT_CONTENT:
            self._framing = AnswerFraming.NONE
        elif codings:
            self._framing = AnswerFraming.CHUNKS
        else:
            self._framing = AnswerFraming.CLOSE if length is None else AnswerFraming.LENGTH
        return length

    def _said_of_framing(self, headers: Headers) -> tuple[list[bytes], list[bytes]]:
        """The lengths and codings; note whether the connection goes on after the answer."""
        lengths, codings, tokens = [], [], b""
        for name, value in headers:
            # Most are none of the three.
            if name[:1] not in _FRAMING_LETTERS:
                continue
            lower = name.lower()
            if lower == b"content-length":
                lengths.append(value)
            elif lower == b"transfer-encoding":
                codings.append(value.lower())
            elif lower == b"connection":
                tokens += b",%b" % value.lower()
        is_last = bool(tokens) and b"close" in [token.strip() for token in tokens.split(b",")]
        self._is_persistent = self._version == "1.1" and not is_last
        return lengths, codings

    def _switch(self, rest: bytes) -> None:
        if self.head is None or self.head.status != _SWITCHED:
            raise BadAnswer(self._fault or "the protocol is changed unasked")
        self.switched = rest

    def _check_sizes(self) -> None:
        if self.head is None:
            if self._said > MAX_HEAD:
                raise BadAnswer("the headers are too long")
        elif not self.is_whole and self._framing is AnswerFraming.CHUNKS:
            framing = self._said - self._content
            if framing > FREE_FRAMING + MOST_FRAMING * self._content:
                raise BadAnswer("more framing than content")


def _is_number(value: bytes) -> bool:
    return value.isdigit() and len(value) <= _MAX_DIGITS
