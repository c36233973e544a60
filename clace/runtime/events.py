"""Tells browsers that look at a dev app when it was reloaded, as server-sent events."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall

from clace.errors import AppBroken
from clace.model import AppResponse
from clace.runtime.hosts import AnswerBody
from clace.runtime.served_app import ServedApp

OWN_PREFIX = "/_clace_app/"
EVENTS = f"{OWN_PREFIX}sse"
# By the name that templates of era 25 wait for, and that of era 26.
_RELOADED = b"".join(
    b"event: %s\ndata: App reloaded after file updates\n\n" % name
    for name in (b"clace_reload", b"openrun_reload")
)
_ALIVE = b": keepalive\n\n"
_ALIVE_SECONDS = 15
_ROOM = 1 << 16
_LEAST_SECONDS = 0.1
_HEADERS = (
    ("Content-Type", "text/event-stream"),
    ("Cache-Control", "no-cache"),
    ("X-Accel-Buffering", "no"),
)


class ReloadEvents:
    """Looks at apps for changes for as long as somebody follows them."""

    def __init__(self, clock: Any, seconds: float) -> None:
        self._clock = clock
        self._seconds = max(seconds, _LEAST_SECONDS)
        self._followers: set[_Follower] = set()

    def follow(self, served: ServedApp) -> AppResponse:
        """An endless answer that says when the app has changed."""
        follower = _Follower(self._clock, served, self._followers.discard)
        self._followers.add(follower)
        follower.begin(self._seconds)
        return AppResponse(headers=_HEADERS, body=follower.body)

    def stop(self) -> None:
        """End all answers."""
        for follower in list(self._followers):
            follower.end()


class _Follower:
    def __init__(self, clock: Any, served: ServedApp, forget: Any) -> None:
        self._served = served
        self._forget = forget
        self.body = AnswerBody(_ROOM)
        self._looking = self._every(clock, self._look)
        self._living = self._every(clock, lambda: self._say(_ALIVE))

    def begin(self, seconds: float) -> None:
        self._served.listeners.append(self._reloaded)
        self._say(_ALIVE)
        self._looking.start(seconds, now=True)
        self._living.start(_ALIVE_SECONDS, now=False)

    def end(self) -> None:
        if self._looking.running:
            self._served.listeners.remove(self._reloaded)
            self._looking.stop()
            self._living.stop()
            self._forget(self)
            self.body.finish()

    def _every(self, clock: Any, work: Any) -> LoopingCall:
        call = LoopingCall(work)
        call.clock = clock
        return call

    def _reloaded(self) -> None:
        self._say(_RELOADED)

    def _say(self, event: bytes) -> None:
        if self.body.abandoned or not self.body.has_room(len(event)):
            self.end()  # who does not read is gone
        else:
            self.body.feed(event)

    def _look(self) -> Deferred[None]:
        if self.body.abandoned:
            self.end()
        return Deferred.fromCoroutine(self._refresh())

    async def _refresh(self) -> None:
        try:
            await self._served.refresh()
        except AppBroken:
            return  # the page will show it
