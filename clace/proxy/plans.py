"""Facts about a proxied route that are the same for all of its requests."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

from clace.errors import AppBroken
from clace.interfaces import ProxiedRequest
from clace.model import BadUpstream, ProxyRoute, Upstream, parse_upstream

SAFE = "/:@!$&'()*+,;=~"
_MOST = 1000


class RoutePlan(NamedTuple):
    """A route of an app: ``prefix`` is the app's path as URLs have it, empty at the root; ``strip``
    is what is cut off besides; ``forced`` are the headers of answers that the app sets itself.
    """

    route: ProxyRoute
    app_path: str
    upstream: Upstream
    host: bytes
    base: bytes
    query: bytes
    prefix: bytes
    strip: bytes
    strips_app: bool
    forced: dict[bytes, tuple[bytes, str]]

    @classmethod
    def of(cls, route: ProxyRoute, app_path: str) -> RoutePlan:
        """:raises AppBroken: if requests cannot be passed on to the URL."""
        config = route.config
        try:
            upstream = parse_upstream(config.url)
        except BadUpstream as error:
            raise AppBroken(f"proxy url {config.url[:100]!r} cannot be used: {error}") from None
        return cls(
            route=route,
            app_path=app_path,
            upstream=upstream,
            host=upstream.authority.encode(),
            base=upstream.path.encode(),
            query=upstream.query.encode(),
            prefix=b"" if app_path == "/" else quote(app_path, safe=SAFE).encode(),
            strip=quote(config.strip_path.strip("/"), safe=SAFE).encode(),
            strips_app=config.strip_app,
            forced={
                name.lower().encode(): (name.encode(), value)
                for name, value in config.response_headers.items()
                if isinstance(value, str)
            },
        )


class RoutePlans:
    """Plans, made once for each route; the routes are kept too, so that no other can have the
    identity of one.
    """

    def __init__(self) -> None:
        self._made: dict[int, RoutePlan] = {}

    def of(self, asked: ProxiedRequest) -> RoutePlan:
        """:raises AppBroken: as ``RoutePlan.of``."""
        plan = self._made.get(id(asked.route))
        if plan is None or plan.app_path != asked.app.path:
            if len(self._made) >= _MOST:
                self._made.clear()
            plan = self._made[id(asked.route)] = RoutePlan.of(asked.route, asked.app.path)
        return plan
