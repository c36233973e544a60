"""Targets of requests as the other server gets them, and its redirects as visitors do."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote

from clace.errors import NoSuchRoute
from clace.interfaces import ProxiedRequest
from clace.model import NO_ROUTE
from clace.proxy.plans import SAFE, RoutePlan

_ABSOLUTE = re.compile(rb"(?:(?i:https?):)?//([^/?#\\]*)(.*)", re.DOTALL)


class UpstreamTarget(NamedTuple):
    """A target, and ``removed``, what was cut off the front of the path that the visitor sees."""

    path: bytes
    query: bytes
    removed: bytes
    base: bytes

    @property
    def line(self) -> bytes:
        """Return the target as a request line has it."""
        path = self.base + self.path
        return b"%b?%b" % (path, self.query) if self.query else path


def target_of(asked: ProxiedRequest, plan: RoutePlan) -> UpstreamTarget:
    """The path that the other server is asked for.

    :raises NoSuchRoute: if it is not below ``strip_path``.
    """
    raw, _, query = asked.uri.partition(b"?")
    prefix = plan.prefix
    inner = raw[len(prefix) :]
    if not raw.startswith(prefix) or inner[:1] not in {b"", b"/"}:
        # The prefix was written in another way: as it was understood, then.
        inner = quote(asked.inside, safe=SAFE).encode()
    removed, path = (prefix, inner) if plan.strips_app else (b"", prefix + inner)
    if plan.strip:
        whole = path.lstrip(b"/")
        left = whole.removeprefix(plan.strip)
        if len(left) == len(whole) or left[:1] not in {b"", b"/"}:
            raise NoSuchRoute(NO_ROUTE)
        removed, path = b"%b/%b" % (removed, plan.strip), left
    if plan.query:
        query = b"%b&%b" % (plan.query, query) if query else plan.query
    return UpstreamTarget(b"/" + path.lstrip(b"/"), query, removed, plan.base)


def location(value: bytes, target: UpstreamTarget, own_hosts: frozenset[bytes]) -> bytes:
    """A ``Location`` of the other server as a visitor has to go there.

    An absolute URL of the server itself becomes a path, and a path gets back what was cut off;
    other hosts and relative paths are left as they are.
    """
    absolute = _ABSOLUTE.match(value)
    if absolute is not None:
        if absolute[1].lower() not in own_hosts:
            return value
        path = absolute[2] or b"/"
        path = path if path.startswith(b"/") else b"/" + path
    elif value.startswith(b"/"):
        path = value
    else:
        return value
    if target.base and _is_below(path, target.base):
        path = path[len(target.base) :] or b"/"
    if target.removed and not _is_below(path, target.removed):
        path = target.removed + (path if path.startswith(b"/") else b"/" + path)
    # Two slashes would make the first part of the path a host.
    return b"/" + path.lstrip(b"/\\")


def _is_below(path: bytes, prefix: bytes) -> bool:
    return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in {
        b"",
        b"/",
        b"?",
        b"#",
    }
