"""An administration without sources, store or hosts that keeps the rules of the real one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from itertools import count

from msgspec import Struct
from msgspec.structs import replace
from twisted.internet.task import Clock
from zope.interface import implementer

from clace.admin_api.apps import (
    AppCreated,
    AppDescription,
    AppFound,
    AppList,
    AppListed,
    AppsDeleted,
    AppShown,
    CreateApp,
    DeleteApps,
    ListApps,
    NewApp,
    OneApp,
)
from clace.admin_api.audit import (
    AuditedEvent,
    AuditList,
    AuditVerified,
    ExportAudit,
    ListAudit,
    VerifyAudit,
)
from clace.admin_api.backups import BackupPiece, CreateBackup
from clace.admin_api.changes import REMOVE, AppChange, Approval, AppsUpdated, StagedUpdate
from clace.admin_api.declarations import DriftShown, ExportApps, ExportedText, ShowDrift
from clace.admin_api.lockouts import ClearLockouts, LockoutList, LockoutsCleared
from clace.admin_api.operation import Nothing, Operation, Query
from clace.admin_api.previews import ListPreviews, PreviewList
from clace.admin_api.roles import CheckPermission, HolderList, HoldersOf, PermissionChecked
from clace.admin_api.secrets import (
    CreateSecret,
    GetSecret,
    ListSecrets,
    NamedSecret,
    RekeySecrets,
    SecretCreated,
    SecretDeleted,
    SecretFound,
    SecretList,
    SecretsRekeyed,
)
from clace.admin_api.server import ServerStatus, Stopping, StopServer
from clace.admin_api.sessions import ListSessions, RevokeSessions, SessionList, SessionsRevoked
from clace.admin_api.settings import (
    UNDEFINED,
    ChangeOwner,
    LinkAccount,
    SettingsUpdated,
    UpdateMetadata,
    UpdateParam,
    UpdateSettings,
)
from clace.admin_api.sync import SyncList
from clace.admin_api.tokens import (
    CreateToken,
    NamedToken,
    TokenCreated,
    TokenList,
    TokenRevoked,
)
from clace.admin_api.users import (
    ChangeUser,
    FactorsReset,
    NamedUser,
    ResetFactors,
    UserChanged,
    UserDeleted,
    UserList,
)
from clace.admin_api.versions import (
    ApproveApps,
    AppsApproved,
    AppsPromoted,
    AppsReloaded,
    PromoteApps,
    ReloadApps,
)
from clace.errors import AppExists, BadRequest, SourceError
from clace.identity.passwords import Lockout, SignIns
from clace.identity.rbac import Authorisation
from clace.interfaces import (
    AuditedSource,
    IServedAdministration,
    User,
)
from clace.model.app import (
    AccountLink,
    App,
    AppKind,
    AppMetadata,
    AppSettings,
    Demands,
    VersionMetadata,
)
from clace.model.identity import OPERATOR, Identity
from clace.model.params import AppParam
from clace.model.paths import AppGlob, AppPath
from clace.model.rbac import Policy
from clace.model.workloads import ProgramPhase, ProgramStatus
from clace.operations.approval import check_approved, needs_approval
from clace.operations.asking import OperationRequest
from clace.operations.audit import AuditOperations
from clace.operations.backups import BackupOperations
from clace.operations.catalogue import AppCatalogue
from clace.operations.changes import app_change
from clace.operations.edits import check_declared, metadata_entries, with_param
from clace.operations.roles import RoleOperations
from clace.operations.secrets import SecretOperations
from clace.operations.sessions import SessionOperations
from clace.operations.settings import settled
from clace.operations.showing import AppFacts, app_shown, version_shown
from clace.operations.tokens import TokenOperations
from clace.operations.users import UserOperations
from clace.operations.versions import check_promotable
from clace.runtime.failures import AppFailures
from clace.runtime.installed import InstalledApps
from clace.testing.audit import MemoryAudit
from tests.identity.passwords.support import Told
from tests.support.memory_backups import MemoryBackups
from tests.support.memory_factors import memory_factors
from tests.support.memory_secrets import MemorySecretStore
from tests.support.memory_tokens import memory_tokens
from tests.support.memory_users import memory_users
from tests.support.sign_in import app_authentication, check_known, make_sessions

STATIC_USERS = (
    User(name="static", password="$2b$04$" + "a" * 53, groups=("file",), is_static=True),
)


@implementer(IServedAdministration)
class MemoryAdministration:
    """``sources`` says what each source asks for; a test changes it as authors do."""

    def __init__(self, pid: int = 4711) -> None:
        self.sources: dict[str, Demands] = {}
        self.params = ("size", "color")
        self.failures = AppFailures(Clock())
        self.warnings: tuple[str, ...] = ()
        self.stopped = False
        self.program = ProgramStatus(state=ProgramPhase.IDLE)
        self._pid = pid
        self._apps: dict[str, App] = {}
        self._ids = count(1)
        self.lockouts = Lockout(Clock())
        self.sessions = make_sessions(clock=Clock())
        self._sessions = SessionOperations(self.sessions)
        self.authorisation = Authorisation(Policy(), "admin", lambda _target: "")
        self.tokens = memory_tokens(clock := Clock())
        self._tokens = TokenOperations(self.tokens, self.authorisation, clock.seconds)
        self._roles = RoleOperations(
            self.authorisation, InstalledApps("localhost"), lambda _user: ()
        )
        self.audit = MemoryAudit()
        self._audit = AuditOperations(self.audit, self.audit, self._all_apps)
        self.backups = MemoryBackups()
        self._backups = BackupOperations(self.backups)
        self._secrets = SecretOperations(MemorySecretStore(), lambda: "xyz")
        self.users = memory_users(Clock(), STATIC_USERS)
        self.clock = Clock()
        self.factors = memory_factors(self.clock, SignIns(self.clock, Told()))
        self._users = UserOperations(
            self.users,
            self.factors,
            self.tokens,
            "https://auth.localhost/?token={}".format,
            lambda: "admin",
            self._all_apps,
        )

    async def perform(self, operation: Operation, query: Query) -> Struct:
        return await self.perform_as(OPERATOR, operation, query)

    async def perform_as(self, identity: Identity, operation: Operation, query: Query) -> Struct:
        rights = (operation.right, *query.rights)
        self._request = OperationRequest(identity, rights, self.authorisation)
        if not operation.right.startswith(("app:", "sync:")):
            self._request.check()
        return await getattr(self, operation.name)(query)

    def stream(self, operation: Operation, query: Query) -> AsyncIterator[tuple[Struct, ...]]:
        return self.stream_as(OPERATOR, operation, query)

    async def stream_as(
        self, identity: Identity, operation: Operation, query: Query
    ) -> AsyncIterator[tuple[Struct, ...]]:
        OperationRequest(identity, (operation.right, *query.rights), self.authorisation).check()
        async for results in getattr(self, operation.name)(query):
            yield results

    def create_backup(self, query: CreateBackup) -> AsyncIterator[tuple[BackupPiece, ...]]:
        return self._backups.create_backup(query)

    async def create_app(self, query: CreateApp) -> AppCreated:
        request = query.body
        address = AppPath.parse(request.path)
        self._request.check(str(address))
        address.check_installable()
        for app in self._apps.values():
            if not app.main_app and address.overlaps(app.address):
                raise AppExists(f"App already exists at {app.address}")
        demands = self._demands(request.source_url)
        self._check_params(address, request.param_values or {})
        main = self._new_app(address, request, demands if query.approve else Demands())
        twins = (main,)
        if not main.is_dev:
            staging_id = AppKind.STAGING + main.id[len(AppKind.PROD) :]
            path = address.staging.path
            twins = (replace(main, id=staging_id, path=path, main_app=main.id), main)
        changes = self._keep(*reversed(twins), dry_run=query.dry_run)
        return AppCreated(
            address,
            query.dry_run,
            f"http://localhost:25222{address.path}",
            f"https://localhost:25223{address.path}",
            tuple(self._report(app, demands, Demands(), query.approve) for app in twins),
            changes=changes,
            warnings=self.warnings,
        )

    async def list_apps(self, query: ListApps) -> AppList:
        listed = []
        catalogue = AppCatalogue(tuple(self._apps.values()))
        mains = catalogue.matching(AppGlob.parse(query.app_path_glob))
        for main in filter(self._request.may_see, mains):
            staging = self._edited(main)
            ahead = staging.version != main.version
            listed.append(AppListed(**_fields(main), staged_changes=ahead))
            if query.internal and staging is not main:
                listed.append(AppListed(**_fields(staging)))
        return AppList(tuple(listed))

    async def get_app(self, query: OneApp) -> AppFound:
        catalogue = AppCatalogue(tuple(self._apps.values()))
        return AppFound(catalogue.found(query.app_path, self._request))

    async def show_app(self, query: OneApp) -> AppShown:
        app = (await self.get_app(query)).app_entry
        around = AppFacts(
            lambda address: (f"http://localhost:25222{address.path}", ""),
            lambda _app: {"memory_mb": 512},
            self.failures,
            lambda _app: self.program,
        )
        params = tuple(AppParam(name=name, default="0") for name in self.params)
        versions = [
            version_shown(
                one, AuditedSource("Disk", self._demands(one.source_url), params), "", around
            )
            for one in (app, *self._twins(app))
        ]
        ahead = self._edited(app).version != app.version
        return app_shown(app, tuple(versions), staged_changes=ahead)

    async def delete_apps(self, query: DeleteApps) -> AppsDeleted:
        mains = self._mains(query.app_path_glob)
        doomed = [app for main in mains for app in (*self._twins(main), main)]
        changes = tuple(app_change(app, None) for app in doomed)
        if not query.dry_run:
            for app in doomed:
                self._apps.pop(app.id)
        return AppsDeleted(query.dry_run, tuple(map(_described, mains)), changes=changes)

    async def approve_apps(self, query: ApproveApps) -> AppsApproved:
        approvals, changed, promoted = [], [], []
        for main in self._mains(query.app_path_glob):
            app = self._edited(main)
            demands = self._demands(app.source_url)
            approvals.append(self._report(app, demands, app.metadata.approved, approve=True))
            if approvals[-1].needs_approval or app.metadata.approved.missing_from(demands):
                app = _next(app, demands)
                changed.append(app)
            if query.promote and app.version != main.version:
                changed.append(replace(main, metadata=app.metadata))
                promoted.append(main.address)
        changes = self._keep(*changed, dry_run=query.dry_run)
        return AppsApproved(query.dry_run, tuple(approvals), tuple(promoted), changes=changes)

    async def reload_apps(self, query: ReloadApps) -> AppsReloaded:
        approvals, changed, reloaded, promoted, refused = [], [], [], [], []
        for main in self._mains(query.app_path_glob):
            app = self._edited(main)
            demands = self._demands(app.source_url)
            report = self._report(app, demands, app.metadata.approved, query.approve)
            if report.needs_approval and not query.approve:
                missing = demands.missing_from(app.metadata.approved)
                refused.append(needs_approval(main, missing, "app", "reload", "--approve"))
            approvals += [report] if report.needs_approval else []
            kept = demands.granted_by(app.metadata.approved)
            app = _next(app, demands if query.approve else kept)
            changed.append(app)
            reloaded.append(app.address)
            if query.promote and not app.is_dev:
                changed.append(replace(main, metadata=app.metadata))
                promoted.append(main.address)
        check_approved(refused)
        changes = self._keep(*changed, dry_run=query.dry_run)
        return AppsReloaded(
            query.dry_run,
            tuple(reloaded),
            tuple(approvals),
            tuple(promoted),
            changes=changes,
            warnings=self.warnings,
        )

    async def promote_apps(self, query: PromoteApps) -> AppsPromoted:
        mains = self._mains(query.app_path_glob)
        if AppGlob.parse(query.app_path_glob).is_literal:
            check_promotable(mains)
        changed = [
            replace(main, metadata=self._edited(main).metadata)
            for main in mains
            if self._edited(main).version != main.version
        ]
        changes = self._keep(*changed, dry_run=query.dry_run)
        paths = tuple(app.address for app in changed)
        return AppsPromoted(query.dry_run, paths, len(mains), changes=changes)

    async def link_account(self, query: LinkAccount) -> AppsUpdated:
        self._mains(query.app_path_glob)
        link = AccountLink(query.plugin, query.account)
        if link.plugin != "http.in":
            raise BadRequest(f"module {link.plugin} not found")
        if link.section not in {"http.in#-", "http.in#work"}:
            raise BadRequest(f'there is no section [plugin."{link.section}"] in the configuration')
        accounts = () if link.account_name == "-" else (link,)
        return self._staged(query, lambda before: replace(before, accounts=accounts))

    async def update_params(self, query: UpdateParam) -> AppsUpdated:
        self._mains(query.app_path_glob)
        name, value = query.param_name, query.param_value

        def edit(before: AppMetadata) -> AppMetadata:
            if value != REMOVE or name not in before.param_values:
                self._check_params(AppPath("/x"), (name,))
            return with_param(before, name, value)

        return self._staged(query, edit)

    async def update_metadata(self, query: UpdateMetadata) -> AppsUpdated:
        self._mains(query.app_path_glob)
        changed = metadata_entries(query.body)
        for name in changed.entries:
            if name != "sandbox.max_waiting":
                raise BadRequest(f"app config {name}: no such key")
        return self._staged(query, changed.added_to)

    async def show_drift(self, _query: ShowDrift) -> DriftShown:
        return DriftShown()

    async def export_apps(self, _query: ExportApps) -> ExportedText:
        return ExportedText("")

    async def list_previews(self, _query: ListPreviews) -> PreviewList:
        """Nothing here is from git."""
        return PreviewList()

    async def list_syncs(self, _query: Nothing) -> SyncList:
        """Nothing here runs by time."""
        return SyncList()

    async def update_settings(self, query: UpdateSettings) -> SettingsUpdated:
        self._mains(query.app_path_glob)
        request = query.body
        if request.authn_type != UNDEFINED:
            app_authentication().check(request.authn_type)
        apps = [
            app for main in self._mains(query.app_path_glob) for app in (main, *self._twins(main))
        ]
        after = [replace(app, settings=settled(app.settings, request)) for app in apps]
        changed = [app for app in after if app not in apps]
        changes = self._keep(*changed, dry_run=query.dry_run)
        return SettingsUpdated(query.dry_run, tuple(app.address for app in apps), changes=changes)

    async def change_owner(self, query: ChangeOwner) -> SettingsUpdated:
        check_known(query.owner)
        mains = self._mains(query.app_path_glob)
        apps = [app for main in mains for app in (main, *self._twins(main))]
        after = [replace(app, user_id=query.owner) for app in apps if app.user_id != query.owner]
        changes = self._keep(*after, dry_run=query.dry_run)
        return SettingsUpdated(query.dry_run, tuple(app.address for app in apps), changes=changes)

    async def create_secret(self, query: CreateSecret) -> SecretCreated:
        return await self._secrets.create_secret(query, self._request)

    async def list_secrets(self, query: ListSecrets) -> SecretList:
        return await self._secrets.list_secrets(query)

    async def get_secret(self, query: GetSecret) -> SecretFound:
        return await self._secrets.get_secret(query)

    async def reveal_secret(self, query: NamedSecret) -> SecretFound:
        return await self._secrets.reveal_secret(query)

    async def delete_secret(self, query: NamedSecret) -> SecretDeleted:
        return await self._secrets.delete_secret(query)

    async def rekey_secrets(self, query: RekeySecrets) -> SecretsRekeyed:
        return await self._secrets.rekey_secrets(query)

    async def change_user(self, query: ChangeUser) -> UserChanged:
        return await self._users.change_user(query)

    async def list_users(self, query: Nothing) -> UserList:
        return await self._users.list_users(query)

    async def reset_factors(self, query: ResetFactors) -> FactorsReset:
        return await self._users.reset_factors(query)

    async def delete_user(self, query: NamedUser) -> UserDeleted:
        return await self._users.delete_user(query)

    async def list_lockouts(self, _query: Nothing) -> LockoutList:
        return self.lockouts.list_lockouts()

    async def clear_lockouts(self, query: ClearLockouts) -> LockoutsCleared:
        return self.lockouts.clear_lockouts(query.address, query.user)

    async def list_sessions(self, query: ListSessions) -> SessionList:
        return await self._sessions.list_sessions(query)

    async def revoke_sessions(self, query: RevokeSessions) -> SessionsRevoked:
        return await self._sessions.revoke_sessions(query)

    async def create_token(self, query: CreateToken) -> TokenCreated:
        return await self._tokens.create_token(query, self._request)

    async def list_tokens(self, query: Nothing) -> TokenList:
        return await self._tokens.list_tokens(query, self._request)

    async def revoke_token(self, query: NamedToken) -> TokenRevoked:
        return await self._tokens.revoke_token(query, self._request)

    async def check_permission(self, query: CheckPermission) -> PermissionChecked:
        return await self._roles.check_permission(query)

    async def list_holders(self, query: HoldersOf) -> HolderList:
        return await self._roles.list_holders(query)

    async def list_audit(self, query: ListAudit) -> AuditList:
        return await self._audit.list_audit(query)

    def export_audit(self, query: ExportAudit) -> AsyncIterator[tuple[AuditedEvent, ...]]:
        return self._audit.export_audit(query)

    async def verify_audit(self, query: VerifyAudit) -> AuditVerified:
        return await self._audit.verify_audit(query)

    async def _all_apps(self) -> Iterable[App]:
        return tuple(self._apps.values())

    async def server_status(self, _query: Nothing) -> ServerStatus:
        reached = {"request_time": 12, "memory": 1}
        return ServerStatus("ok", self._pid, "1.2.3", reached)

    async def stop_server(self, _query: StopServer) -> Stopping:
        self.stopped = True
        return Stopping(self._pid)

    def _check_params(self, address: AppPath, names: Iterable[str]) -> None:
        app = App(id="app_prd_x", path=address.path, domain=address.domain)
        params = tuple(AppParam(name=name) for name in self.params)
        check_declared(app, names, AuditedSource("Disk", Demands(), params))

    def _mains(self, glob: str) -> list[App]:
        catalogue = AppCatalogue(tuple(self._apps.values()))
        return list(catalogue.selected(AppGlob.parse(glob), self._request))

    def _twins(self, main: App) -> list[App]:
        return [app for app in self._apps.values() if app.main_app == main.id]

    def _edited(self, main: App) -> App:
        return next(iter(self._twins(main)), main)

    def _staged(
        self, query: StagedUpdate, edit: Callable[[AppMetadata], AppMetadata]
    ) -> AppsUpdated:
        changed, updated, promoted = [], [], []
        mains = self._mains(query.app_path_glob)
        for main in mains:
            app = self._edited(main)
            metadata = edit(app.metadata)
            if app.metadata != metadata:
                app = _next(replace(app, metadata=metadata), app.metadata.approved)
                changed.append(app)
                updated.append(app.address)
            if query.promote and app.version != main.version:
                changed.append(replace(main, metadata=app.metadata))
                promoted.append(main.address)
        changes = self._keep(*changed, dry_run=query.dry_run)
        paths = tuple(updated), tuple(promoted)
        return AppsUpdated(query.dry_run, *paths, len(mains), changes=changes)

    def _keep(self, *apps: App, dry_run: bool) -> tuple[AppChange, ...]:
        changes = tuple(app_change(self._apps.get(app.id), app) for app in apps)
        if not dry_run:
            self._apps |= {app.id: app for app in apps}
        return changes

    def _demands(self, source_url: str) -> Demands:
        if source_url not in self.sources:
            raise SourceError(f"no such source {source_url}")
        return self.sources[source_url]

    def _new_app(self, address: AppPath, request: NewApp, approved: Demands) -> App:
        kind = AppKind.DEV if request.is_dev else AppKind.PROD
        version = VersionMetadata(
            version=0 if request.is_dev else 1,
            git_branch=request.git_branch,
            git_commit=request.git_commit,
        )
        return App(
            id=f"{kind}{next(self._ids):027d}",
            path=address.path,
            domain=address.domain,
            source_url=request.source_url,
            is_dev=request.is_dev,
            settings=AppSettings(request.app_authn, request.git_auth_name),
            metadata=AppMetadata(
                "Disk",
                version,
                approved.loads,
                approved.permissions,
                param_values=request.param_values or {},
                appconfig=request.appconfig or {},
            ),
        )

    def _report(self, app: App, demands: Demands, approved: Demands, approve: bool) -> Approval:
        granted = demands if approve else approved
        return Approval(
            app.id,
            app.address,
            demands.loads,
            demands.permissions,
            granted.loads,
            granted.permissions,
            bool(demands.missing_from(approved)),
        )


def _next(app: App, approved: Demands) -> App:
    version = replace(
        app.metadata.version_metadata,
        version=app.version + (not app.is_dev),
        previous_version=app.version,
    )
    metadata = replace(
        app.metadata,
        version_metadata=version,
        loads=approved.loads,
        permissions=approved.permissions,
    )
    return replace(app, metadata=metadata)


def _fields(app: App) -> dict:
    return {name: getattr(app, name) for name in app.__struct_fields__}


def _described(app: App) -> AppDescription:
    return AppDescription(app.path, app.domain, app.metadata.name, app.id, app.is_dev)
