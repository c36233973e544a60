"""One request on its way through an app: its calls, and which failures it has not looked at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from copy import deepcopy
from typing import Any, Protocol

from clace.host.ace import AceValue, PluginResponse, plain, shaped, want_all
from clace.host.faults import NOWHERE, AppFault, ImpossibleCall, SourcePlace, place_of
from clace.host.requests.slices import DeadlinePassed, Slices
from clace.outputs import MalformedOutput
from clace.starlark import Failure, calling_frame
from clace.wire import CallAnswer


class DaemonCalls(Protocol):
    """Requests that an app may make of the daemon while it answers one request."""

    def call(
        self, plugin: str, function: str, args: tuple[Any, ...], kwargs: dict[str, Any], /
    ) -> CallAnswer:
        """Call the plugin and return its answer."""

    def next(self, stream: int) -> CallAnswer:
        """Return the next items of a stream: a list in ``value``, ``more`` if others may follow."""

    def say(self, text: str) -> None:
        """Take a line that the app printed."""

    def record(self, operation: str, target: str, detail: str, *, failed: bool) -> None:
        """Write a record to the audit log."""


class HandlerExchange:
    """The calls of one request, and the time that it has."""

    __slots__ = ("_answers", "_audit", "_daemon", "_pending", "_seconds", "_slices", "deadline")

    def __init__(self, daemon: DaemonCalls, seconds: float, slices: Slices) -> None:
        self._daemon = daemon
        self._seconds = seconds
        self._slices = slices
        self.deadline = time.monotonic() + seconds
        self._answers: list[CallAnswer] = []
        self._pending: dict[int, SourcePlace] = {}
        self._audit: tuple[str, str, str] | None = None

    @property
    def seconds_left(self) -> float:
        return max(0.0, self.deadline - time.monotonic())

    def call(
        self, plugin: str, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> PluginResponse:
        """A plugin's answer.

        :raises Failure: if the call is not allowed, or an earlier failure was not looked at.
        """
        if self._pending:
            left = self._first_failure
            at = f" at {left.place}" if left.place.file else ""
            raise Failure(f"previous plugin call failed: {left}{at}")
        answer = self._daemon.call(plugin, function, args, kwargs)
        if answer.refused:
            raise Failure(answer.error)
        try:
            return self._keep(answer, shaped(answer))
        except MalformedOutput as error:
            return self._keep(CallAnswer(call=answer.call, error=str(error), error_code=1), None)

    def output(self, value: object, error: str) -> PluginResponse:
        """The response that ``ace.output`` makes."""
        return self._keep(CallAnswer(call=0, error=error, error_code=1 if error else 0), value)

    def _keep(self, answer: CallAnswer, value: object) -> PluginResponse:
        number = len(self._answers)
        self._answers.append(answer)
        if answer.error:
            frame = calling_frame()
            self._pending[number] = NOWHERE if frame is None else place_of(frame)
        return PluginResponse(number, answer, value, self)

    def handled(self, number: int) -> None:
        """Note that the app has looked at this response's error."""
        self._pending.pop(number, None)

    def audit(self, operation: str, target: str, detail: str) -> None:
        """Set the record to write when the handler ends; the last one counts."""
        self._audit = operation, target, detail

    def print(self, text: str) -> None:
        self._daemon.say(text)

    def close(self, *, failed: bool) -> None:
        """End the handler: tell what it left now, and not again to an error handler.

        :raises ImpossibleCall: if it left a failure that it did not look at.
        """
        left = self._first_failure if self._pending else None
        self._pending.clear()
        if self._audit is not None:
            self._daemon.record(*self._audit, failed=failed or left is not None)
            self._audit = None
        if left is not None and not failed:
            raise left

    @property
    def _first_failure(self) -> ImpossibleCall:
        number, place = next(iter(self._pending.items()))
        return ImpossibleCall(self._answers[number].error, place)

    def items(self, number: int) -> Iterator[Any]:
        """The items of the stream in response ``number``.

        :raises Failure: if the producer failed.
        """
        stream = self._answers[number].stream
        more = True
        while more:
            answer = self._daemon.next(stream)
            if answer.error:
                raise Failure(answer.error)
            yield from answer.value or ()
            more = answer.more

    def check_time(self) -> None:
        """:raises DeadlinePassed: if the time of the request is over."""
        if not self.seconds_left:
            raise DeadlinePassed

    def more_time(self) -> None:
        """Begin the time of a request anew, for an answer that has begun to flow."""
        self.deadline = time.monotonic() + self._seconds
        self._slices.extend(self.deadline)


_present: ContextVar[HandlerExchange | None] = ContextVar("exchange", default=None)


class AceCalls:
    """Calls an app can make: settings and printing always, others while it answers a request."""

    def __init__(
        self, config: dict[str, Any], env: dict[str, str], say: Callable[[str], None]
    ) -> None:
        self._config = config
        self._env = env
        self._say = say

    open = staticmethod(_present.set)
    """Have calls belong to an exchange, until ``close`` is given what this returned."""

    close = staticmethod(_present.reset)
    """Have calls belong to what they did before."""

    @property
    def calls(self) -> dict[str, Callable[..., Any]]:
        """The functions of ``ace`` that need to know which request they are for."""
        return {"config": self.config, "audit": self._audit, "output": self._output}

    def plugin(self, plugin: str, function: str) -> Callable[..., PluginResponse]:
        """A function of a plugin, which the daemon performs."""

        def call(*args: Any, **kwargs: Any) -> PluginResponse:
            exchange = _exchange()
            try:
                given, named = tuple(map(plain, args)), plain(kwargs)
            except AppFault as fault:
                called = f"{plugin} {function}"
                raise Failure(f"{called}: argument cannot be sent: {fault.message}") from None
            return exchange.call(plugin, function, given, named)

        return call

    def declaring(self, plugin: str, function: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, which while the app loads says only how it was called."""

        def declare(*args: Any, **kwargs: Any) -> Any:
            if _present.get() is not None:
                return call(*args, **kwargs)
            return AceValue("call", plugin=plugin, function=function, args=args, kwargs=kwargs)

        return declare

    def print(self, text: str) -> None:
        exchange = _present.get()
        (self._say if exchange is None else exchange.print)(text)

    def config(self, key: Any, default: Any) -> Any:
        """A setting of the server, in which names stand for values of its environment."""
        want_all("config", "string", key=key)
        value = deepcopy(self._config[key]) if key in self._config else default
        if isinstance(value, str):
            for name, replacement in self._env.items():
                value = value.replace(f"${name}", replacement)
        return value

    def _audit(self, operation: Any, target: Any, detail: Any = "") -> None:
        want_all("audit", "string", operation=operation, target=target, detail=detail)
        _exchange().audit(operation, target, detail)

    def _output(self, value: Any = None, error: Any = "") -> PluginResponse:
        want_all("output", "string", error=error)
        return _exchange().output(value, error)


def _exchange() -> HandlerExchange:
    exchange = _present.get()
    if exchange is None:
        raise Failure("plugins cannot be called while the app loads")
    return exchange
