"""The life of an app host as a table: its states, what may happen in each, and what follows.

========  =============================================================================
new       made; nothing runs yet
starting  its process was forked, and has not said yet that the walls around it stand
loading   it is shut in, and the top level of the app runs
serving   it answers requests
draining  it answers those that it has, and takes no new ones
ending    nobody waits for it any more; its process is to end
gone      its process has ended
========  =============================================================================
"""

from __future__ import annotations

from typing import Protocol

from automat import TypeMachineBuilder

from clace.errors import ClaceError
from clace.frames import BadFrame
from clace.wire import AppLoaded, HostEnded, HostReady, LoadFailed

_UNASKED = "an answer to a load that was not asked for"


class HostLife(Protocol):
    """The things that may happen to a host."""

    def forked(self) -> None:
        """Its process runs."""

    def ready(self, ready: HostReady) -> None:
        """:raises BadFrame: if it has said so before."""

    def loaded(self, loaded: AppLoaded) -> None:
        """:raises BadFrame: if nobody waits for the app to load."""

    def not_loaded(self, failed: LoadFailed) -> None:
        """:raises BadFrame: if nobody waits for the app to load."""

    def retire(self) -> None:
        """It is to take no new requests."""

    def idle(self) -> None:
        """The last request that it had is over."""

    def end(self, reason: ClaceError) -> None:
        """It is to end at once."""

    def line_closed(self) -> None:
        """It can be told nothing any more."""

    def process_gone(self, gone: HostEnded) -> None:
        """Its process has ended."""


class LivingHost(Protocol):
    """The acts of a host."""

    def be_alive(self) -> None:
        """Take requests from now on."""

    def note_walls(self, ready: HostReady) -> None:
        """Keep what it says of its walls."""

    def give(self, loaded: AppLoaded) -> None:
        """Hand the loaded app to whoever waits for it."""

    def refuse(self, failed: LoadFailed) -> None:
        """Tell whoever waits for the app why it does not load, and hang up."""

    def leave(self) -> None:
        """Take no requests any more, and hang up when the last one is over."""

    def hang_up(self) -> None:
        """Close the line; a process that does not end by itself then is killed."""

    def break_off(self, reason: ClaceError) -> None:
        """Kill the process; requests in flight fail."""

    def settle(self, gone: HostEnded) -> None:
        """Fail what was in flight, and tell that the process has ended."""


def _ready(_life: HostLife, host: LivingHost, ready: HostReady) -> None:
    host.note_walls(ready)


def _ready_twice(_life: HostLife, _host: LivingHost, ready: HostReady) -> None:  # noqa: ARG001 - the table binds it
    raise BadFrame("it said twice that it is ready")


def _give(_life: HostLife, host: LivingHost, loaded: AppLoaded) -> None:
    host.give(loaded)


def _refuse(_life: HostLife, host: LivingHost, failed: LoadFailed) -> None:
    host.refuse(failed)


def _loaded_unasked(_life: HostLife, _host: LivingHost, loaded: AppLoaded) -> None:  # noqa: ARG001 - the table binds it
    raise BadFrame(_UNASKED)


def _failed_unasked(_life: HostLife, _host: LivingHost, failed: LoadFailed) -> None:  # noqa: ARG001 - as above
    raise BadFrame(_UNASKED)


def _begin(_life: HostLife, host: LivingHost) -> None:
    host.be_alive()


def _leave(_life: HostLife, host: LivingHost) -> None:
    host.leave()


def _hang_up(_life: HostLife, host: LivingHost) -> None:
    host.hang_up()


def _break_off(_life: HostLife, host: LivingHost, reason: ClaceError) -> None:
    host.break_off(reason)


def _settle(_life: HostLife, host: LivingHost, gone: HostEnded) -> None:
    host.settle(gone)


_table = TypeMachineBuilder(HostLife, LivingHost)  # type: ignore[type-abstract]  # acts are all it needs
_new = _table.state("new")
_starting = _table.state("starting")
_loading = _table.state("loading")
_serving = _table.state("serving")
_draining = _table.state("draining")
_ending = _table.state("ending")
_gone = _table.state("gone")

_new.upon(HostLife.forked).to(_starting)(_begin)

_starting.upon(HostLife.ready).to(_loading)(_ready)
_loading.upon(HostLife.ready).loop()(_ready_twice)
_serving.upon(HostLife.ready).loop()(_ready_twice)
_draining.upon(HostLife.ready).loop()(_ready_twice)
_ending.upon(HostLife.ready).loop()(_ready_twice)
_gone.upon(HostLife.ready).loop().returns(None)

_starting.upon(HostLife.loaded).to(_serving)(_give)
_loading.upon(HostLife.loaded).to(_serving)(_give)
_serving.upon(HostLife.loaded).loop()(_loaded_unasked)
_draining.upon(HostLife.loaded).loop()(_loaded_unasked)
_ending.upon(HostLife.loaded).loop()(_loaded_unasked)
_gone.upon(HostLife.loaded).loop()(_loaded_unasked)

_starting.upon(HostLife.not_loaded).to(_ending)(_refuse)
_loading.upon(HostLife.not_loaded).to(_ending)(_refuse)
_serving.upon(HostLife.not_loaded).loop()(_failed_unasked)
_draining.upon(HostLife.not_loaded).loop()(_failed_unasked)
_ending.upon(HostLife.not_loaded).loop()(_failed_unasked)
_gone.upon(HostLife.not_loaded).loop()(_failed_unasked)

_starting.upon(HostLife.retire).to(_draining)(_leave)
_loading.upon(HostLife.retire).to(_draining)(_leave)
_serving.upon(HostLife.retire).to(_draining)(_leave)
_draining.upon(HostLife.retire).loop()(_leave)
_ending.upon(HostLife.retire).loop()(_leave)
_gone.upon(HostLife.retire).loop().returns(None)

_serving.upon(HostLife.idle).loop().returns(None)
_draining.upon(HostLife.idle).loop()(_hang_up)
_ending.upon(HostLife.idle).loop().returns(None)
_gone.upon(HostLife.idle).loop().returns(None)

_starting.upon(HostLife.end).to(_ending)(_break_off)
_loading.upon(HostLife.end).to(_ending)(_break_off)
_serving.upon(HostLife.end).to(_ending)(_break_off)
_draining.upon(HostLife.end).to(_ending)(_break_off)
_ending.upon(HostLife.end).loop()(_break_off)
_gone.upon(HostLife.end).loop().returns(None)

_starting.upon(HostLife.line_closed).to(_ending)(_hang_up)
_loading.upon(HostLife.line_closed).to(_ending)(_hang_up)
_serving.upon(HostLife.line_closed).to(_ending)(_hang_up)
_draining.upon(HostLife.line_closed).to(_ending)(_hang_up)
_ending.upon(HostLife.line_closed).loop()(_hang_up)
_gone.upon(HostLife.line_closed).loop().returns(None)

_starting.upon(HostLife.process_gone).to(_gone)(_settle)
_loading.upon(HostLife.process_gone).to(_gone)(_settle)
_serving.upon(HostLife.process_gone).to(_gone)(_settle)
_draining.upon(HostLife.process_gone).to(_gone)(_settle)
_ending.upon(HostLife.process_gone).to(_gone)(_settle)
_gone.upon(HostLife.process_gone).loop().returns(None)

begin_life = _table.build()
"""Make the life of a host, which begins as new."""
