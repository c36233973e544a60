"""One request in a host: its deadline, its plugin calls, and its answer whole or in pieces."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from clace.driving import drive
from clace.errors import AppCrashed, AppFailed, AppTimedOut, CallNotApproved, ClaceError
from clace.frames import BadFrame
from clace.model import AppResponse
from clace.runtime.hosts.bodies import LARGEST_PIECE, AnswerBody
from clace.runtime.hosts.calls import PluginCalls
from clace.runtime.hosts.heads import check_head
from clace.runtime.hosts.pausable_timeout import PausableTimeout
from clace.runtime.limits import HostLimits, limit_reached
from clace.units import MEBIBYTE
from clace.wire import (
    AnswerHead,
    BodyChunk,
    CallAnswer,
    CallPlugin,
    HostNote,
    LargeAnswer,
    NextItems,
    RequestFailed,
    pack,
)

OfRequest = AnswerHead | LargeAnswer | BodyChunk | RequestFailed | CallPlugin | NextItems | HostNote
_FAILURES: dict[str, type[ClaceError]] = {kind.code: kind for kind in (AppCrashed, AppTimedOut)}
_TIME = "request_time"
# What a host gets for each page of a stream that it is given to pass on.
_PAGE_SECONDS = 1


class SendFrames(Protocol):
    """The way to the host."""

    def send_frame(self, frame: bytes, /) -> None:
        """Send a message that was packed."""

    @property
    def has_room(self) -> bool:
        """Return true if what was said before is read."""

    async def room(self) -> None:
        """Wait until what was said before is read."""

    def keep(self, size: int, /) -> bool:
        """Return true if an answer of so many bytes may wait; ``kept`` ends the wait."""

    def kept(self, size: int, /) -> None:
        """Count an answer of so many bytes that waits no more."""


class HostExchange:
    """A request that a host works on: ``response`` is its answer, ``ended`` is called at its end.

    Nobody who stops waiting for the response stops the work: plugin scopes are always ended. When
    the time is up they are, so that an app that waited for them can still say so; if it does not,
    ``give_up`` is called.
    """

    _log = Logger()

    def __init__(
        self,
        calls: PluginCalls,
        note: Callable[[HostNote], None],
        line: SendFrames,
        limits: HostLimits,
        clock: Any,
        ended: Callable[[], None],
        give_up: Callable[[], None],
    ) -> None:
        self._calls = calls
        self._note = note
        self._line = line
        self._limits = limits
        self._ended = ended
        self._timeout = PausableTimeout(clock, limits.request_seconds, self._end_plugins)
        self._grace: PausableTimeout | None = None
        self._clock = clock
        self._give_up = give_up
        self._asked = 0
        self._call = 0
        self._waiting = False
        self._limit = ""
        self._body: AnswerBody | None = None
        self._over = False
        self.is_asked = False
        self.response: Deferred[AppResponse] = Deferred(self._abandon)

    def begin(self, ask: bytes) -> None:
        """Have the host asked by this frame, whose time runs from now on.

        Until it has read what it was told before it is not asked, and cannot answer.
        """
        self._timeout.start()
        if self._line.has_room:
            self._line.send_frame(ask)
            self.is_asked = True
        else:
            self._start(self._ask(ask))

    def received(self, message: OfRequest) -> None:
        """Take a frame of this request.

        :raises BadFrame: if it does not fit what came before.
        """
        if type(message) is AnswerHead:  # isinstance is slow for other Structs
            self._head(message, (message.body,))
        elif isinstance(message, (CallPlugin, NextItems)):
            self._plugin(message)
        elif isinstance(message, HostNote):
            self._note(message)
        elif isinstance(message, RequestFailed):
            self.fail(self._failure(message))
        elif isinstance(message, LargeAnswer):
            self._head(message.head, message.body)
        else:
            self._chunk(message)

    def _failure(self, failed: RequestFailed) -> ClaceError:
        fault = failed.fault
        if self._limit == _TIME:
            failure: ClaceError = limit_reached(_TIME, AppTimedOut(too_late(self._limits)))
        else:
            kind = CallNotApproved if self._calls.was_refused else AppFailed
            failure = _FAILURES.get(failed.code, kind)(fault.message)
            limit_reached(_TIME if failed.code == AppTimedOut.code else self._limit, failure)
        failure.place, failure.route = fault.place, fault.route
        return failure

    def fail(self, reason: ClaceError) -> None:
        """Fail the request, which cannot be answered any more."""
        if self._over:
            return
        self._end()
        if self._body is not None:
            self._start(self._finish(self._body, reason))
        else:
            self._answered(reason)

    def _head(self, head: AnswerHead, whole: Sequence[bytes]) -> None:
        if self._body is not None:
            raise BadFrame("a second head")
        check_head(head)
        if head.last:
            self._end()
            self._answered(self._whole(head, whole))
            return
        self._body = AnswerBody(self._limits.response_mb * MEBIBYTE, self._consumer_left)
        if self.response.called:
            self._body.abandon()
        else:
            self.response.callback(
                AppResponse(
                    status=head.status,
                    headers=head.headers,
                    body=self._body,
                    fault=head.fault and head.fault.cut(),
                )
            )

    def _whole(self, head: AnswerHead, pieces: Sequence[bytes]) -> AppResponse | ClaceError:
        body = pieces[0] if len(pieces) == 1 else None
        size = sum(map(len, pieces)) if body is None else len(body)
        if size > self._limits.response_mb * MEBIBYTE:
            told = f"the app's answer is over {self._limits.response_mb} MB"
            return limit_reached("response_size", AppFailed(told))
        fault = head.fault and head.fault.cut()
        if size <= LARGEST_PIECE:
            body = b"".join(pieces) if body is None else body
            return AppResponse(status=head.status, headers=head.headers, body=body, fault=fault)
        return AppResponse(
            status=head.status,
            headers=(*head.headers, ("Content-Length", str(size))),
            body=AnswerBody.whole(*pieces),
            fault=fault,
        )

    def _chunk(self, chunk: BodyChunk) -> None:
        if self._body is None:
            raise BadFrame("a piece of a body without its head")
        self._body.feed(chunk.body)
        if chunk.last:
            self._end()
            self._start(self._finish(self._body, None))

    async def _finish(self, body: AnswerBody, failure: ClaceError | None) -> None:
        await self._calls.end()
        body.finish(failure)

    def _answered(self, outcome: AppResponse | ClaceError) -> None:
        if self._calls.close():
            self._deliver(outcome, ())
        else:
            self._start(self._deliver_after(outcome))

    async def _deliver_after(self, outcome: AppResponse | ClaceError) -> None:
        self._deliver(outcome, await self._calls.end())

    def _deliver(self, outcome: AppResponse | ClaceError, leaked: tuple[str, ...]) -> None:
        """Give the answer, unless the app left open what it has to close."""
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

    def _plugin(self, asked: CallPlugin | NextItems) -> None:
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
        elif isinstance(asked, CallPlugin):
            self._start(self._answer(self._calls.call(asked)))
        else:
            self._start(self._answer(self._follow(asked)))

    async def _refuse(self, asked: CallPlugin | NextItems) -> CallAnswer:
        most = self._limits.plugin_calls
        told = f"a request may make {most} calls of plugins, and this one made more"
        return CallAnswer(call=asked.call, error=told, error_code=1, refused=True)

    async def _follow(self, asked: NextItems) -> CallAnswer:
        """Give more of a stream once the consumer has taken what there was.

        Once the answer has begun nobody is late meanwhile, and the host gets time for what it is
        given. Before that it has the time of a request and no more, whatever it waits for.
        """
        if self._body is None:
            return await self._calls.next(asked)
        self._timeout.stop()
        try:
            await self._body.taken()
            if not self._body.abandoned:
                answer = await self._calls.next(asked)
        finally:
            if not self._over:
                self._timeout.start()
        if self._body.abandoned:
            return CallAnswer(call=asked.call, error="the client has gone", refused=True)
        if not answer.refused:
            self._timeout.add(_PAGE_SECONDS)
        return answer

    async def _answer(self, work: Awaitable[CallAnswer]) -> None:
        """Send the answer when those before were read; a host makes us keep so much at most."""
        answer = await work
        frame = _packed(answer)
        size = len(frame)
        if self._line.keep(size):
            await self._say(frame)
            self._line.kept(size)
        else:
            told = "the app does not read the results of its calls"
            answer = CallAnswer(call=answer.call, error=told, error_code=1, refused=True)
            await self._say(pack(answer))
        self._waiting = False

    async def _ask(self, ask: bytes) -> None:
        await self._say(ask)
        self.is_asked = True

    async def _say(self, frame: bytes) -> None:
        if not self._line.has_room:
            await self._line.room()
        if not self._over:
            self._line.send_frame(frame)

    def _end_plugins(self) -> None:
        self._limit = _TIME
        self._grace = PausableTimeout(self._clock, self._limits.grace_seconds, self._give_up)
        self._grace.start()
        self._start(self._close())

    def _consumer_left(self) -> None:
        """Nothing more is wanted of the plugins; the host has what is left of its time to end."""
        self._start(self._close())

    async def _close(self) -> None:
        await self._calls.end()

    def _abandon(self, _response: Deferred[AppResponse]) -> None:
        if self._body is not None:
            self._body.abandon()

    def _end(self) -> None:
        self._over = True
        self._timeout.end()
        if self._grace is not None:
            self._grace.end()
        self._ended()

    def _start(self, work: Coroutine[Deferred[Any], Any, Any]) -> None:
        drive(work, self._failed)

    def _failed(self, failure: Failure) -> None:
        self._log.failure("A request's work failed", failure)


def _packed(answer: CallAnswer) -> bytes:
    """The frame of an answer, or of a refusal: who gets none would wait until the host is ended."""
    try:
        return pack(answer)
    except (BadFrame, ValueError, TypeError, OverflowError, RecursionError) as error:
        told = f"a result that no app can receive: {error}"
        return pack(CallAnswer(call=answer.call, error=told, error_code=1, refused=True))


def too_late(limits: HostLimits) -> str:
    return f"the app did not answer within {limits.request_seconds:g} seconds"
