"""Headers of requests that are passed on: the visitor's, but for those that are not its to set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import lru_cache

from clace.interfaces.proxying import Pairs, ProxiedRequest
from clace.model.upstreams import Upstream
from clace.proxy.cookies import visitors_cookies

# For the connection that they come by (RFC 9110, 7.6.1), or made anew here.
_HOP = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate proxy-authorization trailer"
    b" transfer-encoding upgrade content-length expect host http2-settings".split()
)
# They say who asks, from where and for what; servers believe them, so only ours are passed on.
_FORWARDING = frozenset(
    b"forwarded x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-prefix"
    b" x-forwarded-proto x-forwarded-protocol x-forwarded-scheme x-forwarded-server"
    b" x-forwarded-ssl x-forwarded-by x-forwarded-path x-forwarded-uri x-forwarded-user"
    b" x-forwarded-email x-forwarded-groups x-forwarded-preferred-username"
    b" x-original-url x-original-host x-rewrite-url x-real-ip x-scheme x-url-scheme x-script-name"
    b" front-end-https true-client-ip client-ip x-client-ip x-cluster-client-ip cf-connecting-ip"
    b" remote-user x-remote-user script-name path-info proxy".split()
)
_OURS = (b"x-clace-", b"x-openrun-")
# Servers that put headers into variables, as CGI and WSGI do, cannot tell names apart that only
# differ in what is neither letter nor digit.
_NEITHER = re.compile(rb"[^a-z0-9]")
# Passwords, which browsers send to all neighbours of the app that asked for them, and our tokens.
_OUR_CREDENTIALS = re.compile(rb"\s*(?:basic\b|\S*\s*$|\S+\s+clace_)", re.IGNORECASE)
_USUAL = 64
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


def request_head(asked: ProxiedRequest, upstream: Upstream, target: bytes, via: bytes) -> bytes:
    """The head of the request as the other server gets it, with its empty line."""
    keeps_host = asked.route.config.preserve_host or asked.is_upgrade
    host = asked.host if keeps_host else upstream.authority
    lines = [b"%b %b HTTP/1.1\r\nHost: %b\r\n" % (asked.method, target, host.encode())]
    lines.extend(b"%b: %b\r\n" % pair for pair in kept(asked))
    lines.extend(b"%b: %b\r\n" % pair for pair in _framing(asked))
    lines.extend(b"%b: %b\r\n" % pair for pair in forwarding(asked))
    lines.extend(b"%b: %b\r\n" % pair for pair in asked.identity)
    lines.append(b"Via: %b\r\n\r\n" % via)
    return b"".join(lines)


def kept(asked: ProxiedRequest) -> Iterator[tuple[bytes, bytes]]:
    """The visitor's own headers, as it sent them."""
    named = _named_by_connection(asked.headers)
    for name, value in asked.headers:
        lower = name.lower()
        fate = _fate(lower) if len(lower) <= _USUAL else _fate.__wrapped__(lower)
        if fate == _KEPT:
            if lower not in named:
                yield name, value
        elif fate == _CREDENTIALS:
            if asked.keeps_passwords or not _OUR_CREDENTIALS.match(value):
                yield name, value
        elif fate == _COOKIES:
            if cookies := visitors_cookies(value):
                yield name, cookies
        elif fate == _TRAILERS and b"trailers" in tokens((value,)):
            yield b"TE", b"trailers"


@lru_cache(maxsize=1024)
def _fate(lower: bytes) -> int:
    plain = _NEITHER.sub(b"-", lower)
    if plain in _HOP or plain in _FORWARDING or plain.startswith(_OURS):
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


def _framing(asked: ProxiedRequest) -> Iterator[tuple[bytes, bytes]]:
    if asked.is_upgrade:
        yield b"Connection", b"Upgrade"
        for name, value in asked.headers:
            if name.lower() == b"upgrade":
                yield name, value
        return
    if asked.length is None:
        yield b"Transfer-Encoding", b"chunked"
    elif asked.length or asked.method in {b"POST", b"PUT", b"PATCH"}:
        yield b"Content-Length", b"%d" % asked.length
    if asked.awaits_continue:
        yield b"Expect", b"100-continue"


def forwarding(asked: ProxiedRequest) -> Iterator[tuple[bytes, bytes]]:
    """The facts that the other server cannot see: whose request it is, and how it came to us."""
    address, scheme = asked.address or "unknown", asked.scheme
    if asked.address:
        yield b"X-Forwarded-For", address.encode()
        yield b"X-Real-IP", address.encode()
    yield b"X-Forwarded-Host", asked.authority.encode()
    yield b"X-Forwarded-Proto", scheme.encode()
    if asked.app.path != "/":
        yield b"X-Forwarded-Prefix", asked.app.path.encode()
    node = f'"[{address}]"' if ":" in address else address
    host = asked.authority
    shown = host if _TOKEN.fullmatch(host) else f'"{host}"'
    yield b"Forwarded", f"for={node};host={shown};proto={scheme}".encode()
