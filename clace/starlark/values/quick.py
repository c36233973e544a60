"""Often called methods, each trying the likely type before the table of methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clace.starlark.values.attributes import call_method
from clace.starlark.values.keys import WrappedKey
from clace.starlark.values.locks import locks

QUICK: dict[tuple[str, int], Callable[..., Any]] = {}


def _quick(count: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        QUICK[function.__name__.removeprefix("m_").removesuffix("_or"), count] = function
        return function

    return register


@_quick(1)
def m_append(value: Any, item: Any, /) -> None:
    if type(value) is list and id(value) not in locks:
        value.append(item)
    else:
        call_method(value, "append", item)


@_quick(1)
def m_get(value: Any, key: Any, /) -> Any:
    if type(value) is dict and type(key) is str:
        return value.get(key)
    return call_method(value, "get", key)


@_quick(2)
def m_get_or(value: Any, key: Any, default: Any, /) -> Any:
    if type(value) is dict and type(key) is str:
        return value.get(key, default)
    return call_method(value, "get", key, default)


@_quick(0)
def m_items(value: Any, /) -> Any:
    if type(value) is dict:
        return [
            (key.value if type(key) is WrappedKey else key, item) for key, item in value.items()
        ]
    return call_method(value, "items")


@_quick(0)
def m_keys(value: Any, /) -> Any:
    if type(value) is dict:
        return [key.value if type(key) is WrappedKey else key for key in value]
    return call_method(value, "keys")


@_quick(0)
def m_values(value: Any, /) -> Any:
    return list(value.values()) if type(value) is dict else call_method(value, "values")


@_quick(0)
def m_lower(value: Any, /) -> Any:
    if type(value) is str and value.isascii():
        return value.lower()
    return call_method(value, "lower")


@_quick(0)
def m_upper(value: Any, /) -> Any:
    if type(value) is str and value.isascii():
        return value.upper()
    return call_method(value, "upper")


@_quick(1)
def m_split(value: Any, separator: Any, /) -> Any:
    if type(value) is str and type(separator) is str and separator and value.isascii():
        return value.split(separator)
    return call_method(value, "split", separator)


@_quick(1)
def m_join(value: Any, parts: Any, /) -> Any:
    return call_method(value, "join", parts)


@_quick(1)
def m_startswith(value: Any, prefix: Any, /) -> Any:
    if type(value) is str and type(prefix) is str and value.isascii():
        return value.startswith(prefix)
    return call_method(value, "startswith", prefix)


@_quick(1)
def m_endswith(value: Any, suffix: Any, /) -> Any:
    if type(value) is str and type(suffix) is str and value.isascii():
        return value.endswith(suffix)
    return call_method(value, "endswith", suffix)
