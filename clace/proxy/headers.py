"""Headers of requests that are passed on: the visitor's, but for those that are not its to set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import lru_cache

from clace.credentials import FOR_THE_SERVER
from clace.header_names import is_claim
from clace.interfaces import Pairs, ProxiedRequest
from clace.proxy.cookies import visitors_cookies
from clace.proxy.plans import RoutePlan

# For the connection that they come by (RFC 9110, 7.6.1), or made anew here.
_HOP = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate proxy-authorization trailer"
    b" transfer-encoding upgrade content-length expect host http2-settings".split()
)
# Servers that put headers into variables, as CGI and WSGI do, cannot tell names apart that only
# differ in what is neither letter nor digit.
_NEITHER = re.compile(rb"[^a-z0-9]")
_OUR_CREDENTIALS = re.compile(FOR_THE_SERVER.encode(), re.IGNORECASE)
_USUAL = 64
_WITH_BODY = frozenset({b"POST", b"PUT", b"PATCH"})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class HeaderFate(IntEnum):
    """The handling of a header."""

    KEPT = 0
    DROPPED = 1
    CREDENTIALS = 2
    COOKIES = 3
    TRAILERS = 4


# To look up a member of an enumeration costs more than the comparison.
_KEPT, _DROPPED, _CREDENTIALS, _COOKIES, _TRAILERS = map(int, HeaderFate)
_SPECIAL = {b"authorization": _CREDENTIALS, b"cookie": _COOKIES, b"te": _TRAILERS}


def request_head(asked: ProxiedRequest, plan: RoutePlan, target: bytes, via: bytes) -> bytes:
    """The head of the request as the other server gets it, with its empty line."""
    keeps_host = plan.route.config.preserve_host or asked.is_upgrade
    app_path = "" if plan.app_path == "/" else plan.app_path
    return b"%b %b HTTP/1.1\r\nHost: %b\r\n%b%b%b%bVia: %b\r\n\r\n" % (
        asked.method,
        target,
        asked.host().encode() if keeps_host else plan.host,
        asked.headers.once(with_passwords if asked.keeps_passwords else kept, asked.headers),
        _framing(asked),
        forwarding(asked.address, asked.scheme, asked.authority, app_path),
        asked.identity,
        via,
    )


def kept(headers: Pairs) -> bytes:
    """The lines of the visitor's own headers, as it sent them."""
    return b"".join(b"%b: %b\r\n" % pair for pair in _kept(headers, passwords=False))


def with_passwords(headers: Pairs) -> bytes:
    """The same with passwords, which are the app's own."""
    return b"".join(b"%b: %b\r\n" % pair for pair in _kept(headers, passwords=True))


def _kept(headers: Pairs, *, passwords: bool) -> Iterator[tuple[bytes, bytes]]:
    named = _named_by_connection(headers)
    for name, value in headers:
        lower = name.lower()
        fate = _fate(lower) if len(lower) <= _USUAL else _fate.__wrapped__(lower)
        if fate == _KEPT:
            if lower not in named:
                yield name, value
        elif fate == _CREDENTIALS:
            if passwords or not _OUR_CREDENTIALS.match(value):
                yield name, value
        elif fate == _COOKIES:
            if cookies := visitors_cookies(value):
                yield name, cookies
        elif fate == _TRAILERS and b"trailers" in tokens((value,)):
            yield b"TE", b"trailers"


@lru_cache(maxsize=1024)
def _fate(lower: bytes) -> int:
    plain = _NEITHER.sub(b"-", lower)
    if plain in _HOP or is_claim(plain.decode("ascii")):
        return _DROPPED
    if plain in _SPECIAL:
        return _SPECIAL[plain] if plain == lower else _DROPPED
    return _KEPT


def tokens(values: Iterable[bytes]) -> frozenset[bytes]:
    """The entries of a header that is a list, in lower case, without their parameters."""
    return frozenset(
        token.partition(b";")[0].strip().lower() for value in values for token in value.split(b",")
    )


def _named_by_connection(headers: Pairs) -> frozenset[bytes]:
    values = [value for name, value in headers if name.lower() == b"connection"]
    return tokens(values) if values else frozenset()


def _framing(asked: ProxiedRequest) -> bytes:
    if asked.is_upgrade:
        wanted = [value for name, value in asked.headers if name.lower() == b"upgrade"]
        return b"Connection: Upgrade\r\n" + b"".join(b"Upgrade: %b\r\n" % one for one in wanted)
    if asked.length is None:
        lines = b"Transfer-Encoding: chunked\r\n"
    elif asked.length or asked.method in _WITH_BODY:
        lines = b"Content-Length: %d\r\n" % asked.length
    else:
        return b""
    return lines + b"Expect: 100-continue\r\n" if asked.awaits_continue else lines


@lru_cache(maxsize=1024)
def forwarding(address: str, scheme: str, authority: str, app_path: str) -> bytes:
    """The facts that the other server cannot see: whose request it is, and how it came to us."""
    node = f'"[{address}]"' if ":" in address else address or "unknown"
    host = authority if _TOKEN.fullmatch(authority) else f'"{authority}"'
    lines = [
        f"X-Forwarded-Host: {authority}",
        f"X-Forwarded-Proto: {scheme}",
        f"Forwarded: for={node};host={host};proto={scheme}",
    ]
    if address:
        lines += [f"X-Forwarded-For: {address}", f"X-Real-IP: {address}"]
    if app_path:
        lines.append(f"X-Forwarded-Prefix: {app_path}")
    return b"".join(f"{line}\r\n".encode() for line in lines)
