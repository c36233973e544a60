"""API tokens: their rows, and the proof that they are of who they say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from msgspec import Struct
from zope.interface import Interface

from clace.model import Identity, Scope


class APIToken(Struct, frozen=True, kw_only=True):
    """A token of a user. ``digest`` is of the token itself, which is kept nowhere; ``id`` is for
    operators. ``groups`` are those that the user's sign-in told when the token was made.
    """

    id: str
    digest: str
    user_id: str
    groups: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    description: str = ""
    create_time: datetime
    expire_time: datetime
    use_time: datetime | None = None

    @property
    def scope(self) -> Scope:
        return Scope(permissions=self.permissions, apps=self.apps)


class NewAPIToken(Struct, frozen=True, kw_only=True):
    """A token to make for a user, who may do with it no more than the scope says."""

    identity: Identity
    scope: Scope
    description: str = ""
    expire_time: datetime


class ITokenRows(Interface):
    """The place of tokens; whoever asks waits, so it is asked in threads."""

    def add(token: APIToken) -> None:
        """Keep a new one.

        :raises StoreError: if there is one of this id or digest.
        """

    def find(digest: str) -> APIToken | None:
        """Return the one with this digest."""

    def all() -> tuple[APIToken, ...]:
        """Return all, the newest first."""

    def touch(used: Mapping[str, datetime]) -> None:
        """Set when they were last used, by id; those that are gone stay gone."""

    def delete(token_id: str) -> bool:
        """Remove one; return false if it was not there."""


class IAPITokens(Interface):
    """The API tokens of all users."""

    async def create(new: NewAPIToken) -> tuple[str, APIToken]:
        """Make a token, and return its secret text, which is never told again, and what is kept.

        :raises StoreError: if it cannot be kept.
        """

    async def tokens() -> tuple[APIToken, ...]:
        """Return all, the newest first."""

    async def revoke(token_id: str) -> bool:
        """End a token at once, with all open requests by it; return false if it was not there.

        :raises StoreError: if it may still be there after a restart; until then it has ended.
        """

    async def prove(secret: str, address: str) -> Identity:
        """Return the user of a token, bounded by its scope.

        :raises NotAuthenticated: if it is unknown or over, or its user is gone.
        :raises LockedOut: if there were too many failures.
        """

    def follow(told: Callable[[Collection[str]], object]) -> None:
        """Have ``told`` called with the ids of tokens that end."""
