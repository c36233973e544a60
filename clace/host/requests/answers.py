"""Status, headers and body from the value that a handler returned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct as Record

from clace.gotemplate import text_of
from clace.host.ace import AceValue, PluginResponse, plain, plain_for_json, readable
from clace.host.faults import AppFault
from clace.model import Fault
from clace.starlark import Struct, type_name
from clace.wire import MAX_HEADER

Headers = tuple[tuple[str, str], ...]
VARY: Headers = tuple(
    ("Vary", name) for name in ("HX-Request", "HX-Boosted", "HX-History-Restore-Request")
)
LARGE = 1 << 16
"""Bodies of more bytes are sent behind their head."""
_PAGE: Headers = (("Content-Type", "text/html; charset=utf-8"), *VARY)
_JSON: Headers = (("Content-Type", "application/json"), *VARY)
_TEXT: Headers = (("Content-Type", "text/plain; charset=utf-8"), *VARY)
_OWN = (_PAGE, _JSON, _TEXT)
STREAM_END = "<!--cl_stream_end-->\n\n"
_MAX_BITS = 14_000  # Python makes no more than 4300 digits of an integer
_ESCAPES = {b"<": b"\\u003c", b">": b"\\u003e", b"&": b"\\u0026"}
_ESCAPES_BEYOND_ASCII = {
    "\u2028".encode(): b"\\u2028",
    "\u2029".encode(): b"\\u2029",
}
_encode_into = msgspec.json.Encoder(order="deterministic").encode_into


class AppReply(Record, frozen=True):
    """An answer of the app; a body in pieces is made while it is sent.

    A text is ASCII, and so large that it is only cut and encoded while it is sent.
    ``fault`` is a failure that the app's own error handler has answered.
    """

    status: int
    headers: Headers = ()
    body: bytes | str | Iterator[bytes] = b""
    fault: Fault | None = None


class Redirect(Record, frozen=True):
    url: str
    code: int = 303
    refresh: bool = False


class ResponseArguments(Record, frozen=True):
    """The arguments of ``ace.response``."""

    data: Any
    block: str = ""
    type: str = ""
    code: int = 200
    retarget: str = ""
    reswap: str = ""
    redirect: str = ""

    @property
    def headers(self) -> Headers:
        named = {
            "HX-Retarget": self.retarget,
            "HX-Reswap": self.reswap,
            "HX-Redirect": self.redirect,
        }
        return tuple((name, value) for name, value in named.items() if value)


class PlainResult(Record, frozen=True):
    """A plain result."""

    data: Any


class StreamOf(Record, frozen=True):
    """The items of a plugin's response."""

    response: PluginResponse


Result = Redirect | ResponseArguments | PlainResult | StreamOf


def result_of(value: Any, *, as_json: bool) -> Result:
    """Return a handler's result, with numbers as they are to be shown.

    :raises AppFault: if it holds something other than plain values.
    :raises Failure: if it is the response of a call that failed.
    """
    if isinstance(value, PluginResponse):
        return StreamOf(value) if value.is_stream else result_of(value.value(), as_json=as_json)
    if not isinstance(value, Struct):
        return PlainResult((plain_for_json if as_json else plain)(value))
    if not isinstance(value, AceValue) or value.kind not in ("redirect", "response"):
        raise AppFault("handler returned a struct that has no block attribute")
    if value.kind == "redirect":
        return Redirect(value.get("url"), value.get("code"), bool(value.get("refresh")))
    data = value.get("data")
    if isinstance(data, PluginResponse):
        data = data.value()
    texts = {name: value.get(name) for name in _RESPONSE_FIELDS}
    return ResponseArguments(data=(plain_for_json if as_json else plain)(data), **texts)


_RESPONSE_FIELDS = ("block", "type", "code", "retarget", "reswap", "redirect")


def json_body(data: Any) -> bytes:
    """JSON as Go's encoder writes it: keys sorted, safe inside HTML, a newline at the end."""
    try:
        body = _encoded(data)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise AppFault(f"the handler's result cannot be used: {_unfit(data) or error}") from None
    for character, escaped in _ESCAPES.items():
        body = body.replace(character, escaped)
    if not body.isascii():
        for character, escaped in _ESCAPES_BEYOND_ASCII.items():
            body = body.replace(character, escaped)
    return body + b"\n"


def _encoded(data: Any) -> bytes:
    try:
        return _json(data)
    except UnicodeEncodeError:  # a string of bytes that are no UTF-8
        return _json(readable(data))


def _json(data: Any) -> bytes:
    """The data as msgspec has it, whose ``encode`` ends the process where memory is short."""
    body = bytearray()
    _encode_into(data, body)
    return bytes(body)


def _unfit(data: Any) -> str:
    """A sentence about the first key or number that JSON cannot have; empty if all are fit."""
    if isinstance(data, int) and data.bit_length() > _MAX_BITS:
        return f"an integer in JSON has {_MAX_BITS} bits at most, this one {data.bit_length()}"
    if isinstance(data, dict):
        for key in data:
            if not isinstance(key, str):
                return f"a key in JSON is a string, not {type_name(key)} {key!r}; str() makes one"
    inside = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return next(filter(None, map(_unfit, inside)), "")


def data_reply(kind: str, data: Any, status: int = 200, headers: Headers = ()) -> AppReply:
    """The answer of a JSON or TEXT route."""
    if kind == "JSON":
        return AppReply(status, (*_JSON, *headers) if headers else _JSON, json_body(data))
    return AppReply(status, (*_TEXT, *headers) if headers else _TEXT, _text_body(text_of(data)))


def page_reply(text: str, status: int = 200, headers: Headers = ()) -> AppReply:
    return AppReply(status, (*_PAGE, *headers) if headers else _PAGE, _text_body(text))


def _text_body(text: str) -> bytes | str:
    """The text in bytes, unless that would be a large copy of what is already as it is sent."""
    if len(text) > LARGE and text.isascii():
        return text
    return text.encode("utf-8", "replace")


def text_reply(status: int, text: str) -> AppReply:
    return AppReply(status, (("Content-Type", "text/plain; charset=utf-8"),), text.encode())


def redirect_reply(result: Redirect) -> AppReply:
    refresh = (("HX-Refresh", "true"),) if result.refresh else ()
    return AppReply(result.code, (("Location", result.url), *VARY, *refresh))


def checked(reply: AppReply) -> AppReply:
    """The reply, if HTTP can say it.

    :raises AppFault: if the status or a header cannot be sent.
    """
    if reply.status == 200 and reply.headers in _OWN:  # noqa: PLR2004
        return reply
    if not 200 <= reply.status <= 599:  # noqa: PLR2004
        raise AppFault(f"invalid status code {reply.status}")
    for name, value in reply.headers:
        if len(value) > MAX_HEADER:
            raise AppFault(f"the header {name} is longer than {MAX_HEADER} characters")
        if not value.isprintable():
            raise AppFault(f"the header {name} has a character that is not allowed")
    return reply


def own_referer(referer: str, scheme: str, host: str) -> str:
    """The referring page as a path on this host, or ``""`` if it is another's."""
    if not referer or "\\" in referer or not referer.isprintable():
        return ""
    try:
        url = urlsplit(referer)
    except ValueError:
        return ""
    if (url.scheme or url.netloc) and not _same_origin(url.scheme, url.netloc, scheme, host):
        return ""
    if not url.path.startswith("/") or url.path.startswith("//"):
        return "/" if url.netloc and not url.path else ""
    return url._replace(scheme="", netloc="").geturl()


def _same_origin(scheme: str, netloc: str, own_scheme: str, own_host: str) -> bool:
    def plain(of_scheme: str, of_netloc: str) -> tuple[str, str]:
        port = {"http": ":80", "https": ":443"}.get(of_scheme, "")
        return of_scheme.lower(), of_netloc.lower().removesuffix(port) if port else of_netloc

    return plain(scheme, netloc) == plain(own_scheme, own_host)
