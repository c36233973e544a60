"""Answers of other servers, as apps have them."""

from __future__ import annotations

import codecs
import re

from twisted.web.iweb import IResponse

from clace.plugins.kit import Document

_CHARSET = re.compile(r";\s*charset=\"?([\w.:-]+)", re.IGNORECASE | re.ASCII)
# Python has codecs too that are no charsets, some of which can be made to eat memory.
_TEXT = re.compile("ascii|utf-(8|16|32)|iso8859|iso2022|cp|gb|big5|euc|shift_jis|johab|koi8|mac-")


class HTTPResponse(Document, frozen=True, kw_only=True):
    """An answer as apps have it."""

    url: str
    status_code: int
    headers: dict[str, str]
    encoding: str


def status_text(response: IResponse) -> str:
    """Why an answer is a failure, if it is one."""
    if 200 <= response.code < 300:  # noqa: PLR2004
        return ""
    phrase = response.phrase.decode("latin-1")
    return (
        f"http request failed with status code {response.code}: {response.code} {phrase}".rstrip()
    )


def value(url: str, response: IResponse, body: bytes) -> HTTPResponse:
    """The answer for the app."""
    found = {
        name.decode("latin-1"): ",".join(entry.decode("latin-1") for entry in entries)
        for name, entries in response.headers.getAllRawHeaders()
    }
    encoding = encoding_of(response)
    return HTTPResponse(
        body=body.decode(encoding, "replace"),
        url=url,
        status_code=response.code,
        headers=found,
        encoding=encoding,
    )


def encoding_of(response: IResponse) -> str:
    """The charset a body says it is in, if it is one that is known for text."""
    (said,) = response.headers.getRawHeaders(b"content-type", [b""])[:1]
    named = _CHARSET.search(said.decode("latin-1"))
    try:
        known = named is not None and _TEXT.match(codecs.lookup(named[1]).name)
    except (LookupError, UnicodeError, ValueError):
        known = None
    return named[1].lower() if named is not None and known else "utf-8"
