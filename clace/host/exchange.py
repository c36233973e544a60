"""One request on its way through an app: its calls, and which failures it has not looked at."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

import msgspec

from clace.host.faults import Refused
from clace.wire import Answer

_encode = msgspec.json.Encoder().encode
_decode_any = msgspec.json.Decoder().decode
_decode_config = msgspec.json.Decoder(tuple[str, Any]).decode
_decode_call = msgspec.json.Decoder(tuple[str, str, tuple[Any, ...], dict[str, Any]]).decode
_decode_audit = msgspec.json.Decoder(tuple[str, str, str]).decode

_SOON = 0.005


class Daemon(Protocol):
    """What an app may ask of the daemon while it answers one request."""

    def call(
        self, plugin: str, function: str, args: tuple[Any, ...], kwargs: dict[str, Any], /
    ) -> Answer:
        """What the plugin came to."""

    def next(self, stream: int) -> Answer:
        """The next items of a stream: a list in ``value``, and whether there may be ``more``."""

    def step_aside(self) -> None:
        """The request takes its time: others may go on meanwhile."""

    def say(self, text: str) -> None:
        """Something that the app printed."""

    def record(self, operation: str, target: str, detail: str, *, failed: bool) -> None:
        """Something for the audit log."""


class Exchange:
    """The state of one request, on the Python side of Starlark."""

    def __init__(self, daemon: Daemon, seconds: float) -> None:
        self._daemon = daemon
        self._seconds = seconds
        self._patience = time.monotonic() + _SOON
        self._deadline = time.monotonic() + seconds
        self._answers: list[Answer] = []
        self._pending: list[int] = []
        self._audit: tuple[str, str, str] | None = None

    def expired(self) -> bool:
        """Whether the time is up; asked now and then while Starlark runs."""
        now = time.monotonic()
        if now > self._patience:
            self._patience = math.inf
            self._daemon.step_aside()
        return now > self._deadline

    @property
    def seconds_left(self) -> float:
        return max(0.0, self._deadline - time.monotonic())

    def call(self, text: str) -> bytes:
        """A plugin's answer as JSON.

        :raises Refused: the call is not allowed, or an earlier failure was not looked at.
        """
        if self._pending:
            raise Refused(f"previous plugin call failed: {self._first_failure}")
        plugin, function, args, kwargs = _decode_call(text)
        answer = self._daemon.call(plugin, function, args, kwargs)
        if answer.refused:
            raise Refused(answer.error)
        return self._keep(answer)

    def document(self, text: str) -> bytes:
        """The text again, if it is JSON.

        :raises Refused: it is not.
        """
        try:
            _decode_any(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Refused(f"the body is no JSON: {error}") from None
        return text.encode()

    def output(self, error: str) -> bytes:
        """The response that ``ace.output`` makes."""
        return self._keep(Answer(call=0, error=error, error_code=1 if error else 0))

    def _keep(self, answer: Answer) -> bytes:
        number = len(self._answers)
        self._answers.append(answer)
        if answer.error:
            self._pending.append(number)
        return _encode(
            {
                "number": number,
                "value": answer.value,
                "error": answer.error,
                "error_code": answer.error_code,
                "is_stream": answer.stream > 0,
                **({"shape": answer.shape} if answer.shape else {}),
            }
        )

    def page(self, number: str) -> bytes:
        """Some items of the stream in response ``number``, and whether there may be more.

        :raises Refused: the producer failed.
        """
        answer = self._daemon.next(self._answers[int(number)].stream)
        if answer.error:
            raise Refused(answer.error)
        return _encode((answer.value or (), answer.more))

    def handled(self, number: str) -> bytes:
        """The app has looked at this response's error."""
        if int(number) in self._pending:
            self._pending.remove(int(number))
        return b""

    def audit(self, text: str) -> bytes:
        """The record to write when the handler ends; the last one counts."""
        self._audit = _decode_audit(text)
        return b""

    def print(self, text: str) -> bytes:
        self._daemon.say(text)
        return b""

    def close(self, *, failed: bool) -> None:
        """The handler has ended; what it left is told now, and no more to an error handler.

        :raises Refused: it left a failure that it did not look at.
        """
        left = self._first_failure if self._pending else ""
        self._pending.clear()
        if self._audit is not None:
            self._daemon.record(*self._audit, failed=failed or bool(left))
            self._audit = None
        if left and not failed:
            raise Refused(left)

    @property
    def _first_failure(self) -> str:
        return self._answers[self._pending[0]].error

    def items(self, number: int) -> Iterator[Any]:
        """The items of the stream in response ``number``; each has the time of a request.

        :raises Refused: the producer failed.
        """
        stream = self._answers[number].stream
        more = True
        while more:
            answer = self._daemon.next(stream)
            if answer.error:
                raise Refused(answer.error)
            self._deadline = time.monotonic() + self._seconds
            yield from answer.value or ()
            more = answer.more


_present = threading.local()


def host_call(operation: str, text: str) -> str:
    """The one function that Starlark can call: it does what the door open in this thread allows."""
    allowed: Callable[[str, str], str] | None = getattr(_present, "allowed", None)
    if allowed is None:
        raise Refused("nothing can be called now")
    return allowed(operation, text)


class Door:
    """What an app can call: settings and printing always, the rest while it answers a request."""

    def __init__(
        self, config: dict[str, Any], env: dict[str, str], say: Callable[[str], None]
    ) -> None:
        self._config = config
        self._env = env
        self._say = say

    @contextmanager
    def open(self, exchange: Exchange | None = None) -> Iterator[None]:
        """Calls of this thread belong to this app meanwhile, and to ``exchange``."""
        before = getattr(_present, "allowed", None)
        _present.allowed = partial(self._call, exchange)
        try:
            yield
        finally:
            _present.allowed = before

    def _call(self, exchange: Exchange | None, operation: str, text: str) -> str:
        if operation == "config":
            return self._setting(text)
        if exchange is None and operation == "print":
            self._say(text)
            return ""
        if exchange is None:
            raise Refused("plugins cannot be called while the app loads")
        work = {
            "call": exchange.call,
            "handled": exchange.handled,
            "document": exchange.document,
            "output": exchange.output,
            "audit": exchange.audit,
            "page": exchange.page,
            "print": exchange.print,
        }[operation]
        return work(text).decode()

    def _setting(self, text: str) -> str:
        key, default = _decode_config(text)
        value = self._config.get(key, default)
        if isinstance(value, str):
            for name, replacement in self._env.items():
                value = value.replace(f"${name}", replacement)
        return _encode(value).decode()
