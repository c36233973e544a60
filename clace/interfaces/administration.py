"""Operations of an operator: filled by ``operations`` and, for the command line, by ``client``."""

from __future__ import annotations

from zope.interface import Interface

from clace.model.app import AccountLink
from clace.model.requests import (
    ApproveOptions,
    CreateApp,
    CreateOptions,
    CreateSecret,
    ParamChange,
    ReloadOptions,
    UpdateMetadata,
    UpdateOptions,
    UpdateSettings,
)
from clace.model.results import (
    AppCreated,
    AppFound,
    AppList,
    AppsApproved,
    AppsDeleted,
    AppsPromoted,
    AppsReloaded,
    AppsUpdated,
    LockoutList,
    LockoutsCleared,
    SecretCreated,
    SecretDeleted,
    SecretFound,
    SecretList,
    SecretsRekeyed,
    ServerStatus,
    SettingsUpdated,
    Stopping,
)
from clace.model.shown import AppShown


class IAdministration(Interface):
    """Operations of an operator. Globs and paths come as the operator wrote them."""

    async def create_app(request: CreateApp, options: CreateOptions) -> AppCreated:
        """Install an app; a production app gets its staging twin.

        :raises AppExists: the path or one above or below it, but for ``/``, is taken.
        :raises SourceError: the source cannot be fetched.
        :raises AppBroken: if the source does not load.
        """

    async def list_apps(glob: str, *, internal: bool) -> AppList:
        """The apps that match, oldest first; with ``internal`` the staging twins too."""

    async def get_app(path: str) -> AppFound:
        """:raises NoSuchApp: nothing is installed there."""

    async def show_app(path: str) -> AppShown:
        """Everything about one app and its staging twin, secrets hidden.

        :raises NoSuchApp: nothing is installed there.
        """

    async def delete_apps(glob: str, *, dry_run: bool) -> AppsDeleted:
        """Remove the apps that match, with their twins, versions and files."""

    async def approve_apps(glob: str, options: ApproveOptions) -> AppsApproved:
        """Approve what the stored source of each app asks for."""

    async def reload_apps(glob: str, options: ReloadOptions) -> AppsReloaded:
        """Fetch the sources again: all apps that match, or on any failure none.

        :raises NeedsApproval: a source asks for more and ``options.approve`` is not set.
        """

    async def promote_apps(glob: str, *, dry_run: bool) -> AppsPromoted:
        """Let production apps serve what their staging twins serve."""

    async def link_account(glob: str, link: AccountLink, options: UpdateOptions) -> AppsUpdated:
        """Let the apps that match use an account of a plugin; the account ``-`` removes the link.

        Production apps do so from their next promotion on.

        :raises BadRequest: if the plugin or the account is unknown.
        """

    async def update_params(glob: str, change: ParamChange, options: UpdateOptions) -> AppsUpdated:
        """Give the apps that match another value of a param, or with ``-`` none.

        Production apps have it from their next promotion on.

        :raises AppBroken: if an app does not load with it, as with a value of another type.
        :raises NeedsApproval: an app asks for more with it, and is to be promoted.
        """

    async def update_metadata(
        glob: str, request: UpdateMetadata, options: UpdateOptions
    ) -> AppsUpdated:
        """Give the apps that match other settings of their own, in place of the server's.

        Production apps have them from their next promotion on.

        :raises BadRequest: if the setting is unknown or does not take the value.
        """

    async def update_settings(
        glob: str, request: UpdateSettings, *, dry_run: bool
    ) -> SettingsUpdated:
        """Change what is not versioned of the apps that match and of their twins; it holds at once.

        :raises BadRequest: if the request is empty, or a setting does not take its value.
        """

    async def create_secret(request: CreateSecret, *, update: bool) -> SecretCreated:
        """Store a secret; with ``update`` it may replace one.

        :raises SecretExists: there is one of this name, and it is not to be replaced.
        :raises SecretFailed: the store cannot be used; says why.
        """

    async def list_secrets(glob: str, *, provider: str) -> SecretList:
        """The stored secrets whose names match, all for ``""``; never their values."""

    async def get_secret(name: str, *, provider: str) -> SecretFound:
        """Describe one secret, without its value.

        :raises NoSuchSecret: if no secret of this name is stored.
        """

    async def reveal_secret(name: str, *, provider: str) -> SecretFound:
        """Describe one secret, with its value.

        :raises NoSuchSecret: if no secret of this name is stored.
        """

    async def delete_secret(name: str, *, provider: str) -> SecretDeleted:
        """:raises NoSuchSecret: none of this name is stored."""

    async def rekey_secrets(*, provider: str) -> SecretsRekeyed:
        """Seal all stored secrets with the active key; on any failure none."""

    async def list_lockouts() -> LockoutList:
        """Return the users and addresses that may not sign in for a while, the longest first."""

    async def clear_lockouts(address: str, user: str) -> LockoutsCleared:
        """Forget failed sign-ins: from an address, of a user, or with two empty texts all.

        :raises BadRequest: if ``address`` is invalid.
        :raises NoSuchLockout: if no failure is known of the address or user given.
        """

    async def server_status() -> ServerStatus:
        """Return the name and version of the server that answers."""

    async def stop_server() -> Stopping:
        """Let the server finish what it is answering and end."""
