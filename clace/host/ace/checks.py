"""Checks of the arguments of ``ace`` functions; messages are those that apps know."""

from __future__ import annotations

from typing import Any

from clace.starlark import Failure, type_name

_METHODS = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
)
_TYPES = {"string": str, "list": list, "dict": dict, "bool": bool, "int": int}


def want(function: str, parameter: str, value: Any, kind: str) -> None:
    """:raises Failure: if the argument is of another type."""
    if type(value) is not _TYPES[kind]:
        got = f"got {type_name(value)}, want {kind}"
        raise Failure(f"{function}: for parameter {parameter}: {got}")


def want_all(function: str, kind: str, **values: Any) -> None:
    """:raises Failure: if one of the arguments is of another type."""
    for parameter, value in values.items():
        want(function, parameter, value, kind)


def unused(function: str, where: str, **values: Any) -> None:
    """:raises Failure: if an argument was given that has no effect there."""
    for parameter, value in values.items():
        if value:
            raise Failure(f"{function}: {parameter} has no effect {where}")


def http_method(function: str, method: Any) -> str:
    """:raises Failure: if the method is not one of HTTP's."""
    want(function, "method", method, "string")
    if method.upper() not in _METHODS:
        raise Failure(f"{function}: unsupported method {method}")
    return str(method.upper())


def one_of(value: str, words: tuple[str, ...], what: str) -> str:
    """:raises Failure: if the word is not one of these, in any case."""
    if value.upper() not in words:
        raise Failure(f"invalid {what} specified : {value}")
    return value.upper()
