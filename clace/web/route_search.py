"""Finds the row of the table of our own routes that a request is for."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from clace.web.our_routes import ROUTES, OurRoute


class FoundRoute(Struct, frozen=True):
    """A row for a path and method, and what the path has in place of ``{way}``."""

    route: OurRoute
    way: str = ""


class WrongMethod(Struct, frozen=True):
    """Rows for a path, but for other methods."""

    methods: tuple[str, ...]


def find_route(path: str, method: str) -> FoundRoute | WrongMethod | None:
    """Return the row for a request; None below our prefix means the admin API, if that is there."""
    rows = tuple((route, way) for route, way in _rows_of(path) if route.serves != "admin")
    for route, way in rows:
        if method in route.methods:
            return FoundRoute(route, way)
    if rows:
        return WrongMethod(tuple(sorted({each for route, _ in rows for each in route.methods})))
    return None


@lru_cache(maxsize=256)
def _rows_of(path: str) -> tuple[tuple[OurRoute, str], ...]:
    """The rows of the first pattern that fits, in the order of the table."""
    found: list[tuple[OurRoute, str]] = []
    for route in ROUTES:
        way = _matched(route.path, path)
        if way is not None and (not found or found[0][0].path == route.path):
            found.append((route, way))
    return tuple(found)


def _matched(pattern: str, path: str) -> str | None:
    if pattern.endswith("/"):
        return "" if path.startswith(pattern) else None
    before, hole, after = pattern.partition("{way}")
    if not hole:
        return "" if path == pattern else None
    if not (path.startswith(before) and path.endswith(after)):
        return None
    way = path[len(before) : len(path) - len(after)]
    return way if way and "/" not in way and len(path) >= len(before) + len(after) else None
