"""Requests to apps that ask who it is: by a password in the head, or by a session."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

from msgspec import Struct
from zope.interface import implementer

from clace.cookies import session_cookie
from clace.errors import NotAuthenticated, SignInNeeded
from clace.identity.passwords import REFUSED
from clace.identity.sessions.sessions import CHANGED
from clace.interfaces import IAuthenticator, ISessions, RequestHead, SessionChoice, Way
from clace.model import Identity, is_address

_SAFE = frozenset({"GET", "HEAD"})


class SignInRules(Struct, frozen=True, kw_only=True):
    """The conditions under which browsers are sent to a page to sign in.

    ``login_host`` is the name of the host with the form; ``provider_host`` of the one that
    providers send browsers back to. ``is_named`` tells the names that this server is meant to
    have. After the sign-in the browser goes back to the name that it asked for, and brings the
    state that opens a session there: under any other name a stranger could receive that state.
    """

    login_host: str = ""
    provider_host: str = ""
    is_named: Callable[[str], bool] = lambda _name: True
    disable_form: bool = False
    https_only: bool = True

    def lets_in(self, head: RequestHead, ways: tuple[Way, ...]) -> bool:
        """Tell whether a sign-in could succeed: its cookie has to come back."""
        by_form = any(way.accounts for way in ways)
        if by_form and self.disable_form:
            return False
        place = self.login_host if by_form else self.provider_host
        # A name below localhost is the visitor's own machine.
        if not place or (is_local(place) and not is_local(head.host)):
            return False
        if not self._leads_back(head, place):
            return False
        return head.scheme == "https" or not self.https_only or is_local(head.host)

    def _leads_back(self, head: RequestHead, place: str) -> bool:
        """Tell whether the name that was asked for leads to this server and to no other."""
        if is_address(head.host):
            # A visitor's own machine stays the visitor's; any other address has to be ours.
            is_own = is_local(place) or head.reached == str(ip_address(head.host))
            return is_own or self.is_named(head.host)
        return is_local(place) or self.is_named(head.host)


@implementer(IAuthenticator)
class BrowserSignIn:
    """Lets in who has a session that began by one of ``ways``, or sends a password of one."""

    def __init__(
        self, setting: str, ways: tuple[Way, ...], sessions: ISessions, rules: SignInRules
    ) -> None:
        self._setting = setting
        self._ways = ways
        self._sessions = sessions
        self._rules = rules
        self._secure = tuple((way, session_cookie(way.name, secure=True)) for way in ways)
        self._plain = tuple((way, session_cookie(way.name, secure=False)) for way in ways)
        self._by_password = tuple(way for way in ways if way.accounts is not None)

    async def identify(self, head: RequestHead) -> Identity:
        if self._by_password:
            given = head.authorization.password
            if given is not None:
                return await self._way_of(given[0]).prove_by_password(*given, head.address)
            if head.authorization.basic:
                raise NotAuthenticated(REFUSED)
        for way, name in self._secure if head.scheme == "https" else self._plain:
            if secret := head.cookie(name):
                session = self._sessions.known(head.host, way.name, secret)
                identity = None
                if session is not None:
                    identity = way.current(session.identity, session.fingerprint)
                if identity is None:
                    identity = await self._of_session(head.host, way, secret)
                if identity is not None:
                    return identity
        if is_navigation(head) and self._rules.lets_in(head, self._ways):
            raise SignInNeeded(REFUSED, self._setting)
        raise NotAuthenticated(REFUSED, "Basic" if self._by_password else "Bearer")

    async def _of_session(self, host: str, way: Way, secret: str) -> Identity | None:
        session = await self._sessions.find(host, way.name, secret)
        if session is None:
            return None
        identity = way.current(session.identity, session.fingerprint)
        if identity is None:
            choice = SessionChoice(name=session.name)
            await self._sessions.end(choice, CHANGED)
        return identity

    def _way_of(self, user: str) -> Way:
        """The way with this user, or any: a name is tried once."""
        ways = self._by_password
        if len(ways) == 1:
            return ways[0]
        return next((way for way in ways if way.accounts.knows(user)), ways[0])


def is_navigation(head: RequestHead) -> bool:
    """Tell whether a browser can be sent to another page instead of the answer."""
    if head.header("hx-request") is not None:
        page, own = head.header("hx-current-url") or "", f"{head.scheme}://{head.authority}/"
        return head.method in _SAFE or page.startswith(own)
    return head.method in _SAFE and "text/html" in (head.header("accept") or "").lower()


def is_local(host: str) -> bool:
    """Tell whether a browser that uses this name talks to its own machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
