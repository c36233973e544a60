"""The admin API: the table of routes, served."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from msgspec import Struct
from twisted.web.http import Request

from clace.errors import BadRequest, ClaceError
from clace.interfaces import IAdministration, IAuditLog
from clace.web.admin_audit import AdminAudit
from clace.web.admin_guard import Guard
from clace.web.openapi import describe
from clace.web.router import Router
from clace.web.routes import ROUTES, Nothing, Route, read_body, read_query
from clace.web.site import receive
from clace.web.statuses import STATUSES


class AdminAPI:
    """Routes from the table to an administration, past a guard that says who asks."""

    def __init__(
        self,
        administration: IAdministration,
        guard: Guard,
        audit: IAuditLog,
        *,
        seconds: Callable[[], float],
        new_id: Callable[[], str],
        version: str,
    ) -> None:
        self._administration = administration
        self._guard = guard
        self._audit = AdminAudit(audit, seconds, new_id)
        self._new_id = new_id
        self._description = json.dumps(describe(ROUTES, version)).encode()

    def router(self) -> Router:
        """The routes below ``/_clace``."""
        router = Router(STATUSES, self._new_id)
        for route in ROUTES:
            router.route(route.path, methods=[route.method], endpoint=route.operation)(
                self._serving(route)
            )
        router.route("/openapi.json", methods=["GET"])(self._openapi)
        return router

    def _serving(self, route: Route) -> Callable[..., Any]:
        async def serve(request: Request) -> Struct:
            user = await self._guard(request)
            query = read_query(route.query, query_of(request))
            await receive(request)
            assert request.content is not None
            body = read_body(route.body, request.content.read())
            try:
                result = await route.serve(self._administration, query, body)
            except ClaceError as error:
                self._audit.failed(route, user, (query, body), error.message)
                raise
            self._audit.done(route, user, query, result)
            return result

        return serve

    async def _openapi(self, request: Request) -> bytes:
        await self._guard(request)
        read_query(Nothing, query_of(request))
        request.setHeader("content-type", "application/json")
        return self._description


def query_of(request: Request) -> dict[str, str]:
    """The query parameters, each given once.

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
