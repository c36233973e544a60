"""The routes of an app, with what fragments inherit from their page."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from msgspec import Struct

from clace.host.definition import NO_FUNCTION, AppDefinition, RouteDefinition
from clace.host.faults import AppFault
from clace.model import BadPattern, PatternRouter


class HandlerTarget(Struct, frozen=True, kw_only=True):
    """The answer to a request: a function by number (or none), and the way its value is shown.

    ``type`` is ``HTML``, ``JSON`` or ``TEXT``; ``full`` and ``partial`` are templates; ``route`` is
    the pattern of its path, and ``written`` what its declaration says of it.
    """

    route: str = ""
    written: str = ""
    handler: int
    type: str
    full: str = ""
    partial: str = ""


def build_router(definition: AppDefinition) -> PatternRouter[HandlerTarget]:
    """Return the router of the app's routes.

    :raises AppFault: if a route or the style is invalid.
    """
    router: PatternRouter[HandlerTarget] = PatternRouter()
    if definition.style is not None and not definition.style.is_known:
        raise AppFault(f"invalid style library config : {definition.style.library}")
    for route in definition.routes:
        if route.kind == "html" and definition.static_only:
            raise AppFault("static_only app cannot have HTML routes")
    _check_mounts(definition)
    for path, method, target in targets(definition):
        try:
            router.add(path, method, target)
        except BadPattern as error:
            raise AppFault(str(error)) from None
    return router


def _check_mounts(definition: AppDefinition) -> None:
    paths = [mount.path.rstrip("/") for mount in definition.proxies]
    for path in paths:
        if paths.count(path) > 1:
            raise AppFault(f"proxy path {path or '/'} is declared more than once")
    if definition.static_only and "" in paths:
        raise AppFault("static_only app cannot have root level wildcard path for proxy")


def targets(definition: AppDefinition) -> Iterator[tuple[str, str, HandlerTarget]]:
    """Path, method and target of each route; those of fragments come before their page's."""
    default_full = "index.go.html" if definition.custom_layout else "index_gen.go.html"
    for page in definition.routes:
        yield from _targets(definition, page, default_full)


def _targets(
    definition: AppDefinition, page: RouteDefinition, default_full: str
) -> Iterator[tuple[str, str, HandlerTarget]]:
    handler = definition.handler if page.handler == NO_FUNCTION else page.handler
    full = page.full or default_full
    for fragment in page.fragments:
        own = handler if fragment.handler == NO_FUNCTION else fragment.handler
        path = _join(page.path, fragment.path)
        if fragment.kind == "api":
            target = HandlerTarget(
                route=path, written=fragment.path, handler=own, type=fragment.type.upper()
            )
        else:
            target = HandlerTarget(
                route=path,
                written=fragment.path,
                handler=own,
                type="HTML",
                full=full,
                partial=fragment.partial or page.partial,
            )
        yield path, fragment.method, target
    if page.kind == "html":
        target = HandlerTarget(
            route=page.path,
            written=page.path,
            handler=handler,
            type="HTML",
            full=full,
            partial=page.partial,
        )
    else:
        target = HandlerTarget(
            route=page.path, written=page.path, handler=handler, type=page.type.upper()
        )
    yield page.path, page.method, target


def _join(page: str, fragment: str) -> str:
    """Both parts as one clean path; an empty fragment is the page's own."""
    joined = posixpath.normpath(f"{page}/{fragment}")
    return "/" + joined.lstrip("/") if page.startswith("/") else joined
