"""Headers and body of a request, as an app gave them."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct
from twisted.web.http_headers import Headers

from clace.errors import BadRequest
from clace.plugins.kit import quoted

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BAD_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_QUOTED = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})

# Names are compared as CGI and WSGI servers see them: X_Forwarded-Host is X-Forwarded-Host there.
_SEPARATOR = re.compile(r"[^0-9a-z]")
# These speak to another server, frame another request, or call another method or path than the
# permission is for.
_REFUSED = frozenset(
    {
        "alt-used",
        "connection",
        "content-length",
        "expect",
        "forwarded",
        "front-end-https",
        "host",
        "http2-settings",
        "keep-alive",
        "max-forwards",
        "proxy",
        "proxy-authorization",
        "proxy-connection",
        "script-name",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-accel-mapping",
        "x-host",
        "x-method",
        "x-override-url",
        "x-proxy-url",
        "x-script-name",
        "x-sendfile-type",
        "x-url-scheme",
    }
)
_REFUSED_FAMILIES = (
    "x-envoy-",
    "x-forwarded",
    "x-forward-",
    "x-http-",
    "x-method-",
    "x-original-",
    "x-rewrite-",
    "x-waws-",
)
# These tell a server behind a proxy which client asks; only a proxy knows.
_ADDRESSES = frozenset(
    {
        "ali-cdn-real-ip",
        "cdn-src-ip",
        "cf-connecting-ip",
        "cf-connecting-ipv6",
        "cf-pseudo-ipv4",
        "client-ip",
        "fastly-client-ip",
        "fly-client-ip",
        "remote-addr",
        "true-client-ip",
        "x-appengine-user-ip",
        "x-azure-clientip",
        "x-azure-socketip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-nf-client-connection-ip",
        "x-originating-ip",
        "x-real-ip",
        "x-remote-addr",
        "x-remote-ip",
        "x-true-ip",
    }
)
# What an app may say of the client is the truth: the address of who visits it.
_OF_THE_VISITOR = frozenset({"x-forwarded-for", "x-real-ip"})
_KEPT_ACROSS_ORIGINS = frozenset(
    {"accept", "accept-encoding", "accept-language", "content-type", "user-agent"}
)


class HTTPParameters(Struct, frozen=True):
    """The parameters of every function of ``http.in``."""

    url: str
    params: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: str = ""
    form_body: dict[str, str | list[str]] = {}
    form_encoding: str = ""
    json_body: Any = None
    auth_basic: tuple[str, ...] = ()
    auth_signature: dict[str, Any] = {}
    error_on_fail: bool = True
    timeout: float = 300
    stream: bool = False


class TypedBody(Struct, frozen=True):
    """A body and what it is."""

    body: bytes = b""
    type: str = ""


def content(given: HTTPParameters, random_bytes: Callable[[int], bytes]) -> TypedBody:
    """The body, from whichever of three parameters it is in.

    :raises BadRequest: if it is in more than one, or in an encoding not known.
    """
    if bool(given.body) + bool(given.form_body) + (given.json_body is not None) > 1:
        raise BadRequest("http.in: give one of body, form_body and json_body")
    if given.json_body is not None:
        return TypedBody(msgspec.json.encode(given.json_body), "application/json")
    if not given.form_body:
        return TypedBody(given.body.encode("utf-8"))
    fields = [
        (name, value)
        for name, values in given.form_body.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    if given.form_encoding in {"", URLENCODED}:
        return TypedBody(urlencode(fields).encode("ascii"), URLENCODED)
    if given.form_encoding == MULTIPART:
        return _multipart(fields, random_bytes(16).hex())
    raise BadRequest(f"http.in: unknown form_encoding {given.form_encoding}")


def headers(given: HTTPParameters, content_type: str, visitor: str = "") -> Headers:
    """The headers of the request; those of the app come first. ``visitor`` is who asks the app.

    :raises BadRequest: if one is malformed, or would change what is asked of whom.
    """
    found = Headers()
    for name, value in given.headers.items():
        _check(name, value, visitor)
        found.setRawHeaders(name, [value])
    defaults = {"Content-Type": content_type, "User-Agent": "clace", "Accept-Encoding": "identity"}
    for name, value in defaults.items():
        if value and not found.hasHeader(name):
            found.setRawHeaders(name, [value])
    if given.auth_basic:
        found.setRawHeaders("Authorization", [_basic(given.auth_basic)])
    return found


def without_credentials(found: Headers) -> Headers:
    """Return the headers that another origin than the one asked may see."""
    kept = {
        name: values
        for name, values in found.getAllRawHeaders()
        if name.decode("latin-1").lower() in _KEPT_ACROSS_ORIGINS
    }
    return Headers(kept)


def without_content(found: Headers) -> Headers:
    """The headers of a request that lost its body."""
    kept = found.copy()
    kept.removeHeader("Content-Type")
    return kept


def _check(name: str, value: str, visitor: str) -> None:
    if not _TOKEN.fullmatch(name) or _BAD_VALUE.search(value):
        raise BadRequest(f"http.in: malformed header {quoted(name)}")
    plain = _SEPARATOR.sub("-", name.lower())
    if plain in _OF_THE_VISITOR and visitor and value == visitor:
        return
    if plain in _REFUSED | _ADDRESSES or plain.startswith(_REFUSED_FAMILIES):
        raise BadRequest(f"http.in: header {name} cannot be set")


def _basic(auth: Sequence[str]) -> str:
    if len(auth) != 2 or ":" in auth[0]:  # noqa: PLR2004 - user and password
        raise BadRequest("http.in: auth_basic is a user, without a colon, and a password")
    return "Basic " + b64encode(":".join(auth).encode("utf-8")).decode("ascii")


def _multipart(fields: Sequence[tuple[str, str]], boundary: str) -> TypedBody:
    parts = [
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="{name.translate(_QUOTED)}"\r\n\r\n{value}\r\n'
        for name, value in fields
    ]
    body = "".join([*parts, f"--{boundary}--\r\n"]).encode("utf-8")
    return TypedBody(body, f"{MULTIPART}; boundary={boundary}")
