"""Heads of answers as visitors get them: without what an app may not say for the whole host."""

from __future__ import annotations

from functools import lru_cache

from clace.interfaces import Pairs, ProxiedRequest, UpstreamHead
from clace.model import COMMANDING_HEADERS, CONNECTION_HEADERS, HOST_HEADERS
from clace.proxy.cookies import apps_cookie
from clace.proxy.headers import tokens
from clace.proxy.plans import RoutePlan
from clace.proxy.targets import UpstreamTarget, location

# Trailers that would change what the head has said already.
_NO_TRAILERS = CONNECTION_HEADERS | frozenset(
    b"set-cookie location content-type content-encoding content-range content-disposition"
    b" cache-control host authorization www-authenticate expires vary age retry-after expect range"
    b" strict-transport-security content-security-policy max-forwards cookie".split()
)
# Of the connection itself, and no names of headers.
_PERSISTENCE = frozenset({b"close", b"keep-alive", b"upgrade"})
_USUAL = 64
_KEPT, _DROPPED, _CONNECTION, _COOKIE, _LOCATION, _OF_HOST = range(6)


class AnswerRules:
    """The rules for the answers to one request."""

    def __init__(
        self, asked: ProxiedRequest, plan: RoutePlan, target: UpstreamTarget, *, rewrites: bool
    ) -> None:
        self._asked = asked
        self._plan = plan
        self._target = target
        self._rewrites = rewrites

    def head(self, head: UpstreamHead) -> UpstreamHead:
        """The head for the visitor."""
        headers = self._kept(head.headers)
        if self._plan.forced:
            url = self._target.path.decode("latin-1")
            headers += [
                (name, value.replace("$url", url).encode())
                for name, value in self._plan.forced.values()
            ]
        return UpstreamHead(head.status, head.reason, headers, head.length)

    def informing(self, headers: Pairs) -> Pairs:
        """The headers of an answer before the answer."""
        return [(name, value) for name, value in headers if name.lower() == b"link"]

    def switching(self, head: UpstreamHead) -> UpstreamHead:
        """The head of an answer that changes the protocol, which is about the connection."""
        upgrade = [pair for pair in head.headers if pair[0].lower() == b"upgrade"]
        own = ((b"Connection", b"Upgrade"), *upgrade)
        return UpstreamHead(head.status, head.reason, [*own, *self._kept(head.headers)])

    def trailers(self, trailers: Pairs) -> Pairs:
        """The trailers that may come behind a body."""
        return [
            (name, value)
            for name, value in trailers
            if name.lower() not in _NO_TRAILERS and known(name)[1] != _DROPPED
        ]

    def _kept(self, headers: Pairs) -> list[tuple[bytes, bytes]]:
        kept = []
        named: frozenset[bytes] = frozenset()
        for name, value in headers:
            lower, fate = known(name) if len(name) <= _USUAL else known.__wrapped__(name)
            if fate == _CONNECTION:
                if value.lower() not in _PERSISTENCE:
                    named |= tokens((value,)) - _PERSISTENCE
            elif fate == _COOKIE:
                cookie = apps_cookie(value, self._plan.prefix, stripped=self._plan.strips_app)
                if cookie is not None:
                    kept.append((name, cookie))
            elif fate == _LOCATION and self._rewrites:
                kept.append((name, self._location(value)))
            elif fate == _OF_HOST and self._asked.is_shared_host:
                continue
            elif fate != _DROPPED and lower not in self._plan.forced:
                kept.append((name, value))
        return [pair for pair in kept if pair[0].lower() not in named] if named else kept

    def _location(self, value: bytes) -> bytes:
        hosts = frozenset({self._plan.host, self._asked.host().lower().encode()})
        return location(value, self._target, hosts)


@lru_cache(maxsize=2048)
def known(name: bytes) -> tuple[bytes, int]:
    """The name of a header in lower case, and what is done with it."""
    lower = name.lower()
    if lower in CONNECTION_HEADERS or lower.startswith(COMMANDING_HEADERS):
        return lower, _CONNECTION if lower == b"connection" else _DROPPED
    if lower in HOST_HEADERS:
        return lower, _OF_HOST
    return lower, {b"set-cookie": _COOKIE, b"location": _LOCATION}.get(lower, _KEPT)
