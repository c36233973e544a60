"""The program of one version of an app: built and started when it is first needed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from math import ceil
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace
from twisted.logger import Logger
from zope.interface import implementer

from clace.errors import AppBroken, ProgramFailed
from clace.interfaces import (
    IAuditEvents,
    IWorkloadEngine,
    IWorkloadOffer,
    PreparedWorkload,
    ProgramExit,
    Tell,
    WorkloadOrder,
)
from clace.model import (
    OVERLAP,
    App,
    AppKind,
    Deed,
    Lifetime,
    ProgramPhase,
    ProgramStatus,
    deeds,
)
from clace.single_flight import SingleFlight
from clace.telling import listener
from clace.workloads.advice import advised
from clace.workloads.backoff import BackOff
from clace.workloads.checking import HealthCheck
from clace.workloads.generation import Generation, moment
from clace.workloads.keys import order_key
from clace.workloads.limits import WorkloadLimits
from clace.workloads.logs import AppLog
from clace.workloads.probing import HealthProbe, Readiness


class OfferHome(Protocol):
    """The app that an offer is of; ``is_gone`` once it was removed. ``starts`` are the offers whose
    program is being started.
    """

    log: AppLog
    starts: set[WorkloadOffer]
    is_gone: bool

    @property
    def is_running(self) -> bool:
        """Return true if what is published runs."""

    def published(self, key: str) -> WorkloadOffer | None:
        """The published offer, if it is equal to this."""

    def register(self, generation: Generation) -> None:
        """Know a program that runs."""

    async def make_way(self, offer: WorkloadOffer) -> None:
        """End the programs of other offers, for two may not run at a time."""

    def switch(self, offer: WorkloadOffer, app: App) -> None:
        """Send requests to this from now on."""

    def drop(self, offer: WorkloadOffer) -> None:
        """Nobody is going to be sent to it."""


class OfferSupplies(Struct, frozen=True):
    """All that offers need: a clock, the engine, the limits of each app, names of runs. With
    ``publish_keys`` the public keys of identity tokens are there before a program that reads them.
    """

    clock: Any
    engine: Any  # IWorkloadEngine
    limits_of: Callable[[App], WorkloadLimits]
    name_run: Callable[[], str]
    in_thread: Any  # InThread
    publish_keys: Callable[[], Awaitable[None]]
    events: Any  # IAuditEvents


def ending(end: ProgramExit) -> str:
    """The end of a program in words."""
    if end.failure:
        return f"was not run: {end.failure}"
    return f"was ended by signal {end.signal}" if end.signal else f"ended with {end.status}"


def _replaced() -> ProgramFailed:
    return ProgramFailed("the app was replaced while its program was being started")


@implementer(IWorkloadOffer)
class WorkloadOffer:
    """Starts the program, once for all who wait for it, and again when it has ended."""

    _log = Logger()

    def __init__(
        self, supplies: OfferSupplies, home: OfferHome, order: WorkloadOrder, key: str
    ) -> None:
        self._supplies = supplies
        self._home = home
        self.order = order
        self.key = key
        self.generation: Generation | None = None
        self.is_gone = False
        self._check: HealthCheck | None = None
        self._prepared: PreparedWorkload | None = None
        self._backoff = BackOff(supplies.clock)
        self._starting = SingleFlight(self._start)
        self.pins: Mapping[str, str] = order.app.metadata.pins

    @property
    def stops_first(self) -> bool:
        """Return true if two of it may not run at a time, as both would have the same data."""
        config = self.order.config
        return bool(self.order.data) and config.replace != OVERLAP

    @property
    def _is_production(self) -> bool:
        return self.order.app.kind is AppKind.PROD

    @property
    def limits(self) -> WorkloadLimits:
        return self._supplies.limits_of(self.order.app)

    async def rehearse(self) -> None:
        """See ``IWorkloadOffer``. In production a program of which no second one may run is not
        ended only to try the next: it was tried in staging.
        """
        if self.order.config.lifetime is Lifetime.COMMAND:
            await self.prepared()
            return
        published = self._home.published(self.key)
        if published is not None and published.usable is not None:
            return
        await self.prepared()
        if not (self.stops_first and self._is_production and self._home.is_running):
            await self.ready()

    def publish(self, app: App) -> None:
        self._home.switch(self, app)

    def discard(self) -> None:
        self._home.drop(self)
        self.leave()

    def again(self) -> WorkloadOffer:
        """The same, to be started anew."""
        return WorkloadOffer(self._supplies, self._home, self.order, self.key)

    def renamed(self, app: App) -> None:
        """The app was changed in ways that do not concern its program."""
        self.order = replace(self.order, app=app)
        self.key = order_key(self.order)

    def leave(self) -> None:
        """Let the program end when nobody uses it."""
        self.is_gone = True
        if self.generation is not None:
            self.generation.leave(self.limits.drain_seconds)

    @property
    def usable(self) -> Generation | None:
        """Return the program if it can be asked now."""
        generation = self.generation
        return generation if generation is not None and generation.is_usable else None

    @property
    def status(self) -> ProgramStatus:
        """Return what it does, or why it does nothing."""
        if (usable := self.usable) is not None:
            return usable.status
        if self._starting.goes_on:
            return ProgramStatus(state=ProgramPhase.STARTING)
        before = self.generation
        ended = moment(before.ended_at) if before is not None and before.exit is not None else None
        if not self._backoff.why:
            return ProgramStatus(state=ProgramPhase.IDLE, since=ended)
        return ProgramStatus(
            state=ProgramPhase.FAILED,
            since=ended,
            problem=self._backoff.why.partition("\n")[0],
            retry_seconds=ceil(self._backoff.left),
        )

    async def ready(self) -> Generation:
        """The program, started if need be.

        :raises AppBroken: if it does not start.
        """
        return self.usable or await self._starting.result()

    async def prepared(self) -> PreparedWorkload:
        """The program, built if need be.

        :raises AppBroken: if it cannot be built.
        """
        if self._prepared is None:
            engine: IWorkloadEngine = self._supplies.engine
            await self._supplies.publish_keys()
            self._prepared = await engine.prepare(self.order, self._teller())
            self.pins = self._prepared.pins or self.pins
        return self._prepared

    def _teller(self) -> Tell:
        """Return who takes the lines of a build: the log, and whoever has asked for it."""
        keep, hear, order = self._home.log.tell, listener(), self.order
        if hear is None:
            return keep

        def tell(line: str) -> None:
            keep(line)
            hear(f"{order.app.main_address}: {order.redact(line)}")

        return tell

    def try_again(self) -> None:
        """Start at once when it is asked for, whatever happened before."""
        self._backoff.forget()

    async def _start(self) -> Generation:
        self._backoff.check()
        try:
            prepared = await self.prepared()
            if self.stops_first:
                await self._home.make_way(self)
            self._home.starts.add(self)
            return await self._run(prepared)
        except AppBroken as broken:
            self._backoff.failed(broken.message)
            self._home.log.tell(f"not started: {broken.message.partition(chr(10))[0]}")
            raise
        finally:
            self._home.starts.discard(self)

    async def _run(self, prepared: PreparedWorkload) -> Generation:
        if self._is_unwanted:
            raise _replaced()
        engine: IWorkloadEngine = self._supplies.engine
        log = self._home.log
        log.begin()
        log.redact = self.order.redact
        workload = await engine.start(prepared, log.write)
        generation = Generation(
            self._supplies.clock, self._supplies.name_run(), workload, self.limits
        )
        self._home.register(generation)
        clock, probe = self._supplies.clock, self._probe(prepared)
        why = await Readiness(clock, probe, self.limits).wait(workload)
        if why:
            generation.leave(0)
            if generation.exit is None:
                await generation.over()
            raise self._failed(why, generation)
        if self._is_unwanted:
            generation.leave(0)
            raise _replaced()
        self.generation = generation
        self._check = HealthCheck(clock, generation, probe, self._hangs)
        self._backoff.started()
        workload.ended.addCallback(self._ended)
        log.tell("ready")
        return generation

    @property
    def _is_unwanted(self) -> bool:
        """Return true if nobody is going to be sent to it any more."""
        return self.is_gone or self._home.is_gone

    def check(self, limits: WorkloadLimits) -> None:
        """Ask the program whether it still answers, if it is time."""
        if self._check is not None:
            self._check.look(limits)

    def _hangs(self, generation: Generation, why: str) -> None:
        """End the program; the next request starts it again."""
        app = self.order.app
        found = f"the program of {app} hangs: {why}"
        self._home.log.tell(f"ended, for it hangs: {why}")
        self._log.warn("{problem}", problem=found)
        events: IAuditEvents = self._supplies.events
        events.record(
            Deed(
                operation="program_hangs",
                target=str(app),
                app_id=app.id,
                status=deeds.FAILED,
                detail=why,
                source=app.id,
                is_known=True,
            )
        )
        self._backoff.ended(self._with_lines(found), generation.age)
        generation.leave(0)

    def _probe(self, prepared: PreparedWorkload) -> HealthProbe:
        order, limits = self.order, self.limits
        path = order.config.health or prepared.health.rstrip("/") or limits.health_url
        whole, is_named = order.prefix + path, path != "/"
        return HealthProbe(self._supplies.clock, whole, limits.health_seconds, is_named=is_named)

    def _failed(self, why: str, generation: Generation) -> ProgramFailed:
        self._home.log.end()
        end = generation.exit
        how = ending(end) if end is not None and why == "it has ended" else f"is not ready: {why}"
        problem = f"the program of {self.order.app} {how}"
        return ProgramFailed(self._with_lines(problem))

    def _with_lines(self, problem: str) -> str:
        """The problem, below it the last lines of the log, and what to do about them."""
        return "\n".join((problem, *advised(self.order.config.spec, self._home.log.last_lines)))

    def _ended(self, end: ProgramExit) -> ProgramExit:
        generation = self.generation
        assert generation is not None
        self._home.log.end()
        if not generation.was_let_go:
            problem = f"the program of {self.order.app} {ending(end)}"
            self._backoff.ended(self._with_lines(problem), generation.age)
            self._log.warn("{problem}", problem=problem)
        self._home.log.tell(ending(end))
        return end
