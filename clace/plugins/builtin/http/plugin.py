"""The functions of ``http.in``: each redirect is checked like the request that led to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from typing import Any

from msgspec import Struct
from twisted.web.iweb import IPolicyForHTTPS, IResponse

from clace.errors import BadRequest, PluginRefused
from clace.model import App, Permission
from clace.plugins.builtin.http import bodies
from clace.plugins.builtin.http.answers import encoding_of, status_text, value
from clace.plugins.builtin.http.connecting import ExchangeConnections
from clace.plugins.builtin.http.deadlines import in_time
from clace.plugins.builtin.http.guard import AddressGuard
from clace.plugins.builtin.http.receiving import LineItems, ReceivedBody, abandon, collected
from clace.plugins.builtin.http.sending import OutgoingRequest, RequestSender
from clace.plugins.builtin.http.sharing import RequestsByOwner
from clace.plugins.builtin.http.urls import RequestTarget, unambiguous
from clace.plugins.kit import CallFailed, Function, Invocation, ItemStream, Plugin
from clace.units import MEBIBYTE

_READING = ("get", "head", "options")
_WRITING = ("post", "put", "delete", "patch")
_MAX_REDIRECTS = 10


class HttpSettings(Struct, frozen=True, kw_only=True):
    """Limits of a request; ``allow``: hosts and networks that are open although not public."""

    allow: tuple[str, ...] = ()
    seconds: float = 300
    answer_bytes: int = 32 * MEBIBYTE


class HTTPFunctions:
    """The functions of ``http.in``; ``tls`` verifies servers, by default against the system's
    roots.
    """

    def __init__(
        self,
        reactor: Any,
        settings: HttpSettings,
        shared: RequestsByOwner,
        random_bytes: Callable[[int], bytes],
        tls: IPolicyForHTTPS | None = None,
    ) -> None:
        self._clock = reactor
        self._settings = settings
        self._shared = shared
        self._random_bytes = random_bytes
        self._guard = AddressGuard.allowing(shared.addresses, settings.allow)
        self._sender = RequestSender(reactor, tls, settings.answer_bytes)

    @property
    def plugin(self) -> Plugin:
        functions = {
            name: Function(
                bodies.HTTPParameters, partial(self._call, name.upper()), is_read=is_read
            )
            for names, is_read in ((_READING, True), (_WRITING, False))
            for name in names
        }
        return Plugin("http.in", functions, bounds=self._bounds)

    def _bounds(self, _app: App, permission: Permission) -> str:
        """Say which addresses a permission reaches that names no address."""
        if permission.arguments or self._settings.allow:
            return ""
        return (
            "http.in reaches public addresses only; others are opened by allow_hosts of"
            ' [plugin."http.in"], or by a permission whose url names them'
        )

    async def _call(self, method: str, invocation: Invocation, given: bodies.HTTPParameters) -> Any:
        """The answer, or with ``stream`` the lines of its body.

        :raises CallFailed: if no answer comes in time, or with ``error_on_fail`` a bad one.
        """
        if not given.timeout > 0:  # nor what is no number, which a host could send
            raise BadRequest("http.in: timeout must be more than 0")
        if given.auth_signature:
            raise BadRequest("http.in: auth_signature is not supported")
        carried = bodies.content(given, self._random_bytes)
        first = OutgoingRequest(
            method,
            RequestTarget.parse(given.url).with_params(given.params),
            bodies.headers(given, carried.type, invocation.caller.remote_ip),
            carried.body,
        )
        grants: Iterable[Permission] = invocation.grants
        if (url := unambiguous(given.url)) != given.url:
            grants = invocation.grants_for((url, *invocation.args[1:]))
        seconds = min(given.timeout, self._settings.seconds)
        told = f"http request timed out after {seconds:g} seconds"
        exchange = self._exchange(invocation, grants, first, given)
        return await in_time(self._clock, exchange, seconds, told)

    async def _exchange(
        self,
        invocation: Invocation,
        grants: Iterable[Permission],
        ask: OutgoingRequest,
        given: bodies.HTTPParameters,
    ) -> Any:
        with ExitStack() as ending:
            ending.enter_context(self._shared.request(invocation.caller.app.id))
            connections = self._sender.connections()
            ending.callback(connections.end)
            target, response = await self._followed(invocation, grants, ask, connections)
            if given.error_on_fail and (problem := status_text(response)):
                raise CallFailed(problem)
            limit = self._settings.answer_bytes
            if not given.stream:
                return value(str(target), response, await collected(response, limit))
            body, encoding = ReceivedBody.of(response, limit), encoding_of(response)
            silence = min(given.timeout, self._settings.seconds)
            close = ending.pop_all().close
            items = LineItems(body, encoding, self._clock, silence, close)
            return ItemStream(f"{invocation.function}_stream", items)

    async def _followed(
        self,
        invocation: Invocation,
        grants: Iterable[Permission],
        ask: OutgoingRequest,
        connections: ExchangeConnections,
    ) -> tuple[RequestTarget, IResponse]:
        """Follow redirects; return the last answer, and where it is from."""
        owner = invocation.caller.app.id
        for _ in range(_MAX_REDIRECTS + 1):
            addresses = await self._guard.addresses(ask.target, grants, owner)
            response = await self._sender.send(ask, addresses, connections)
            after = ask.after(response)
            if after is None:
                return ask.target, response
            abandon(response)
            ask, grants = after, _grants(invocation, after.target)
        raise CallFailed(f"stopped after {_MAX_REDIRECTS} redirects")


def _grants(invocation: Invocation, target: RequestTarget) -> Iterable[Permission]:
    """The permissions that would have covered this call to where it was redirected.

    :raises CallFailed: if no permission names addresses.
    """
    try:
        return invocation.grants_for((str(target), *invocation.args[1:]))
    except PluginRefused as refused:
        raise CallFailed(f"redirect to {target} not allowed: {refused.message}") from refused
