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
from clace.runtime.limits import HostLimits, over
from clace.wire import MAX_FRAME, Answer, BadFrame, Call, Chunk, Failed, Head, Next, Note

OfRequest = Head | Chunk | Failed | Call | Next | Note
_FAILURES: dict[str, type[ClaceError]] = {
    kind.code: kind for kind in (AppFailed, AppCrashed, AppTimedOut)
}
_LEAST_STATUS, _MOST_STATUS = 200, 599
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
        self._asked = 0
        self._call = 0
        self._waiting = False
        self._limit = ""
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
            self._note(message)
        elif isinstance(message, Failed):
            failure = _FAILURES.get(message.code, AppFailed)(message.message)
            timed_out = "request_time" if message.code == AppTimedOut.code else ""
            failure.limit = self._limit or timed_out
            self.fail(failure)
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
        if not _LEAST_STATUS <= head.status <= _MOST_STATUS:
            raise BadFrame(f"a status of {head.status}")
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
            told = f"the app's answer is over {self._limits.response_mb} MB"
            return over("response_size", TooLarge(told))
        return AppResponse(status=head.status, headers=head.headers, body=head.body)

    def _chunk(self, chunk: Chunk) -> None:
        if self._body is None:
            raise BadFrame("a piece of a body without its head")
        if chunk.body:
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
        """An app waits for each of its calls, so there is never more than one."""
        if asked.call <= self._call:
            raise BadFrame(f"call {asked.call} was made before")
        if self._waiting:
            raise BadFrame(f"call {asked.call} before the one before was answered")
        self._call = asked.call
        self._waiting = True
        self._asked += 1
        if self._asked > self._limits.plugin_calls:
            self._limit = "plugin_calls"
            self._start(self._answer(self._refuse(asked)))
        elif isinstance(asked, Call):
            self._start(self._answer(self._calls.call(asked)))
        else:
            self._start(self._answer(self._follow(asked)))

    async def _refuse(self, asked: Call | Next) -> Answer:
        most = self._limits.plugin_calls
        told = f"a request may make {most} calls of plugins, and this one made more"
        return Answer(call=asked.call, error=told, error_code=1, refused=True)

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
        self._waiting = False
        if not self._over:
            self._send(answer)

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
