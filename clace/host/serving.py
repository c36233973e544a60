"""Requests from the line answered in parallel threads; plugin calls go up, answers come back."""

from __future__ import annotations

import itertools
import os
import queue
import threading
from typing import Any

from clace.host.answers import Reply
from clace.host.app import HostedApp
from clace.host.faults import AppFault, Refused
from clace.host.line import Hangup, Line
from clace.host.program import OUT_OF_MEMORY
from clace.wire import (
    Answer,
    Ask,
    BadFrame,
    Call,
    Chunk,
    Failed,
    Head,
    Load,
    LoadFailed,
    Next,
    Note,
)

_LONGEST_LINE = 100_000
_STACK = 16 << 20


class Turn:
    """The right to read from the line: kept by a thread from one request to the next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder = 0

    def take(self) -> None:
        """Wait for the right, unless this thread has it."""
        if self._holder != threading.get_ident():
            self._lock.acquire()
            self._holder = threading.get_ident()

    def give(self) -> None:
        """Let another thread read, if this one could."""
        if self._holder == threading.get_ident():
            self._holder = 0
            self._lock.release()


class Calls:
    """Plugin calls that wait for their answers."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._numbers = itertools.count(1)
        self._waiting: dict[int, queue.SimpleQueue[Answer]] = {}
        self.reading = Turn()

    def ask(self, make: type[Call | Next], **fields: Any) -> Answer:
        """What the daemon answers; other threads go on meanwhile."""
        self.reading.give()
        number = next(self._numbers)
        answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._waiting[number] = answers
        try:
            self._line.send(make(call=number, **fields))
            return answers.get()
        except BadFrame as error:
            raise Refused(str(error)) from None
        finally:
            del self._waiting[number]

    def deliver(self, answer: Answer) -> None:
        waiting = self._waiting.get(answer.call)
        if waiting is not None:
            waiting.put(answer)


class RequestDaemon:
    """The daemon as the exchange of one request sees it."""

    def __init__(self, line: Line, calls: Calls, request: int) -> None:
        self._line = line
        self._calls = calls
        self._request = request

    def call(
        self, plugin: str, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Answer:
        fields = {"plugin": plugin, "function": function, "args": args, "kwargs": kwargs}
        return self._calls.ask(Call, request=self._request, **fields)

    def next(self, stream: int) -> Answer:
        return self._calls.ask(Next, request=self._request, stream=stream)

    def step_aside(self) -> None:
        self._calls.reading.give()

    def say(self, text: str) -> None:
        self._line.send(said(self._request, text))

    def record(self, operation: str, target: str, detail: str, *, failed: bool) -> None:
        self._line.send(
            Note(
                request=self._request,
                operation=operation,
                target=target,
                detail=detail,
                failed=failed,
            )
        )


class Serving:
    """Loads the app that the first frame brings and answers requests until the daemon hangs up.

    The thread that reads a request answers it and goes on reading; only if the request takes long
    or waits for a plugin does another thread read meanwhile. One more thread than the daemon may
    ask requests at a time is always free, so that the answers to plugin calls are read.
    """

    def __init__(self, line: Line, threads: int) -> None:
        self._line = line
        self._calls = Calls(line)
        self._begun = threading.Event()
        self._ended = threading.Event()
        self._app: HostedApp | None = None
        threading.stack_size(_STACK)
        self._threads = [
            threading.Thread(target=self._work, daemon=True) for _ in range(threads + 1)
        ]

    def start(self) -> None:
        """Make the threads, which wait until they are let in."""
        for thread in self._threads:
            thread.start()

    def run(self) -> None:
        """Let them in; returns when the daemon has hung up."""
        self._begun.set()
        self._ended.wait()

    def _work(self) -> None:
        try:
            self._begun.wait()
            while True:
                self._calls.reading.take()
                self._answer(self._next_request())
        except (Hangup, BadFrame, OSError):
            self._ended.set()
        except BaseException:  # noqa: BLE001 - a host that lost a thread is not to linger
            os._exit(1)

    def _next_request(self) -> Ask:
        while True:
            message = self._line.receive()
            if isinstance(message, Ask):
                return message
            if isinstance(message, Answer):
                self._calls.deliver(message)
            else:
                self._load(message)

    def _load(self, load: Load) -> None:
        try:
            self._app = HostedApp(load, lambda text: self._line.send(said(0, text)))
            self._line.send(self._app.loaded)
        except AppFault as fault:
            self._line.send(LoadFailed(fault.located(), fault.code))
        except BadFrame as error:
            self._line.send(LoadFailed(f"the app says too much of itself: {error}"))
        except (MemoryError, RecursionError) as error:
            message = f"{OUT_OF_MEMORY} ({type(error).__name__})"
            self._line.send(LoadFailed(message, "app_crashed"))

    def _answer(self, ask: Ask) -> None:
        if self._app is None:
            self._line.send(Failed(id=ask.id, message="no app is loaded"))
            return
        daemon = RequestDaemon(self._line, self._calls, ask.id)
        try:
            self._send(ask.id, self._app.respond(ask.request, daemon))
        except AppFault as fault:
            self._line.send(failed(ask.id, fault))
        except (Refused, BadFrame) as error:
            self._line.send(failed(ask.id, AppFault(str(error))))
        except (MemoryError, RecursionError) as error:
            message = f"{OUT_OF_MEMORY} ({type(error).__name__})"
            self._line.send(Failed(id=ask.id, message=message, code="app_crashed"))
        except (Hangup, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - other requests of the app go on
            message = f"the app could not be answered for ({type(error).__name__})"
            self._line.send(Failed(id=ask.id, message=message, code="app_crashed"))

    def _send(self, request: int, reply: Reply) -> None:
        if isinstance(reply.body, bytes):
            self._line.send(head_of(request, reply, body=reply.body))
            return
        self._line.send(head_of(request, reply, last=False))
        for piece in reply.body:
            self._line.send(Chunk(id=request, body=piece))
        self._line.send(Chunk(id=request, last=True))


def said(request: int, text: str) -> Note:
    """A line that the app prints, shortened if it is very long."""
    shown = text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]}..."
    return Note(request=request, text=shown)


def head_of(request: int, reply: Reply, *, body: bytes = b"", last: bool = True) -> Head:
    """The first frame of an answer."""
    return Head(
        id=request,
        status=reply.status,
        headers=reply.headers,
        body=body,
        last=last,
        fault=reply.fault,
    )


def failed(request: int, fault: AppFault) -> Failed:
    """The frame that says what the app failed on."""
    told = fault.told
    return Failed(
        id=request, message=told.message, code=told.code, place=told.place, route=told.route
    )
