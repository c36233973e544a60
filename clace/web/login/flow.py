"""The way of a browser: from an app to the page to sign in, perhaps a provider, and back."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from msgspec import Struct
from msgspec.structs import replace

from clace import cookies
from clace.errors import (
    ClaceError,
    LinkUsed,
    LockedOut,
    NoSuchRoute,
    NotAuthenticated,
    ProviderUnavailable,
    SignInRefused,
)
from clace.interfaces import (
    Arrival,
    Demand,
    Departure,
    IAppAuthentication,
    IAuditEvents,
    ISessions,
    NewSession,
    SessionChoice,
    SignedIn,
    Way,
)
from clace.model import NO_ROUTE, AppResponse, Identity, deeds, host_port, netloc
from clace.web.login import pages
from clace.web.login.heads import AskingHead
from clace.web.login.states import (
    ASKED_SECONDS,
    Pending,
    PendingSignIns,
    digest,
    is_nonce_of,
    is_secret,
)
from clace.web.login.targets import FRONT, local_path, path_of_url
from clace.web.statuses import status_of

COMPLETE = "/_clace/auth/login/complete"
WRONG = "Invalid username or password"
UNASKED = "answer: to no sign-in, or to one that was finished or is too old"
MIXED_UP = "answer: to a sign-in by another provider"
OTHER_BROWSER = "the sign-in was begun in another browser, or on another host"
_SAFE = frozenset({"GET", "HEAD"})
_RECENT_SECONDS = 900


class Places(Struct, frozen=True, kw_only=True):
    """The name of the host with the pages, and the URL that providers send browsers back to."""

    login_host: str
    callback_url: str = ""

    def login(self, head: AskingHead, ways: tuple[Way, ...]) -> str:
        """Return the URL of the host where a browser signs in, without a path."""
        # Where something is to be chosen the page is the server's own host's.
        if self.callback_url and len(ways) == 1 and ways[0].provider:
            return self.callback_url.rstrip("/")
        return f"{head.scheme}://{netloc(self.login_host, host_port(head.authority))}"


class SignInFlow:
    """Takes browsers through a sign-in, each step with what the one before has left."""

    def __init__(
        self,
        auth: IAppAuthentication,
        sessions: ISessions,
        pending: PendingSignIns,
        places: Places,
        audit: IAuditEvents,
        max_age: int,
    ) -> None:
        self._auth = auth
        self._sessions = sessions
        self._pending = pending
        self._places = places
        self._audit = audit
        self._max_age = max_age

    def depart(self, setting: str, head: AskingHead, target: str = "") -> AppResponse:
        """Send a browser from an app to the page to sign in; ``target`` is a page of our own."""
        name = cookies.sign_in_cookie(secure=head.scheme == "https")
        # Tabs that sign in at the same time share it.
        before = head.cookie(name) or ""
        nonce = before if is_secret(before) else self._pending.secret()
        pending = Pending(
            setting=setting,
            origin=head.origin,
            target=target or _target(head),
            nonce=digest(nonce),
            address=head.address,
        )
        state = self._pending.add(pending)
        place = self._places.login(head, self._auth.ways(setting))
        cookie = ("Set-Cookie", cookies.set_cookie(name, nonce, int(ASKED_SECONDS)))
        return redirect(f"{place}{pages.LOGIN}?state={state}", head, cookie)

    def is_recent(self, identity: Identity) -> bool:
        """Tell whether a user has proved within minutes who they are."""
        return self._sessions.began_within(identity.session_id, _RECENT_SECONDS)

    async def page(self, state: str, head: AskingHead) -> AppResponse:
        """Show the form and the providers; with one provider and no form, go there.

        :raises NoSuchRoute: if there would be something to show, and this is not the host for it.
        """
        is_login_host = head.host == self._places.login_host
        pending = self.asked(state)
        if pending is None:
            return expired()
        ways = self._auth.ways(pending.setting)
        if len(ways) == 1 and ways[0].provider:
            return await self._leave_for(state, pending, ways[0])
        if not is_login_host:
            raise NoSuchRoute(NO_ROUTE)
        return _form(state, pending, ways)

    async def leave(self, state: str, name: str) -> AppResponse:
        """Send a browser to the provider that was chosen."""
        pending = self.asked(state)
        if pending is None:
            return expired()
        way = self._way(pending, name)
        if way is None or not way.provider:
            raise NoSuchRoute(NO_ROUTE)
        return await self._leave_for(state, pending, way)

    async def password(self, name: str, form: Mapping[str, str], head: AskingHead) -> AppResponse:
        """Check what the form says."""
        state = form.get("state", "")
        pending = self.asked(state)
        if pending is None:
            return expired()
        ways = self._auth.ways(pending.setting)
        way = self._way(pending, name)
        if way is None or not way.accounts:
            raise NoSuchRoute(NO_ROUTE)
        user, password = form.get(f"{name}-username", ""), form.get(f"{name}-password", "")
        try:
            identity = await way.accounts.prove(user, password, head.address)
        except LockedOut as error:
            status = HTTPStatus.TOO_MANY_REQUESTS
            return _form(state, pending, ways, pages.sentence(error), user, name, status)
        except NotAuthenticated:
            return _form(state, pending, ways, WRONG, user, name)
        if way.demand(identity) is not Demand.NOTHING:
            return self._wait(state, way, identity)
        return self._proved(state, way, SignedIn(identity=identity))

    def asked(self, state: str) -> Pending | None:
        """Return a sign-in that nobody has proved anything for, by the state of its page."""
        pending = self._unproved(state)
        return None if pending is None or pending.page else pending

    def _unproved(self, state: str) -> Pending | None:
        pending = self._pending.look(state)
        return None if pending is None or pending.signed_in or pending.waiting else pending

    def finish(self, state: str, identity: Identity, way: Way | None = None) -> AppResponse:
        """Go back to the app with somebody who has proved all that is asked for."""
        pending = self._pending.look(state)
        way = way or (self._way(pending, pending.way) if pending else None)
        return expired() if way is None else self._proved(state, way, SignedIn(identity=identity))

    def _wait(self, state: str, way: Way, identity: Identity) -> AppResponse:
        """Ask for a second factor, under another state: the password was right."""
        pending = self._pending.take(state)
        if pending is None:
            return expired()
        # It may take minutes, in which the password that was right can be changed.
        fingerprint = way.fingerprint(identity)
        waiting = replace(pending, way=way.name, waiting=identity, fingerprint=fingerprint)
        return _see(f"{pages.FACTOR}?state={self._pending.add(waiting)}")

    async def arrive(
        self, name: str, parameters: Mapping[str, str], head: AskingHead
    ) -> AppResponse:
        """Take back a browser from a provider."""
        state = parameters.get("state") or parameters.get("RelayState") or ""
        pending = self._unproved(state)
        if pending is None or pending.way != name:
            return self._stray(name, head, UNASKED if pending is None else MIXED_UP)
        way = self._way(pending, name)
        # The answer of a provider counts once, whatever comes of it, and the first one alone.
        self._pending.take(state)
        if pending.page and self._pending.take(pending.page) is None:
            return self._stray(name, head, UNASKED)
        if way is None or not way.provider:
            return expired()
        try:
            signed_in = await way.provider.finish(Arrival(parameters=parameters, kept=pending.kept))
        except SignInRefused as error:
            reason = error.reason or error.message
            self._audit.record(deeds.sign_in_refused(name, head.address, reason))
            return refused(error, HTTPStatus.FORBIDDEN)
        except ProviderUnavailable as error:
            return self._unavailable(name, head.address, error)
        return self._pass_on(pending, way, signed_in)

    async def complete(self, state: str, head: AskingHead) -> AppResponse:
        """Begin the session, on the app's host and in the browser that asked for it."""
        name = cookies.sign_in_cookie(secure=head.scheme == "https")
        pending = self._pending.look(state)
        if pending is None or pending.signed_in is None:
            return expired()
        # A state that came to another browser makes no session: there somebody may read it who
        # began the sign-in for somebody else.
        if pending.origin != head.origin or not is_nonce_of(pending, head.cookie(name)):
            self._pending.take(state)
            return self._stray(pending.way, head, OTHER_BROWSER)
        await self._end_former(pending, head)
        # Two requests with one state make one session. It may have been ended meanwhile, too.
        if self._pending.take(state) is None:
            return expired()
        new = NewSession(
            host=head.host,
            setting=pending.way,
            signed_in=pending.signed_in,
            fingerprint=pending.fingerprint,
        )
        secret, session = await self._sessions.begin(new)
        self._audit.record(deeds.signed_in(session.identity, pending.way, head.address))
        cookie = cookies.session_cookie(pending.way, secure=head.scheme == "https")
        return redirect(
            pending.target, head, ("Set-Cookie", cookies.set_cookie(cookie, secret, self._max_age))
        )

    async def _end_former(self, pending: Pending, head: AskingHead) -> None:
        """A new sign-in replaces the session that the browser has."""
        name = cookies.session_cookie(pending.way, secure=head.scheme == "https")
        secret = head.cookie(name)
        former = await self._sessions.find(head.host, pending.way, secret) if secret else None
        if former is not None:
            await self._sessions.end(SessionChoice(name=former.name), "a new sign-in")

    def _proved(self, state: str, way: Way, signed_in: SignedIn) -> AppResponse:
        pending = self._pending.take(state)
        return expired() if pending is None else self._pass_on(pending, way, signed_in)

    def _pass_on(self, pending: Pending, way: Way, signed_in: SignedIn) -> AppResponse:
        """Go back to the app's host with a state that names the user."""
        fingerprint = pending.fingerprint or way.fingerprint(signed_in.identity)
        proved = replace(
            pending, way=way.name, waiting=None, signed_in=signed_in, fingerprint=fingerprint
        )
        state = self._pending.add(proved)
        return _see(f"{pending.origin}{COMPLETE}?state={state}")

    async def _leave_for(self, state: str, pending: Pending, way: Way) -> AppResponse:
        # A provider is told a state that is good for its own answer, and at no page of ours.
        leaving = replace(pending, way=way.name, page=state)
        onward = self._pending.add(leaving)
        try:
            departure: Departure = await way.provider.begin(onward)
        except ProviderUnavailable as error:
            self._pending.take(onward)
            return self._unavailable(way.name, pending.address, error)
        self._pending.keep(onward, replace(leaving, kept=departure.kept))
        if departure.fields:
            return pages.departure_page(departure, f"Sign in with {way.title}", "Go on")
        return _see(departure.url)

    def _stray(self, name: str, head: AskingHead, reason: str) -> AppResponse:
        """The page for a browser that brings what belongs to another sign-in, or to none."""
        if self._auth.way(name) is not None:
            self._audit.record(deeds.sign_in_refused(name, head.address, reason))
        return expired()

    def _unavailable(self, name: str, address: str, error: ProviderUnavailable) -> AppResponse:
        self._audit.record(deeds.sign_in_refused(name, address, "provider unavailable"))
        return refused(error, HTTPStatus.BAD_GATEWAY)

    def _way(self, pending: Pending, name: str) -> Way | None:
        ways = self._auth.ways(pending.setting)
        return next((way for way in ways if way.name == name), None)


def _form(
    state: str,
    pending: Pending,
    ways: tuple[Way, ...],
    error: str = "",
    user: str = "",
    chosen: str = "",
    status: int = 200,
) -> AppResponse:
    page = pages.SignInPage(
        state=state,
        ways=ways,
        origin=pending.origin,
        has_passkeys=any(way.factors and way.factors.has_passkeys() for way in ways),
        error=error,
        user=user,
        chosen=chosen,
    )
    return pages.sign_in_page(page, status)


def _target(head: AskingHead) -> str:
    """The page to come back to: for HTMX the one that it is on, else the one that was asked for."""
    if head.header("hx-request") is not None:
        found = path_of_url(head.header("hx-current-url"), head.origin)
        if found is not None:
            return found
    return local_path(head.target) if head.method in _SAFE else FRONT


def redirect(place: str, head: AskingHead, *headers: tuple[str, str]) -> AppResponse:
    """Send a browser elsewhere, by the way that HTMX understands if it asks."""
    if head.header("hx-request") is not None:
        located = (("HX-Redirect", place), ("Cache-Control", "no-store"))
        return AppResponse(headers=(*located, *headers))
    return pages.see_other(place, *headers)


def _see(place: str) -> AppResponse:
    return pages.see_other(place, ("Referrer-Policy", "no-referrer"))


def expired() -> AppResponse:
    """The page for a state that is unknown, used, or too old."""
    return pages.message_page(
        "This sign-in has expired",
        "Open the app again to begin a new one.",
        status=status_of(LinkUsed),
    )


def refused(error: ClaceError, status: int) -> AppResponse:
    """The page for a provider that said no, or nothing."""
    return pages.message_page("You are not signed in", pages.sentence(error), status=status)
