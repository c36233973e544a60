"""The seams between the rooms, one page per noun. Each has a contract in ``tests/support``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from zope.interface import Attribute, Interface

from clace.model.app import (
    AccountLink,
    App,
    AppMetadata,
    AppSettings,
    Demands,
    FileRef,
    PluginManifest,
)
from clace.model.audit_filter import AuditFilter
from clace.model.paths import AppGlob, AppPath
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
    SecretCreated,
    SecretDeleted,
    SecretFound,
    SecretList,
    SecretsRekeyed,
    ServerStatus,
    SettingsUpdated,
    Stopping,
)
from clace.model.schema import Schema
from clace.model.secret_text import Reference
from clace.model.traffic import AppRequest, AppResponse, AuditEvent

# --------------------------------------------------------------------------------------------
# Administration: filled by ``operations`` in the daemon and by ``client`` in the command line.


class IAdministration(Interface):
    """What an operator can do. Globs and paths come as the operator wrote them."""

    async def create_app(request: CreateApp, options: CreateOptions) -> AppCreated:
        """Install an app; a production app gets its staging twin.

        :raises AppExists: the path or one above or below it is taken.
        :raises SourceError: the source cannot be fetched.
        :raises AppBroken: the source is no app that loads.
        """

    async def list_apps(glob: str, *, internal: bool) -> AppList:
        """The apps that match, oldest first; with ``internal`` the staging twins too."""

    async def get_app(path: str) -> AppFound:
        """:raises NoSuchApp: nothing is installed there."""

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

        :raises BadRequest: there is no such plugin, or no such account.
        """

    async def update_params(glob: str, change: ParamChange, options: UpdateOptions) -> AppsUpdated:
        """Give the apps that match another value of a param, or with ``-`` none.

        Production apps have it from their next promotion on.

        :raises AppBroken: an app does not load with it, as when it is none of the param's type.
        """

    async def update_metadata(
        glob: str, request: UpdateMetadata, options: UpdateOptions
    ) -> AppsUpdated:
        """Give the apps that match other settings of their own, in place of the server's.

        Production apps have them from their next promotion on.

        :raises BadRequest: there is no such setting, or it does not take the value.
        """

    async def update_settings(
        glob: str, request: UpdateSettings, *, dry_run: bool
    ) -> SettingsUpdated:
        """Change what is not versioned of the apps that match and of their twins; it holds at once.

        :raises BadRequest: nothing is said, or a value is none that the setting takes.
        """

    async def create_secret(request: CreateSecret, *, update: bool) -> SecretCreated:
        """Store a secret; with ``update`` it may replace one.

        :raises SecretExists: there is one of this name, and it is not to be replaced.
        :raises SecretFailed: the store cannot be used; says why.
        """

    async def list_secrets(glob: str, *, provider: str) -> SecretList:
        """The stored secrets whose names match, all for ``""``; never their values."""

    async def get_secret(name: str, *, reveal: bool, provider: str) -> SecretFound:
        """One secret, with ``reveal`` its value too.

        :raises NoSuchSecret: none of this name is stored.
        """

    async def delete_secret(name: str, *, provider: str) -> SecretDeleted:
        """:raises NoSuchSecret: none of this name is stored."""

    async def rekey_secrets(*, provider: str) -> SecretsRekeyed:
        """Seal all stored secrets with the active key; on any failure none."""

    async def server_status() -> ServerStatus:
        """That the server answers, and which one it is."""

    async def stop_server() -> Stopping:
        """Let the server finish what it is answering and end."""


# --------------------------------------------------------------------------------------------
# Files of one version of an app


class IFiles(Interface):
    """An immutable tree of files (for a dev app: the folder as it is now)."""

    refs: Mapping[str, FileRef] = Attribute("what there is, by name; names use ``/``")

    async def read(name: str) -> bytes:
        """:raises SourceError: there is no such file, or it cannot be read."""

    async def read_brotli(name: str) -> bytes | None:
        """The same bytes as stored compressed, if they are."""


class Revision(Struct, frozen=True, kw_only=True):
    """Which revision of a source: for folders all fields but ``source_url`` are empty."""

    source_url: str
    branch: str = ""
    commit: str = ""
    git_auth: str = ""


class Fetched(Struct, frozen=True, kw_only=True):
    """The files of a revision, and for git which commit it turned out to be."""

    files: Any  # IFiles: msgspec does not know interfaces
    branch: str = ""
    commit: str = ""
    message: str = ""


class ISources(Interface):
    """Where apps come from: folders and git repositories."""

    def check(source_url: str) -> str:
        """The source as it is stored: folders absolute, git URLs as given.

        :raises SourceError: it is neither.
        """

    def is_git(source_url: str) -> bool:
        """Whether the source is a git repository."""

    async def head(revision: Revision) -> str:
        """The commit that a fetch would give now; ``""`` for folders.

        :raises SourceError: the repository cannot be asked.
        """

    async def fetch(revision: Revision) -> Fetched:
        """An immutable copy of the files, read whole.

        :raises SourceError: with the reason, and for git what to try.
        """

    def live(source_url: str) -> IFiles:
        """The folder of a dev app as it is at each call."""


# --------------------------------------------------------------------------------------------
# Metadata


class AddApp(Struct, frozen=True):
    """A new app; refused as ``AppExists`` if its address overlaps that of an app not its twin."""

    app: App


class AddVersion(Struct, frozen=True):
    """A version of an app: ``metadata.version_metadata.version``, with the files it serves.

    Either ``files`` or, for what another app already stores, ``same_as`` (app id, version).
    """

    app_id: str
    metadata: AppMetadata
    files: Any = None  # IFiles
    same_as: tuple[str, int] | None = None


class PointApp(Struct, frozen=True):
    """What an app is from now on; ``seen`` is the app as the operation read it.

    :raises ChangedMeanwhile: the stored app is no longer ``seen``.
    """

    seen: App
    metadata: AppMetadata
    settings: AppSettings


class RemoveApp(Struct, frozen=True):
    """An app with its versions and the file contents nobody else has."""

    seen: App


Change = AddApp | AddVersion | PointApp | RemoveApp


class IAppStore(Interface):
    """Apps, versions and files. Each ``commit`` is one transaction."""

    async def apps() -> tuple[App, ...]:
        """All apps, staging twins included, oldest first."""

    async def commit(changes: tuple[Change, ...], *, dry_run: bool = False) -> None:
        """All of the changes in order, or none; a dry run checks them all and keeps none.

        :raises AppExists: an address is taken.
        :raises ChangedMeanwhile: an app is not what the operation read.
        """

    async def files(app_id: str, version: int) -> IFiles:
        """:raises NoSuchVersion: the app has none of that number."""

    async def latest_version(app_id: str) -> int:
        """The highest version number that the app has; 0 without any."""


class IAuditLog(Interface):
    """What was done, by whom; writing never delays or fails what is recorded."""

    def record(event: AuditEvent) -> None:
        """Keep the event; it is stored soon."""


class IAuditTrail(Interface):
    """What was recorded."""

    async def query(wanted: AuditFilter) -> tuple[AuditEvent, ...]:
        """The newest events that pass, newest first.

        :raises StoreError: the database fails.
        """

    async def operations() -> tuple[str, ...]:
        """The operations that apps recorded by themselves, each once, sorted.

        :raises StoreError: the database fails.
        """


# --------------------------------------------------------------------------------------------
# Running apps


class ILoadedApp(Interface):
    """An app loaded in a host of its own, ready to serve and not yet published."""

    demands: Demands = Attribute("what its source asks for")
    name: str = Attribute("the name it gives itself")

    def discard() -> None:
        """End it without having served."""


class IRuntime(Interface):
    """Hosts: they load apps, answer requests, and are replaced when they break their limits."""

    async def audit(app: App, files: IFiles) -> tuple[str, Demands]:
        """The app's name and what it asks for, from a run of its top level with inert plugins.

        :raises AppBroken: the source does not load; the text has file, line and reason.
        """

    async def load(app: App, files: IFiles) -> ILoadedApp:
        """The app in a new host, with what ``app.metadata`` approves.

        :raises AppBroken: it does not load.
        """

    def publish(app: App, loaded: ILoadedApp) -> None:
        """From now on requests go to ``loaded``; those in flight end where they began."""

    def renew(app: App) -> None:
        """The app has other settings: the next request is answered by a host that has them."""

    def retract(app_id: str) -> None:
        """Forget the app; its host ends when its requests in flight have."""

    async def respond(app: App, request: AppRequest) -> AppResponse:
        """The app's answer; an app not running is loaded first.

        :raises AppBroken: it does not load.
        :raises AppFailed: its handler failed, or ``AppCrashed``: its host died.
        :raises AppTimedOut: no answer within the limit; the host was ended.
        :raises AppBusy: too many requests are waiting for this app.
        """


class Caller(Struct, frozen=True, kw_only=True):
    """On whose behalf a plugin is called. Made by the daemon; only ``schema``, that of the version
    that runs, comes from the host, and was checked.
    """

    app: App
    user_id: str = ""
    request_id: str = ""
    schema: Schema = Schema()


class PluginCall(Struct, frozen=True, kw_only=True):
    """A call as the app wrote it; values are what JSON can say."""

    plugin: str
    function: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}


class PluginAnswer(Struct, frozen=True, kw_only=True):
    """What came of a call: a value, an error that the app may handle, or the number of a stream.

    ``shape`` names what the value (or each item of a list) is for the app, if it is no plain value.
    """

    value: Any = None
    shape: str = ""
    error: str = ""
    error_code: int = 0
    stream: int = 0


class IPluginScope(Interface):
    """The plugin calls of one request, and what they opened."""

    async def call(call: PluginCall) -> PluginAnswer:
        """
        :raises PluginRefused: the call is not covered by what was approved.
        :raises BadRequest: the function does not take these arguments.
        """

    async def next(stream: int) -> tuple[tuple[Any, ...], bool]:
        """The next items of a stream and whether there may be more.

        :raises AppFailed: the producer failed.
        """

    async def end() -> tuple[str, ...]:
        """Close what is open; the names of strict resources that the app should have closed."""


class IPluginGate(Interface):
    """The one door from apps to plugins."""

    def manifests() -> tuple[PluginManifest, ...]:
        """What there is to load; the same for every app."""

    def check_load(app: App, plugin: str) -> None:
        """:raises PluginRefused: the load was not approved, or there is no such plugin."""

    def begin(caller: Caller) -> IPluginScope:
        """A scope for one request."""


# --------------------------------------------------------------------------------------------
# Secrets


class ISecretProvider(Interface):
    """Where secrets are. It blocks: threads ask it, and the server while it starts."""

    delimiter: str = Attribute("what the keys of a reference are joined with")

    def value(name: str) -> str:
        """The secret of this name; no error repeats it.

        :raises NoSuchSecret: there is none of this name.
        :raises SecretFailed: the provider cannot be asked, or what it has is no text.
        """


class ISecrets(Interface):
    """The secrets of all providers, for texts that name them."""

    default_provider: str = Attribute("the one of references that name none")

    async def values(references: Iterable[Reference]) -> Mapping[Reference, str]:
        """
        :raises NoSuchSecret: there is no such secret; names provider and key.
        :raises SecretFailed: a provider cannot be asked, or there is no such provider.
        """


class SealedSecret(Struct, frozen=True, kw_only=True):
    """A stored secret: ``sealed`` is useless without the key that ``key_id`` names."""

    name: str
    key_id: str
    sealed: bytes
    created_by: str = ""
    create_time: datetime
    update_time: datetime
    description: str = ""
    source_file: str = ""


class ISecretRows(Interface):
    """Sealed secrets in a database. It blocks.

    :raises StoreError: from every method, the database failed.
    """

    def get(name: str) -> SealedSecret | None:
        """The one of this name."""

    def all() -> tuple[SealedSecret, ...]:
        """In the order of their names."""

    def put(row: SealedSecret, *, replace: bool) -> bool:
        """Store it; one that is replaced keeps who created it and when.

        Returns whether there was one before.

        :raises SecretExists: there is, and it is not to be replaced.
        """

    def delete(name: str) -> bool:
        """Whether there was one."""

    def rewrite(change: Callable[[SealedSecret], SealedSecret | None]) -> tuple[str, ...]:
        """Replace rows by what ``change`` makes of them, in one transaction, or on its error none.

        ``None`` leaves a row. Returns the names of those that were replaced.
        """


class SecretEntry(Struct, frozen=True, kw_only=True):
    """A secret to be kept under a name."""

    name: str
    value: bytes
    created_by: str = ""
    description: str = ""
    source_file: str = ""

    def __repr__(self) -> str:
        return f"SecretEntry({self.name!r})"


class ISecretStore(Interface):
    """The one provider that can be written."""

    name: str = Attribute("its name in references")
    is_default: bool = Attribute("whether references that name no provider mean it")

    async def put(entry: SecretEntry, *, replace: bool) -> bool:
        """Whether there was one before.

        :raises SecretExists: there is, and it is not to be replaced.
        :raises SecretFailed: the store cannot be used; says why.
        """

    async def find(name: str) -> tuple[SealedSecret, bytes]:
        """The secret and its value.

        :raises NoSuchSecret: there is none of this name.
        :raises SecretFailed: the store cannot be used; says why.
        """

    async def all() -> tuple[SealedSecret, ...]:
        """Those there are, in the order of their names; they are not opened."""

    async def delete(name: str) -> None:
        """:raises NoSuchSecret: there is none of this name."""

    async def rekey() -> tuple[int, int]:
        """Seal all with the active key, reading the keys anew: how many were, how many had it.

        :raises SecretFailed: a key is missing; nothing was changed.
        """


# --------------------------------------------------------------------------------------------
# Access


class ICredentials(Interface):
    """The administrator's account."""

    async def check(user: str, password: str, address: str) -> str:
        """The user's id; takes the same time for users that do not exist.

        :raises NotAuthenticated: user or password are wrong.
        :raises LockedOut: too many failures for this address and user; says for how long.
        """


class IInstalledApps(Interface):
    """Which app is served where; kept in step with the store by the operations."""

    def find(host: str, path: str) -> App | None:
        """The app for a request to ``path`` on ``host`` (without port)."""

    def matching(glob: AppGlob) -> tuple[App, ...]:
        """The production and dev apps that match, oldest first."""

    def at(address: AppPath) -> App | None:
        """The app installed exactly there."""

    def staging_of(app: App) -> App | None:
        """The staging twin of a production app."""

    def replace(apps: tuple[App, ...]) -> None:
        """All apps there are now."""


Stream = AsyncIterator[bytes]
