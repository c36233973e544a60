"""Heads of answers as visitors get them: without what an app may not say for the whole host."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from msgspec.structs import replace

from clace.interfaces.proxying import Pairs, ProxiedRequest, UpstreamHead
from clace.model.upstreams import Upstream
from clace.proxy.cookies import apps_cookie
from clace.proxy.headers import tokens
from clace.proxy.targets import UpstreamTarget, location

# Those of the connection, those that this server writes itself, and those that servers in front of
# this one obey or browsers keep for the whole host.
_DROPPED = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer"
    b" transfer-encoding upgrade content-length date server clear-site-data service-worker-allowed"
    b" alt-svc".split()
)
_ACCEL = (b"x-accel-", b"x-sendfile", b"x-lighttpd-send")
# Trailers that would change what the head has said already.
_NO_TRAILERS = _DROPPED | frozenset(
    b"set-cookie location content-type content-encoding content-range content-disposition"
    b" cache-control host authorization www-authenticate expires vary age retry-after expect range"
    b" strict-transport-security content-security-policy max-forwards cookie".split()
)
# Browsers keep these for the whole host, which is not the app's alone if it has others.
_OF_HOST = frozenset(b"strict-transport-security nel report-to public-key-pins expect-ct".split())
_USUAL = 64


class AnswerRules:
    """The rules for the answers to one request."""

    def __init__(
        self, asked: ProxiedRequest, upstream: Upstream, target: UpstreamTarget, *, rewrites: bool
    ) -> None:
        self._asked = asked
        self._target = target
        self._rewrites = rewrites
        self._hosts = frozenset({upstream.authority.encode(), asked.host.lower().encode()})
        prefix = asked.app.path
        self._prefix = b"" if prefix == "/" else prefix.encode()
        self._forced = {
            name.lower().encode(): (name.encode(), self._filled(value))
            for name, value in asked.route.config.response_headers.items()
            if isinstance(value, str)
        }

    def head(self, head: UpstreamHead) -> UpstreamHead:
        """The head for the visitor."""
        return replace(head, headers=[*self._kept(head.headers), *self._forced.values()])

    def informing(self, headers: Pairs) -> Pairs:
        """The headers of an answer before the answer."""
        return [(name, value) for name, value in headers if name.lower() == b"link"]

    def switching(self, head: UpstreamHead) -> UpstreamHead:
        """The head of an answer that changes the protocol, which is about the connection."""
        upgrade = [pair for pair in head.headers if pair[0].lower() == b"upgrade"]
        own = ((b"Connection", b"Upgrade"), *upgrade)
        return replace(head, headers=[*own, *self._kept(head.headers)])

    def trailers(self, trailers: Pairs) -> Pairs:
        """The trailers that may come behind a body."""
        return [
            (name, value)
            for name, value in trailers
            if name.lower() not in _NO_TRAILERS and not _is_dropped(name.lower())
        ]

    def _filled(self, value: str) -> bytes:
        url = self._target.path.decode("latin-1")
        return value.replace("$url", url).encode()

    def _kept(self, headers: Pairs) -> Iterator[tuple[bytes, bytes]]:
        named = tokens([value for name, value in headers if name.lower() == b"connection"])
        for name, value in headers:
            lower = name.lower()
            dropped = _is_dropped(lower) if len(lower) <= _USUAL else _is_dropped.__wrapped__(lower)
            if dropped or lower in self._forced or lower in named:
                continue
            if lower == b"set-cookie":
                stripped = self._asked.route.config.strip_app
                cookie = apps_cookie(value, self._prefix, stripped=stripped)
                if cookie is not None:
                    yield name, cookie
            elif lower == b"location" and self._rewrites:
                yield name, location(value, self._target, self._hosts)
            elif lower not in _OF_HOST or not self._asked.is_shared_host:
                yield name, value


@lru_cache(maxsize=1024)
def _is_dropped(lower: bytes) -> bool:
    return lower in _DROPPED or lower.startswith(_ACCEL)
