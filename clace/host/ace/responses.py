"""Responses of plugins, and of ``ace.output``: a value or an error that the app must look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from clace.host.ace.entries import with_entries
from clace.outputs import SHAPES as OUTPUTS
from clace.outputs import taken_apart
from clace.starlark import Builtin, Failure, HostObject, NoSuchAttribute, Struct, keys_of, text_of
from clace.wire import CallAnswer

if TYPE_CHECKING:
    from clace.host.requests import HandlerExchange

_NAMES = ("error", "error_code", "is_stream", "value")
CURSOR = "cursor"


class PluginResponse(HostObject):
    """The response of a call. Its ``exchange`` knows whether the app looked at an error."""

    __slots__ = ("_answer", "_exchange", "_value", "number")
    type_name = "response"
    missing = "response has no attribute '{name}'"

    def __init__(
        self, number: int, answer: CallAnswer, value: object, exchange: HandlerExchange
    ) -> None:
        self.number = number
        self._answer = answer
        self._value = value
        self._exchange = exchange

    @property
    def is_stream(self) -> bool:
        return self._answer.stream > 0

    def attribute(self, name: str) -> object:
        read = _READERS.get(name)
        if read is None:
            raise NoSuchAttribute(name)
        return read(self)

    def attribute_names(self) -> Iterable[str]:
        return _NAMES

    def value(self) -> object:
        """:raises Failure: if the call failed, or the value can only be looped over."""
        if self._answer.error:
            raise Failure(self._answer.error)
        if self._answer.shape == CURSOR:
            return self
        if self.is_stream:
            raise Failure("response is a stream, it has no value")
        return self._value

    def error(self) -> str | None:
        """The error, which counts as looked at from now on."""
        self._exchange.handled(self.number)
        return self._answer.error or None

    def code(self) -> int:
        return self._answer.error_code

    def flows(self) -> bool:
        """Return true if a handler may return it to send its items one by one."""
        return self.is_stream and self._answer.shape != CURSOR

    def iterate(self) -> Iterable[object]:
        """The items of the value; those of a stream as they come."""
        if self.is_stream:
            return self._pages()
        value = self.value()
        if isinstance(value, dict):
            return keys_of(value)
        if isinstance(value, list | tuple):
            return list(value)
        raise Failure(f"{text_of(value)} value is not iterable")

    def length(self) -> int | None:
        """The number of items; a stream is read to its end, which may never come."""
        count = 0
        for _ in self.iterate():
            self._exchange.check_time()
            count += 1
        return count

    def _pages(self) -> Iterator[object]:
        for item in self._exchange.items(self.number):
            yield with_entries(item)

    def children(self) -> Iterable[object]:
        return (self._value,)

    def text(self) -> str:
        answer = self._answer
        shown = text_of(self._value)
        return f"{answer.error_code}:{answer.error}:{shown}:{answer.stream > 0}"

    def __bool__(self) -> bool:
        self._exchange.handled(self.number)
        return not self._answer.error


_READERS: dict[str, Callable[[PluginResponse], object]] = {
    "value": PluginResponse.value,
    "error": PluginResponse.error,
    "error_code": PluginResponse.code,
    "is_stream": PluginResponse.flows,
}


def shaped(answer: CallAnswer) -> object:
    """The value of an answer as the app is to see it.

    :raises Malformed: if it is an output that cannot be taken apart.
    """
    value = answer.value
    if answer.shape in OUTPUTS and isinstance(value, bytes):
        return with_entries(taken_apart(value, answer.shape))
    shape = _SHAPES.get(answer.shape, with_entries)
    return [shape(item) for item in value] if isinstance(value, list) else shape(value)


def _struct(fields: Any) -> object:
    return Struct(fields) if isinstance(fields, dict) else fields


def _document(fields: Any) -> object:
    """The answer of another server: ``body()`` and ``json()`` are functions."""
    if not isinstance(fields, dict):
        return fields
    text = fields["body"]
    functions = {
        "body": Builtin("body", lambda: text),
        "json": Builtin("json", lambda: _parsed(text)),
    }
    return Struct({**fields, **functions})


def _parsed(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Failure(f"the body is no JSON: {error}") from None


_SHAPES: dict[str, Callable[[Any], object]] = {"struct": _struct, "document": _document}
