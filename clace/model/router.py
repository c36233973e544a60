"""Routes of an app: static text comes before parameters, and those before wildcards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")
_STATIC, _REGEX, _PARAMETER, _WILDCARD = range(4)


class BadPattern(ValueError):
    """An invalid route pattern."""


class _Part(Struct, frozen=True):
    """A piece of a pattern: fixed text, a parameter that ends before ``tail``, or the rest."""

    kind: int
    text: str = ""
    tail: str = "/"
    regex: re.Pattern[str] | None = None

    def take(self, path: str, start: int) -> int:
        """Return the end of this part in the path, or -1."""
        if self.kind == _STATIC:
            return start + len(self.text) if path.startswith(self.text, start) else -1
        if self.kind == _WILDCARD:
            return len(path)
        end = path.find(self.tail, start)
        if end < 0:
            end = len(path) if self.tail == "/" else start
        value = path[start:end]
        if not value or "/" in value or (self.regex and not self.regex.search(value)):
            return -1
        return end


class RoutePattern:
    """A route pattern as chi reads it: ``/a/{id}``, ``/a/{id:[0-9]+}.csv``, ``/files/*``.

    One that is read ``loosely`` takes any value for a parameter with an expression: it matches too
    much, and costs no more than the path is long, whoever wrote it.
    """

    def __init__(self, text: str, *, loosely: bool = False) -> None:
        if not text.startswith("/"):
            raise BadPattern(f"routing pattern must begin with '/' in '{text}'")
        self.text = text
        self._parts = tuple(_parts(text, loosely=loosely))
        names = [part.text for part in self._parts if part.kind in {_REGEX, _PARAMETER}]
        if len(set(names)) < len(names):
            raise BadPattern(f"routing pattern '{text}' contains a duplicate parameter")
        self.is_static = all(part.kind == _STATIC for part in self._parts)
        # Compared part by part, so that the more particular pattern is tried first.
        self.rank = tuple(
            (part.kind, -len(part.text) if part.kind == _STATIC else 0, part.text)
            for part in self._parts
        )

    def match(self, path: str) -> dict[str, str] | None:
        """The parameters, if the whole path fits; the rest that ``*`` takes is called ``*``."""
        found: dict[str, str] = {}
        position = 0
        for part in self._parts:
            end = part.take(path, position)
            if end < 0:
                return None
            if part.kind != _STATIC:
                found[part.text] = path[position:end]
            position = end
        return found if position == len(path) else None


def _parts(text: str, *, loosely: bool) -> Iterator[_Part]:
    position = 0
    while position < len(text):
        if text[position] == "*":
            if position != len(text) - 1:
                raise BadPattern(f"wildcard '*' must be the last value in route '{text}'")
            yield _Part(_WILDCARD, "*")
            return
        if text[position] == "{":
            end = _closing(text, position)
            yield _parameter(text, position, end, loosely=loosely)
            position = end + 1
            continue
        end = min(
            (at for at in (text.find("{", position), text.find("*", position)) if at >= 0),
            default=len(text),
        )
        yield _Part(_STATIC, text[position:end])
        position = end


def _closing(text: str, start: int) -> int:
    depth = 0
    for position in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return position
    raise BadPattern(f"route parameter closing delimiter '}}' is missing in '{text}'")


def _parameter(text: str, start: int, end: int, *, loosely: bool) -> _Part:
    name, colon, expression = text[start + 1 : end].partition(":")
    tail = text[end + 1] if end + 1 < len(text) else "/"
    if tail in "{*":
        raise BadPattern(f"a parameter must be followed by '/' or fixed text in '{text}'")
    if not colon or loosely:
        return _Part(_PARAMETER, name, tail)
    try:
        # Anchored at both ends, as the pattern is of a whole value.
        regex = re.compile(expression.removeprefix("^").removesuffix("$").join(("^(?:", ")\\Z")))
    except (re.error, RecursionError, OverflowError) as error:
        raise BadPattern(
            f"invalid regexp '{expression}' in route pattern '{text}': {error}"
        ) from None
    return _Part(_REGEX, name, tail, regex)


class RouteMatch(Struct, Generic[T], frozen=True):
    """The target of a path; without one, the methods that the path has."""

    target: T | None
    parameters: dict[str, str] = {}
    allowed: tuple[str, ...] = ()


class PatternRouter(Generic[T]):
    """Patterns with methods; a later one of the same pattern and method replaces the earlier.

    ``HEAD`` leads where ``GET`` does unless it has a target of its own.
    """

    def __init__(self, *, loosely: bool = False) -> None:
        self._loosely = loosely
        self._targets: dict[str, dict[str, T]] = {}
        self._fixed: dict[str, dict[str, T]] = {}
        self._patterns: list[RoutePattern] = []

    def add(self, text: str, method: str, target: T) -> None:
        """:raises BadPattern: if the text is invalid."""
        if text not in self._targets:
            pattern = RoutePattern(text, loosely=self._loosely)
            targets = self._targets[text] = {}
            if pattern.is_static:
                self._fixed[text] = targets
            else:
                self._patterns.append(pattern)
                self._patterns.sort(key=lambda one: one.rank)
        self._targets[text][method] = target

    def table(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The patterns, each with its methods."""
        return tuple((text, tuple(targets)) for text, targets in self._targets.items())

    def find(self, method: str, path: str) -> RouteMatch[T]:
        """The target for a path, and the values of its parameters."""
        fixed = self._fixed.get(path)
        if fixed and method in fixed:
            return RouteMatch(fixed[method])
        found = self._find(method, path)
        if found.target is None and "GET" in found.allowed:
            if method == "HEAD":
                return self._find("GET", path)
            return RouteMatch(None, allowed=tuple(sorted({*found.allowed, "HEAD"})))
        return found

    def _find(self, method: str, path: str) -> RouteMatch[T]:
        targets = self._fixed.get(path)
        if targets and method in targets:
            return RouteMatch(targets[method])
        allowed = set(targets or ())
        for pattern in self._patterns:
            parameters = pattern.match(path)
            if parameters is None:
                continue
            targets = self._targets[pattern.text]
            if method in targets:
                return RouteMatch(targets[method], parameters)
            allowed.update(targets)
        return RouteMatch(None, allowed=tuple(sorted(allowed)))
