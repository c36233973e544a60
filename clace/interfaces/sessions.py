"""Sessions of browsers, the ways to begin one, and the settings of apps that ask for them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from msgspec import Struct
from zope.interface import Attribute, Interface

from clace.interfaces.factors import Demand
from clace.interfaces.identity import IAuthenticator, Rechecked, SignedIn
from clace.model import Identity


class Session(Struct, frozen=True, kw_only=True):
    """A browser that has signed in, on one host.

    ``digest`` is of the secret in its cookie, which is kept nowhere; ``name`` is for operators.
    ``fingerprint`` is of the password and groups, or of the provider that proved it: a change ends
    the session.
    Times are seconds since the epoch; ``sealed`` is the evidence, ``key_id`` names its key.
    """

    digest: bytes
    name: str
    host: str
    setting: str
    identity: Identity
    fingerprint: str
    made: float
    seen: float
    until: float
    key_id: str = ""
    sealed: bytes = b""


class NewSession(Struct, frozen=True, kw_only=True):
    """A sign-in that has succeeded, by the way called ``setting``, for apps on ``host``."""

    host: str
    setting: str
    signed_in: SignedIn
    fingerprint: str


class SessionChoice(Struct, frozen=True, kw_only=True):
    """Sessions to end or to list: those that have all of this, empty texts aside."""

    name: str = ""
    user_id: str = ""
    setting: str = ""
    host: str = ""

    def includes(self, session: Session) -> bool:
        """Tell whether the session is chosen."""
        named = self.name in {"", session.name}
        return named and self.covers(session.identity, session.setting, session.host)

    def covers(self, identity: Identity, setting: str, host: str) -> bool:
        """Tell whether a session of this kind could be chosen, whatever its name."""
        return (
            self.user_id in {"", identity.user_id}
            and self.setting in {"", setting}
            and self.host in {"", host}
        )


class ISessionRows(Interface):
    """The place of sessions; whoever asks waits, so it is asked in threads."""

    def add(session: Session) -> None:
        """Keep a new one."""

    def find(digest: bytes) -> Session | None:
        """Return the one with this digest."""

    def all() -> tuple[Session, ...]:
        """Return all, the newest first."""

    def touch(seen: Mapping[bytes, float]) -> None:
        """Set when they were last used; those that are gone stay gone."""

    def renew(session: Session) -> None:
        """Keep the groups and the evidence that a session has now; one that is gone stays gone."""

    def delete(digests: Collection[bytes]) -> int:
        """Remove them, and return how many were there."""


class ISessions(Interface):
    """The sessions of browsers."""

    def known(host: str, setting: str, secret: str) -> Session | None:
        """Return the session of a cookie if it is in memory, where those in use are."""

    async def find(host: str, setting: str, secret: str) -> Session | None:
        """Return the session of a cookie, as of now; None if it is not one, or has ended."""

    async def begin(new: NewSession) -> tuple[str, Session]:
        """Begin a session; return the secret for its cookie too.

        :raises StoreError: it cannot be kept.
        :raises SecretFailed: its evidence cannot be sealed.
        """

    async def end(choice: SessionChoice, reason: str) -> tuple[Session, ...]:
        """End sessions at once, and return them. Open requests of theirs are closed.

        :raises StoreError: they may still be there after a restart; until then they have ended.
        """

    async def list_sessions(choice: SessionChoice) -> tuple[Session, ...]:
        """Return those that have not ended, the newest first."""

    def is_over(name: str) -> bool:
        """Tell whether a session in use has come to its limits; one unknown in memory has not."""

    def began_within(name: str, seconds: float) -> bool:
        """Tell whether a session in use began in the last so many seconds."""

    async def review() -> None:
        """End the sessions whose user, password, groups or provider have changed.

        :raises StoreError: if they may still be there after a restart.
        """

    def in_use() -> tuple[Session, ...]:
        """Return those in memory, with the time when each was last used."""

    async def renew(session: Session, checked: Rechecked) -> None:
        """Let groups and evidence of now hold for a session, unless it has ended.

        :raises StoreError: they hold until a restart only.
        :raises SecretFailed: the evidence cannot be sealed.
        """

    async def evidence(session: Session) -> Mapping[str, str]:
        """Return what the provider gave at the sign-in.

        :raises SecretFailed: it cannot be unsealed.
        """

    def follow(told: Callable[[Collection[str]], object]) -> None:
        """Have ``told`` called with the names of sessions that end."""

    def follow_choices(told: Callable[[SessionChoice], object]) -> None:
        """Have ``told`` called with each choice of sessions to end, by user, way or host, whatever
        it finds: sign-ins that would begin such sessions have to end, too.
        """


class IAccounts(Interface):
    """Users with passwords that this server knows: the administrator, or the builtin users."""

    name: str = Attribute("the app setting that asks for it: ``system``, ``builtin``")
    title: str = Attribute("what a visitor chooses it by")

    def knows(user: str) -> bool:
        """Tell whether there is such a user; nobody outside may learn it."""

    async def prove(user: str, password: str, address: str) -> Identity:
        """Return who it is; takes the same time for users that do not exist.

        :raises NotAuthenticated: user or password are wrong.
        :raises LockedOut: too many failures for this address and user; says for how long.
        """

    def named(user_id: str) -> Identity | None:
        """Return the user of an id, who has proved nothing yet; None if it is nobody's here."""

    def fingerprint(identity: Identity) -> str:
        """Return a text that changes with the password, and with the user."""

    def current(identity: Identity, fingerprint: str) -> Identity | None:
        """Return the user as of now; None if the fingerprint is not theirs any more."""


class Way(Struct, frozen=True, kw_only=True):
    """A way to begin a session: users with passwords (``IAccounts``), perhaps with second factors
    (``ISecondFactors``), or a provider (``ISignInProvider``).
    """

    name: str
    title: str
    accounts: Any = None
    provider: Any = None
    factors: Any = None

    def fingerprint(self, identity: Identity) -> str:
        """Return what a session that begins now depends on."""
        found: str = (
            self.accounts.fingerprint(identity) if self.accounts else self.provider.fingerprint
        )
        return found

    def demand(self, identity: Identity) -> Demand:
        """Return the step that is missing for a user whose password was right."""
        found: Demand = self.factors.demand(identity) if self.factors else Demand.NOTHING
        return found

    async def prove_by_password(self, user: str, password: str, address: str) -> Identity:
        """Return a user for whom the password is enough.

        :raises NotAuthenticated: if user or password are wrong, or a second factor is missing.
        :raises LockedOut: as ``IAccounts.prove`` does.
        """
        identity: Identity = await self.accounts.prove(user, password, address)
        if self.factors:
            self.factors.check_alone(identity, address)
        return identity

    def current(self, identity: Identity, fingerprint: str) -> Identity | None:
        """Return the user of a session as of now; None if it has ended."""
        if self.accounts:
            found: Identity | None = self.accounts.current(identity, fingerprint)
            if found is None or self.factors is None:
                return found
            return found if self.factors.demand(found) is Demand.NOTHING else None
        return identity if fingerprint == self.provider.fingerprint else None


class IAppAuthentication(Interface):
    """The one place that knows what an app's auth setting means."""

    def check(setting: str) -> None:
        """:raises BadRequest: if no app can have the setting on this server."""

    def is_open(setting: str) -> bool:
        """Return true if nobody is asked who they are. Unknown settings are closed."""

    def base(setting: str) -> str:
        """Return the kind of sign-in that a setting means: the server's own for ``default``, and
        without what may follow it.
        """

    def forwards(setting: str) -> tuple[str, ...]:
        """Return the entries of forward auth that are asked about each request, in their order:
        those of the server's default before the app's own.
        """

    def of(setting: str) -> IAuthenticator:
        """Return the authenticator for a setting; one that is unknown lets nobody in."""

    def ways(setting: str) -> tuple[Way, ...]:
        """Return the ways by which a browser can begin a session for apps of the setting."""

    def all_ways() -> tuple[Way, ...]:
        """Return every way to begin a session on this server."""

    def way(name: str) -> Way | None:
        """Return one of all ways by its name."""
