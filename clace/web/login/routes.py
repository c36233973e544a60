"""Requests for our own routes: found in the table, checked by its row, answered by a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from io import BytesIO
from typing import IO

from twisted.logger import Logger
from twisted.python.failure import Failure

from clace.driving import drive
from clace.errors import (
    BadRequest,
    ClaceError,
    InternalError,
    MethodNotAllowed,
    NoSuchRoute,
    NotAllowed,
    TooLarge,
)
from clace.model import NO_ROUTE, AppResponse
from clace.urlencoded import pairs
from clace.web.apps import check_origin
from clace.web.http1 import DirectRequest
from clace.web.login.heads import AskingHead
from clace.web.login.reactor_turns import ReactorTurns
from clace.web.login.steps import OurRequest, Step
from clace.web.our_routes import Hosts, Origins, OurRoute
from clace.web.pages import Trouble, preferred, send, trouble_answer
from clace.web.route_search import FoundRoute, WrongMethod, find_route
from clace.web.statuses import status_of

log = Logger()
_FIELDS = 100
# The largest answer of a provider has 27,000; strangers send half a megabyte of them.
_ESCAPES = 40_000
# Browsers add these themselves; no git host sends them.
_BROWSERS = ("origin", "sec-fetch-site", "sec-fetch-mode", "cookie", "referer")


class OurRoutes:
    """Serves the rows of the table that name one of ``steps``."""

    def __init__(
        self,
        steps: Mapping[str, Step],
        login_host: str,
        new_id: Callable[[], str],
        turns: ReactorTurns,
    ) -> None:
        self._steps = steps
        self._login_host = login_host
        self._new_id = new_id
        self._turns = turns

    def serve_too(self, steps: Mapping[str, Step]) -> None:
        """Serve further rows; only before the start."""
        self._steps = {**self._steps, **steps}

    def takes(self, target: bytes) -> bool:
        """Return true for a target that a row of the table is for, whatever the row's methods."""
        path = target.partition(b"?")[0].decode("latin-1")
        found = find_route(path, "GET")
        if isinstance(found, FoundRoute):
            return found.route.serves in self._steps
        return found is not None

    def serve(self, request: DirectRequest) -> None:
        """Answer the request, now or later: many who sign in leave time for all else."""
        self._turns.take(partial(self._begin, request))

    def _begin(self, request: DirectRequest) -> None:
        if not request.is_gone:
            drive(self._serve(request), partial(self._broken, request))

    async def _serve(self, request: DirectRequest) -> None:
        try:
            answer = await self._answer(request, AskingHead(request))
        except ClaceError as error:
            answer = self._refusal(request, error)
        if not request.is_gone:
            send(request, answer)

    async def _answer(self, request: DirectRequest, head: AskingHead) -> AppResponse:
        found = find_route(request.path.decode("latin-1"), head.method)
        if isinstance(found, WrongMethod):
            raise MethodNotAllowed("405 method not allowed")
        if found is None or (found.route.hosts is Hosts.LOGIN and head.host != self._login_host):
            raise NoSuchRoute(NO_ROUTE)
        step = self._steps.get(found.route.serves)
        if step is None:
            raise NoSuchRoute(NO_ROUTE)
        check_rule(found.route, head)
        is_post = head.method == "POST"
        query = request.uri.partition(b"?")[2]
        asked = OurRequest(
            head=head,
            way=found.way,
            query=query,
            parameters=fields_of(query),
            form=await form_of(request, found.route.form) if found.route.form and is_post else {},
            body=partial(body_of, request, found.route.body),
        )
        return await step(asked)

    def _refusal(self, request: DirectRequest, error: ClaceError) -> AppResponse:
        status = status_of(type(error))
        message = error.message
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("A request of our own failed: {why}", why=message)
            message = "the server could not answer"
        trouble = Trouble(status=status, code=error.code, message=message)
        return trouble_answer(trouble, preferred(request))

    def _broken(self, request: DirectRequest, failure: Failure) -> None:
        incident = self._new_id()
        log.failure("Our own route failed, incident {incident}", failure, incident=incident)
        if not (request.is_gone or request.startedWriting):
            error = InternalError.under(incident)
            send(request, self._refusal(request, error))


def check_rule(route: OurRoute, head: AskingHead) -> None:
    """:raises NotAllowed: if the row's rule on origins is broken."""
    if route.origins is Origins.SAME:
        check_origin(
            head.method,
            head.origin,
            origin=head.header("origin"),
            fetch_site=head.header("sec-fetch-site"),
        )
    if route.origins is Origins.NO_BROWSERS:
        mark = next(filter(head.has, _BROWSERS), None)
        if mark is not None:
            raise NotAllowed(f"requests of browsers are refused, and this one has {mark.title()}")


async def form_of(request: DirectRequest, most: int) -> dict[str, str]:
    """Read a small form; a body that is empty is a form without fields.

    :raises TooLarge: if it is not small.
    :raises BadRequest: if it is not a form.
    """
    if not length_of(request, most, "form"):
        return {}
    kind = (request.getHeader("content-type") or "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise BadRequest("the body is not a form")
    await request.receive()
    assert request.content is not None
    return fields_of(request.content.read())


async def body_of(request: DirectRequest, most: int) -> IO[bytes]:
    """Read a body; see ``ReadBody``."""
    if not length_of(request, most, "body"):
        return BytesIO()
    await request.receive()
    assert request.content is not None
    return request.content


def length_of(request: DirectRequest, most: int, name: str) -> int:
    """Return the length of a body that is named so in refusals; 0 without one.

    :raises TooLarge: if it is more than ``most``.
    :raises BadRequest: if the body has no length.
    """
    length = request.getHeader("content-length") or ""
    if not length and not request.getHeader("transfer-encoding"):
        return 0
    if not length.isascii() or not length.isdecimal():
        raise BadRequest(f"the {name} has no length")
    if int(length) > most:
        raise TooLarge(f"the {name} is too large")
    return int(length)


def fields_of(encoded: bytes) -> dict[str, str]:
    """Return the fields of a query or form; a field that comes twice is left out.

    :raises BadRequest: if there are too many, or too much in them is escaped.
    """
    if encoded.count(b"%") > _ESCAPES:
        raise BadRequest("too many escapes")
    if encoded.count(b"&") >= _FIELDS:
        raise BadRequest("too many fields")
    found: dict[str, str | None] = {}
    for field in pairs(encoded):
        name, value = (text.decode("utf-8", "replace") for text in field)
        found[name] = None if name in found else value
    return {name: value for name, value in found.items() if value is not None}
