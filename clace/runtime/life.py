"""The life of a served app as a table: its states, what may happen in each, and what follows.

========  =========================================================================
idle      no host runs; the next request starts one
starting  a host is being started for those who wait
running   a host answers, or has died since: the next request then starts another
stale     a host runs, but the files have changed since and do not load
broken    no host runs, for the app does not load; it is tried again after a while
closed    the app is gone
========  =========================================================================

A dev app may be loaded anew in each of them, beside the host that runs or is started.
"""

from __future__ import annotations

from typing import Any, Protocol

from automat import TypeMachineBuilder
from msgspec import Struct

from clace.errors import AppBroken
from clace.model import Demands, ProxyRoute
from clace.runtime.limits import HostLimits
from clace.runtime.options import AppOptions


class LoadedHost(Struct, frozen=True, kw_only=True):
    """An app in a host, loaded."""

    host: Any  # RunningHost: msgspec does not know protocols
    files: Any  # IFiles
    name: str
    demands: Demands
    options: AppOptions
    limits: HostLimits
    proxies: tuple[ProxyRoute, ...] = ()
    workload: Any = None  # IWorkloadOffer

    def discard(self) -> None:
        """End all of it; nobody was sent to it."""
        self.host.retire()
        if self.workload is not None:
            self.workload.discard()


class ServedLife(Protocol):
    """The things that may happen to a served app."""

    def begin(self) -> None:
        """A host is to be started for a request.

        :raises NoSuchApp: if the app is gone.
        """

    def started(self, loaded: LoadedHost) -> None:
        """The host that was started has loaded the app."""

    def not_started(self, broken: AppBroken) -> None:
        """The app does not load in that host."""

    def put_off(self) -> None:
        """No host could be started, through no fault of the app."""

    def swap(self, loaded: LoadedHost) -> None:
        """Another version of the app, or its changed files, were loaded aside."""

    def not_reloaded(self, broken: AppBroken) -> None:
        """Its files have changed and do not load, or cannot be had."""

    def retire(self) -> None:
        """Its host is to take no new requests."""

    def renew(self) -> None:
        """The app was changed: its host is that of another app now."""

    def carry(self) -> None:
        """The app was changed in a way that suits its host."""

    def close(self) -> None:
        """The app was removed."""


class LivingApp(Protocol):
    """The acts of a served app."""

    def take(self, loaded: LoadedHost) -> None:
        """Answer by this host from now on; the one before ends when its requests have."""

    def discard(self, loaded: LoadedHost) -> None:
        """End a host that nobody was sent to."""

    def note(self, broken: AppBroken) -> None:
        """Keep why it does not load."""

    def forget(self) -> None:
        """Forget why it did not load."""

    def leave(self) -> None:
        """Let the host end when its requests have."""

    def refuse(self) -> None:
        """:raises NoSuchApp: always."""

    def start_over(self) -> None:
        """Let the host end, and forget all that is known of the app as it was."""


def _take(_life: ServedLife, app: LivingApp, loaded: LoadedHost) -> None:
    app.take(loaded)


def _discard(_life: ServedLife, app: LivingApp, loaded: LoadedHost) -> None:
    app.discard(loaded)


def _note(_life: ServedLife, app: LivingApp, broken: AppBroken) -> None:
    app.note(broken)


def _forget(_life: ServedLife, app: LivingApp) -> None:
    app.forget()


def _leave(_life: ServedLife, app: LivingApp) -> None:
    app.leave()


def _start_over(_life: ServedLife, app: LivingApp) -> None:
    app.start_over()


def _refuse(_life: ServedLife, app: LivingApp) -> None:
    app.refuse()


def _leave_and_forget(_life: ServedLife, app: LivingApp) -> None:
    app.leave()
    app.forget()


_table = TypeMachineBuilder(ServedLife, LivingApp)  # type: ignore[type-abstract]  # acts are all it needs
_idle = _table.state("idle")
_starting = _table.state("starting")
_running = _table.state("running")
_stale = _table.state("stale")
_broken = _table.state("broken")
_closed = _table.state("closed")

_idle.upon(ServedLife.begin).to(_starting).returns(None)
_running.upon(ServedLife.begin).to(_starting)(_leave)
_stale.upon(ServedLife.begin).to(_starting)(_leave_and_forget)
_broken.upon(ServedLife.begin).to(_starting)(_forget)
_closed.upon(ServedLife.begin).loop()(_refuse)

# The outcome of a start counts as long as nothing else happened since it began.
_starting.upon(ServedLife.started).to(_running)(_take)
_idle.upon(ServedLife.started).loop()(_discard)
_running.upon(ServedLife.started).loop()(_discard)
_stale.upon(ServedLife.started).loop()(_discard)
_broken.upon(ServedLife.started).loop()(_discard)
_closed.upon(ServedLife.started).loop()(_discard)

_starting.upon(ServedLife.not_started).to(_broken)(_note)
_idle.upon(ServedLife.not_started).loop().returns(None)
_running.upon(ServedLife.not_started).loop().returns(None)
_stale.upon(ServedLife.not_started).loop().returns(None)
_broken.upon(ServedLife.not_started).loop().returns(None)
_closed.upon(ServedLife.not_started).loop().returns(None)

_starting.upon(ServedLife.put_off).to(_idle).returns(None)
_idle.upon(ServedLife.put_off).loop().returns(None)
_running.upon(ServedLife.put_off).loop().returns(None)
_stale.upon(ServedLife.put_off).loop().returns(None)
_broken.upon(ServedLife.put_off).loop().returns(None)
_closed.upon(ServedLife.put_off).loop().returns(None)

_idle.upon(ServedLife.swap).to(_running)(_take)
_starting.upon(ServedLife.swap).to(_running)(_take)
_running.upon(ServedLife.swap).loop()(_take)
_stale.upon(ServedLife.swap).to(_running)(_take)
_broken.upon(ServedLife.swap).to(_running)(_take)
_closed.upon(ServedLife.swap).loop()(_discard)

_idle.upon(ServedLife.not_reloaded).to(_broken)(_note)
_starting.upon(ServedLife.not_reloaded).to(_broken)(_note)
_running.upon(ServedLife.not_reloaded).to(_stale)(_note)
_stale.upon(ServedLife.not_reloaded).loop()(_note)
_broken.upon(ServedLife.not_reloaded).loop()(_note)
_closed.upon(ServedLife.not_reloaded).loop().returns(None)

_idle.upon(ServedLife.retire).loop().returns(None)
_starting.upon(ServedLife.retire).loop().returns(None)
_running.upon(ServedLife.retire).to(_idle)(_leave)
_stale.upon(ServedLife.retire).to(_broken)(_leave)
_broken.upon(ServedLife.retire).loop().returns(None)
_closed.upon(ServedLife.retire).loop().returns(None)

_idle.upon(ServedLife.renew).loop()(_start_over)
_starting.upon(ServedLife.renew).to(_idle)(_start_over)
_running.upon(ServedLife.renew).to(_idle)(_start_over)
_stale.upon(ServedLife.renew).to(_idle)(_start_over)
_broken.upon(ServedLife.renew).to(_idle)(_start_over)
_closed.upon(ServedLife.renew).loop().returns(None)

_idle.upon(ServedLife.carry).loop().returns(None)
_starting.upon(ServedLife.carry).to(_idle).returns(None)
_running.upon(ServedLife.carry).loop().returns(None)
_stale.upon(ServedLife.carry).to(_running)(_forget)
_broken.upon(ServedLife.carry).to(_idle)(_forget)
_closed.upon(ServedLife.carry).loop().returns(None)

_idle.upon(ServedLife.close).to(_closed).returns(None)
_starting.upon(ServedLife.close).to(_closed).returns(None)
_running.upon(ServedLife.close).to(_closed)(_leave)
_stale.upon(ServedLife.close).to(_closed)(_leave)
_broken.upon(ServedLife.close).to(_closed).returns(None)
_closed.upon(ServedLife.close).loop().returns(None)

begin_life = _table.build()
"""Make the life of a served app, which begins as idle."""
