"""Checks of a program that runs: one that answers nobody any more is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from clace.workloads.generation import Generation
from clace.workloads.limits import WorkloadLimits
from clace.workloads.probing import HealthProbe

OnHang = Callable[[Generation, str], None]
"""Takes the program that hangs, and how it was found."""


class HealthCheck:
    """Asks a program every so many seconds, unless its visitors show that it is alive.

    A check does not count as use: it keeps no program awake.
    """

    _log = Logger()

    def __init__(
        self, clock: Any, generation: Generation, probe: HealthProbe, hangs: OnHang
    ) -> None:
        self._clock = clock
        self._generation = generation
        self._probe = probe
        self._hangs = hangs
        self._last = clock.seconds()
        self._asks = False
        self._failures = 0

    def look(self, limits: WorkloadLimits) -> None:
        """Check it, if it is time."""
        now = self._clock.seconds()
        if self._asks or not 0 < limits.check_seconds <= now - self._last:
            return
        self._last = now
        generation = self._generation
        was_heard, was_fed = generation.was_heard, generation.was_fed
        generation.was_heard = generation.was_fed = False
        if was_heard:
            self._alive()
        elif not was_fed:
            asking = Deferred.fromCoroutine(self._ask(limits))
            asking.addErrback(lambda failure: self._log.failure("Program not checked", failure))

    async def _ask(self, limits: WorkloadLimits) -> None:
        self._asks = True
        try:
            is_alive = await self._probe.is_alive(self._generation.workload)
        finally:
            self._asks = False
        if is_alive or self._generation.was_heard:
            self._alive()
        elif self._generation.is_usable:
            self._failed(limits)

    def _alive(self) -> None:
        self._failures = 0
        self._generation.problem = ""

    def _failed(self, limits: WorkloadLimits) -> None:
        self._failures += 1
        counted = f"{self._failures} of {limits.check_attempts} checks in a row"
        self._generation.problem = f"{self._probe.why}, in {counted}"
        if self._failures >= limits.check_attempts:
            self._hangs(self._generation, self._generation.problem)
