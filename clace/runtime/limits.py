"""Limits on an app's host, and on the number of hosts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from clace.errors import ClaceError
from clace.model import App
from clace.wire import HostBounds

E = TypeVar("E", bound=ClaceError)


class HostLimits(Struct, frozen=True, kw_only=True):
    """Bounds of an app's host, by default those of the shipped configuration.

    A request may take ``request_seconds``; ``grace_seconds`` later its host is killed. As many
    requests are worked on at a time as ``requests`` says; as many wait ``waiting_seconds``. A
    request may make ``plugin_calls``, the app write ``log_lines`` and use ``cpu_seconds`` of
    processors (0: any) in a minute, and be unused for ``idle_seconds``.
    """

    memory_mb: int = 512
    requests: int = 1000
    request_seconds: float = 60
    start_seconds: float = 10
    grace_seconds: float = 1
    waiting_seconds: float = 10
    response_mb: int = 32
    plugin_calls: int = 10_000
    log_lines: int = 1_000
    cpu_seconds: int = 90
    idle_seconds: float = 600

    @property
    def serving(self) -> HostBounds:
        """Bounds of a host that serves for as long as it is used."""
        return HostBounds(memory_mb=self.memory_mb)

    @property
    def auditing(self) -> HostBounds:
        """Bounds of a host that only loads an app once."""
        cpu = round(self.start_seconds + self.grace_seconds + 1)
        return HostBounds(memory_mb=self.memory_mb, cpu_seconds=cpu)


class RuntimeLimits(Struct, frozen=True, kw_only=True):
    """The bounds of each app, and of all together: so many ``hosts`` at a time.

    Dev apps are looked at for changes every ``watch_seconds``. Of answers that clients have not
    taken yet ``waiting_mb`` are kept.
    """

    of: Callable[[App], HostLimits]
    hosts: int = 64
    watch_seconds: float = 0.3
    waiting_mb: int = 32


def limits_for_all(
    limits: HostLimits, *, hosts: int = 64, watch_seconds: float = 0.3
) -> RuntimeLimits:
    """The same for every app."""
    return RuntimeLimits(of=lambda _app: limits, hosts=hosts, watch_seconds=watch_seconds)


def limit_reached(limit: str, error: E) -> E:
    """The error, saying which limit of the app was reached: it is counted and audited."""
    error.limit = limit
    return error
