"""The routes of an app as its host tells of them: what they rule out needs no host to say so."""

from __future__ import annotations

from clace.model import NOT_FOUND, AppResponse, BadPattern, PatternRouter
from clace.runtime.options import AppOptions

# A path is compared with each; apps with more are asked themselves.
_MOST_ROUTES = 500
_MOST_TEXT = 32 * 1024
_ANY = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_TEXT = (("Content-Type", "text/plain; charset=utf-8"),)


class RouteOutline:
    """Refuses what no route can answer; of what it is not sure it refuses nothing."""

    def __init__(self, options: AppOptions) -> None:
        self._router = _router(options)

    def ruled_out(self, method: str, path: str) -> AppResponse | None:
        """The answer, as the app's own would be, or ``None`` for the app to find it."""
        if self._router is None:
            return None
        found = self._router.find(method, path)
        if found.target is not None:
            return None
        if not found.allowed:
            return AppResponse(status=404, headers=_TEXT, body=NOT_FOUND)
        return AppResponse(status=405, headers=(("Allow", ", ".join(found.allowed)),))


def _router(options: AppOptions) -> PatternRouter[bool] | None:
    if (
        len(options.routes) > _MOST_ROUTES
        or sum(len(text) for text, _ in options.routes) > _MOST_TEXT
    ):
        return None
    router: PatternRouter[bool] = PatternRouter(loosely=True)
    try:
        for text, methods in options.routes:
            # Without its expression a pattern takes too many paths, which must not look refused.
            for method in _ANY if ":" in text else methods:
                router.add(text, method, True)
    except BadPattern:
        return None  # no honest host says so, and it can only do without the help
    return router
