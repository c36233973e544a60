"""The routes of signing in and out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from urllib.parse import parse_qsl

from twisted.logger import Logger
from twisted.python.failure import Failure

from clace.driving import drive
from clace.errors import (
    BadRequest,
    ClaceError,
    InternalError,
    MethodNotAllowed,
    NoSuchRoute,
    TooLarge,
)
from clace.model.traffic import NO_ROUTE, AppResponse
from clace.web.apps.origin import check_origin
from clace.web.http1.direct import DirectRequest
from clace.web.login.flow import SignInFlow
from clace.web.login.heads import AskingHead
from clace.web.pages import Trouble, preferred, send, trouble_answer
from clace.web.statuses import status_of

log = Logger()
PREFIXES = (b"/_clace/auth/", b"/_clace/sso/", b"/_clace/logout")
_LARGEST_FORM = 16 * 1024
# An assertion with many groups.
_LARGEST_ANSWER = 512 * 1024
_FIELDS = 100


class SignInRoutes:
    """Finds the step of a sign-in that a request is for."""

    def __init__(self, flow: SignInFlow, login_host: str, new_id: Callable[[], str]) -> None:
        self._flow = flow
        self._login_host = login_host
        self._new_id = new_id

    def takes(self, target: bytes) -> bool:
        """Return true for the target of a request that is served here."""
        return target.startswith(PREFIXES)

    def serve(self, request: DirectRequest) -> None:
        """Answer the request, now or later."""
        drive(self._serve(request), partial(self._broken, request))

    async def _serve(self, request: DirectRequest) -> None:
        try:
            answer = await self._answer(request, AskingHead(request))
        except ClaceError as error:
            answer = self._refusal(request, error)
        if not request.is_gone:
            send(request, answer)

    async def _answer(self, request: DirectRequest, head: AskingHead) -> AppResponse:
        path = request.path.decode("latin-1").removeprefix("/_clace/").split("/")
        query = fields_of(request.uri.partition(b"?")[2])
        match path:
            case ["auth", "login", "complete"]:
                _allow(head, "GET")
                return await self._flow.complete(query.get("state", ""), head)
            case ["auth", "login"]:
                self._check_host(head)
                _allow(head, "GET")
                return await self._flow.page(query.get("state", ""))
            case ["auth", "login", name]:
                self._check_host(head)
                return await self._chosen(request, head, name, query)
            case ["auth", name, "callback"]:
                return await self._flow.arrive(name, await _parameters(request, head, query))
            case ["sso", name, "acs"]:
                _allow(head, "POST")
                return await self._flow.arrive(name, await _parameters(request, head, query))
        raise NoSuchRoute(NO_ROUTE)

    async def _chosen(
        self, request: DirectRequest, head: AskingHead, name: str, query: Mapping[str, str]
    ) -> AppResponse:
        if head.method != "POST":
            _allow(head, "GET", "POST")
            return await self._flow.leave(query.get("state", ""), name)
        check_origin(
            head.method,
            head.origin,
            origin=head.header("origin"),
            fetch_site=head.header("sec-fetch-site"),
        )
        return await self._flow.password(name, await form_of(request, _LARGEST_FORM), head)

    def _check_host(self, head: AskingHead) -> None:
        if head.host != self._login_host:
            raise NoSuchRoute(NO_ROUTE)

    def _refusal(self, request: DirectRequest, error: ClaceError) -> AppResponse:
        status = status_of(type(error))
        message = error.message
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("Sign-in failed: {why}", why=message)
            message = "the server could not answer"
        return trouble_answer(
            Trouble(status=status, code=error.code, message=message), preferred(request)
        )

    def _broken(self, request: DirectRequest, failure: Failure) -> None:
        incident = self._new_id()
        log.failure("Sign-in failed, incident {incident}", failure, incident=incident)
        if not (request.is_gone or request.startedWriting):
            error = InternalError(f"internal error, incident {incident}")
            send(request, self._refusal(request, error))


def _allow(head: AskingHead, *methods: str) -> None:
    allowed = {*methods, "HEAD"} if "GET" in methods else set(methods)
    if head.method not in allowed:
        raise MethodNotAllowed("405 method not allowed")


async def _parameters(
    request: DirectRequest, head: AskingHead, query: Mapping[str, str]
) -> Mapping[str, str]:
    """Read the answer of a provider, in the query or in a form that the browser posts."""
    _allow(head, "GET", "POST")
    return await form_of(request, _LARGEST_ANSWER) if head.method == "POST" else query


async def form_of(request: DirectRequest, most: int) -> dict[str, str]:
    """Read a small form.

    :raises TooLarge: if it is not small.
    :raises BadRequest: if it is not a form.
    """
    length = request.getHeader("content-length") or ""
    if not length.isascii() or not length.isdecimal():
        raise BadRequest("the form has no length")
    if int(length) > most:
        raise TooLarge("the form is too large")
    kind = (request.getHeader("content-type") or "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise BadRequest("the body is not a form")
    await request.receive()
    assert request.content is not None
    return fields_of(request.content.read())


def fields_of(encoded: bytes) -> dict[str, str]:
    """The fields of a query or form; one that comes twice is not there.

    :raises BadRequest: if there are too many.
    """
    try:
        pairs = parse_qsl(
            encoded.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_FIELDS
        )
    except ValueError as error:
        raise BadRequest("too many fields") from error
    found: dict[str, str | None] = {}
    for name, value in pairs:
        found[name] = None if name in found else value
    return {name: value for name, value in found.items() if value is not None}
