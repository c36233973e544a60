"""Programs started by way of the runner process."""

import os
import signal
import socket
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.error import ProcessDone
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from clace.interfaces import IOutput, IProgram, IStarter, ProgramExit, ProgramLaunch
from clace.processes.frames import (
    ALIVE,
    EXITED,
    KILL,
    MAX_PACKET,
    REFUSED,
    START,
    STARTED,
    pack_up,
    unpack_down,
)
from clace.processes.starter import ProgramStarter
from tests.support.programs import FakeReactor, everything, starter

HAS_ENDED = ProgramExit(failure="the process that starts programs has ended")
HUNG = ProgramExit(failure="the process that starts programs did not answer and was ended")


def launch(script="true", **fields):
    fields = {
        "executable": "/bin/sh",
        "arguments": ("-c", script),
        "environment": {"PATH": "/usr/bin:/bin"},
        "folder": "/",
        **fields,
    }
    return ProgramLaunch(**fields)


class StarterTests(TestCase):
    """With a real runner process."""

    timeout = 30

    async def setUp(self):
        # A program that ends before the reactor runs would be missed by trial's reactor.
        await deferLater(reactor, 0)
        self.starter = starter(self)

    async def output(self, script="true", **fields):
        program = self.starter.start(launch(script, merge=True, **fields))
        printed = await everything(program.output)
        self.assertEqual(await program.ended, ProgramExit())
        return printed

    async def refusal(self, **fields):
        program = self.starter.start(launch(**fields))
        ended = await program.ended
        program.close()
        return ended.failure

    def script(self, text, mode=0o755):
        path = Path(self.mktemp()).absolute()
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    async def test_interfaces(self):
        """They are what their interfaces say."""
        program = self.starter.start(launch())
        verifyObject(IStarter, self.starter)
        verifyObject(IProgram, program)
        verifyObject(IOutput, program.output)
        await program.ended
        program.close()

    async def test_ends(self):
        """A program ends by its status or by a signal."""
        for script, ended in (
            ("true", ProgramExit()),
            ("exit 255", ProgramExit(status=255)),
            ("kill -INT $$", ProgramExit(signal=2)),
        ):
            program = self.starter.start(launch(script))
            self.assertEqual(await program.ended, ended)
            program.close()

    async def test_input(self):
        """A program reads the whole input, also one larger than a pipe, and then its end."""
        given = os.urandom(300_000)
        self.assertEqual(await self.output("cat", input=given), given)

    async def test_refusals(self):
        """The system's reason is told in words, with the path."""
        plain, bad = self.script("", 0o644), self.script("#!/nowhere/sh\n")
        for fields, text in (
            ({"executable": plain}, f"cannot start {plain}: permission denied"),
            ({"executable": bad}, f"cannot start {bad}: no such file or directory"),
            ({"folder": "/nowhere"}, "cannot start /bin/sh: no such file or directory"),
            ({"folder": "/etc/passwd"}, "cannot start /bin/sh: not a directory"),
            ({"arguments": ["a" * 200_000]}, "cannot start /bin/sh: argument list too long"),
        ):
            self.assertEqual(await self.refusal(**fields), text)

    async def test_script_without_interpreter(self):
        """A script that names no interpreter is run by the shell, with its arguments."""
        printed = await self.output(executable=self.script("echo $0 $1"), arguments=("a b",))
        self.assertTrue(printed.endswith(b" a b\n"))

    async def test_many(self):
        """Many programs that start while others end have their own output and end each."""

        async def one_after_the_other(number):
            return [await self.output(f"echo {number}") for _ in range(10)]

        works = [Deferred.fromCoroutine(one_after_the_other(number)) for number in range(20)]
        self.assertEqual(await gatherResults(works), [[b"%d\n" % n] * 10 for n in range(20)])

    async def test_killed_at_once(self):
        """A program that is killed before it runs is killed all the same."""
        program = self.starter.start(launch("sleep 1000"))
        program.kill()
        self.assertEqual(await program.ended, ProgramExit(signal=9))
        program.kill()

    async def test_runner_dies(self):
        """When the runner dies its programs fail and end, and the next one starts again."""
        program = self.starter.start(launch("sleep 1000 & echo $PPID; sleep 1000", merge=True))
        runner = int(await program.output.read())
        os.kill(runner, signal.SIGKILL)
        self.assertEqual(await program.ended, HAS_ENDED)
        # What it left in the background has ended too: nobody holds its output open.
        self.assertEqual(await everything(program.output), b"")
        again = int(await self.output("echo $PPID"))
        self.assertNotEqual(again, runner)

    async def test_stopped_runner(self):
        """A runner that is stopped is replaced after a while; what waited for it is told so."""
        self.starter = starter(self, 0.5)
        program = self.starter.start(launch("sleep 1000 & echo $PPID; sleep 1000", merge=True))
        runner = int(await program.output.read())
        os.kill(runner, signal.SIGSTOP)
        unheard = self.starter.start(launch())
        program.kill()
        for one in (program, unheard):
            self.assertEqual(await one.ended, HUNG)
        self.assertEqual(await everything(program.output), b"")
        again = int(await self.output("echo $PPID"))
        self.assertNotEqual(again, runner)

    async def test_stop(self):
        """Stopping ends the runner and all programs; nothing starts any more."""
        program = self.starter.start(launch("sleep 1000 & echo $PPID; sleep 1000", merge=True))
        runner = int(await program.output.read())
        await self.starter.stopService()
        self.assertEqual(await program.ended, HAS_ENDED)
        self.assertEqual(await everything(program.output), b"")
        with self.assertRaises(ProcessLookupError):
            os.kill(runner, 0)
        with self.assertRaisesRegex(OSError, "the server is stopping"):
            self.starter.start(launch())

    async def test_signals_to_the_group(self):
        """What a terminal sends to the server's group does not end the runner."""
        runner = int(await self.output("echo $PPID"))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(runner, number)
        self.assertEqual(int(await self.output("echo $PPID")), runner)
        self.assertEqual(os.getsid(runner), runner)


class LineTests(SynchronousTestCase):
    """With a runner played by the test."""

    def setUp(self):
        self.reactor = FakeReactor()
        self.starter = ProgramStarter(self.reactor)
        self.addCleanup(self.close)

    def close(self):
        for _protocol, control in self.reactor.runners:
            control.close()
        for reader in [*self.reactor.readers]:
            reader.connectionLost()

    def start(self):
        program = self.starter.start(launch())
        self.addCleanup(program.close)
        return program

    @property
    def runner(self):
        return self.reactor.runners[-1][1]

    def orders(self):
        """The orders that came, without their descriptors."""
        self.runner.setblocking(False)
        found = []
        while True:
            try:
                packet, descriptors, _, _ = socket.recv_fds(self.runner, MAX_PACKET, 4)
            except BlockingIOError:
                return found
            for descriptor in descriptors:
                os.close(descriptor)
            found.append(unpack_down(packet))

    def tell(self, packet):
        self.runner.send(packet)
        (line,) = self.reactor.readers
        line.doRead()

    def test_started_when_needed(self):
        """The process is there from the first program on, with an empty environment."""
        self.starter.startService()
        self.assertEqual(self.reactor.runners, [])
        for _ in range(2):
            self.start()
            self.assertEqual(len(self.reactor.runners), 1)
        self.assertEqual(self.reactor.env, {})

    def test_numbers(self):
        """Answers go to the program of their number."""
        one, two = self.start(), self.start()
        self.assertEqual(self.orders(), [(START, 1), (START, 2)])
        self.tell(pack_up(STARTED, 2, 2**22 + 1))
        self.tell(pack_up(EXITED, 2, 0))
        self.tell(pack_up(REFUSED, 1, 2))
        self.assertEqual(self.successResultOf(two.ended), ProgramExit())
        self.assertIn("no such file", self.successResultOf(one.ended).failure)

    def test_kill_ended(self):
        """A program that has ended is not killed: its number may be another's."""
        program = self.start()
        self.tell(pack_up(EXITED, 1, 0))
        self.orders()
        program.kill()
        self.assertEqual(self.orders(), [])

    def test_hung(self):
        """A runner that does not say that it is alive is ended, with all that depends on it."""
        program = self.start()
        protocol, control = self.reactor.runners[-1]
        for _ in range(2):
            self.reactor.advance(10)
            self.assertEqual(self.orders()[-1], (ALIVE, 0))
            self.assertNoResult(program.ended)
        self.reactor.advance(10)
        self.assertEqual(self.successResultOf(program.ended), HUNG)
        self.assertEqual((protocol.transport.signals, self.reactor.readers), (["KILL"], []))
        protocol.processEnded(Failure(ProcessDone(0)))
        again = self.start()
        self.assertEqual(len(self.reactor.runners), 2)
        self.assertNoResult(again.ended)
        control.close()
        self.flushLoggedErrors()

    def test_alive(self):
        """One that answers is left alone, also if its answer is read late; then nobody asks."""
        program = self.start()
        for _ in range(5):
            self.reactor.advance(10)
            self.tell(pack_up(ALIVE, 0, 0))
        self.reactor.advance(10)
        self.reactor.advance(10)
        self.runner.send(pack_up(ALIVE, 0, 0))
        self.reactor.advance(10)
        self.assertNoResult(program.ended)
        self.tell(pack_up(EXITED, 1, 0))
        self.reactor.advance(10)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_not_read(self):
        """A runner that does not read makes starts fail, and kills are done when it can."""
        programs = []
        with self.assertRaises(BlockingIOError):
            programs.extend(self.start() for _ in range(10_000))
        programs[0].kill()
        self.orders()
        self.tell(pack_up(STARTED, 1, 2**22 + 1))
        self.assertEqual(self.orders(), [(KILL, 1)])

    def test_lost_before_it_told(self):
        """The output of a program ends that ran when the runner died, but was not yet told of."""
        told, untold = self.start(), self.start()
        self.tell(pack_up(STARTED, 1, 2**22 + 1))
        reading = Deferred.fromCoroutine(untold.output.read())
        protocol, _control = self.reactor.runners[-1]
        protocol.processEnded(Failure(ProcessDone(0)))
        self.assertEqual(self.successResultOf(untold.ended), HAS_ENDED)
        self.assertEqual(self.successResultOf(reading), b"")
        # One that is known is killed, and all that it printed can be read.
        self.assertNoResult(Deferred.fromCoroutine(told.output.read()))

    def test_nonsense(self):
        """A runner that does not keep to the protocol is given up, and another one started."""
        for nonsense in (b"hello", pack_up(EXITED, 99, 0)):
            program = self.start()
            self.tell(nonsense)
            self.assertEqual(self.successResultOf(program.ended), HAS_ENDED)
            self.assertEqual(self.reactor.readers, [])
        self.start()
        self.assertEqual(len(self.reactor.runners), 3)

    def test_last_packets(self):
        """Packets that came before the process ended count, though its end is seen first."""
        one, two = self.start(), self.start()
        protocol, control = self.reactor.runners[-1]
        control.send(pack_up(EXITED, 1, 3))
        protocol.processEnded(Failure(ProcessDone(0)))
        self.assertEqual(self.successResultOf(one.ended), ProgramExit(status=3))
        self.assertEqual(self.successResultOf(two.ended), HAS_ENDED)

    def test_last_packets_of_a_deaf_one(self):
        """So do those of one that ended with an order unread."""
        program = self.start()
        protocol, control = self.reactor.runners[-1]
        control.send(pack_up(EXITED, 1, 3))
        control.close()
        protocol.processEnded(Failure(ProcessDone(0)))
        self.assertEqual(self.successResultOf(program.ended), ProgramExit(status=3))

    def test_its_end_is_seen_once(self):
        """The end of the process and of its socket are one loss."""
        program = self.start()
        protocol, _control = self.reactor.runners[-1]
        protocol.processEnded(Failure(ProcessDone(0)))
        self.assertEqual(self.successResultOf(program.ended), HAS_ENDED)
        self.assertEqual(self.reactor.readers, [])
