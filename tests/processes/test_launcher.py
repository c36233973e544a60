"""The line between the daemon and the launcher, with one of its ends played by the test."""

import os
import signal
import socket

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ProcessDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from clace.egress.plans import Egress
from clace.interfaces import ProgramExit, WalledLaunch
from clace.processes.walled.frames import (
    ALIVE,
    FORK,
    MAX_PACKET,
    Over,
    Running,
    SendSignal,
    Walled,
    pack,
)
from clace.processes.walled.launcher import Launcher
from clace.processes.walled.starter import WalledStarter
from tests.support.egress import RecordedEvents
from tests.support.programs import FakeReactor

HUNG = ProgramExit(failure="the process that starts programs did not answer and was ended")


class LauncherTests(SynchronousTestCase):
    """The launcher, played to by a daemon."""

    def test_alive(self):
        """It answers as often as it is asked, until the daemon has gone."""
        daemon, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with daemon, control:
            for _ in range(2):
                daemon.send(ALIVE)
            daemon.shutdown(socket.SHUT_WR)
            Launcher(control, self.fail).run()
            self.assertEqual([daemon.recv(16) for _ in range(2)], [ALIVE, ALIVE])


class StarterTests(SynchronousTestCase):
    """The daemon, with a launcher that forks nobody."""

    def setUp(self):
        self.reactor = FakeReactor()
        self.starter = WalledStarter(
            self.reactor, (), Egress(self.reactor, RecordedEvents()), trial_user=1
        )
        self.supervisors = []
        self.addCleanup(self.close)

    def close(self):
        stopping = self.starter.stopService()
        for protocol, control in self.reactor.runners:
            control.close()
            if not protocol.ended.called:
                protocol.processEnded(Failure(ProcessDone(0)))
        for supervisor in self.supervisors:
            supervisor.close()
        self.successResultOf(stopping)

    def start(self):
        launch = WalledLaunch(name="a", command=("b",), environment={})
        starting = Deferred.fromCoroutine(self.starter.start(launch))
        return starting.addCallback(self.silenced)

    def silenced(self, program):
        """The program, whose output nobody reads."""
        program.output.close()
        return program

    def heard(self):
        """The packets that came; the lines that came with them are kept open."""
        _protocol, control = self.reactor.runners[-1]
        control.setblocking(False)
        found = []
        while True:
            try:
                packet, descriptors, _, _ = socket.recv_fds(control, MAX_PACKET, 4)
            except BlockingIOError:
                return found
            if packet == FORK:
                order, line, *others = descriptors
                self.supervisors.append(socket.socket(fileno=line))
                for descriptor in (order, *others):
                    os.close(descriptor)
            found.append(packet)

    def pass_time(self):
        """Pass the time until the next question; the packets that came."""
        self.reactor.advance(10)
        return self.heard()

    def tell(self, packet):
        self.reactor.runners[-1][1].send(packet)
        self.reactor.readers[0].doRead()

    def test_slow_start(self):
        """A launcher that answers is left alone, however long a start takes; then nobody asks."""
        starting = self.start()
        self.assertEqual(self.heard(), [FORK])
        for _ in range(5):
            self.assertEqual(self.pass_time(), [ALIVE])
            self.tell(ALIVE)
        self.assertNoResult(starting)
        self.supervisors[0].send(pack(Running()))
        self.reactor.readers[1].doRead()
        self.successResultOf(starting)
        self.assertEqual(self.pass_time(), [])
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_hung(self):
        """One that does not is ended, with the starts that wait for it; the next is another."""
        starting = self.start()
        self.assertEqual(self.heard(), [FORK])
        self.assertEqual((self.pass_time(), self.pass_time()), ([ALIVE], [ALIVE]))
        self.assertNoResult(starting)
        self.reactor.advance(10)
        program = self.successResultOf(starting)
        self.assertEqual(self.successResultOf(program.ended), HUNG)
        protocol, _control = self.reactor.runners[0]
        self.assertEqual(protocol.transport.signals, ["KILL"])
        again = self.start()
        self.assertEqual((len(self.reactor.runners), self.heard()), (2, [FORK]))
        self.assertEqual(self.pass_time(), [ALIVE])
        self.assertNoResult(again)

    def test_given_up(self):
        """A start that nobody waits for any more kills the program, which may run by then."""
        starting = self.start()
        self.heard()
        starting.cancel()
        self.failureResultOf(starting, CancelledError)
        (supervisor,) = self.supervisors
        self.assertEqual(supervisor.recv(100), pack(SendSignal(signal.SIGKILL)))
        for message in (Walled({"own_files": "missing"}), Running(), Over(signal=9)):
            supervisor.send(pack(message))
        program = self.reactor.readers[1]
        for _ in range(3):
            program.doRead()
        self.assertEqual(self.successResultOf(program.ended), ProgramExit(signal=9))
