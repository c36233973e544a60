"""One app host seen from the daemon: what it is asked, what it asks, and how it ends.

What a host sends is not trusted: each frame must fit the request it names, or the host is ended.
"""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.logger import Logger

from clace.errors import AppBroken, AppCrashed, AppNotApproved, AppTimedOut, ClaceError, TooLarge
from clace.frames import MAX_FRAME, BadFrame
from clace.model import AppRequest, AppResponse, missing
from clace.runtime.hosts.calls import PluginCalls
from clace.runtime.hosts.exchange import HostExchange, too_late
from clace.runtime.hosts.fork_server import ForkServerProcess
from clace.runtime.hosts.fragments import HeldFrames
from clace.runtime.hosts.life import begin_life
from clace.runtime.hosts.line import HostLine
from clace.runtime.hosts.pausable_timeout import PausableTimeout
from clace.runtime.limits import HostLimits, limit_reached
from clace.wire import (
    MAX_STATEMENT,
    MEMORY_GONE,
    WALLS_MISSING,
    AnswerHead,
    AppLoaded,
    AskApp,
    BodyChunk,
    CallPlugin,
    HostBounds,
    HostEnded,
    HostNote,
    HostReady,
    LargeAnswer,
    LoadApp,
    LoadFailed,
    RequestFailed,
    Upward,
    pack,
)

_ABORT, _SEGMENT, _CPU = 6, 11, 24
Connect = Callable[[socket.socket, HostLine], object]
"""Has a line talk over a socket."""


class AppHost:
    """A process that runs one app. Made by ``start``; used until it dies or is retired."""

    _log = Logger()

    def __init__(
        self,
        clock: Any,
        connect: Connect,
        fork_server: ForkServerProcess,
        limits: HostLimits,
        held: HeldFrames,
    ) -> None:
        self._clock = clock
        self._connect = connect
        self._held = held
        self._fork_server = fork_server
        self._limits = limits
        self._number = 0
        self._line: HostLine | None = None
        self._loading: Deferred[AppLoaded] | None = None
        self._exchanges: dict[int, HostExchange] = {}
        self._requests = itertools.count(1)
        self._reason: ClaceError | None = None
        self._doom: PausableTimeout | None = None
        self._note: Callable[[HostNote], None] | None = None
        self._life = begin_life(self)
        self.alive = False
        """Whether it takes requests. Asked for each of them, so it is no question to its life."""
        self.gone: Deferred[None] = Deferred()
        self.walls: dict[str, str] = {}

    @property
    def busy(self) -> int:
        """Return the number of requests it is working on."""
        return len(self._exchanges)

    @property
    def processor_seconds(self) -> float:
        """Return the processor seconds it has used so far; 0 when it has ended."""
        return self._fork_server.processor_seconds(self._number)

    async def load(
        self, load: LoadApp, bounds: HostBounds, note: Callable[[HostNote], None]
    ) -> AppLoaded:
        """Start the process and load the app in it; ``note`` gets what it prints meanwhile.

        :raises AppBroken: if the app does not load, in time or at all.
        """
        birth = self._fork_server.fork(bounds, self._life.process_gone)
        self._number = birth.host
        line = self._line = HostLine(
            self._clock, self._longest_frame, self._received, self._hung_up, self._held
        )
        self._connect(birth.socket, line)
        self._doom = PausableTimeout(
            self._clock, self._limits.grace_seconds, lambda: self._fork_server.kill(birth.host)
        )
        self._loading = Deferred()
        self._note = note
        self._life.forked()
        timer = self._clock.callLater(
            load.load_seconds + self._limits.grace_seconds, self._load_late, load.load_seconds
        )
        line.send(load)
        try:
            return await self._loading
        finally:
            self._loading = None
            if timer.active():
                timer.cancel()

    def ask(
        self,
        request: AppRequest,
        calls: PluginCalls,
        note: Callable[[HostNote], None],
        done: Callable[[], None],
    ) -> Deferred[AppResponse]:
        """The app's answer; ``done`` is called when the request is over, however it ends.

        :raises AppFailed: if it fails, or the host dies meanwhile.
        :raises AppTimedOut: if it takes too long; the host is ended.
        :raises TooLarge: if the request does not fit into a frame.
        """
        if self._line is None or not self.alive:
            done()
            return fail(self._reason or AppCrashed("the process of the app has ended"))
        number = next(self._requests)
        try:
            frame = pack(AskApp(number, request))
        except BadFrame:
            done()
            return fail(TooLarge("the request is too large for the app"))

        def ended() -> None:
            del self._exchanges[number]
            if not self.alive and not self._exchanges:
                self._life.idle()
            done()

        exchange = self._exchanges[number] = HostExchange(
            calls, note, self._line, self._limits, self._clock, ended, self._late
        )
        exchange.begin(frame)
        return exchange.response

    def retire(self) -> None:
        """End when the requests in flight have been answered."""
        self._life.retire()

    def end(self, reason: ClaceError) -> None:
        """End at once; requests in flight fail with ``reason``."""
        self._life.end(reason)

    def be_alive(self) -> None:
        self.alive = True

    def leave(self) -> None:
        self.alive = False
        if not self._exchanges:
            self.hang_up()

    def break_off(self, reason: ClaceError) -> None:
        self.alive = False
        if self._reason is None:
            self._reason = reason
        self._fork_server.kill(self._number)
        self.hang_up()
        self._fail(reason)

    def _longest_frame(self) -> int:
        """Only what answers a request may be large: what nobody waits for is not kept."""
        return MAX_FRAME if self._exchanges else MAX_STATEMENT

    def _received(self, message: Upward | LargeAnswer) -> None:
        # The usual ones first: to find that a Struct is not one of a kind takes long.
        if type(message) is AnswerHead:
            self._exchange(message.id).received(message)
        elif type(message) is CallPlugin:
            self._exchange(message.request).received(message)
        elif isinstance(message, RequestFailed):
            self._request_failed(message)
        elif isinstance(message, HostReady):
            self._life.ready(message)
        elif isinstance(message, AppLoaded):
            self._life.loaded(message)
        elif isinstance(message, LoadFailed):
            self._life.not_loaded(message)
        elif isinstance(message, HostNote) and message.request == 0 and self._loading is not None:
            assert self._note is not None
            self._note(message)
        elif isinstance(message, (LargeAnswer, BodyChunk)):
            self._exchange(message.id).received(message)
        else:
            self._exchange(message.request).received(message)

    def note_walls(self, ready: HostReady) -> None:
        self.walls = ready.walls

    def _request_failed(self, failed: RequestFailed) -> None:
        exchange = self._exchange(failed.id)
        if failed.code == AppCrashed.code:
            # An interpreter after a panic is not used again.
            self.end(limit_reached("memory", AppCrashed(self._of_memory(failed.message))))
        else:
            exchange.received(failed)

    def _exchange(self, number: int) -> HostExchange:
        exchange = self._exchanges.get(number)
        if exchange is None or not exchange.is_asked:
            raise BadFrame(f"a frame for request {number}, which is not in progress")
        return exchange

    def give(self, loaded: AppLoaded) -> None:
        assert self._loading is not None
        self._loading.callback(loaded)

    def refuse(self, failed: LoadFailed) -> None:
        self.alive = False
        assert self._loading is not None
        self._loading.errback(self._broken(failed))
        self.hang_up()

    def _broken(self, failed: LoadFailed) -> AppBroken:
        if failed.code == AppCrashed.code:
            return limit_reached("memory", AppBroken(self._of_memory(failed.message)))
        kind = AppNotApproved if failed.code == AppNotApproved.code else AppBroken
        broken = kind(failed.message)
        return limit_reached("load_time", broken) if failed.code == AppTimedOut.code else broken

    def _of_memory(self, told: str) -> str:
        return f"{told} (limit {self._limits.memory_mb} MB)"

    def _load_late(self, seconds: float) -> None:
        late = AppBroken(f"the app did not load within {seconds:g} seconds")
        self.end(limit_reached("load_time", late))

    def _late(self) -> None:
        seconds = self._limits.request_seconds
        self._log.warn(
            "Host {number} killed: no answer in {seconds} s", number=self._number, seconds=seconds
        )
        self.end(limit_reached("request_time", AppTimedOut(too_late(self._limits))))

    def hang_up(self) -> None:
        """An honest process ends by itself then; one that does not is of no use any more."""
        self.alive = False
        if self._line is not None:
            self._line.hang_up()
        if self._doom is not None and not self.gone.called:
            self._doom.start()

    def _hung_up(self, breach: BadFrame | None) -> None:
        """The line is closed: by us, by the process's end, or because it broke the protocol."""
        self._line = None
        if breach is not None:
            self._log.error(
                "Host {number} broke the protocol: {breach}",
                number=self._number,
                breach=breach.message,
            )
            self.end(AppCrashed(f"the app's process broke the protocol: {breach.message}"))
        else:
            self._life.line_closed()

    def settle(self, gone: HostEnded) -> None:
        self.alive = False
        self._reason = self._reason or self._explain(gone)
        self._fail(self._reason)
        self.gone.callback(None)
        self.hang_up()
        if self._doom is not None:
            self._doom.stop()

    def _explain(self, gone: HostEnded) -> ClaceError:
        if gone.signal in {_ABORT, _SEGMENT} or gone.status == MEMORY_GONE:
            told = (
                "crashed: its stack or memory is used up"
                if gone.signal == _SEGMENT
                else "ran out of memory"
            )
            limit = self._limits.memory_mb
            return limit_reached(
                "memory", AppCrashed(f"the app's process {told} (limit {limit} MB)")
            )
        if gone.status == WALLS_MISSING:
            absent = "; ".join(f"{name}: {why}" for name, why in missing(self.walls).items())
            return AppCrashed(f"the app's process could not be shut in ({absent})")
        if gone.signal == _CPU:
            return limit_reached(
                "cpu_time", AppCrashed("the app's process used up its processor time")
            )
        what = f"by signal {gone.signal}" if gone.signal else f"with status {gone.status}"
        return AppCrashed(f"the app's process ended {what}")

    def _fail(self, reason: ClaceError) -> None:
        if self._loading is not None and not self._loading.called:
            broken = reason if isinstance(reason, AppBroken) else AppBroken(reason.message)
            self._loading.errback(limit_reached(reason.limit, broken))
        for exchange in list(self._exchanges.values()):
            exchange.fail(reason)
