"""Access to apps, and the apps that are installed."""

from __future__ import annotations

from collections.abc import Collection

from zope.interface import Interface

from clace.admin_api import LockoutList, LockoutsCleared
from clace.model import App, AppGlob, AppPath


class ICredentials(Interface):
    """The administrator's account."""

    async def check(user: str, password: str, address: str) -> str:
        """The user's id; takes the same time for users that do not exist.

        :raises NotAuthenticated: user or password are wrong.
        :raises LockedOut: too many failures for this address and user; says for how long.
        """


class ILockouts(Interface):
    """Names and networks that may not sign in for a while."""

    def list_lockouts() -> LockoutList:
        """Return those locked now, the longest first."""

    def clear_lockouts(address: str, user: str, *, dry_run: bool = False) -> LockoutsCleared:
        """Forget failed sign-ins: from an address, of a user, or with two empty texts all. A dry
        run only counts them.

        :raises BadRequest: if ``address`` is invalid.
        :raises NoSuchLockout: if no failure is known of the address or user given.
        """


class IInstalledApps(Interface):
    """The installed apps by domain and path; the operations keep it in step with the store."""

    def find(host: str, path: str) -> App | None:
        """The app for a request to ``path`` on ``host`` (without port)."""

    def serves(host: str) -> bool:
        """Tell a host under which apps are served from one that is unknown here."""

    def is_named(host: str) -> bool:
        """Tell the default domain and the domains of apps from what else apps are served under:
        addresses, and all names that fall back to the default domain.
        """

    def on(host: str) -> Collection[App]:
        """The apps that are served under a name, with their staging and preview apps."""

    def matching(glob: AppGlob) -> tuple[App, ...]:
        """The production and dev apps that match, oldest first."""

    def at(address: AppPath) -> App | None:
        """The app installed exactly there."""

    def staging_of(app: App) -> App | None:
        """The staging twin of a production app."""

    def overlapping(address: AppPath) -> tuple[App, ...]:
        """The apps whose paths are on the way to this one or below it."""

    def replace(apps: tuple[App, ...]) -> None:
        """All apps there are now."""

    def change(ids: Collection[str], stored: tuple[App, ...]) -> None:
        """Update the apps of these ids; those that are not stored are gone."""
