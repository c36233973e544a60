"""The arguments of a call against the parameters that a function declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from clace.errors import BadRequest
from clace.near import did_you_mean
from clace.wrong_values import wrong_value

S = TypeVar("S", bound=Struct)
_fields = cache(fields)  # msgspec reads the annotations anew each time


def bind(function: str, parameters: type[S], args: Sequence[Any], kwargs: Mapping[str, Any]) -> S:
    """The parameters with the values given for them.

    :raises BadRequest: if one is missing, unknown, given twice or of the wrong type.
    """
    names, required = _names(parameters)
    if kwargs or len(args) > len(names):
        values = _by_name(function, parameters, args, kwargs)
    else:
        values = dict(zip(names, args, strict=False))
    if not required <= values.keys():
        missing = next(name for name in names if name in required and name not in values)
        raise BadRequest(f"{function}: missing argument for {missing}")
    try:
        return msgspec.convert(values, parameters, strict=True)
    except msgspec.ValidationError as error:
        raise BadRequest(f"{function}: {wrong_value(error, values)}") from error


@cache
def _names(parameters: type[Struct]) -> tuple[tuple[str, ...], frozenset[str]]:
    """The names of all parameters in order, and those that have no default."""
    names = parameters.__struct_fields__
    return names, frozenset(field.name for field in _fields(parameters) if field.required)


def named(
    function: str, parameters: type[Struct], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """The values as they were given, by the names of their parameters, and the defaults of others.

    :raises BadRequest: if one is unknown or given twice.
    """
    values = _by_name(function, parameters, args, kwargs)
    for field in _fields(parameters):
        if field.name not in values and not field.required:
            made = field.default_factory
            values[field.name] = field.default if made is msgspec.NODEFAULT else made()
    return values


def _by_name(
    function: str, parameters: type[Struct], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    names = parameters.__struct_fields__
    if len(args) > len(names):
        raise BadRequest(f"{function}: got {len(args)} arguments, want at most {len(names)}")
    values = dict(zip(names, args, strict=False))
    for name, value in kwargs.items():
        if name in values:
            raise BadRequest(f'{function}: got multiple values for parameter "{name}"')
        if name not in names:
            meant = did_you_mean(name, names)
            raise BadRequest(f'{function}: unexpected keyword argument "{name}"{meant}')
        values[name] = value
    return values
