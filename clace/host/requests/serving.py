"""Requests from the line answered in one thread: each is a greenlet that gives way when it waits.

A request that calls a plugin waits for the answer; one that computes for longer than a slice lets
others go on.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from typing import Any

from greenlet import getcurrent, greenlet

from clace.frames import BadFrame
from clace.host.app import HostedApp
from clace.host.declarations import Declarations
from clace.host.faults import OUT_OF_MEMORY, AppFault, ImpossibleCall
from clace.host.requests.answers import LARGE, AppReply
from clace.host.requests.line import DaemonGone, DaemonLine
from clace.host.requests.slices import Slices
from clace.starlark import Failure
from clace.wire import (
    AnswerHead,
    AskApp,
    BodyChunk,
    CallAnswer,
    CallPlugin,
    HostNote,
    LoadApp,
    LoadFailed,
    NextItems,
    RequestFailed,
)

_LONGEST_LINE = 100_000
# A new greenlet has the kernel map a stack, and unmap it at its end; so many are kept for later.
_KEPT = 8


class RunQueue:
    """The order of requests: the one whose answer came, or those that ``gave_way``, in turn."""

    def __init__(self, hurries: Callable[[], bool]) -> None:
        """``hurries`` as in ``Slices``."""
        self.slices = Slices(self._give_way, hurries)
        self._loop = getcurrent()
        self.gave_way: deque[greenlet] = deque()
        self._idle: list[greenlet] = []

    def begin(self) -> None:
        """Make the greenlet that runs now the loop, and take the timer."""
        self._loop = getcurrent()
        self.slices.install()

    def start(self, work: Any, *arguments: Any) -> None:
        """Run a new request until it ends, waits or gives way."""
        worker = self._idle.pop() if self._idle else greenlet(self._run, self._loop)
        worker.switch(work, arguments)

    def go_on(self) -> None:
        """Resume the request that gave way first."""
        self.gave_way.popleft().switch()

    def wait(self) -> Any:
        """Let other requests go on, and return what this one waits for once it is there."""
        return self._loop.switch()

    def _run(self, work: Any, arguments: tuple[Any, ...]) -> None:
        while True:
            work(*arguments)
            if len(self._idle) == _KEPT:
                return
            self._idle.append(getcurrent())
            # Nothing of the request is kept while it waits for the next.
            del work, arguments
            work, arguments = self._loop.switch()

    def _give_way(self) -> None:
        current = getcurrent()
        if current is not self._loop:
            self.gave_way.append(current)
            self._loop.switch()


class RequestDaemon:
    """The daemon as the exchange of one request sees it."""

    def __init__(self, line: DaemonLine, calls: PendingCalls, request: int) -> None:
        self._line = line
        self._calls = calls
        self._request = request

    def call(
        self, plugin: str, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> CallAnswer:
        return self._calls.ask(
            CallPlugin(
                call=self._calls.number(),
                request=self._request,
                plugin=plugin,
                function=function,
                args=args,
                kwargs=kwargs,
            )
        )

    def next(self, stream: int) -> CallAnswer:
        number = self._calls.number()
        return self._calls.ask(NextItems(call=number, request=self._request, stream=stream))

    def say(self, text: str) -> None:
        self._line.send(printed(self._request, text))
        self._line.flush()  # what an app printed last is known, however it ends

    def record(self, operation: str, target: str, detail: str, *, failed: bool) -> None:
        self._line.send(
            HostNote(
                request=self._request,
                operation=operation,
                target=target,
                detail=detail,
                failed=failed,
            )
        )


class PendingCalls:
    """Plugin calls that wait for their answers."""

    def __init__(self, line: DaemonLine, turns: RunQueue) -> None:
        self._line = line
        self._turns = turns
        self._numbers = itertools.count(1)
        self._waiting: dict[int, greenlet] = {}

    def number(self) -> int:
        """Return the number of the next call."""
        return next(self._numbers)

    def ask(self, asked: CallPlugin | NextItems) -> CallAnswer:
        """The daemon's answer; other requests go on meanwhile.

        :raises Failure: if the call is too large.
        """
        slices = self._turns.slices
        deadline = slices.pause()
        try:
            self._line.send(asked)
            self._waiting[asked.call] = getcurrent()
            answer: CallAnswer = self._turns.wait()
        except BadFrame as error:
            raise Failure(str(error)) from None
        finally:
            slices.resume(deadline)
        return answer

    def deliver(self, answer: CallAnswer) -> None:
        """Resume the request that waits for this answer."""
        waiting = self._waiting.pop(answer.call, None)
        if waiting is not None:
            waiting.switch(answer)


class Serving:
    """Loads the app that the first frame brings and answers requests until the daemon hangs up."""

    def __init__(self, line: DaemonLine) -> None:
        self._line = line
        self._turns = RunQueue(line.holds_back)
        self._calls = PendingCalls(line, self._turns)
        self._app: HostedApp | None = None

    def run(self) -> None:
        """Return when the daemon has hung up."""
        turns, line = self._turns, self._line
        turns.begin()
        try:
            while True:
                message = line.receive(wait=not turns.gave_way)
                if message is not None:
                    self._take(message)
                    line.flush_late()
                if turns.gave_way:
                    line.flush()
                    turns.go_on()
        except (DaemonGone, BadFrame, OSError):
            return

    def _take(self, message: AskApp | CallAnswer | LoadApp) -> None:
        if isinstance(message, AskApp):
            self._turns.start(self._answer, message)
        elif isinstance(message, CallAnswer):
            self._calls.deliver(message)
        else:
            self._load(message)

    def _load(self, load: LoadApp) -> None:
        def say(text: str) -> None:
            self._line.send(printed(0, text))
            self._line.flush()

        try:
            if load.declarations:
                self._line.send(Declarations(load, say, self._turns.slices).loaded)
                return
            self._app = HostedApp(load, say, self._turns.slices)
            self._line.send(self._app.loaded)
        except AppFault as fault:
            self._line.send(LoadFailed(fault.located(), fault.code))
        except BadFrame as error:
            self._line.send(LoadFailed(f"what the app says of itself cannot be told: {error}"))
        except (MemoryError, RecursionError) as error:
            message = f"{OUT_OF_MEMORY} ({type(error).__name__})"
            self._line.send(LoadFailed(message, "app_crashed"))

    def _answer(self, ask: AskApp) -> None:
        if self._app is None:
            self._line.send(RequestFailed(id=ask.id, message="no app is loaded"))
            return
        daemon = RequestDaemon(self._line, self._calls, ask.id)
        try:
            self._send(ask.id, self._app.respond(ask.request, daemon))
        except AppFault as fault:
            self._line.send(failed(ask.id, fault))
        except (Failure, ImpossibleCall, BadFrame) as error:
            self._line.send(failed(ask.id, AppFault(str(error))))
        except (MemoryError, RecursionError) as error:
            message = f"{OUT_OF_MEMORY} ({type(error).__name__})"
            self._line.send(RequestFailed(id=ask.id, message=message, code="app_crashed"))
        except (DaemonGone, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - other requests of the app go on
            message = f"the app could not be answered for ({type(error).__name__})"
            self._line.send(RequestFailed(id=ask.id, message=message, code="app_crashed"))

    def _send(self, request: int, reply: AppReply) -> None:
        body = reply.body
        if isinstance(body, bytes) and len(body) <= LARGE:
            self._line.send(head_of(request, reply, body=body))
            return
        if isinstance(body, bytes | str):
            self._line.send_large(head_of(request, reply), body)
            return
        self._line.send(head_of(request, reply, last=False))
        for piece in body:
            self._line.send(BodyChunk(id=request, body=piece))
        self._line.send(BodyChunk(id=request, last=True))


def head_of(request: int, reply: AppReply, *, body: bytes = b"", last: bool = True) -> AnswerHead:
    """The first frame of an answer."""
    return AnswerHead(
        id=request,
        status=reply.status,
        headers=reply.headers,
        body=body,
        last=last,
        fault=reply.fault,
    )


def printed(request: int, text: str) -> HostNote:
    """A line that the app prints, shortened if it is very long."""
    shown = text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]}..."
    return HostNote(request=request, text=shown.encode("utf-8", "replace").decode())


def failed(request: int, fault: AppFault) -> RequestFailed:
    """The frame that says what the app failed on."""
    told = fault.as_sent
    return RequestFailed(
        id=request, message=told.message, code=told.code, place=told.place, route=told.route
    )
