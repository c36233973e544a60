"""Programs for tests that run them for real."""

import os
import socket

from twisted.internet import reactor
from twisted.internet.task import Clock

from clace.processes.starter import ProgramStarter


def starter(case, *options):
    """What starts programs, until the test has ended and all cleanups added later are done."""
    found = ProgramStarter(reactor, *options)
    case.addCleanup(found.stopService)
    return found


async def everything(pipe):
    """All that comes out of a pipe."""
    found = b""
    while data := await pipe.read():
        found += data
    return found


class FakeTransport:
    """A process that is told to end."""

    def __init__(self):
        self.signals = []

    def signalProcess(self, name):
        self.signals.append(name)


class FakeReactor(Clock):
    """Keeps the other end of the socket to a process, for the test to play it."""

    def __init__(self):
        super().__init__()
        self.readers = []
        self.runners = []

    def spawnProcess(self, protocol, _executable, _args, env, childFDs):
        self.env = env
        protocol.transport = FakeTransport()
        self.runners.append((protocol, socket.socket(fileno=os.dup(childFDs[3]))))

    def addReader(self, reader):
        self.readers.append(reader)

    def removeReader(self, reader):
        if reader in self.readers:
            self.readers.remove(reader)
