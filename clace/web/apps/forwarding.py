"""Forward auth of apps: requests are asked about, and what comes back is told to the app."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus

from clace.errors import NotAllowed, NotAuthenticated, ProviderUnavailable
from clace.interfaces import ForwardQuestion, HeaderPairs, IAppAuthentication, IForwardAuth
from clace.model import App, AppResponse
from clace.web.apps.request_audit import RequestAudit
from clace.web.apps.requests import visible_headers
from clace.web.http1 import DirectRequest, HeaderFields

_NEITHER = re.compile(rb"[^a-z0-9]")


class ForwardedApps:
    """Asks the servers that an app's setting names, one after another."""

    def __init__(self, auth: IAppAuthentication, servers: Mapping[str, IForwardAuth]) -> None:
        self._auth = auth
        self._servers = servers

    def asks_about(self, app: App) -> bool:
        """Return true if a server decides about requests to the app."""
        return bool(self._auth.forwards(app.settings.authn_type))

    async def ask(
        self, app: App, request: DirectRequest, audit: RequestAudit
    ) -> AppResponse | None:
        """Return the answer for a client that is not let in.

        A request that is gets the headers that the servers answered with; see ``audit.granted``.

        :raises ProviderUnavailable: if a server does not answer.
        """
        for name in self._auth.forwards(app.settings.authn_type):
            server = self._servers.get(name)
            if server is None:  # the setting lets nobody in then; this is a second wall
                raise NotAuthenticated("Authentication failed")
            try:
                verdict = await server.ask(question_of(request, audit))
            except ProviderUnavailable:
                audit.deny(NotAllowed(f"forward auth {name} cannot be asked"))
                raise
            if verdict.refusal is not None:
                if _is_denial(verdict.refusal.status):
                    audit.deny(NotAllowed(f"forward auth {name} does not allow it"))
                return verdict.refusal
            if verdict.replaced:
                request.requestHeaders = without(request.requestHeaders, verdict.replaced)
                left = (one for one in audit.granted if one[0].lower() not in verdict.replaced)
                audit.granted = (*left, *verdict.headers)
        return None


def _is_denial(status: int) -> bool:
    """Tell a refusal from the way to a sign-in, which is a redirect or a question for one."""
    return status >= HTTPStatus.BAD_REQUEST and status != HTTPStatus.UNAUTHORIZED


def question_of(request: DirectRequest, audit: RequestAudit) -> ForwardQuestion:
    fields, peer = request.requestHeaders, request.peer
    return ForwardQuestion(
        method=request.method.decode("ascii"),
        scheme=peer.scheme,
        authority=request.authority,
        target=request.uri.decode("latin-1"),
        address=peer.ip,
        headers=tuple(
            (name, value)
            for name, values in fields.once(visible_headers, fields).items()
            for value in values
        ),
        identity=audit.identity,
    )


def without(fields: HeaderFields, names: frozenset[str]) -> HeaderFields:
    """Return the fields without those of some names, however they are spelled.

    Servers that put headers into variables cannot tell ``X_Groups`` from ``X-Groups``.
    """
    unwanted = frozenset(map(_plain, (name.encode() for name in names)))
    return HeaderFields(pair for pair in fields if _plain(pair[0]) not in unwanted)


def _plain(name: bytes) -> bytes:
    return _NEITHER.sub(b"-", name.lower())


def with_granted(headers: dict[str, list[str]], granted: HeaderPairs) -> dict[str, list[str]]:
    """Return an app's headers with those that forward auth gave."""
    if not granted:
        return headers
    found = dict(headers)
    for name, value in granted:
        canonical = "-".join(part.capitalize() for part in name.split("-"))
        found[canonical] = [*found.get(canonical, ()), value]
    return found


def granted_lines(granted: HeaderPairs) -> bytes:
    """The same for a server that requests are passed on to."""
    return b"".join(f"{name}: {value}\r\n".encode() for name, value in granted)
