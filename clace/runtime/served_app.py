"""One app as it is served now: its files, its host if it has one, and who waits for it."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from twisted.logger import Logger

from clace.errors import AppBroken, AppBusy, ClaceError, NoSuchApp, SourceError
from clace.interfaces import IFiles
from clace.model import App, AppResponse, Demands, FileRef, ProxyRoute
from clace.runtime.admission_queue import AdmissionQueue
from clace.runtime.hosts import RunningHost
from clace.runtime.life import LoadedHost, begin_life
from clace.runtime.limits import HostLimits, RuntimeLimits
from clace.runtime.minute_quota import MinuteQuota
from clace.runtime.options import AppOptions
from clace.runtime.outlines import RouteOutline
from clace.runtime.static import WithAssets
from clace.single_flight import SingleFlight
from clace.threads import InThread

_BROKEN_SECONDS = 2
# Rows of the audit log in a minute, which a flood of visitors would fill with them: of limits that
# an app reached, and of plugin calls that were refused.
_LIMIT_ROWS = 60
_REFUSALS = 60


Start = Callable[[App, IFiles], Awaitable[LoadedHost]]
Fetch = Callable[[App], Awaitable[IFiles]]
Withdraw = Callable[[App, Demands], None]
"""Told of the approvals that a dev app has stopped asking for."""


class AppSupplies(Struct, frozen=True):
    """Sources of hosts and files of every served app, and the limits on them."""

    clock: Any
    limits: RuntimeLimits
    fetch: Fetch
    start: Start
    in_thread: InThread
    withdraw: Withdraw
    set_aside: Callable[[str], None]


class ServedApp:
    """Starts the app's host when it is asked, and again when it died; swaps it when told.

    A dev app is looked at for changes first: what is new is loaded aside, and if it does not load,
    its error is what the app answers until it changes again. What may follow what is the table in
    ``life``; the attributes here are what the states have, asked for each request.
    """

    _log = Logger()

    def __init__(self, supply: AppSupplies, app: App) -> None:
        self._supply = supply
        self._clock = supply.clock
        self._folder: IFiles | None = None
        self._files: IFiles | None = None
        self._host: RunningHost | None = None
        self._broken: AppBroken | None = None
        self._broken_at = 0.0
        self._looked_at = float("-inf")
        self._metered = 0.0
        self._life = begin_life(self)
        self._starting = SingleFlight(self._start_anew)
        self._fetching = SingleFlight(self._fetch_files)
        self._looking = SingleFlight(self._look)
        self.app = app
        self.granted = app.metadata
        self.options: AppOptions | None = None
        self.proxies: tuple[ProxyRoute, ...] | None = None
        self._outline: RouteOutline | None = None
        self.listeners: list[Callable[[], None]] = []
        limits = self.limits = supply.limits.of(app)
        self.admission = AdmissionQueue(
            self._clock, limits.requests, limits.requests, limits.waiting_seconds
        )
        self.lines = MinuteQuota(self._clock, limits.log_lines)
        self.refusals = MinuteQuota(self._clock, _REFUSALS)
        self.limit_rows = MinuteQuota(self._clock, _LIMIT_ROWS)
        self.processors = MinuteQuota(self._clock, limits.cpu_seconds or math.inf)
        self.used_at = self._clock.seconds()

    @property
    def has_host(self) -> bool:
        return self._host is not None and self._host.alive

    @property
    def at_hand(self) -> IFiles | None:
        """Return the files if nothing has to be waited for before a request can be answered."""
        return None if self.options is None or self.app.is_dev else self._files

    @property
    def running(self) -> RunningHost | None:
        """Return the host if it can be asked now."""
        host = self._host
        if host is None or not host.alive or self.processors.is_used_up:
            return None
        return host

    @property
    def is_idle(self) -> bool:
        """Return true if its host could be ended without anybody noticing."""
        return self._host is not None and self.has_host and not self._host.busy

    @property
    def is_forgotten(self) -> bool:
        """Return true if its host has been idle for as long as it may be, or answers nothing."""
        if not self.is_idle:
            return False
        unused = self._clock.seconds() - self.used_at
        return self._only_proxies or bool(unused > self.limits.idle_seconds)

    @property
    def _only_proxies(self) -> bool:
        """Return true if other servers, or a program, answer all that any route answers."""
        return bool(self.proxies) and self.options is not None and not self.options.routes

    @property
    def pushes_events(self) -> bool:
        """Return true if its pages may wait for reloads, as those of dev apps may."""
        return self.options is not None and self.options.push_events

    def use(self) -> None:
        """The app is asked for now."""
        self.used_at = self._clock.seconds()

    def ruled_out(self, method: str, path: str) -> AppResponse | None:
        """The answer to a request that no route of the app can answer."""
        if self._outline is None and self.options is not None:
            self._outline = RouteOutline(self.options)
        return None if self._outline is None else self._outline.ruled_out(method, path)

    async def mounts(self) -> tuple[ProxyRoute, ...]:
        """The paths that other servers answer; the app is loaded if they are not known.

        :raises AppBroken: if it does not load.
        """
        await self.refresh()
        if self.proxies is None:
            await self.host()
        return self.proxies or ()

    def is_own(self, method: str, path: str) -> bool:
        """Return true if a route of the app itself answers a path."""
        has_routes = self.options is not None and bool(self.options.routes)
        return has_routes and self.ruled_out(method, path) is None

    async def refresh(self) -> None:
        """Take notice of a dev app's changed files, at most every so often.

        :raises AppBroken: if it does not load as it is now.
        """
        if not self.app.is_dev:
            return
        if self._clock.seconds() - self._looked_at >= self._supply.limits.watch_seconds:
            await self._looking.result()
        if self._broken is not None:
            raise self._broken

    @property
    def settled_files(self) -> IFiles | None:
        """Return the files, if they are known and those of a version, which do not change."""
        return None if self.app.is_dev else self._files

    async def files(self) -> IFiles:
        """:raises SourceError: if they cannot be had."""
        return self._files if self._files is not None else await self._fetching.result()

    async def host(self) -> RunningHost:
        """A host that can be asked.

        :raises AppBroken: if the app does not load.
        :raises AppBusy: if it has used up its processor time.
        :raises NoSuchApp: if the app is gone.
        """
        if self.excess:
            seconds = math.ceil(self.processors.seconds_left)
            raise AppBusy(f"{self.excess}; it goes on in {seconds} seconds", seconds)
        if self._host is not None and self._host.alive:
            return self._host
        return await self._starting.result()

    def publish(self, app: App, started: LoadedHost) -> None:
        """From now on ``started`` answers for ``app``; what is in flight ends where it began.

        The files of a version are read from where they are stored: those that it was loaded from
        are a whole source in memory, and are not compressed.
        """
        self.app = app
        self._life.swap(started)
        if not app.is_dev:
            self._files = None

    def retire(self) -> None:
        """Let the host end when its requests have; the next request starts another."""
        self._life.retire()

    def renew(self, app: App) -> None:
        """The next request starts the app as it is now; what is in flight ends where it began."""
        self.app = app
        self._life.renew()

    def carry(self, app: App) -> None:
        """The host that runs, if one does, is that of the app as it is now."""
        self.app = app
        self.granted = app.metadata
        self._life.carry()

    def close(self) -> None:
        """Close: the app is gone."""
        self._life.close()

    def take(self, loaded: LoadedHost) -> None:
        self.leave()
        self._limit(loaded.limits)
        self._hold(loaded.demands)
        self._host = loaded.host
        self._files = loaded.files
        self._broken = None
        self.options = loaded.options
        self.proxies = loaded.proxies
        if loaded.workload is not None:
            loaded.workload.publish(self.app)
        else:
            self._supply.set_aside(self.app.id)
        self._outline = None
        self._tell()

    def discard(self, loaded: LoadedHost) -> None:
        loaded.discard()

    def note(self, broken: AppBroken) -> None:
        self._broken = broken
        self._broken_at = self._clock.seconds()

    def forget(self) -> None:
        self._broken = None

    def leave(self) -> None:
        host, self._host = self._host, None
        self._metered = 0.0
        if host is not None:
            host.retire()

    def refuse(self) -> None:
        raise NoSuchApp(f"app not found: {self.app}")

    def start_over(self) -> None:
        self.leave()
        self.forget()
        self._files = self.proxies = None
        self._limit(self._supply.limits.of(self.app))

    def meter(self) -> None:
        """Count what processors did for the host since it was last counted."""
        if self._host is not None and self._host.alive:
            used = self._host.processor_seconds
            self.processors.take(max(0.0, used - self._metered))
            self._metered = used

    @property
    def excess(self) -> str:
        """Return the message for too much processor time; empty while some is left."""
        if not self.processors.is_used_up:
            return ""
        most = self.limits.cpu_seconds
        return f"the app used more than {most} seconds of processor time in a minute"

    def end(self, reason: ClaceError) -> None:
        """End the host at once; its requests fail with ``reason``."""
        if self._host is not None:
            self._host.end(reason)

    def _limit(self, limits: HostLimits) -> None:
        self.limits = limits
        self.admission.change(limits.requests, limits.requests, limits.waiting_seconds)
        self.lines.amount = limits.log_lines
        self.processors.amount = limits.cpu_seconds or math.inf

    def _hold(self, demands: Demands) -> None:
        """Let the app have those of its approvals that it asks for. A dev app, which has no
        versions, has lost the others from now on.
        """
        dropped = self.app.metadata.approved.missing_from(demands)
        self.granted = self.app.metadata.without(dropped)
        if dropped and self.app.is_dev:
            self.app = replace(self.app, metadata=self.granted)
            self._supply.withdraw(self.app, dropped)

    async def _start_anew(self) -> RunningHost:
        if self._broken is not None and not self._may_try_again():
            raise self._broken
        self._life.begin()
        loaded = await self._outcome()
        host = self._host
        if loaded is not None and host is not None and host is loaded.host:
            return host
        # It does not load, or was removed, published or renewed meanwhile.
        return await (self.host() if self.has_host else self._start_anew())

    async def _outcome(self) -> LoadedHost | None:
        try:
            loaded = await self._load(await self.files())
        except AppBroken as broken:
            self._life.not_started(broken)
            return None
        except BaseException:
            self._life.put_off()
            raise
        self._life.started(loaded)
        return loaded

    async def _load(self, files: IFiles) -> LoadedHost:
        try:
            return await self._supply.start(self.app, files)
        except SourceError as error:
            raise AppBroken(error.message) from error

    def _may_try_again(self) -> bool:
        return bool(self._clock.seconds() - self._broken_at >= _BROKEN_SECONDS)

    async def _fetch_files(self) -> IFiles:
        app = self.app
        self._folder = await self._supply.fetch(app)
        refs = await self._refs(self._folder)
        if self.app is not app:  # published or renewed meanwhile
            return await self._fetch_files()
        self._files = WithAssets(self._folder, self._supply.in_thread, refs)
        return self._files

    async def _refs(self, folder: IFiles) -> Mapping[str, FileRef]:
        """All at once and not in the reactor's thread: a dev app's folder is read for them."""
        if not self.app.is_dev:
            return folder.refs
        return await self._supply.in_thread(lambda: dict(folder.refs))

    async def _look(self) -> None:
        try:
            if self._folder is None:
                self._folder = await self._supply.fetch(self.app)
            refs = await self._refs(self._folder)
        except SourceError as error:
            self._life.not_reloaded(AppBroken(error.message))
            return
        finally:
            self._looked_at = self._clock.seconds()
        files = WithAssets(self._folder, self._supply.in_thread, refs)
        seen, self._files = self._files, files
        changed = seen is not None and dict(seen.refs) != files.refs
        if changed or (self._broken is not None and self._may_try_again()):
            await self._reload(files)

    async def _reload(self, files: IFiles) -> None:
        app = self.app
        try:
            loaded = await self._load(files)
        except AppBroken as error:
            self._life.not_reloaded(error)
            self._log.warn("{app} does not load: {error}", app=str(self.app), error=error.message)
            self._tell()
            return
        if self.app is not app:  # its settings were changed meanwhile
            self.discard(loaded)
            await self._reload(files)
            return
        self._life.swap(loaded)
        self._log.info("{app} reloaded after changes", app=str(self.app))

    def _tell(self) -> None:
        for listener in list(self.listeners):
            listener()
