"""The admin API: a route for each operation, past a guard that tells who asks."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from msgspec import Struct
from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.web.http import Request

from clace.admin_api import OPERATIONS, Operation, Q, R, describe
from clace.errors import BadRequest, ClaceError, NotAllowed
from clace.interfaces import IAuditEvents, IServedAdministration
from clace.model import Identity
from clace.web.admin.audit import AdminAudit
from clace.web.admin.guard import Guard
from clace.web.admin.parameters import parameters_of, read_parameters, read_query
from clace.web.admin.router import AdminRouter, RouterResource, StreamedLines, Unanswered
from clace.web.admin.told import told, wants_lines
from clace.web.error_table import ErrorTable
from clace.web.http1 import receive
from clace.web.statuses import STATUSES

_LEFT = "the client left before the end"


class AdminAPI:
    """The routes below ``/_clace``, to an administration."""

    router = AdminRouter()

    def __init__(
        self,
        administration: IServedAdministration,
        guard: Guard,
        audit: IAuditEvents,
        *,
        clock: IReactorTime,
        new_id: Callable[[], str],
        version: str,
        audit_reads: bool = False,
    ) -> None:
        self._administration = administration
        self._guard = guard
        self._audit = AdminAudit(audit, new_id, reads=audit_reads)
        self._clock = clock
        self._errors = ErrorTable(STATUSES, new_id)
        self._description = json.dumps(describe(version)).encode()

    def resource(self) -> RouterResource:
        """Return the routes as a resource."""
        return RouterResource(self.router, self._errors)

    @router.route("/openapi.json", methods=["GET"])
    async def describe(self, request: Request) -> bytes:
        """Answer with the OpenAPI document."""
        await self._guard(request)
        if given := list(parameters_of(request)):
            raise BadRequest(f"unknown query parameter {given[0]}")
        request.setHeader("content-type", "application/json")
        return self._description

    async def perform(self, operation: Operation[Q, R], request: Request) -> Struct:
        """Answer with the result of an operation, and record it."""
        identity = await self._admitted(operation, request)
        parameters = read_parameters(operation, parameters_of(request))
        await receive(request)
        assert request.content is not None
        query = read_query(operation, parameters, request.content.read())
        if operation.streams:
            results = self._streamed(operation, identity, query, request)
            return StreamedLines(results)
        work = self._done(operation, identity, query)
        if operation.tells and wants_lines(request):
            return await told(work, self._errors, self._clock)
        return await work

    async def _done(self, operation: Operation[Q, R], identity: Identity, query: Q) -> Struct:
        """Perform an operation, and record how it ended."""
        try:
            result = await self._administration.perform_as(identity, operation, query)
        except ClaceError as error:
            self._audit.failed(operation, identity, query, error)
            raise
        self._audit.done(operation, identity, query, result)
        return result if query.is_answered else Unanswered()

    async def _admitted(self, operation: Operation[Q, R], request: Request) -> Identity:
        """Return who asks; a refusal that is not about a password is recorded here."""
        try:
            return await self._guard(request)
        except NotAllowed as error:
            self._audit.turned_away(operation, error, request.getClientAddress())
            raise

    async def _streamed(
        self, operation: Operation[Q, R], identity: Identity, query: Q, request: Request
    ) -> AsyncGenerator[tuple[R, ...], None]:
        """The results of an operation that streams, which is recorded when they end.

        A stream may go on for days: it ends when its reader would not be let in any more.
        """
        last: tuple[R, ...] = ()
        try:
            async with aclosing(
                self._administration.stream_as(identity, operation, query)
            ) as streamed:
                async for results in streamed:
                    await self._guard(request)
                    last = results or last
                    yield results
        except ClaceError as error:
            self._audit.failed(operation, identity, query, error)
            raise
        except (CancelledError, GeneratorExit):
            self._audit.failed(operation, identity, query, BadRequest(_LEFT))
            raise
        if last:
            self._audit.done(operation, identity, query, last[-1])
        else:
            self._audit.read(operation, identity)


def _route(operation: Operation[Q, R]) -> None:
    """Add the route of an operation."""

    @AdminAPI.router.route(  # type: ignore[type-var]  # of results, Klein's types know its own only
        operation.path, methods=[operation.method], endpoint=operation.name
    )
    async def perform(api: AdminAPI, request: Request) -> Struct:
        return await api.perform(operation, request)


for _operation in OPERATIONS:
    _route(_operation)
