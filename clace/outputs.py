"""Outputs of programs taken apart: into lines, or into what they say as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

LINES, JSON, JSON_LINES = "lines", "json", "json_lines"
"""The shapes of an answer that is an output, in bytes, for its receiver to take apart."""


class MalformedOutput(ValueError):
    """An output that is not JSON; the text says where and why."""


def taken_apart(data: bytes, shape: str) -> list[Any]:
    """The lines of an output, or its documents; bytes that are not UTF-8 are replaced in lines.

    :raises MalformedOutput: if the output is not JSON.
    """
    return _PARTS[shape](data)


def _lines(data: bytes) -> list[str]:
    lines = data.decode("utf-8", "replace").split("\n")
    if not lines[-1]:
        del lines[-1]
    return [line.removesuffix("\r") for line in lines] if b"\r" in data else lines


def document(text: str | bytes) -> Any:
    """The one JSON document in a text.

    :raises MalformedOutput: if it is not JSON.
    """
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedOutput(f"error parsing the output as JSON: {error}") from error


_PARTS: dict[str, Callable[[bytes], list[Any]]] = {
    LINES: _lines,
    JSON: lambda data: [document(data)],
    JSON_LINES: lambda data: [document(line) for line in _lines(data) if line.strip()],
}
SHAPES = frozenset(_PARTS)
