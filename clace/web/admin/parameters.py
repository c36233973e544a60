"""The query of an operation, read from the parameters and the body of a request."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Struct
from twisted.web.http import Request

from clace.admin_api import BODY, Operation, Q, R
from clace.errors import BadRequest
from clace.go_booleans import FALSE, TRUE
from clace.wrong_values import wrong_value

# Clients of era 25 send the texts of Go, and an empty one for false.
_BOOLEANS = {**dict.fromkeys(TRUE, True), **dict.fromkeys(FALSE | {""}, False)}
# Bodies that clients send in place of none.
_EMPTY = frozenset({b"", b"null"})


class _NoFields(Struct, frozen=True, forbid_unknown_fields=True):
    """The JSON body of an operation that takes none."""


def parameters_of(request: Request) -> dict[str, str]:
    """Return the parameters of a request's URL.

    :raises BadRequest: if one is given twice, or is not UTF-8.
    """
    found: dict[str, str] = {}
    for name, values in (request.args or {}).items():
        if len(values) != 1:
            raise BadRequest(f"query parameter {name!r} is given more than once")
        try:
            found[name.decode()] = values[0].decode()
        except UnicodeDecodeError as error:
            raise BadRequest("the query is not UTF-8") from error
    return found


def read_parameters(operation: Operation[Q, R], given: Mapping[str, str]) -> dict[str, object]:
    """Return the values of an operation's parameters by their names in JSON.

    :raises BadRequest: if one is missing, unknown (a misspelt ``dryRun`` must not change anything),
        or not of its type.
    """
    fields = {field.encode_name: field for field in operation.parameters}
    values: dict[str, object] = {}
    for name, text in given.items():
        if name not in fields:
            raise BadRequest(f"unknown query parameter {name}")
        values[name] = _boolean(name, text) if fields[name].type is bool else text
    for name, field in fields.items():
        if field.required and not values.get(name):
            raise BadRequest(f"{name} is required")
    return values


def read_query(operation: Operation[Q, R], values: Mapping[str, object], body: bytes) -> Q:
    """Return the query of an operation: the ``values`` of its parameters and its JSON body.

    :raises BadRequest: if the body is not JSON, or not of its type, or has a field that the
        operation does not know; names the place.
    """
    content = _body(operation.body, body)
    return msgspec.convert({**values, **content}, operation.query)


def _boolean(name: str, text: str) -> bool:
    if text not in _BOOLEANS:
        raise BadRequest(f"{name} is no boolean: {text}")
    return _BOOLEANS[text]


def _body(kind: type[Struct] | None, body: bytes) -> dict[str, Struct]:
    if kind is None and body.strip() in _EMPTY:
        return {}
    try:
        content = msgspec.json.decode(body, type=kind or _NoFields)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"invalid request body: {wrong_value(error)}") from error
    return {BODY: content} if kind else {}
