"""Hosts without processes: the same code in the same thread, for tests of other rooms.

Nothing is locked down or killed, and plugins must answer at once.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

from clace.errors import AppBroken, AppCrashed, AppNotApproved, ClaceError
from clace.frames import FrameReader
from clace.host import AppFault, Declarations, HostedApp, ImpossibleCall
from clace.host.requests import AppReply, failed, head_of
from clace.interfaces import IAuditLog, IPluginGate
from clace.model import WALLS, AppRequest, AppResponse
from clace.runtime import Fetch, HostLimits, NodeEnvironment, Runtime, RuntimeLimits, limits_for_all
from clace.runtime.hosts import HostExchange, OfRequest, PluginCalls, RunningHost
from clace.wire import (
    AnswerHead,
    AppLoaded,
    CallAnswer,
    CallPlugin,
    HostNote,
    LoadApp,
    NextItems,
    unpack_downward,
)

T = TypeVar("T")
_LIMITS = limits_for_all(HostLimits())
_ENVIRONMENT = NodeEnvironment()


class MemoryRuntime(Runtime):
    """A runtime whose hosts are objects."""

    def __init__(
        self,
        clock: Any,
        gate: IPluginGate,
        audit_log: IAuditLog,
        files_for: Fetch,
        limits: RuntimeLimits = _LIMITS,
        environment: NodeEnvironment = _ENVIRONMENT,
    ) -> None:
        self.memory = MemoryHosts(clock)
        super().__init__(clock, self.memory, limits, gate, audit_log, files_for, environment)


class MemoryHosts:
    """Loads apps in this process; counts how many, and the ``most`` that were there at once."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self.starts = 0
        self.most = 0
        self._hosts: list[MemoryHost] = []

    @property
    def running(self) -> int:
        """The number of hosts that have not ended."""
        return sum(one.alive for one in self._hosts)

    def begin(self) -> None:
        """Nothing needs to be started."""

    def try_out(self) -> dict[str, str]:
        return {wall.name: "" for wall in WALLS}

    async def start(
        self, load: LoadApp, limits: HostLimits, note: Callable[[HostNote], None]
    ) -> tuple[RunningHost, AppLoaded]:
        self.starts += 1
        try:
            if load.declarations:
                return _Evaluated(), Declarations(load, lambda _text: None).loaded
            app = HostedApp(load, lambda text: note(HostNote(request=0, text=text)))
        except AppFault as fault:
            kind = AppNotApproved if fault.code == AppNotApproved.code else AppBroken
            raise kind(fault.located()) from None
        host = MemoryHost(self._clock, limits, app)
        self._hosts = [one for one in (*self._hosts, host) if one.alive]
        self.most = max(self.most, len(self._hosts))
        return host, app.loaded

    async def in_thread(self, work: Callable[[], T], /) -> T:
        return work()

    async def stop(self) -> None:
        """There is nothing to end."""


class _Evaluated:
    """A host that has told all that it was started for."""

    alive, busy, processor_seconds = False, 0, 0.0

    def retire(self) -> None:
        """It has ended."""

    def end(self, reason: ClaceError) -> None:
        """It has ended."""

    def ask(self, *_arguments: Any) -> Any:
        raise AssertionError("nothing is asked of declarations")


class MemoryHost:
    """One app in this process."""

    def __init__(self, clock: Any, limits: HostLimits, app: HostedApp) -> None:
        self._clock = clock
        self.limits = limits
        self._app = app
        self.alive = True
        self.busy = 0
        self.processor_seconds = 0.0

    async def ask(
        self,
        request: AppRequest,
        calls: PluginCalls,
        note: Callable[[HostNote], None],
        done: Callable[[], None],
    ) -> AppResponse:
        line = _InlineLine()
        exchange = HostExchange(
            calls,
            note,
            line,
            self.limits,
            self._clock,
            lambda: self._left(done),
            lambda: None,
        )
        self.busy += 1
        try:
            reply = self._app.respond(request, _InlineDaemon(exchange.received, line.answers))
        except AppFault as fault:
            exchange.received(failed(0, fault))
        else:
            if not isinstance(reply.body, bytes | str):
                return AppResponse(
                    status=reply.status,
                    headers=reply.headers,
                    body=_pieces(exchange, reply),
                    fault=reply.fault,
                )
            body = reply.body.encode() if isinstance(reply.body, str) else reply.body
            exchange.received(head_of(0, reply, body=body))
        return await exchange.response

    def retire(self) -> None:
        self.alive = False

    def end(self, _reason: ClaceError) -> None:
        self.alive = False

    def _left(self, done: Callable[[], None]) -> None:
        self.busy -= 1
        done()


class _InlineLine:
    """Keeps the answers to plugin calls."""

    def __init__(self) -> None:
        self.answers: dict[int, CallAnswer] = {}

    def send_frame(self, frame: bytes) -> None:
        (body,) = FrameReader().feed(frame)
        assert isinstance(body, bytes)
        message = unpack_downward(body)
        assert isinstance(message, CallAnswer)
        self.answers[message.call] = message

    has_room = True

    async def room(self) -> None:
        """There always is."""

    def keep(self, _size: int) -> bool:
        return True

    def kept(self, _size: int) -> None:
        """Answers are read at once."""


class _InlineDaemon:
    """Puts the host's frames straight into the exchange and expects the answer to be there."""

    def __init__(self, send: Callable[[OfRequest], None], answers: dict[int, CallAnswer]) -> None:
        self._send = send
        self._answers = answers
        self._numbers = itertools.count(1)

    def call(
        self, plugin: str, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> CallAnswer:
        number = next(self._numbers)
        return self._asked(
            CallPlugin(
                call=number, request=0, plugin=plugin, function=function, args=args, kwargs=kwargs
            )
        )

    def next(self, stream: int) -> CallAnswer:
        return self._asked(NextItems(call=next(self._numbers), request=0, stream=stream))

    def say(self, text: str) -> None:
        self._send(HostNote(request=0, text=text))

    def record(self, operation: str, target: str, detail: str, *, failed: bool) -> None:
        self._send(
            HostNote(request=0, operation=operation, target=target, detail=detail, failed=failed)
        )

    def _asked(self, question: CallPlugin | NextItems) -> CallAnswer:
        self._send(question)
        if question.call not in self._answers:
            raise ImpossibleCall("a plugin in memory has to answer at once")
        return self._answers.pop(question.call)


async def _pieces(exchange: HostExchange, reply: AppReply) -> AsyncIterator[bytes]:
    """The body as it is made; the exchange is over when it is."""
    try:
        for piece in reply.body:
            assert isinstance(piece, bytes)
            yield piece
    except AppFault as fault:
        failure = AppCrashed(fault.message)
        exchange.fail(failure)
        exchange.response.addErrback(lambda _: None)
        raise failure from None
    else:
        exchange.received(AnswerHead(id=0, status=reply.status))
