"""Signing out: on a page of the app's own host, and when a provider says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct
from twisted.logger import Logger

from clace import cookies
from clace.errors import NoSuchRoute, ProviderUnavailable, SecretFailed, SignInRefused
from clace.interfaces import (
    Departure,
    EndedElsewhere,
    IAppAuthentication,
    IAuditEvents,
    IBackChannelLogout,
    ISessions,
    ISingleSignOut,
    Session,
    SessionChoice,
    SignedIn,
    SignOutNotice,
    Way,
)
from clace.model import NO_ROUTE, AppResponse, Identity, deeds
from clace.web.login import pages
from clace.web.login.heads import AskingHead
from clace.web.login.states import Pending, PendingSignIns
from clace.web.login.targets import FRONT, local_path

LOGOUT = "/_clace/logout"
_ENDED = "signed out by the provider"


class _Held(Struct, frozen=True):
    """A session that a browser has on this host."""

    way: Way
    session: Session
    identity: Identity


class SignOutFlow:
    """Ends sessions: in the browser, in the database, and at the provider that began them."""

    _log = Logger()

    def __init__(
        self,
        auth: IAppAuthentication,
        sessions: ISessions,
        pending: PendingSignIns,
        audit: IAuditEvents,
    ) -> None:
        self._auth = auth
        self._sessions = sessions
        self._pending = pending
        self._audit = audit

    async def page(self, parameters: Mapping[str, str], head: AskingHead) -> AppResponse:
        """Ask before signing out, or say that it is done."""
        back = local_path(parameters.get("redirect"))
        if parameters.get("done") == "1":
            return pages.answer("Signed out", _done(back))
        held = [each async for each in self._held(head)]
        if not held:
            return pages.answer("Not signed in", _not_signed_in(back))
        return pages.answer("Sign out", _confirm(held, back))

    async def sign_out(self, form: Mapping[str, str], head: AskingHead) -> AppResponse:
        """End every session of the browser on this host.

        :raises StoreError: if one may still be there.
        """
        held = [each async for each in self._held(head)]
        departures = [await self._end(each, head) for each in held]
        query = {"done": "1"}
        if form.get("redirect"):
            query["redirect"] = local_path(form.get("redirect"))
        # Cookies of sessions that are over are removed too.
        names = [way.name for way in self._auth.all_ways()]
        return self._gone(departures, f"{LOGOUT}?{urlencode(query)}", cleared(names, head))

    async def sign_out_of(self, name: str, head: AskingHead) -> AppResponse:
        """End the session that began by one way.

        :raises StoreError: if it may still be there.
        """
        if self._auth.way(name) is None:
            raise NoSuchRoute(NO_ROUTE)
        held = [each async for each in self._held(head) if each.way.name == name]
        departures = [await self._end(each, head) for each in held]
        return self._gone(departures, FRONT, cleared([name], head))

    async def ended_elsewhere(
        self, name: str, form: Mapping[str, str], head: AskingHead
    ) -> AppResponse:
        """End the sessions that an OpenID Connect provider tells of."""
        provider = self._provider(name, IBackChannelLogout)
        store = (("Cache-Control", "no-store"),)
        try:
            await self._end_there(name, await provider.ended(form))
        except SignInRefused as error:
            self._refused(name, error, head)
            return AppResponse(status=HTTPStatus.BAD_REQUEST, headers=store)
        return AppResponse(headers=store)

    async def single(
        self, name: str, fields: Mapping[str, str], query: bytes, head: AskingHead
    ) -> AppResponse:
        """End the sessions that a SAML provider tells of, and go back to it with an answer."""
        provider = self._provider(name, ISingleSignOut)
        raw = None if head.method == "POST" else query
        try:
            told = await provider.receive(SignOutNotice(parameters=fields, query=raw))
        except SignInRefused as error:
            self._refused(name, error, head)
            return pages.message_page(
                "You are not signed out", error.message, status=HTTPStatus.FORBIDDEN
            )
        for ended in told.ended:
            await self._end_there(name, ended)
        if told.answer is None:
            return pages.answer("Signed out", _done(FRONT))
        return _to(told.answer, ())

    async def metadata(self, name: str) -> AppResponse:
        """Describe this server to the administrator of a SAML provider."""
        kind = ("Content-Type", "application/samlmetadata+xml")
        return AppResponse(headers=(kind,), body=self._provider(name, ISingleSignOut).metadata())

    def _provider(self, name: str, interface: Any) -> Any:
        way = self._auth.way(name)
        if way is None or not interface.providedBy(way.provider):
            raise NoSuchRoute(NO_ROUTE)
        return way.provider

    async def _held(self, head: AskingHead) -> Any:
        for way in self._auth.all_ways():
            secret = head.cookie(cookies.session_cookie(way.name, secure=head.scheme == "https"))
            session = await self._sessions.find(head.host, way.name, secret) if secret else None
            if session is None:
                continue
            identity = way.current(session.identity, session.fingerprint)
            if identity is not None:
                yield _Held(way, session, identity)

    async def _end(self, held: _Held, head: AskingHead) -> Departure | None:
        """End a session here; return the way to its end at the provider, if that has one."""
        departure = await self._departure(held)
        await self._sessions.end(SessionChoice(name=held.session.name), "signed out")
        self._audit.record(deeds.signed_out(held.identity, head.address))
        return departure

    async def _departure(self, held: _Held) -> Departure | None:
        if held.way.provider is None:
            return None
        try:
            evidence = await self._sessions.evidence(held.session)
            found: Departure | None = await held.way.provider.sign_out(evidence)
        except (ProviderUnavailable, SecretFailed) as error:
            # Being signed out here matters more than the page of a provider.
            self._log.warn("No sign-out at {name}: {why}", name=held.way.name, why=error.message)
            return None
        return found

    def _gone(
        self,
        departures: list[Departure | None],
        place: str,
        headers: tuple[tuple[str, str], ...],
    ) -> AppResponse:
        """Leave for the page of the only provider, or for ``place``."""
        there = [departure for departure in departures if departure is not None]
        if len(there) == 1:
            return _onward(there[0], headers)
        return pages.see_other(place, *headers)

    async def _end_there(self, name: str, ended: EndedElsewhere) -> None:
        def is_ended(pending: Pending, proof: SignedIn) -> bool:
            is_of_user = ended.subject in {"", proof.identity.subject}
            is_of_index = ended.index in {"", proof.evidence.get("index")}
            return pending.way == name and is_of_user and is_of_index

        self._pending.end(is_ended)
        found = await self._sessions.list_sessions(SessionChoice(setting=name))
        for session in found:
            if ended.subject and session.identity.subject != ended.subject:
                continue
            if ended.index and not await self._has_index(session, ended.index):
                continue
            await self._sessions.end(SessionChoice(name=session.name), _ENDED)

    async def _has_index(self, session: Session, index: str) -> bool:
        try:
            return (await self._sessions.evidence(session)).get("index") == index
        except SecretFailed:
            return True  # a session that cannot be told apart from the one that is to end

    def _refused(self, name: str, error: SignInRefused, head: AskingHead) -> None:
        reason = error.reason or error.message
        self._audit.record(deeds.sign_in_refused(name, head.address, reason))


def cleared(names: list[str], head: AskingHead) -> tuple[tuple[str, str], ...]:
    """The headers that remove cookies of sessions, as far as the browser has them."""
    found = (cookies.session_cookie(name, secure=head.scheme == "https") for name in names)
    return tuple(
        ("Set-Cookie", cookies.set_cookie(name, "", 0)) for name in found if head.has_cookie(name)
    )


def _to(departure: Departure, headers: tuple[tuple[str, str], ...]) -> AppResponse:
    if departure.fields:
        return pages.with_headers(pages.departure_page(departure, "Sign out", "Go on"), *headers)
    return pages.see_other(departure.url, *headers)


def _onward(departure: Departure, headers: tuple[tuple[str, str], ...]) -> AppResponse:
    """Leave after a form was sent: its page's policy lets it lead nowhere else, not by a redirect
    either, so a page of its own goes on.
    """
    if departure.fields:
        return _to(departure, headers)
    return pages.with_headers(pages.onward_page("Sign out", departure.url), *headers)


def _confirm(held: list[_Held], back: str) -> Iterator[str]:
    yield "<h1>Sign out</h1>"
    yield "<p>You are signed in here as</p>"
    yield "<ul>"
    for each in held:
        name = each.identity.name or each.identity.user_id
        yield f"<li><strong>{escape(name)}</strong> ({escape(each.way.title)})</li>"
    yield "</ul>"
    yield f'<form method="post" action="{LOGOUT}">'
    yield pages.hidden("redirect", back)
    yield "<button>Sign out</button></form>"
    yield f'<p><a href="{escape(back)}">Stay signed in</a></p>'


def _done(back: str) -> Iterator[str]:
    yield "<h1>You are signed out</h1>"
    yield "<p>Close the window if others use this device.</p>"
    yield f'<p><a href="{escape(back)}">Go back to the app</a></p>'


def _not_signed_in(back: str) -> Iterator[str]:
    yield "<h1>You are not signed in</h1>"
    yield f'<p><a href="{escape(back)}">Go back to the app</a></p>'
