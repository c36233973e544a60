"""Installing an app."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from clace.admin_api import AppCreated, CreateApp, NewApp
from clace.errors import AppExists, BadRequest
from clace.interfaces import (
    AddApp,
    AddVersion,
    Asking,
    AuditedSource,
    FetchedSource,
    PrunedApp,
    SourceRevision,
)
from clace.locations import DEFAULT_BRANCH, NO_SOURCE
from clace.model import (
    STATIC_DISK,
    STATIC_FROM_DISK,
    AccountLink,
    App,
    AppKind,
    AppMetadata,
    AppPath,
    AppSettings,
    Demands,
    FileRef,
    VersionMetadata,
    ksuid,
)
from clace.operations.approval import report
from clace.operations.configured import ConfiguredSections, MayRead
from clace.operations.draft import AppsDraft
from clace.operations.edits import check_declared, checked, checked_list
from clace.operations.known import KnownApps, digest_of
from clace.operations.rooms import OperationRooms
from clace.operations.staging_places import StagingPlaces
from clace.telling import step

DEFAULT_AUTH = "default"


class AppStamp(NamedTuple):
    """The identity of a new app: its own part of its id, and the time it was made."""

    unique: str
    time: datetime


class NewAppDefaults(Struct, frozen=True, kw_only=True):
    """Defaults of a new app."""

    domain: str = "localhost"
    places: StagingPlaces = StagingPlaces()
    stage_write_access: bool = True
    preview_write_access: bool = True


class NewAppFacts(Struct, frozen=True, kw_only=True):
    """The start of new apps: their defaults, and their URLs over HTTP and HTTPS."""

    defaults: NewAppDefaults
    stamp: Callable[[], AppStamp]
    urls: Callable[[AppPath], tuple[str, str]]


class AddedApp(NamedTuple):
    """An app that a draft installs: its report, the app and its twin, and what is known of them."""

    created: AppCreated
    twins: tuple[App, ...]
    refs: Mapping[str, FileRef]
    secrets: str
    audited: AuditedSource


class AppOrigin(Struct, frozen=True, kw_only=True):
    """The declaration that a new app is from and the file with it, what only declarations say, and
    the apps that were pruned: an app that comes back has its id again, and with it its data.
    """

    apply_info: str = ""
    applied_from: str = ""
    accounts: tuple[AccountLink, ...] = ()
    writes: Mapping[str, bool] = {}
    pruned: tuple[PrunedApp, ...] = ()

    def of(self, app: App) -> App:
        """Return a new app as it is with this origin."""
        settings = replace(app.settings, applied_from=self.applied_from, **self.writes)
        metadata = replace(app.metadata, accounts=self.accounts)
        before = next((one.app_id for one in self.pruned if one.is_of(app)), app.id)
        return replace(app, id=before, settings=settings, metadata=metadata)


_BY_HAND = AppOrigin()


class AppCreation:
    """Installs apps from folders and git repositories."""

    def __init__(
        self,
        rooms: OperationRooms,
        known: KnownApps,
        beginnings: NewAppFacts,
        configured: ConfiguredSections,
    ) -> None:
        self._rooms = rooms
        self._known = known
        self._configured = configured
        self.defaults = beginnings.defaults
        self._stamp = beginnings.stamp
        self._urls = beginnings.urls

    async def create(self, query: CreateApp, asking: Asking) -> AppCreated:
        """See ``IAppOperations.create_app``."""
        async with self._rooms.draft() as draft:
            added = await self.add(draft, query.body, asking, approve=query.approve)
            await draft.commit(dry_run=query.dry_run)
        if not query.dry_run:
            self.keep(added)
        return replace(
            added.created,
            dry_run=query.dry_run,
            changes=draft.told(asking.may_read, dry_run=query.dry_run),
        )

    def keep(self, added: AddedApp) -> None:
        """Know the apps that were added, once they are installed."""
        for twin in added.twins:
            digest = digest_of(twin.metadata, added.refs, added.secrets)
            self._known.keep(twin, digest, added.audited)

    async def add(
        self,
        draft: AppsDraft,
        request: NewApp,
        asking: Asking,
        *,
        approve: bool,
        origin: AppOrigin = _BY_HAND,
    ) -> AddedApp:
        """Have a draft install an app; ``origin`` is the declaration that it is from."""
        address = self._address(request)
        asking.check(str(address))
        self._configured.check_config(request.appconfig or {})
        self._configured.check_git_auth(request.git_auth_name)
        self._configured.check_auth(request.app_authn or DEFAULT_AUTH)
        self._check_free(draft, address)
        staging = self._staging_address(draft, address, request, asking.may_read)
        neighbours = draft.staying(self._rooms.installed.on(address.domain))
        auth, may_read = request.app_authn or DEFAULT_AUTH, asking.may_read
        self._configured.check_own_host(auth, neighbours, may_read)
        app = origin.of(replace(self._new_app(address, request), user_id=asking.user_id))
        if app.source_url == NO_SOURCE and not app.metadata.spec:
            raise BadRequest("source - has no files: say with --spec what the app is")
        shared = self._configured.check_neighbours(app, neighbours, may_read)
        secrets = await self._known.secret_versions()
        fetched = await self._fetch(app, request)
        # A dev's folder may change while it is loaded: what is known of it must not be newer.
        refs = dict(fetched.files.refs)
        with step(f"{app.main_address}: read its declarations"):
            audited = await self._rooms.runtime.audit(app, fetched.files)
        check_declared(app, request.param_values or {}, audited)
        check_on_disk(app, audited)
        check_program(app, audited)
        demands = audited.demands
        app = described(
            app, audited.name, fetched, demands if approve else Demands(), origin.apply_info
        )
        twins = (app,) if app.is_dev else (_staging(app, staging), app)
        for twin in reversed(twins):
            draft.change(AddApp(twin))
            if not twin.is_dev:
                draft.change(AddVersion(twin.id, twin.metadata, fetched.files))
        if not demands.missing_from(app.metadata.approved):
            await draft.load(app, fetched.files)
            draft.share_pins(app, twins)
        http_url, https_url = self._urls(address)
        created = AppCreated(
            app_path_domain=address,
            http_url=http_url,
            https_url=https_url,
            spec=fetched.spec,
            spec_reason=fetched.spec_reason,
            warnings=(*shared, *fetched.warnings, *audited.warnings),
            approve_results=tuple(
                report(twin, demands, Demands(), approve=approve) for twin in twins
            ),
        )
        return AddedApp(created, twins, refs, secrets, audited)

    def _staging_address(
        self, draft: AppsDraft, address: AppPath, request: NewApp, may_read: MayRead
    ) -> AppPath:
        if request.is_dev and request.stage_at:
            raise BadRequest("a dev app has no staging app: stage_at is for others")
        if request.is_dev:
            return address.staging
        staging = self.defaults.places.of(address, request.stage_at)
        if staging.domain != address.domain:
            self._configured.check_host(staging.domain)
            self._check_free(draft, staging)
            there = draft.staying(self._rooms.installed.on(staging.domain))
            auth = request.app_authn or DEFAULT_AUTH
            self._configured.check_own_host(auth, there, may_read)
        return staging

    def _address(self, request: NewApp) -> AppPath:
        address = AppPath.parse(request.path, self.defaults.domain)
        address.check_installable()
        self._configured.check_host(address.domain)
        return address

    def _check_free(self, draft: AppsDraft, address: AppPath) -> None:
        # The store decides this again, inside its transaction; asking now spares a fetch.
        for app in draft.staying(self._rooms.installed.overlapping(address)):
            if not app.main_app and address.overlaps(app.address):
                raise AppExists(f"App already exists at {app.address}\n{_way_out(app, address)}")

    def _new_app(self, address: AppPath, request: NewApp) -> App:
        kind = AppKind.DEV if request.is_dev else AppKind.PROD
        stamp = self._stamp()
        return App(
            id=kind + stamp.unique,
            path=address.path,
            domain=address.domain,
            source_url=self._rooms.sources.check(request.source_url),
            is_dev=request.is_dev,
            create_time=stamp.time,
            settings=AppSettings(
                authn_type=request.app_authn or DEFAULT_AUTH,
                git_auth_name=request.git_auth_name,
                stage_write_access=self.defaults.stage_write_access,
                preview_write_access=self.defaults.preview_write_access,
            ),
            metadata=AppMetadata(
                spec=self._rooms.specs.check(request.spec),
                param_values=checked(request.param_values or {}),
                appconfig=checked(request.appconfig or {}),
                container_options=checked(request.container_options or {}),
                container_args=checked(request.container_args or {}),
                container_volumes=checked_list(request.container_volumes or ()),
            ),
        )

    async def _fetch(self, app: App, request: NewApp) -> FetchedSource:
        git = self._rooms.sources.is_git(app.source_url)
        # Clients of era 25 say the default branch of whatever source.
        wanted = "" if request.git_branch == DEFAULT_BRANCH else request.git_branch
        if not git and (wanted or request.git_commit):
            raise no_revision(app.source_url, wanted, request.git_commit)
        if app.is_dev:
            if git:
                raise BadRequest("a dev app is served from a folder, and the source is a git URL")
            return await self._rooms.fetch(app, SourceRevision(source_url=app.source_url))
        branch = request.git_branch or ("" if request.git_commit else DEFAULT_BRANCH)
        return await self._rooms.fetch(
            app,
            SourceRevision(
                source_url=app.source_url,
                branch=branch if git and not request.git_commit else "",
                commit=request.git_commit,
                git_auth=request.git_auth_name,
            ),
        )


def _staging(app: App, address: AppPath) -> App:
    moved = address.domain != app.domain
    return replace(
        app,
        id=AppKind.STAGING + app.id.removeprefix(AppKind.PROD),
        path=address.path,
        domain=address.domain,
        main_app=app.id,
        settings=replace(app.settings, main_domain=app.domain) if moved else app.settings,
    )


def _way_out(installed: App, address: AppPath) -> str:
    """Advice about an app that is in the way of a new one."""
    if installed.address == address:
        typed = shlex.join(("clace", "app", "reload", "--promote", str(address)))
        return f"to serve what its source is now: {typed}"
    return "an app cannot be above or below another, except at /"


def no_revision(source: str, branch: str, commit: str) -> BadRequest:
    """The refusal of a branch or commit of what has neither."""
    asked = f"branch {branch}" if branch else f"commit {commit}"
    return BadRequest(f"{source} is a folder, which has no {asked}; a git URL has")


def check_on_disk(app: App, audited: AuditedSource) -> None:
    """:raises BadRequest: if the app's files are to stay on the disk, and some are its program."""
    if app.metadata.stays_on_disk and not audited.static_only:
        raise BadRequest(
            f"{STATIC_FROM_DISK} (spec {STATIC_DISK}) is for sites, whose app has static_only ="
            " True: the pages and templates of other apps have to be stored with each version"
        )


def check_program(app: App, audited: AuditedSource) -> None:
    """:raises BadRequest: if options are given for a program that the app does not have."""
    if audited.has_program:
        return
    for field in ("container_options", "container_args", "container_volumes"):
        if getattr(app.metadata, field):
            raise BadRequest(f"{field} have no effect: the app has no program of its own")


def described(
    app: App, name: str, fetched: FetchedSource, approved: Demands, apply_info: str = ""
) -> App:
    """The app with what its first fetch and audit told."""
    version = VersionMetadata(
        version=0 if app.is_dev else 1,
        git_branch=fetched.branch,
        git_commit=fetched.commit,
        git_message=fetched.message,
        apply_info=apply_info,
    )
    metadata = replace(app.metadata, name=name, version_metadata=version)
    metadata = metadata.with_files_of(fetched.spec)
    if app.is_dev:
        # Its folder may come to have the marks of another spec while it is served.
        metadata = replace(metadata, spec=fetched.spec)
    return replace(app, metadata=metadata.granting(approved))


def stamps(
    seconds: Callable[[], float], random_bytes: Callable[[int], bytes]
) -> Callable[[], AppStamp]:
    """A source of stamps from a clock and from chance."""

    def stamp() -> AppStamp:
        now = seconds()
        return AppStamp(ksuid(now, random_bytes), datetime.fromtimestamp(now, UTC))

    return stamp
