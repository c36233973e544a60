"""The operations over twins in memory of everything below them."""

import json
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

from msgspec import Struct
from msgspec.structs import asdict
from twisted.internet.task import Clock
from zope.interface import implementer

from clace.admin_api.apps import CREATE_APP, CreateApp, NewApp
from clace.admin_api.server import ServerStatus
from clace.composition.apps import owner_of
from clace.config import Location, load
from clace.config.apps import AppConfigs
from clace.environments.filling import Specs
from clace.identity.passwords import Lockout, SignIns
from clace.identity.rbac import Authorisation
from clace.interfaces import ISentSources, SentSource
from clace.model.rbac import Policy
from clace.model.traffic import AppRequest
from clace.operations.administration import Administration
from clace.operations.applying import DeclarationOperations
from clace.operations.apps import AppOperations
from clace.operations.audit import AuditOperations
from clace.operations.backups import BackupOperations
from clace.operations.configured import ConfiguredSections
from clace.operations.creation import AppCreation, AppStamp, NewAppDefaults, NewAppFacts
from clace.operations.declaring import DeclarationFiles
from clace.operations.deliveries import Deliveries
from clace.operations.exporting import ExportOperations
from clace.operations.history import HistoryOperations
from clace.operations.known import KnownApps
from clace.operations.makers import MakerRights
from clace.operations.previews import PreviewOperations
from clace.operations.programs import ProgramOperations
from clace.operations.reloading import AppReloading
from clace.operations.retention import VersionRetention
from clace.operations.roles import RoleOperations
from clace.operations.rooms import OperationRooms, served_files
from clace.operations.secrets import SecretOperations
from clace.operations.sending import SendingOperations
from clace.operations.server import LockoutOperations, ServerOperations
from clace.operations.sessions import SessionOperations
from clace.operations.settings import SettingOperations
from clace.operations.showing import AppFacts, AppShowing
from clace.operations.sync_runs import SyncRuns, SyncSurroundings
from clace.operations.sync_schedule import SyncLimits
from clace.operations.syncs import SYNC_TARGET, SyncOperations
from clace.operations.tokens import TokenOperations
from clace.operations.users import UserOperations
from clace.operations.versions import VersionOperations
from clace.operations.webhook_work import WebhookWork
from clace.operations.webhooks import LastCalls, WebhookMaking, WebhookOperations
from clace.operations.withdrawal import ApprovalWithdrawal
from clace.plugins.builtin.container import PROCESS
from clace.plugins.builtin.proxy import PROXY
from clace.plugins.gate.gate import PluginGate
from clace.plugins.kit.definition import Function, Plugin
from clace.runtime.failures import AppFailures
from clace.runtime.installed import InstalledApps
from clace.testing.apps import MemoryStore
from clace.testing.audit import MemoryAudit
from clace.testing.runtime import MemoryRuntime
from clace.testing.sources import MemorySources
from clace.workloads.control import ProgramControl
from tests.identity.passwords.support import Told
from tests.support.audit_contract import maker_into
from tests.support.memory_administration import STATIC_USERS
from tests.support.memory_app_data import MemoryAppData
from tests.support.memory_backups import MemoryBackups
from tests.support.memory_factors import memory_factors
from tests.support.memory_secrets import MemorySecretStore
from tests.support.memory_syncs import MemorySyncRows
from tests.support.memory_tokens import at_once, memory_tokens
from tests.support.memory_users import memory_users
from tests.support.memory_webhooks import MemoryDeliveryRows, MemoryWebhookRows, make_proofs
from tests.support.sign_in import app_authentication, check_known, make_sessions
from tests.support.workloads import MemoryEngine, make_workloads

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def app_star(demands, body="ok", extra=""):
    """The source of an app that asks for ``demands`` and answers ``body``."""
    loads = "".join(
        f'load("{name}", {json.dumps(name.partition(".")[0])})\n' for name in demands.loads
    )
    permissions = ", ".join(
        f"ace.permission({json.dumps(p.plugin)}, {json.dumps(p.method)}, "
        f"{json.dumps(list(p.arguments))}, type={json.dumps('READ' if p.is_read else '')}, "
        f"secrets={json.dumps([list(keys) for keys in p.secrets])})"
        for p in demands.permissions
    )
    return f"""{loads}{extra}
def handler(req):
    return {json.dumps(body)}

app = ace.app("Named", routes=[ace.api("/", type=ace.TEXT)], permissions=[{permissions}])
""".encode()


class Nothing(Struct, frozen=True):
    """What a function takes that takes nothing."""


async def listed(_invocation, _given):
    """A function that every plugin of the house has."""
    return "listed"


@implementer(ISentSources)
class SentInMemory:
    """Knows what was sent to it; the folder of it is ``/sent``."""

    def __init__(self):
        self.taken = []

    async def take(self, owner, part):
        self.taken += [(owner, piece.name) for piece in part.pieces]
        files, size = len(part.pieces), sum(len(piece.data) for piece in part.pieces)
        folder = "/sent" if part.is_last else ""
        return SentSource(id="sent", files=files, size=size, folder=folder)

    async def prune(self, used):
        self.used = used


class House:
    """An administration, and hands on everything below it."""

    def __init__(self, before=None, policy=None, *, refuses_shared_hosts=False):
        """``before`` is the house whose apps are installed here when the server starts again."""
        self.clock = Clock()
        self.clock.advance(NOW.timestamp())
        self.chance = 0.5
        self.store = before.store if before else MemoryStore(self.clock)
        self.sources = before.sources if before else MemorySources()
        self.audit = MemoryAudit()
        self.installed = InstalledApps("localhost")
        self.sent = SentInMemory()
        self.stopped = []
        self.failures = AppFailures(self.clock)
        sections = ("exec.in", "exec.in#other", "fs.in", "http.in", "http.in#work")
        files_of = partial(served_files, store=self.store, sources=self.sources, specs=Specs())
        functions = {"list": Function(Nothing, listed, is_read=True)}
        plugins = [Plugin(name, functions) for name in sections]
        gate = PluginGate([*plugins, PROXY, PROCESS])
        self.runtime = MemoryRuntime(self.clock, gate, self.audit, files_of)
        withdrawal = ApprovalWithdrawal(
            self.store, self.installed, maker_into(self.audit, self.clock.seconds)
        )
        self.runtime.tell_withdrawals(withdrawal)
        self.engine = MemoryEngine(self.clock, at_once=True)
        self.workloads = make_workloads(self.clock, self.engine, Path(mkdtemp(dir=".")))
        self.runtime.run_programs(self.workloads)
        self.keep = -1
        self.retention = VersionRetention(self.store, lambda _app: self.keep)
        committed = self.retention.note
        self.data = MemoryAppData()
        rooms = OperationRooms(
            self.store,
            self.sources,
            Specs(),
            self.runtime,
            self.installed,
            self.data,
            committed,
        )
        self.ids = count()
        configs = AppConfigs(load(Location(Path("/h")), {}), {})
        secrets = SecretOperations(MemorySecretStore(), lambda: "x")
        beginnings = NewAppFacts(
            defaults=NewAppDefaults(),
            stamp=lambda: AppStamp(f"{next(self.ids):027}", NOW),
            urls=lambda address: (f"http://localhost{address.path}", ""),
        )
        configured = ConfiguredSections(
            plugins=sections,
            git_auths=("ours",),
            app_settings=configs.names,
            check_config=configs.of,
            check_auth=app_authentication().check,
            check_user=check_known,
            auth_in_effect=app_authentication().in_effect,
            closed_hosts=("auth.localhost",),
            refuses_shared_hosts=refuses_shared_hosts,
        )
        around = AppFacts(
            lambda address: (f"http://localhost{address.path}", ""),
            lambda app: asdict(configs.of(app.metadata.appconfig).sandbox),
            self.failures,
            lambda app: self.workloads.of(app).status,
        )
        known = KnownApps(secrets.versions)
        reloading = AppReloading(rooms, known, configured)
        creation = AppCreation(rooms, known, beginnings, configured)
        self.groups = {}
        self.tokens = memory_tokens(self.clock)
        self.authorisation = Authorisation(policy or Policy(), "admin", self.owner_of)
        files = DeclarationFiles(self.sources, self.runtime)
        declarations = DeclarationOperations(rooms, creation, reloading, configured, files)
        versions = VersionOperations(rooms, reloading)
        self._add_syncs(declarations, before)
        self._add_webhooks(rooms, versions)
        self.nouns = (
            AppOperations(rooms, creation, AppShowing(rooms, around)),
            versions,
            ProgramOperations(
                rooms, ProgramControl(self.clock, self.workloads, self.engine), self.clock
            ),
            HistoryOperations(rooms),
            PreviewOperations(rooms, beginnings.stamp, beginnings.urls),
            declarations,
            self.syncs,
            ExportOperations(rooms, beginnings.defaults),
            self.webhooks,
            SettingOperations(rooms, configured),
            SendingOperations(rooms, self.sent),
            secrets,
            UserOperations(
                memory_users(self.clock, STATIC_USERS),
                memory_factors(self.clock, SignIns(self.clock, Told())),
                self.tokens,
                "https://auth.localhost/?token={}".format,
                lambda: "admin",
                self.store.apps,
            ),
            LockoutOperations(Lockout(self.clock)),
            SessionOperations(make_sessions(clock=self.clock)),
            TokenOperations(self.tokens, self.authorisation, self.clock.seconds),
            RoleOperations(
                self.authorisation, self.installed, lambda user: self.groups.get(user, ())
            ),
            BackupOperations(MemoryBackups()),
            AuditOperations(self.audit, self.audit, self.store.apps),
            ServerOperations(lambda: ServerStatus(pid=4711), lambda: self.stopped.append(True)),
        )
        self.administration = Administration(self.authorisation, *self.nouns)

    def _add_syncs(self, declarations, before):
        """Syncs with the rows of the house before, in a process of its own."""
        self.sync_rows = before.sync_rows if before else MemorySyncRows()
        self.gone = set()
        self.webhook_rows = before.webhook_rows if before else MemoryWebhookRows()
        self.delivery_rows = before.delivery_rows if before else MemoryDeliveryRows()
        self.background = around = SyncSurroundings(
            clock=self.clock,
            in_thread=at_once,
            random=lambda: self.chance,
            holder=f"process {id(self)}",
            new_id=lambda: "rid_sync",
        )
        self.maker_rights = rights = MakerRights(self.authorisation, self.owner_now)
        self.proofs = make_proofs(self.webhook_rows, self.clock)
        self.calls = LastCalls(self.webhook_rows, self.delivery_rows, around)
        self.making = WebhookMaking(
            self.webhook_rows, self.proofs, around, self.unique, "https://localhost/{}?{}".format
        )
        limits = SyncLimits(minutes=15, failures=3)
        events = maker_into(self.audit, self.clock.seconds)
        self.sync_runs = SyncRuns(self.sync_rows, declarations, around, rights, limits, events)

        def stamp():
            return AppStamp(f"{next(self.ids):027}", self.now())

        self.syncs = SyncOperations(
            self.sync_runs, self.sync_rows, around, stamp, limits, self.making, self.calls
        )
        self.syncs.find()

    def _add_webhooks(self, rooms, versions):
        events = maker_into(self.audit, self.clock.seconds)
        work = WebhookWork(
            rooms, versions, self.sync_runs, self.maker_rights, self.background, events
        )
        self.deliveries = Deliveries(
            self.webhook_rows, self.delivery_rows, work, self.background, self.unique
        )
        self.webhooks = WebhookOperations(
            rooms, self.making, self.webhook_rows, self.calls, self.background
        )

    def unique(self):
        return f"{next(self.ids):032}"[::-1]

    def owner_now(self, identity):
        return None if identity.user_id in self.gone else identity

    def now(self):
        return datetime.fromtimestamp(self.clock.seconds(), UTC)

    def owner_of(self, target):
        if target.startswith(SYNC_TARGET):
            return self.syncs.owner_of(target)
        return owner_of(self.installed, target)

    def create(self, path, source, *, approve=False, dry_run=False, **fields):
        return self.administration.perform(
            CREATE_APP,
            CreateApp(
                NewApp(path=path, source_url=source, **fields), approve=approve, dry_run=dry_run
            ),
        )

    async def answer(self, path):
        """What the app at ``path`` answers to a request to its root."""
        app = self.installed.find("localhost", path)
        response = await self.runtime.respond(
            app, AppRequest(method="GET", path="/", host="localhost")
        )
        return response.body.decode()
