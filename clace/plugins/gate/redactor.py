"""Redaction: texts for an app, without the values of the secrets that it named."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

import msgspec
from msgspec.structs import replace

from clace.errors import ClaceError
from clace.interfaces import PluginAnswer
from clace.model import SecretReference
from clace.plugins.builtin.http import escaped
from clace.plugins.kit import CallFailed
from clace.units import MEBIBYTE

# What MessagePack can say.
_INTEGERS = range(-(2**63), 2**64)
R = TypeVar("R", bound=ClaceError)
MAX_GROWTH = MEBIBYTE
MAX_PARTS = 25_000  # a tenth of a second, in which nobody is served
MIN_LINE = 8
MAX_LINES = 200  # each costs a look at the whole of each result


class Redactor:
    """The values that an app must not be told, with the references that it is told instead."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._numbers: dict[float, str] = {}
        self._lines_left = MAX_LINES

    def __bool__(self) -> bool:
        return bool(self._texts)

    def add(self, values: Mapping[SecretReference, str]) -> None:
        for reference, value in values.items():
            for form in _forms(value) if value else ():
                self._texts.setdefault(form, reference.text)
            for number in _numbers(value):
                self._numbers.setdefault(number, reference.text)
            for line in _lines(value):
                self._add_line(line, reference)
        # What holds another one goes first, or the rest of it would be seen.
        self._texts = dict(sorted(self._texts.items(), key=lambda item: -len(item[0])))

    def _add_line(self, line: str, reference: SecretReference) -> None:
        if line not in self._texts and self._lines_left:
            self._lines_left -= 1
            self._texts[line] = reference.text
            self._texts.setdefault(_in_json(line), reference.text)

    def text(self, text: str) -> str:
        """Redact an error for an app."""
        try:
            return str(_Redaction(self._texts, self._numbers).value(text))
        except CallFailed as error:
            return error.message

    def answer(self, answer: PluginAnswer) -> PluginAnswer:
        """Redact what came of a call; an error of it if that cannot be done."""
        if not self._texts:
            return answer
        try:
            value = self.value(answer.value)
        except CallFailed as error:
            return PluginAnswer(error=error.message, error_code=error.error_code)
        return replace(answer, value=value, error=self.text(answer.error))

    def refusal(self, refusal: R) -> R:
        """Redact the text of a refusal."""
        return type(refusal)(self.text(refusal.message)) if self._texts else refusal

    def value(self, value: Any) -> Any:
        """Redact a value of JSON's or MessagePack's types.

        :raises CallFailed: if it would grow beyond all measure, or take too long to go through.
        """
        if not self._is_in(value):
            return value
        plain = msgspec.to_builtins(value, builtin_types=(bytes, bytearray, memoryview))
        return _Redaction(self._texts, self._numbers).value(plain)

    def is_surely_absent(self, data: bytes) -> bool:
        """Return true if no value can be in this text, also not as JSON with escapes."""
        if not self._texts:
            return True
        return b"\\" not in data and not any(text.encode() in data for text in self._texts)

    def _is_in(self, value: Any) -> bool:
        """Return true if one of the values may be in there: a search of millions of texts in vain
        would stop the server for seconds.
        """
        if not self._texts:
            return False
        packed = msgspec.msgpack.encode(value)
        return any(text.encode() in packed for text in self._texts) or any(
            msgspec.msgpack.encode(number) in packed
            for known in self._numbers
            for number in _spellings(known)
        )


class _Redaction:
    """One value being gone through; it may only grow so much, and have so many parts."""

    def __init__(self, texts: Mapping[str, str], numbers: Mapping[float, str]) -> None:
        self._texts = texts
        self._numbers = numbers
        self._growth = 0
        self._parts = 0

    def value(self, value: Any) -> Any:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise CallFailed(
                f"what came of the call may have a secret in it, and over {MAX_PARTS} parts"
            )
        match value:
            case str():
                return self._hidden(value, str)
            case bytes() | bytearray() | memoryview():
                return self._hidden(bytes(value), str.encode)
            case list() | tuple():
                return [self.value(item) for item in value]
            case dict():
                return {self.value(key): self.value(item) for key, item in value.items()}
            case int() | float() if not isinstance(value, bool):
                return self._numbers.get(value, value)
            case _:
                return value

    def _hidden(self, text: Any, form: Callable[[str], Any]) -> Any:
        if not any(form(value) in text for value in self._texts):
            return text
        written = _in_json if _is_json(text) else str
        for value, reference in self._texts.items():
            old, new = form(value), form(written(reference))
            if count := text.count(old):
                self._growth += count * max(len(new) - len(old), 0)
                if self._growth > MAX_GROWTH:
                    raise CallFailed("what came of the call is full of what may be a secret")
                text = text.replace(old, new)
        return text


def _lines(value: str) -> list[str]:
    """Return the lines that may be told of a value of several lines, such as a private key.
    Short lines, such as a bracket, say nothing and would be found everywhere.
    """
    lines = (line.strip() for line in value.splitlines())
    return [line for line in lines if len(line) >= MIN_LINE and line != value]


def _numbers(value: str) -> list[float]:
    """Return the number that a program may print for the value, if it is one."""
    try:
        return [msgspec.json.decode(value, type=int | float)]
    except msgspec.DecodeError:
        return []


def _spellings(number: float) -> list[float]:
    """Return a number as an integer and with a fraction, which are two values in MessagePack."""
    try:
        whole = [int(number)] if int(number) == number and int(number) in _INTEGERS else []
        return [float(number), *whole]
    except OverflowError:
        return []


def _is_json(text: str | bytes) -> bool:
    """Return true if the text is an object or array, which it has to remain."""
    if text.lstrip()[:1] not in ("{", "[", b"{", b"["):
        return False
    try:
        msgspec.json.decode(text, type=msgspec.Raw)  # goes through it, makes nothing of it
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return False
    return True


def _in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _forms(value: str) -> set[str]:
    """Return the forms of a value: as it is, as a host, in JSON, in an URL, in a page."""
    return {
        value,
        value.lower(),
        _in_json(value),
        json.dumps(value, ensure_ascii=False)[1:-1],
        quote(value),
        quote(value, safe=""),
        quote_plus(value),
        escaped(value),
        html.escape(value),
    }
