"""All operations behind one face: what the admin API calls and the client mirrors."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial

from msgspec import Struct
from zope.interface import implementer

from clace.interfaces import (
    Audited,
    IAdministration,
    IAppStore,
    IInstalledApps,
    ILockouts,
    IRuntime,
    ISources,
    RemoveApp,
)
from clace.model.app import AccountLink, App, AppMetadata, Kind
from clace.model.paths import AppGlob, AppPath
from clace.model.requests import (
    REMOVE,
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
    AppDescription,
    AppFound,
    AppList,
    AppListed,
    Approval,
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
from clace.operations.accounts import check_link, linked
from clace.operations.approval import report
from clace.operations.catalogue import Catalogue, naming
from clace.operations.creation import Creation
from clace.operations.draft import Draft
from clace.operations.entries import (
    app_config_entries,
    check_declared,
    check_removed,
    with_app_config,
    with_param,
)
from clace.operations.promotion import is_behind, promote
from clace.operations.reloading import Reloading
from clace.operations.secrets import SecretOperations
from clace.operations.served import served_files
from clace.operations.settings import SettingsUpdates, check_git_auth
from clace.operations.showing import Showing, Surroundings
from clace.operations.staged import StagedUpdates


class ServerProcess(Struct, frozen=True):
    """The process that all this happens in, its lockouts, what else is known of apps, and what is
    configured: plugins with their accounts, logins for git, and what there is to set for one app.
    ``check_config`` raises ``BadRequest`` for settings that no app can have.
    """

    status: Callable[[], ServerStatus]
    stop: Callable[[], None]
    lockouts: ILockouts
    around: Surroundings
    plugins: Collection[str] = ()
    git_auths: Collection[str] = ()
    app_settings: Collection[str] = ()
    check_config: Callable[[Mapping[str, str]], object] = dict


@implementer(IAdministration)
class Administration:
    """Operations on the apps of this server, and on the server."""

    def __init__(
        self,
        store: IAppStore,
        sources: ISources,
        runtime: IRuntime,
        installed: IInstalledApps,
        *,
        creation: Creation,
        secrets: SecretOperations,
        server: ServerProcess,
    ) -> None:
        self._store = store
        self._sources = sources
        self._runtime = runtime
        self._installed = installed
        self._creation = creation
        self._showing = Showing(store, sources, runtime, server.around)
        self._reloading = Reloading(store, sources, runtime, installed, creation.known)
        self._staged = StagedUpdates(store, sources, runtime, installed)
        self._settings = SettingsUpdates(store, runtime, installed, server.git_auths)
        self._secrets = secrets
        self._server = server

    async def create_app(self, request: CreateApp, options: CreateOptions) -> AppCreated:
        self._server.check_config(request.appconfig or {})
        check_git_auth(request.git_auth_name, self._server.git_auths)
        return await self._creation.create(request, options)

    async def list_apps(self, glob: str, *, internal: bool) -> AppList:
        pattern = AppGlob.parse(glob)
        catalogue = Catalogue(await self._store.apps())
        listed: list[AppListed] = []
        for main in catalogue.matching(pattern):
            twins = tuple(catalogue.twins_of(main))
            ahead = any(twin.kind is Kind.STAGING and is_behind(main, twin) for twin in twins)
            listed.append(_listed(main, staged_changes=ahead))
            listed += [_listed(twin) for twin in twins if internal]
        return AppList(tuple(listed))

    async def get_app(self, path: str) -> AppFound:
        return AppFound(Catalogue(await self._store.apps()).at(AppPath.parse(path)))

    async def show_app(self, path: str) -> AppShown:
        return await self._showing.show(path)

    async def delete_apps(self, glob: str, *, dry_run: bool) -> AppsDeleted:
        pattern = AppGlob.parse(glob)
        catalogue = Catalogue(await self._store.apps())
        doomed = catalogue.matching(pattern)
        async with self._draft() as draft:
            for main in doomed:
                for app in (*catalogue.twins_of(main), main):
                    draft.change(RemoveApp(app))
                    draft.retract(app)
            await draft.commit(dry_run=dry_run)
        described = tuple(_description(app) for app in doomed)
        return AppsDeleted(dry_run, described, changes=draft.changes)

    async def approve_apps(self, glob: str, options: ApproveOptions) -> AppsApproved:
        pattern = AppGlob.parse(glob)
        catalogue = Catalogue(await self._store.apps())
        approvals: list[Approval] = []
        promoted: list[AppPath] = []
        async with self._draft() as draft:
            for main in catalogue.matching(pattern):
                with naming(main):
                    approval, after = await self._approve_one(draft, catalogue.edited(main))
                    approvals.append(approval)
                    if options.promote and not main.is_dev and is_behind(main, after):
                        stored = await served_files(
                            catalogue.edited(main), self._store, self._sources
                        )
                        await promote(draft, self._store, main, after, stored)
                        promoted.append(main.address)
            await draft.commit(dry_run=options.dry_run)
        return AppsApproved(
            options.dry_run, tuple(approvals), tuple(promoted), changes=draft.changes
        )

    async def _approve_one(self, draft: Draft, seen: App) -> tuple[Approval, App]:
        files = await served_files(seen, self._store, self._sources)
        demands = (await self._runtime.audit(seen, files)).demands
        approved = seen.metadata.approved
        approval = report(seen, demands, approved, approve=True)
        if not approval.needs_approval and not approved.missing_from(demands):
            return approval, seen
        metadata = seen.metadata.granting(demands)
        if seen.is_dev:
            after = draft.point(seen, metadata)
        else:
            after = await draft.next_version(seen, metadata)
        await draft.load(after, files)
        return approval, after

    async def reload_apps(self, glob: str, options: ReloadOptions) -> AppsReloaded:
        check_git_auth(options.git_auth, self._server.git_auths)
        return await self._reloading.reload(AppGlob.parse(glob), options)

    async def promote_apps(self, glob: str, *, dry_run: bool) -> AppsPromoted:
        pattern = AppGlob.parse(glob)
        catalogue = Catalogue(await self._store.apps())
        promoted: list[AppPath] = []
        mains = catalogue.matching(pattern)
        async with self._draft() as draft:
            for main in mains:
                if main.is_dev or not is_behind(main, staging := catalogue.staging_of(main)):
                    continue
                with naming(main):
                    await promote(draft, self._store, main, staging)
                promoted.append(main.address)
            await draft.commit(dry_run=dry_run)
        return AppsPromoted(dry_run, tuple(promoted), len(mains), changes=draft.changes)

    async def link_account(
        self, glob: str, link: AccountLink, options: UpdateOptions
    ) -> AppsUpdated:
        check_link(link, self._server.plugins)
        edit = partial(linked, link=link)
        return await self._staged.make(glob, edit, options, audited=False)

    async def update_params(
        self, glob: str, change: ParamChange, options: UpdateOptions
    ) -> AppsUpdated:
        edit = partial(with_param, change=change)

        def check(app: App, audited: Audited) -> None:
            if change.value != REMOVE or change.name not in app.metadata.param_values:
                check_declared(app, (change.name,), audited.params)

        return await self._staged.make(glob, edit, options, audited=True, check=check)

    async def update_metadata(
        self, glob: str, request: UpdateMetadata, options: UpdateOptions
    ) -> AppsUpdated:
        entries = app_config_entries(request)

        def edit(metadata: AppMetadata) -> AppMetadata:
            after = with_app_config(metadata, entries)
            self._server.check_config(after.appconfig)
            check_removed(metadata.appconfig, entries, self._server.app_settings)
            return after

        return await self._staged.make(glob, edit, options, audited=True)

    async def update_settings(
        self, glob: str, request: UpdateSettings, *, dry_run: bool
    ) -> SettingsUpdated:
        return await self._settings.make(glob, request, dry_run=dry_run)

    async def create_secret(self, request: CreateSecret, *, update: bool) -> SecretCreated:
        return await self._secrets.create(request, update=update)

    async def list_secrets(self, glob: str, *, provider: str) -> SecretList:
        return await self._secrets.list(glob, provider=provider)

    async def get_secret(self, name: str, *, provider: str) -> SecretFound:
        return await self._secrets.get(name, provider=provider)

    async def reveal_secret(self, name: str, *, provider: str) -> SecretFound:
        return await self._secrets.reveal(name, provider=provider)

    async def delete_secret(self, name: str, *, provider: str) -> SecretDeleted:
        return await self._secrets.delete(name, provider=provider)

    async def rekey_secrets(self, *, provider: str) -> SecretsRekeyed:
        return await self._secrets.rekey(provider=provider)

    async def list_lockouts(self) -> LockoutList:
        return self._server.lockouts.list_lockouts()

    async def clear_lockouts(self, address: str, user: str) -> LockoutsCleared:
        return self._server.lockouts.clear_lockouts(address, user)

    async def server_status(self) -> ServerStatus:
        return self._server.status()

    async def stop_server(self) -> Stopping:
        stopping = Stopping(self._server.status().pid)
        self._server.stop()
        return stopping

    def _draft(self) -> Draft:
        return Draft(self._store, self._runtime, self._installed)


def _listed(app: App, *, staged_changes: bool = False) -> AppListed:
    fields = {name: getattr(app, name) for name in app.__struct_fields__}
    return AppListed(**fields, staged_changes=staged_changes)


def _description(app: App) -> AppDescription:
    version = app.metadata.version_metadata
    return AppDescription(
        path=app.path,
        domain=app.domain,
        name=app.metadata.name,
        id=app.id,
        is_dev=app.is_dev,
        main_app=app.main_app,
        auth=app.settings.authn_type,
        source_url=app.source_url,
        version=version.version,
        git_sha=version.git_commit,
        git_message=version.git_message,
        branch=version.git_branch,
    )
