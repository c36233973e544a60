"""All apps that run: found or started for a request, published, retired, and never too many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from zope.interface import implementer

from clace.errors import AppBroken, AppBusy, AppCrashed, ClaceError
from clace.interfaces import (
    AuditedSource,
    Caller,
    IAuditLog,
    IFiles,
    ILoadedApp,
    IPluginGate,
    IRuntime,
    IWorkloadOffer,
    IWorkloads,
)
from clace.model import (
    CUSTOM,
    FAILED,
    SUCCESS,
    SYSTEM,
    App,
    AppRequest,
    AppResponse,
    AppSchema,
    AuditEvent,
    ClientWishes,
    DeclaredApp,
    Deed,
    Demands,
    Permission,
    ProxyRoute,
    WorkloadConfig,
    event_of,
)
from clace.runtime.admission_queue import AdmissionQueue
from clace.runtime.events import EVENTS, OWN_PREFIX, ReloadEvents
from clace.runtime.hosts import AnswerBody, HeldAnswers, HostSupply, PluginCalls
from clace.runtime.life import LoadedHost
from clace.runtime.limits import HostLimits, RuntimeLimits, limit_reached
from clace.runtime.minute_quota import MinuteQuota
from clace.runtime.mounts import configured, covering, may_have_mounts
from clace.runtime.no_programs import NO_PROGRAMS
from clace.runtime.options import AppOptions, is_plain_site, read_declared, read_options
from clace.runtime.packing import NodeEnvironment, may_be_static, pack_load
from clace.runtime.programs import approved, declared, prefix_of, with_needs, with_secrets
from clace.runtime.served_app import AppSupplies, Fetch, ServedApp, Withdraw
from clace.runtime.static import (
    ContentCache,
    MovedFolder,
    StaticChoice,
    WithAssets,
    addresses,
    at_once,
    choose,
    lacking,
    moved,
    needs_slash,
    refused_method,
    serve,
)
from clace.text import one_line
from clace.wire import HostNote, LoadApp

_METERING_SECONDS = 1
_AUDITS, _AUDITS_WAITING, _AUDIT_WAITING_SECONDS = 4, 64, 10
_LONGEST_NOTE = 8192
_ENVIRONMENT = NodeEnvironment()
_DECLARING = HostLimits()


@implementer(ILoadedApp)
class LoadedApp:
    """An app in a host of its own that nobody is sent to yet."""

    def __init__(self, started: LoadedHost) -> None:
        self.started = started
        self.demands = started.demands
        self.name = started.name

    @property
    def pins(self) -> Mapping[str, str]:
        workload = self.started.workload
        return {} if workload is None else workload.pins

    def discard(self) -> None:
        self.started.discard()


@implementer(IRuntime)
class Runtime(Service):
    """Answers requests by ``hosts``; ``files_for`` gives the files of an app's current version."""

    _log = Logger()

    def __init__(
        self,
        clock: Any,
        hosts: HostSupply,
        limits: RuntimeLimits,
        gate: IPluginGate,
        audit_log: IAuditLog,
        files_for: Fetch,
        environment: NodeEnvironment = _ENVIRONMENT,
    ) -> None:
        self.setName("runtime")
        self._workloads: IWorkloads = NO_PROGRAMS
        self._clock = clock
        self._hosts = hosts
        self._limits = limits
        self._gate = gate
        self._audit_log = audit_log
        self._supply = AppSupplies(
            clock,
            limits,
            files_for,
            self._start_with_room,
            hosts.in_thread,
            self._withdraw,
            self._set_aside,
        )
        self._on_withdrawal: list[Withdraw] = []
        self._environment = environment
        self._served_apps: dict[str, ServedApp] = {}
        self._contents = ContentCache(hosts.in_thread)
        self._held = HeldAnswers(limits.waiting_mb << 20)
        self._events = ReloadEvents(clock, limits.watch_seconds)
        self._audits = AdmissionQueue(clock, _AUDITS, _AUDITS_WAITING, _AUDIT_WAITING_SECONDS)
        self.limits_reached: Counter[str] = Counter()
        self._looking_after = LoopingCall(self._look_after)
        self._looking_after.clock = clock

    def startService(self) -> None:
        super().startService()
        self._hosts.begin()
        self._looking_after.start(_METERING_SECONDS, now=False)

    def stopService(self) -> Deferred[None]:
        """Ends all hosts; fires when they are gone."""
        super().stopService()
        self._events.stop()
        if self._looking_after.running:
            self._looking_after.stop()
        return Deferred.fromCoroutine(self._hosts.stop())

    def tell_withdrawals(self, told: Withdraw) -> None:
        """Call ``told`` when a dev app that runs has stopped asking for what was approved."""
        self._on_withdrawal.append(told)

    def run_programs(self, workloads: IWorkloads) -> None:
        """Have the programs of apps run by these."""
        self._workloads = workloads

    async def audit(self, app: App, files: IFiles) -> AuditedSource:
        await self._audits.enter()
        try:
            started = await self._run(app, WithAssets(files, self._hosts.in_thread), inert=True)
        finally:
            self._audits.leave()
        started.host.retire()
        warnings = (
            *started.options.warnings,
            *lacking(files, started.options),
            *self._gate.bounds(app, started.demands.permissions),
        )
        options = started.options
        return AuditedSource(
            started.name,
            started.demands,
            options.params,
            warnings,
            options.static_only,
            options.container is not None,
        )

    async def declared(self, files: Mapping[str, bytes]) -> tuple[DeclaredApp, ...]:
        load = LoadApp(
            sources=dict(files),
            declarations=tuple(sorted(files)),
            inert=True,
            node_config=self._environment.node_config,
            env=self._environment.env,
        )
        await self._audits.enter()
        try:
            host, loaded = await self._hosts.start(load, _DECLARING, self._declaring)
        finally:
            self._audits.leave()
        host.retire()
        return read_declared(read_options(loaded.options))

    def _declaring(self, note: HostNote) -> None:
        self._log.info("Declarations print {text}", text=one_line(note.text))

    async def load(self, app: App, files: IFiles) -> ILoadedApp:
        loaded = await self._start(app, WithAssets(files, self._hosts.in_thread))
        if loaded.workload is not None:
            try:
                await loaded.workload.rehearse()
            except BaseException:
                loaded.discard()
                raise
        return LoadedApp(loaded)

    def publish(self, app: App, loaded: ILoadedApp) -> None:
        assert isinstance(loaded, LoadedApp)
        self._served(app).publish(app, loaded.started)
        self._make_room(0)

    def renew(self, app: App) -> None:
        served = self._served_apps.get(app.id)
        if served is not None:
            served.renew(app)

    def carry(self, app: App) -> None:
        served = self._served_apps.get(app.id)
        if served is not None:
            served.carry(app)

    def retract(self, app_id: str) -> None:
        served = self._served_apps.pop(app_id, None)
        if served is not None:
            served.close()
        self._workloads.retract(app_id)

    async def refusal(self, app: App, method: str, path: str) -> AppResponse | None:
        served = self._served(app)
        served.use()
        files = await self._files(served, path)
        if choose(files, path, served.options) is not None:
            return refused_method(method)
        return served.ruled_out(method, path)

    def file_at_hand(
        self, app: App, method: str, path: str, wishes: ClientWishes
    ) -> AppResponse | None:
        served = self._served_apps.get(app.id)
        if served is None or served.settled_files is None or path in {"/", EVENTS}:
            return None
        if served.options is None and not path.startswith("/static/"):
            return None
        choice = choose(served.settled_files, path, served.options)
        if not isinstance(choice, StaticChoice):
            return None
        served.use()
        return at_once(served.settled_files, choice, method, wishes, self._contents)

    async def respond(self, app: App, request: AppRequest) -> AppResponse:
        try:
            served = self._served(app)
            served.use()
            if request.path == EVENTS and (app.is_dev or served.pushes_events):
                return self._events.follow(served)
            files = served.at_hand or await self._files(served, request.path)
            choice = choose(files, request.path, served.options)
            if request.is_bare and needs_slash(choice, served.options):
                choice = MovedFolder("/")
            if choice is None:
                return await self._ask(served, app, request)
            if isinstance(choice, MovedFolder):
                return moved(app.path, choice, request)
            return await serve(files, choice, request, self._contents)
        except ClaceError as error:
            self._count(
                Caller(app=app, user_id=request.user_id, request_id=request.request_id), error
            )
            raise

    async def addresses(self, app: App, name: str) -> tuple[str, ...]:
        served = self._served(app)
        files = await self._files(served, "/")
        return addresses(files, name, served.options) if name in files.refs else ()

    async def awaken(self, app: App) -> None:
        await self._served(app).mounts()

    async def proxied(self, app: App, method: str, path: str) -> ProxyRoute | None:
        if not may_have_mounts(app) or path.startswith(OWN_PREFIX):
            return None
        served = self._served(app)
        served.use()
        mounts = served.proxies
        if mounts is None or app.is_dev:
            mounts = await served.mounts()
        found = covering(mounts, path)
        return None if found is None or served.is_own(method, path) else found

    async def _files(self, served: ServedApp, path: str) -> IFiles:
        """The files of the app as it is now, which is known to run unless they are all it needs."""
        await served.refresh()
        files = await served.files()
        if served.options is None and not path.startswith("/static/"):
            await served.host()
        return files

    def _served(self, app: App) -> ServedApp:
        served = self._served_apps.get(app.id)
        if served is None:
            served = self._served_apps[app.id] = ServedApp(self._supply, app)
        return served

    async def _ask(self, served: ServedApp, app: App, request: AppRequest) -> AppResponse:
        size = request.size
        if not served.admission.enter_now(size):
            await served.admission.enter(size)
        try:
            host = served.running or await served.host()
        except BaseException:
            served.admission.leave(size)
            raise
        # What was approved belongs to the version that runs; settings hold at once.
        if app.metadata is not served.granted:
            app = msgspec.structs.replace(app, metadata=served.granted)
        caller = Caller(
            app=app,
            user_id=request.user_id,
            visitor=request.visitor,
            request_id=request.request_id,
            remote_ip=request.remote_ip,
            schema=served.options.schema if served.options is not None else AppSchema(),
        )
        calls = PluginCalls(
            self._gate,
            caller,
            partial(self._record_limit, caller),
            partial(self._record_refusal, caller, served.refusals),
        )
        note = self._on_note(caller, served.lines)
        answer = await host.ask(request, calls, note, partial(served.admission.leave, size))
        if isinstance(answer.body, AnswerBody):  # it may be large, and wait for the client
            answer.body.count_in(self._held)
        return answer

    def _set_aside(self, app_id: str) -> None:
        self._workloads.set_aside(app_id)

    def _withdraw(self, app: App, dropped: Demands) -> None:
        for told in self._on_withdrawal:
            told(app, dropped)

    async def _start_with_room(self, app: App, files: IFiles) -> LoadedHost:
        """Another host, for which those not used for longest make room."""
        if not self._make_room(1):
            busy = AppBusy("the server is busy: no more apps can be started now")
            raise limit_reached("running_apps", busy)
        started = await self._start(app, files)
        self._make_room(1)  # others may have been started meanwhile
        return started

    def _make_room(self, wanted: int) -> bool:
        """End the longest idle hosts to make room; return true if so many more can run."""
        running = [served for served in self._served_apps.values() if served.has_host]
        idle = sorted(
            (served for served in running if served.is_idle), key=lambda served: served.used_at
        )
        surplus = max(0, len(running) + wanted - self._limits.hosts)
        for served in idle[:surplus]:
            served.retire()
        return surplus <= len(idle)

    async def _start(self, app: App, files: IFiles) -> LoadedHost:
        return await self._run(app, files, inert=False)

    async def _run(self, app: App, files: IFiles, *, inert: bool) -> LoadedHost:
        """Load the app; a site that has no routes without the pages that it serves."""
        if await may_be_static(files):
            with suppress(AppBroken):
                site = await self._load(app, files, inert=inert, programs_only=True)
                if is_plain_site(site.options):
                    return site
                site.host.retire()
        return await self._load(app, files, inert=inert)

    async def _load(
        self, app: App, files: IFiles, *, inert: bool, programs_only: bool = False
    ) -> LoadedHost:
        plugins, limits = self._gate.manifests(), self._limits.of(app)
        load = await pack_load(
            app, files, plugins, self._environment, limits, programs_only=programs_only
        )
        load = msgspec.structs.replace(load, inert=inert)
        caller = Caller(app=app)
        served = self._served_apps.get(app.id)
        lines = served.lines if served else MinuteQuota(self._clock, limits.log_lines)
        try:
            host, loaded = await self._hosts.start(load, limits, self._on_note(caller, lines))
        except ClaceError as error:
            self._count(caller, error)
            raise
        workload = None
        try:
            options = read_options(loaded.options)
            proxies = () if inert else await configured(self._gate, caller, options)
            config = declared(options)
            needs = () if config is None else self._needs(app, options, config)
            if config is not None and not inert and not programs_only:
                workload = await self._offer(app, files, options, needs, prefix_of(app, proxies))
        except ClaceError:
            host.retire()
            raise
        return LoadedHost(
            host=host,
            files=files,
            name=loaded.name,
            demands=with_needs(loaded.demands, needs),
            options=options,
            limits=limits,
            proxies=proxies,
            workload=workload,
        )

    def _needs(
        self, app: App, options: AppOptions, config: WorkloadConfig
    ) -> tuple[Permission, ...]:
        return with_secrets(self._workloads.needs(app, config), app, options)

    async def _offer(
        self,
        app: App,
        files: IFiles,
        options: AppOptions,
        needs: Sequence[Permission],
        prefix: str,
    ) -> IWorkloadOffer:
        """The program of the app as it was approved.

        :raises AppBroken: if it was not, or is declared wrongly.
        """
        url = self._environment.url(app.address)
        program = await approved(self._gate, app, options, needs, url)
        return self._workloads.offer(
            app, files, program.config, program.environment, program.redact, prefix
        )

    def _on_note(self, caller: Caller, lines: MinuteQuota) -> Callable[[HostNote], None]:
        """Log the lines that the app prints, and record the operations that it tells."""

        def on_note(note: HostNote) -> None:
            if not lines.take():
                if lines.ends_now():
                    told = f"more than {lines.amount:g} lines in a minute"
                    self._record_limit(caller, "log_lines", told)
            elif note.operation:
                self._audit_log.record(self._event(caller, note))
            else:
                text = note.text[:_LONGEST_NOTE]
                self._log.info("{app} printed: {text}", app=str(caller.app), text=text)

        return on_note

    def _event(self, caller: Caller, note: HostNote, event_type: str = CUSTOM) -> AuditEvent:
        deed = Deed(
            operation=note.operation[:_LONGEST_NOTE],
            target=note.target[:_LONGEST_NOTE],
            user_id=caller.user_id,
            app_id=caller.app.id,
            event_type=event_type,
            status=FAILED if note.failed else SUCCESS,
            detail=note.detail[:_LONGEST_NOTE],
        )
        return event_of(deed, self._clock.seconds(), caller.request_id)

    def _count(self, caller: Caller, error: ClaceError) -> None:
        """Record the limit that an error reached, once for all requests that it fails."""
        limit, error.limit = error.limit, ""
        if limit:
            self._record_limit(caller, limit, error.message)

    def _record_limit(self, caller: Caller, limit: str, detail: str) -> None:
        self.limits_reached[limit] += 1
        served = self._served_apps.get(caller.app.id)
        if served and not served.limit_rows.take():
            if not served.limit_rows.ends_now():
                return
            detail = f"more than {served.limit_rows.amount} times in a minute: the rest is left out"
        told = {"app": str(caller.app), "limit": limit, "detail": detail}
        self._log.warn("{app} reached a limit, {limit}: {detail}", **told)
        note = HostNote(
            request=0,
            operation="app_limit",
            target=str(caller.app),
            detail=f"{limit}: {detail}",
            failed=True,
        )
        self._audit_log.record(self._event(caller, note, SYSTEM))

    def _record_refusal(
        self, caller: Caller, budget: MinuteQuota, function: str, reason: str
    ) -> None:
        """Audit a plugin call that was refused; the failure of its request is logged anyway."""
        if not budget.take():
            if not budget.ends_now():
                return
            reason = f"more than {budget.amount:g} refused calls in a minute: the rest is left out"
        note = HostNote(
            request=0, operation="plugin_refused", target=function, detail=reason, failed=True
        )
        self._audit_log.record(self._event(caller, note, SYSTEM))

    def _end_spender(self, served: ServedApp) -> None:
        if served.processors.ends_now():
            self._record_limit(Caller(app=served.app), "cpu_time", served.excess)
        served.end(AppCrashed(served.excess))

    def _look_after(self) -> None:
        for served in tuple(self._served_apps.values()):
            served.meter()
            if served.excess and served.has_host:
                self._end_spender(served)
            if served.is_forgotten:
                served.retire()
