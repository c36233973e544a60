"""The daemon's end of the fork server, with a fork server played by the test."""

import os
import socket

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessTerminated
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import AppCrashed
from clace.runtime.hosts.fork_server import ForkServerProcess
from clace.wire import (
    ForkHost,
    HostBounds,
    HostEnded,
    HostForked,
    KillHost,
    PrepareHosts,
    pack_fork_server,
    unpack_to_fork_server,
)


class FakeReactor:
    """Keeps the fork server's end of the control socket for the test."""

    def __init__(self):
        self.readers = []
        self.spawned = []

    def spawnProcess(self, protocol, _executable, args, env, childFDs):
        control = socket.socket(fileno=os.dup(childFDs[3]))
        self.spawned.append((protocol, control))
        self.args, self.env = args, env

    def addReader(self, reader):
        self.readers.append(reader)

    def removeReader(self, reader):
        self.readers.remove(reader)


class ForkServerTests(SynchronousTestCase):
    def setUp(self):
        self.reactor = FakeReactor()
        self.fork_server = ForkServerProcess(self.reactor)
        self.ended = []

    def fork(self):
        birth = self.fork_server.fork(HostBounds(memory_mb=64), self.ended.append)
        self.addCleanup(birth.socket.close)
        return birth

    def order(self):
        """The next order that the fork server got after the first, and the descriptor with it."""
        _protocol, control = self.reactor.spawned[-1]
        control.setblocking(False)
        body, descriptors, _flags, _address = socket.recv_fds(control, 4096, 1)
        if isinstance(unpack_to_fork_server(body), PrepareHosts):
            return self.order()
        for descriptor in descriptors:
            self.addCleanup(os.close, descriptor)
        return unpack_to_fork_server(body), descriptors

    def tell(self, message):
        """What the fork server says."""
        _protocol, control = self.reactor.spawned[-1]
        control.send(pack_fork_server(message))
        self.reactor.readers[-1].doRead()

    def die(self):
        """The fork server's process ends."""
        protocol, control = self.reactor.spawned[-1]
        control.close()
        protocol.processEnded(Failure(ProcessTerminated(signal=9)))

    def test_into_the_background(self):
        """A process started before the server forked is let go, and started again by the fork."""
        pids = iter((1, 1, 1, 2, 2, 2))
        self.fork_server = ForkServerProcess(self.reactor, getpid=lambda: next(pids))
        self.fork()
        self.fork_server.start()
        self.assertEqual(len(self.reactor.spawned), 1)
        self.fork_server.start()
        self.assertEqual(len(self.reactor.spawned), 2)
        self.assertEqual(len(self.reactor.readers), 1)
        self.assertEqual(self.ended, [])

    def test_fork(self):
        """A host is asked for with its bounds and its end of the line."""
        birth = self.fork()
        order, (descriptor,) = self.order()
        self.assertEqual(order, ForkHost(host=birth.host, bounds=HostBounds(memory_mb=64)))
        os.write(descriptor, b"hello")
        self.assertEqual(birth.socket.recv(10), b"hello")

    def test_empty_environment(self):
        """Nothing of the daemon's surroundings reaches the fork server."""
        self.fork()
        self.assertEqual(set(self.reactor.env), {"MALLOC_ARENA_MAX"})
        self.assertEqual(self.reactor.args[1], "-I")

    def test_one_process(self):
        """All hosts come from one fork server."""
        self.assertNotEqual(self.fork().host, self.fork().host)
        self.assertEqual(len(self.reactor.spawned), 1)

    def test_ended(self):
        """How a host ended is told to who asked for it, once."""
        birth = self.fork()
        self.tell(HostForked(host=birth.host, pid=77))
        self.assertEqual(self.fork_server.pids, {birth.host: 77})
        self.tell(HostEnded(host=birth.host, signal=6))
        self.tell(HostEnded(host=birth.host, signal=6))
        self.assertEqual(self.ended, [HostEnded(host=birth.host, signal=6)])
        self.assertEqual(self.fork_server.pids, {})

    def test_kill(self):
        """A host is killed by its number, one that has ended not again."""
        birth = self.fork()
        self.order()
        self.fork_server.kill(birth.host)
        self.assertEqual(self.order()[0], KillHost(birth.host))
        self.tell(HostEnded(host=birth.host, signal=9))
        self.fork_server.kill(birth.host)
        self.assertRaises(BlockingIOError, self.order)

    def test_fork_server_dies(self):
        """With the fork server its hosts are gone; the next one comes from a new fork server."""
        birth = self.fork()
        self.die()
        self.assertEqual(self.ended, [HostEnded(host=birth.host, signal=9)])
        self.assertEqual(self.reactor.readers, [])
        self.fork()
        self.assertEqual(len(self.reactor.spawned), 2)

    def test_hangs_up(self):
        """A fork server that closes its line is no longer read."""
        self.fork()
        _protocol, control = self.reactor.spawned[-1]
        control.close()
        self.reactor.readers[-1].doRead()
        self.assertEqual(self.reactor.readers, [])
        self.die()

    def test_stop(self):
        """Stopping waits for the process; afterwards nothing is started."""
        self.fork()
        stopping = Deferred.fromCoroutine(self.fork_server.stop())
        self.assertNoResult(stopping)
        self.die()
        self.successResultOf(stopping)
        self.assertRaises(AppCrashed, self.fork_server.fork, HostBounds(), self.ended.append)
