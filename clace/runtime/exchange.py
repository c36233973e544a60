"""One request in a host: its deadline, its plugin calls, and its answer whole or in pieces."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from clace.errors import AppCrashed, AppFailed, AppTimedOut, ClaceError, TooLarge
from clace.model.traffic import AppResponse
from clace.runtime.bodies import Body
from clace.runtime.calls import PluginCalls
from clace.runtime.limits import HostLimits
from clace.wire import MAX_FRAME, Answer, BadFrame, Call, Chunk, Failed, Head, Next, Note

OfRequest = Head | Chunk | Failed | Call | Next | Note
_FAILURES: dict[str, type[ClaceError]] = {
    kind.code: kind for kind in (AppFailed, AppCrashed, AppTimedOut)
}
_MOST_NOTES = 1000
_MEGABYTE = 1 << 20


class Exchange:
    """A request that a host works on: ``response`` is its answer, ``ended`` fires when it is over.

    Nobody who stops waiting for the response stops the work: plugin scopes are always ended.
    """

    _log = Logger()

    def __init__(
        self,
        calls: PluginCalls,
        note: Callable[[Note], None],
        send: Callable[[Answer], None],
        deadline: Deadline,
        limits: HostLimits,
    ) -> None:
        self._calls = calls
        self._note = note
        self._send = send
        self._deadline = deadline
        self._limits = limits
        self._notes = 0
        self._asked: set[int] = set()
        self._body: Body | None = None
        self._over = False
        self.response: Deferred[AppResponse] = Deferred(lambda _: self._abandon())
        self.ended: Deferred[None] = Deferred()

    def received(self, message: OfRequest) -> None:
        """Take a frame of this request.

        :raises BadFrame: it does not fit what came before.
        """
        if isinstance(message, Call | Next):
            self._plugin(message)
        elif isinstance(message, Note):
            self._take_note(message)
        elif isinstance(message, Failed):
            self.fail(_FAILURES.get(message.code, AppFailed)(message.message))
        elif isinstance(message, Head):
            self._head(message)
        else:
            self._chunk(message)

    def fail(self, reason: ClaceError) -> None:
        """The request cannot be answered any more."""
        if self._over:
            return
        self._end()
        if self._body is not None:
            self._start(self._finish(self._body, reason))
        else:
            self._start(self._deliver(reason))

    def _head(self, head: Head) -> None:
        if self._body is not None:
            raise BadFrame("a second head")
        if head.last:
            self._end()
            self._start(self._deliver(self._whole(head)))
            return
        self._body = Body(MAX_FRAME)
        if self.response.called:
            self._body.abandon()
        else:
            self.response.callback(
                AppResponse(status=head.status, headers=head.headers, body=self._body)
            )

    def _whole(self, head: Head) -> AppResponse | ClaceError:
        if len(head.body) > self._limits.response_mb * _MEGABYTE:
            return TooLarge(f"the app's answer is over {self._limits.response_mb} MB")
        return AppResponse(status=head.status, headers=head.headers, body=head.body)

    def _chunk(self, chunk: Chunk) -> None:
        if self._body is None:
            raise BadFrame("a piece of a body without its head")
        self._deadline.start()
        self._body.feed(chunk.body)
        if chunk.last:
            self._end()
            self._start(self._finish(self._body, None))

    async def _finish(self, body: Body, failure: ClaceError | None) -> None:
        await self._calls.end()
        body.finish(failure)

    async def _deliver(self, outcome: AppResponse | ClaceError) -> None:
        """The answer, unless the app left open what it has to close."""
        leaked = await self._calls.end()
        if self.response.called:
            return
        if isinstance(outcome, ClaceError):
            self.response.errback(outcome)
        elif leaked:
            names = ", ".join(leaked)
            self.response.errback(
                AppFailed(f"resource has not be closed, check handler code: {names}")
            )
        else:
            self.response.callback(outcome)

    def _plugin(self, asked: Call | Next) -> None:
        if asked.call in self._asked:
            raise BadFrame(f"call {asked.call} was made before")
        self._asked.add(asked.call)
        if isinstance(asked, Call):
            self._start(self._answer(self._calls.call(asked)))
        else:
            self._start(self._answer(self._follow(asked)))

    async def _follow(self, asked: Next) -> Answer:
        """More, once the consumer has taken what there was; nobody is late meanwhile."""
        self._deadline.stop()
        try:
            if self._body is not None:
                await self._body.taken()
                if self._body.abandoned:
                    return Answer(call=asked.call, error="the client has gone", refused=True)
            return await self._calls.next(asked)
        finally:
            if not self._over:
                self._deadline.start()

    async def _answer(self, work: Awaitable[Answer]) -> None:
        answer = await work
        if not self._over:
            self._send(answer)

    def _take_note(self, note: Note) -> None:
        self._notes += 1
        if self._notes <= _MOST_NOTES:
            self._note(note)

    def _abandon(self) -> None:
        if self._body is not None:
            self._body.abandon()

    def _end(self) -> None:
        self._over = True
        self._deadline.stop()
        self.ended.callback(None)

    def _start(self, work: Coroutine[Deferred[Any], Any, Any]) -> None:
        done: Deferred[Any] = Deferred.fromCoroutine(work)
        done.addErrback(lambda failure: self._log.failure("A request's work failed", failure))


class Deadline:
    """Calls ``late`` once ``seconds`` after the last start, if not stopped."""

    def __init__(self, clock: Any, seconds: float, late: Callable[[], None]) -> None:
        self._clock = clock
        self._seconds = seconds
        self._late = late
        self._timer: Any = None

    def start(self) -> None:
        self.stop()
        self._timer = self._clock.callLater(self._seconds, self._late)

    def stop(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
