"""Requests to apps that are still open: closed when what let them in has ended."""

from __future__ import annotations

from collections.abc import Callable, Collection

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from clace.interfaces import ISessions
from clace.model import App, Identity
from clace.web.http1 import DirectRequest

SECONDS = 2.0
"""The longest time that a stream outlives the limits of its session."""


class OpenRequests:
    """The open requests with their users, those of visitors who are nobody in particular too: an
    app may come to ask who they are, and a grant to all may end.

    An end that somebody caused is told, and closes at once. Limits of sessions are looked at while
    a request is open.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, sessions: ISessions) -> None:
        self._clock = clock
        self._sessions = sessions
        self._open: dict[DirectRequest, tuple[Identity, App]] = {}
        self._timer: IDelayedCall | None = None
        sessions.follow(self.sessions_ended)

    def enter(self, request: DirectRequest, identity: Identity, app: App) -> None:
        """Keep a request until it leaves."""
        self._open[request] = identity, app
        if self._timer is None:
            self._timer = self._clock.callLater(SECONDS, self._look)

    def leave(self, request: DirectRequest) -> None:
        """Forget a request that has ended, if it was kept."""
        self._open.pop(request, None)

    def has(self, session: str) -> bool:
        """Tell whether a request of a session is open."""
        return any(identity.session_id == session for identity, _ in self._open.values())

    def sessions_ended(self, names: Collection[str]) -> None:
        """Close the requests of these sessions."""
        self.close(lambda identity, _: identity.session_id in names, "the session has ended")

    def tokens_ended(self, names: Collection[str]) -> None:
        """Close the requests that these tokens let in."""
        self.close(lambda identity, _: identity.token_id in names, "the token has ended")

    def close(self, is_over: Callable[[Identity, App], bool], reason: str) -> None:
        """Cut the connections of requests whose user may not be there any more."""
        for request, (identity, app) in tuple(self._open.items()):
            if is_over(identity, app):
                self._open.pop(request, None)
                self._log.info(
                    "A request of {user} to {app} was closed: {reason}",
                    user=identity.user_id,
                    app=str(app),
                    reason=reason,
                )
                if request.channel is not None:
                    request.channel.abort()

    def _look(self) -> None:
        """Close those whose session came to its limits; look again as long as there are any."""
        self.close(self._is_over, "the session came to its limit")
        self._timer = None
        if self._open:
            self._timer = self._clock.callLater(SECONDS, self._look)

    def _is_over(self, identity: Identity, _app: App) -> bool:
        return bool(identity.session_id) and self._sessions.is_over(identity.session_id)
