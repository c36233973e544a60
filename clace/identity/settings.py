"""The one table that turns an app's auth setting into authenticators."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from zope.interface import implementer

from clace.errors import BadRequest, NotAuthenticated
from clace.identity.passwords import REFUSED
from clace.identity.sessions import BrowserSignIn, SignInRules
from clace.interfaces import (
    IAppAuthentication,
    IAuthenticator,
    ISessions,
    RequestHead,
    Session,
    Way,
)
from clace.model import NOBODY, Identity

DEFAULT, NONE = "default", "none"
_LEGACY = "rbac:"
_FORWARD = "forward_"
_SAML = "saml_"
_MORE = "others need a section in the configuration: [auth.NAME], [saml.NAME] or [client_auth.NAME]"
_SETTINGS = 1000
Kind = Callable[[str], IAuthenticator | None]
"""A row: makes the authenticator of a setting, or returns None if the setting is another kind's."""


@implementer(IAuthenticator)
class OpenToAll:
    """Asks nobody who they are."""

    async def identify(self, head: RequestHead) -> Identity:  # noqa: ARG002
        return NOBODY


@implementer(IAuthenticator)
class ClosedToAll:
    """Lets nobody in."""

    def __init__(self, message: str = REFUSED) -> None:
        self._message = message

    async def identify(self, head: RequestHead) -> Identity:  # noqa: ARG002
        raise NotAuthenticated(self._message)


class KnownSetting(NamedTuple):
    """A setting that was read: who is asked and by which ways, which servers after that, and
    whether nobody is. One that is not known has no ways.
    """

    authenticator: IAuthenticator
    ways: tuple[Way, ...]
    forwards: tuple[str, ...]
    is_open: bool


@implementer(IAppAuthentication)
class AppAuthentication:
    """``none``, the ways of ``ways`` (several with commas between), and what ``kinds`` add.

    :param required: apps set to ``none`` are closed.
    """

    def __init__(
        self,
        ways: Sequence[Way],
        sessions: ISessions,
        rules: SignInRules,
        *,
        default: str,
        kinds: Sequence[Kind] = (),
        forwards: Collection[str] = (),
        required: bool = False,
    ) -> None:
        self._ways = {way.name: way for way in ways}
        self._sessions = sessions
        self._rules = rules
        self._default = default
        self._required = required
        self._forwards = forwards
        self._kinds: tuple[Kind, ...] = (self._none, self._browser, *kinds)
        self._open = OpenToAll()
        self._known: dict[str, KnownSetting] = {}

    def check(self, setting: str) -> None:
        base, modifiers = self._parts(setting)
        for modifier in modifiers:
            self._check_modifier(modifier)
        if base == DEFAULT or self._make(base) is not None:
            return
        if base.startswith(_SAML):
            raise BadRequest(f"invalid saml auth type {base}; {_unknown('saml', base, _SAML)}")
        known = ", ".join((DEFAULT, NONE, *self._ways))
        raise BadRequest(f"invalid authentication type {base}; expected one of {known}; {_MORE}")

    def is_open(self, setting: str) -> bool:
        return (self._known.get(setting) or self._of(setting)).is_open

    def base(self, setting: str) -> str:
        base = self._parts(setting)[0]
        return self._parts(self._default)[0] if base == DEFAULT else base

    def forwards(self, setting: str) -> tuple[str, ...]:
        return (self._known.get(setting) or self._of(setting)).forwards

    def of(self, setting: str) -> IAuthenticator:
        return (self._known.get(setting) or self._of(setting)).authenticator

    def in_effect(self, setting: str) -> str:
        """Return the setting that one which names the default stands for."""
        return "+".join((self.base(setting), *self._modifiers(setting)))

    def ways(self, setting: str) -> tuple[Way, ...]:
        return self._of(setting).ways

    def all_ways(self) -> tuple[Way, ...]:
        return tuple(self._ways.values())

    def current(self, session: Session) -> Identity | None:
        """Return the user of a session as of now; None if that is to end."""
        way = self._ways.get(session.setting)
        return None if way is None else way.current(session.identity, session.fingerprint)

    def way(self, name: str) -> Way | None:
        return self._ways.get(name)

    def _of(self, setting: str) -> KnownSetting:
        """Read a setting, once: every request asks."""
        found = self._known.get(setting)
        if found is None:
            if len(self._known) >= _SETTINGS:
                self._known.clear()
            found = self._known[setting] = self._read(setting)
        return found

    def _read(self, setting: str) -> KnownSetting:
        modifiers = self._modifiers(setting)
        known = self._make(self.base(setting)) if all(map(self._is_forward, modifiers)) else None
        return KnownSetting(
            authenticator=known or ClosedToAll(),
            ways=self._named(self.base(setting)) if known else (),
            forwards=tuple(modifier.removeprefix(_FORWARD) for modifier in modifiers),
            is_open=known is self._open and not modifiers,
        )

    def _modifiers(self, setting: str) -> tuple[str, ...]:
        """Return the checks besides a sign-in: those of the default, and the app's own."""
        base, own = self._parts(setting)
        before = self._parts(self._default)[1] if base == DEFAULT else ()
        return tuple(dict.fromkeys((*before, *own)))

    def _parts(self, setting: str) -> tuple[str, tuple[str, ...]]:
        base, *modifiers = setting.removeprefix(_LEGACY).split("+")
        return base, tuple(modifiers)

    def _is_forward(self, modifier: str) -> bool:
        return modifier.startswith(_FORWARD) and modifier.removeprefix(_FORWARD) in self._forwards

    def _check_modifier(self, modifier: str) -> None:
        if self._is_forward(modifier):
            return
        if modifier.startswith(_FORWARD):
            told = f"forward config {modifier.removeprefix(_FORWARD)} not found"
            raise BadRequest(f"{told}; {_unknown('forward', modifier, _FORWARD)}")
        raise BadRequest(f"invalid auth modifier {modifier}")

    def _make(self, base: str) -> IAuthenticator | None:
        return next((made for kind in self._kinds if (made := kind(base)) is not None), None)

    def _none(self, base: str) -> IAuthenticator | None:
        if base != NONE:
            return None
        return ClosedToAll("Authentication required") if self._required else self._open

    def _browser(self, base: str) -> IAuthenticator | None:
        ways = self._named(base)
        return BrowserSignIn(base, ways, self._sessions, self._rules) if ways else None

    def _named(self, base: str) -> tuple[Way, ...]:
        """The ways with commas between; none of them if one is unknown, or there twice."""
        names = base.split(",")
        if len(set(names)) != len(names) or not set(names) <= self._ways.keys():
            return ()
        return tuple(self._ways[name] for name in names)


def _unknown(table: str, setting: str, prefix: str) -> str:
    """Return the section that a setting lacks."""
    return f"there is no section [{table}.{setting.removeprefix(prefix)}] in the configuration"
