"""The operations of a daemon somewhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import UNSET, Struct

from clace.admin_api import BODY, Operation, Q, Query, R, Refusal, ToldLine
from clace.client.answers import decoded
from clace.client.refusals import refusal, told_refusal
from clace.client.transport import (
    CUT,
    EndedUnanswered,
    SendRequest,
    cannot_reach,
    collected,
)
from clace.errors import BadRequest, ServerUnreachable
from clace.telling import TakeLine, WorkStep, listener, step_listener

T = TypeVar("T", bound=Struct)
_OK = 200


class AdminClient:
    """The operations over HTTP: the errors of the daemon come out of here.

    Everything may also raise ``ServerUnreachable``, which says which step failed. It is declared an
    ``IAdministration`` in ``clace.client.agents``: commands that use the socket import no zope.
    """

    def __init__(self, exchange: SendRequest, server_uri: str) -> None:
        """``server_uri`` is the name in errors of the server that ``exchange`` reaches."""
        self._exchange = exchange
        self._server_uri = server_uri

    async def perform(self, operation: Operation[Q, R], query: Q) -> R:
        """Whoever listens gets the lines that the server tells meanwhile."""
        if operation.tells and (hear := listener()) is not None:
            return await self._told(operation, query, hear)
        target, sent = self._request(operation, query)
        try:
            status, answer = await self._exchange(operation.method, target, sent)
        except EndedUnanswered:
            if operation.unanswered is None:
                raise
            return operation.unanswered
        if status != _OK:
            raise refusal(status, answer)
        return self._decoded(answer, operation.result)

    async def stream(self, operation: Operation[Q, R], query: Q) -> AsyncIterator[tuple[R, ...]]:
        async for lines in self._lines(operation, query):
            yield tuple(self._decoded(line, operation.result) for line in lines)

    async def _told(self, operation: Operation[Q, R], query: Q, hear: TakeLine) -> R:
        take_step = step_listener()
        async for lines in self._lines(operation, query):
            for line in lines:
                told = self._decoded(line, ToldLine)
                if isinstance(told.refusal, Refusal):
                    raise told_refusal(told.refusal)
                if told.result is not UNSET:
                    return self._read(msgspec.convert, told.result, operation.result)
                if told.step:
                    take_step(WorkStep(told.step, told.ended))
                elif told.line:
                    hear(told.line)
                else:  # it is the answer of an older server, which tells nothing
                    return self._decoded(line, operation.result)
        raise cannot_reach(self._server_uri, CUT)

    async def _lines(self, operation: Operation[Q, R], query: Q) -> AsyncIterator[list[bytes]]:
        """The lines of an answer, as many at a time as have come."""
        target, sent = self._request(operation, query)
        status, pieces = await self._exchange.open(operation.method, target, sent)
        if status != _OK:
            raise refusal(status, await collected(pieces))
        rest = b""
        async for piece in pieces:
            *lines, rest = (rest + piece).split(b"\n")
            yield lines
        if rest:
            raise cannot_reach(self._server_uri, CUT)

    def _request(self, operation: Operation[Q, R], query: Q) -> tuple[str, bytes | None]:
        try:
            return operation.path + _parameters(query), _body(query)
        except UnicodeError as error:
            raise BadRequest(_not_text(error)) from error

    def _decoded(self, answer: bytes, kind: type[T]) -> T:
        return self._read(decoded, answer, kind)

    def _read(self, read: Callable[[Any, type[T]], T], answer: object, kind: type[T]) -> T:
        try:
            return read(answer, kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ServerUnreachable(
                f"{self._server_uri} answers what no Clace server does: {error}"
            ) from error


def _not_text(error: UnicodeError) -> str:
    """Return the refusal of a text with bytes that are not UTF-8, as of a command line."""
    text = error.object if isinstance(error, UnicodeEncodeError) else ""
    return f"{text!r:.100} is not UTF-8, and cannot be sent"


def _parameters(query: Query) -> str:
    """Return the parameters in a URL; those that are empty or false are not sent."""
    names = zip(query.__struct_fields__, query.__struct_encode_fields__, strict=True)
    values = {sent: getattr(query, name) for name, sent in names if name != BODY}
    said = {name: "true" if value is True else value for name, value in values.items() if value}
    return "?" + urlencode(said) if said else ""


def _body(query: Query) -> bytes | None:
    return msgspec.json.encode(getattr(query, BODY)) if hasattr(query, BODY) else None
