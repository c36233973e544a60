"""Programs of apps in memory: a test says what each does, and when it ends."""

import itertools

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError
from zope.interface import implementer

from clace.errors import AppBroken
from clace.interfaces import (
    IOutput,
    IProgram,
    IWorkload,
    IWorkloadEngine,
    PreparedWorkload,
    ProgramExit,
)
from clace.interfaces.workloads import IMeasured
from clace.workloads.limits import WorkloadLimits
from clace.workloads.offer import OfferSupplies
from clace.workloads.options import permissions
from clace.workloads.service import WorkloadFolders, Workloads
from tests.support.proxying import There
from tests.support.upstreams import whole


class AnsweringThere(There):
    """The program's end of a connection: answers each request by itself, if it is told to."""

    def __init__(self, protocol, workload):
        self._workload = workload
        super().__init__(protocol)

    def write(self, data):
        super().write(data)
        if self._workload.at_once:
            self._answer()
        else:
            self._workload.clock.callLater(0, self._answer)

    def _answer(self):
        asked = self.asked
        if asked:
            self._workload.asked.append(asked.split(b"\r\n")[0])
        answer = self._workload.answer
        if asked and answer and not self.lost:
            self.say(answer)


@implementer(IWorkload, IMeasured)
class MemoryWorkload:
    """A program that listens at once, and answers with its number; it ends when it is asked to."""

    def __init__(self, clock, number, log, at_once):
        self.at_once = at_once
        self.clock = clock
        self.number = number
        self.log = log
        self.answer = whole(b"%d" % number)
        self.listens = True
        self.is_stubborn = False
        self.dies_when_connected = False
        self.refusal = None
        self.megabytes = 50
        self.pid = 4321
        self.asked = []
        self.opened = []
        self.stopped = 0
        self.ended = Deferred()
        self._over = []

    async def connect(self, factory, seconds):
        if self.dies_when_connected:
            self.end()
        if self.refusal is not None:
            raise self.refusal
        if not self.listens or self.ended.called:
            raise ConnectError(string="nothing listens")
        protocol = factory.buildProtocol(None)
        self.opened.append(AnsweringThere(protocol, self))
        return protocol

    def memory_mb(self):
        return self.megabytes

    def stop(self):
        self.stopped += 1
        over = Deferred()
        if self.ended.called:
            over.callback(None)
        else:
            self._over.append(over)
            if not self.is_stubborn:
                self.end()
        return over

    def end(self, status=0):
        if self.ended.called:
            return
        self.ended.callback(ProgramExit(status=status))
        for connection in self.opened:
            connection.hang_up()
        for over in self._over:
            over.callback(None)


@implementer(IOutput)
class MemoryOutput:
    """Pieces that are there at once; without an end it comes when it is closed."""

    def __init__(self, *pieces, ends=True):
        self._pieces = [*pieces]
        self._ends = ends
        self._waiting = None

    async def read(self):
        if self._pieces or self._ends:
            return self._pieces.pop(0) if self._pieces else b""
        self._waiting = Deferred()
        return await self._waiting

    def close(self):
        self._pieces, self._ends = [], True
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(b"")


@implementer(IProgram)
class MemoryCommand:
    """A command that has written these pieces and ended, or one that ``hangs`` until it is
    killed.
    """

    def __init__(self, *pieces, errors=None, hangs=False, **end):
        self.output = MemoryOutput(*pieces, ends=not hangs)
        self.errors = None if errors is None else MemoryOutput(errors)
        self.ended = Deferred()
        if not hangs:
            self.ended.callback(ProgramExit(**end))

    def kill(self):
        self.close()
        if not self.ended.called:
            self.ended.callback(ProgramExit(signal=9))

    def close(self):
        self.output.close()
        if self.errors is not None:
            self.errors.close()


@implementer(IWorkloadEngine)
class MemoryEngine:
    """Starts programs, which answer ``at_once`` or after a turn; ``make`` may change each before it
    is seen.
    """

    def __init__(self, clock, *, at_once=False):
        self._at_once = at_once
        self._clock = clock
        self._numbers = itertools.count(1)
        self.pins = {"lock": "flask==3"}
        self.started = []
        self.prepared = []
        self.forgotten = []
        self.commands = []
        self.failure = ""
        self.make = lambda _workload: None
        self.held = None
        self.broken = ""
        self.told = "building"

    def needs(self, app, config):
        return permissions(app, config)

    async def prepare(self, order, tell):
        if self.broken:
            raise AppBroken(self.broken)
        tell(self.told)
        if self.held is not None:
            await self.held
        self.prepared.append(order)
        return PreparedWorkload(key="key", order=order, pins=self.pins)

    async def start(self, prepared, log):
        workload = MemoryWorkload(self._clock, next(self._numbers), log, self._at_once)
        workload.order = prepared.order
        self.started.append(workload)
        self.make(workload)
        return workload

    async def begin(self, prepared, command, *, merge):
        self.commands.append(command)
        if self.failure:
            return MemoryCommand(errors=None if merge else b"", failure=self.failure)
        pieces = (b"ran\n", b"sorry\n") if merge else (b"ran\n",)
        return MemoryCommand(*pieces, errors=None if merge else b"sorry\n", status=3)

    async def forget(self, app_id):
        self.forgotten.append(app_id)

    @property
    def running(self):
        return [one.number for one in self.started if not one.ended.called]


async def nothing():
    """Publish no keys."""


async def at_once(work):
    """The result of work that would be done in a thread."""
    return work()


def make_workloads(clock, engine, folder, limits_of=None, events=None, **limits):
    """The programs of all apps, with these limits, or those that ``limits_of`` gives an app."""
    chosen = WorkloadLimits(**limits)
    names = (f"run{number}" for number in itertools.count())
    supplies = OfferSupplies(
        clock=clock,
        engine=engine,
        limits_of=limits_of or (lambda _app: chosen),
        name_run=lambda: next(names),
        in_thread=at_once,
        publish_keys=nothing,
        events=events,
    )
    folders = WorkloadFolders(logs=folder / "logs", data=folder / "data", keys=folder / "keys")
    return Workloads(supplies, folders)
