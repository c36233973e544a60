"""From what a handler returned to status, headers and body."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from clace.gotemplate.printing import text_of
from clace.host.faults import AppFault
from clace.model.failures import Fault
from clace.wire import MAX_HEADER

Headers = tuple[tuple[str, str], ...]
VARY: Headers = tuple(
    ("Vary", name) for name in ("HX-Request", "HX-Boosted", "HX-History-Restore-Request")
)
STREAM_END = "<!--cl_stream_end-->\n\n"
# The fields by which structs of our own are known, as JSON has them: not texts that look so.
_MARKED = re.compile(r'"ace__(?:kind|response)":')
_ESCAPES = {
    b"<": b"\\u003c",
    b">": b"\\u003e",
    b"&": b"\\u0026",
    "\u2028".encode(): b"\\u2028",
    "\u2029".encode(): b"\\u2029",
}
_encode = msgspec.json.Encoder(order="deterministic").encode
_MAX_WHOLE = 1e21


class Reply(Struct, frozen=True):
    """An answer of the app; a body in pieces is made while it is sent.

    ``fault`` is a failure that the app's own error handler has answered.
    """

    status: int
    headers: Headers = ()
    body: bytes | Iterator[bytes] = b""
    fault: Fault | None = None


class Redirect(Struct, frozen=True):
    url: str
    code: int = 303
    refresh: bool = False


class Response(Struct, frozen=True):
    """What ``ace.response`` says."""

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


class Value(Struct, frozen=True):
    """A plain result."""

    data: Any


class StreamOf(Struct, frozen=True):
    """The items of the plugin response of this number."""

    number: int


Result = Redirect | Response | Value | StreamOf


def _go_number(text: str) -> int | float:
    """A float as Go writes it in JSON: without a fraction if it has none."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < _MAX_WHOLE else value


_decoders: dict[bool, dict[str, msgspec.json.Decoder[Any]]] = {
    numbers: {
        "redirect": msgspec.json.Decoder(Redirect, float_hook=hook),
        "response": msgspec.json.Decoder(Response, float_hook=hook),
        "value": msgspec.json.Decoder(Any, float_hook=hook),
    }
    for numbers, hook in ((True, _go_number), (False, None))
}


def read_result(text: str, *, as_json: bool) -> Result:
    """What the handler's text says; numbers as they are to be shown.

    :raises AppFault: it holds what is no plain value.
    """
    kind, start = _kind(text)
    if kind == "stream":
        return StreamOf(int(text[start:]))
    payload = text[start:]
    if kind != "redirect" and _MARKED.search(payload):
        raise AppFault("unrecognized starlark type: struct of the ace module inside a value")
    try:
        result = _decoders[as_json][kind].decode(payload)
    except (msgspec.DecodeError, RecursionError) as error:
        raise AppFault(f"the handler's result cannot be used: {error}") from None
    return Value(result) if kind == "value" else result


def _kind(text: str) -> tuple[str, int]:
    for kind in ("value", "response", "redirect", "stream"):
        if text.startswith(kind):
            return kind, len(kind)
    raise AppFault("the handler's result cannot be used")


def json_body(data: Any) -> bytes:
    """JSON as Go's encoder writes it: keys sorted, safe inside HTML, a newline at the end."""
    body = _encode(data)
    for character, escaped in _ESCAPES.items():
        body = body.replace(character, escaped)
    return body + b"\n"


def data_reply(kind: str, data: Any, status: int = 200, headers: Headers = ()) -> Reply:
    """The answer of a JSON or TEXT route."""
    if kind == "JSON":
        return Reply(
            status, (("Content-Type", "application/json"), *VARY, *headers), json_body(data)
        )
    content_type = ("Content-Type", "text/plain; charset=utf-8")
    return Reply(status, (content_type, *VARY, *headers), text_of(data).encode())


def page_reply(text: str, status: int = 200, headers: Headers = ()) -> Reply:
    content_type = ("Content-Type", "text/html; charset=utf-8")
    return Reply(status, (content_type, *VARY, *headers), text.encode("utf-8", "replace"))


def text_reply(status: int, text: str) -> Reply:
    return Reply(status, (("Content-Type", "text/plain; charset=utf-8"),), text.encode())


def redirect_reply(result: Redirect) -> Reply:
    refresh = (("HX-Refresh", "true"),) if result.refresh else ()
    return Reply(result.code, (("Location", result.url), *VARY, *refresh))


def checked(reply: Reply) -> Reply:
    """The reply, if HTTP can say it.

    :raises AppFault: status or headers cannot be sent.
    """
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
