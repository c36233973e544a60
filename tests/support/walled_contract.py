"""The promises of ``IWalledStarter`` and of the programs that it starts."""

import signal

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError
from twisted.internet.protocol import Factory, Protocol
from zope.interface.verify import verifyObject

from clace.interfaces import IWalledProcess, IWalledStarter, ProgramExit
from tests.support.programs import everything


class Caller(Protocol):
    """Says something once it is connected, and keeps the answer."""

    def __init__(self):
        self.answer = Deferred()

    def connectionMade(self):
        self.transport.write(b"who is there?")

    def dataReceived(self, data):
        self.answer.callback(data)
        self.transport.loseConnection()


class WalledStarterContract:
    """``self.starter``, and ``self.launch(program)`` for each program that is asked for here.

    ``says`` prints ``hello`` and exits with 3; ``complains`` also writes ``sorry`` as an error;
    ``answers`` and ``answers_at_port`` say ``here`` to whoever connects and writes; ``sleeps`` ends
    when it is asked to; ``stubborn`` does not.
    """

    async def running(self, program, **fields):
        return await self.starter.start(self.launch(program, **fields))

    async def test_interfaces(self):
        """The starter and its programs are what they say."""
        verifyObject(IWalledStarter, self.starter)
        program = await self.running("sleeps")
        verifyObject(IWalledProcess, program)
        self.assertGreater(program.pid, 0)
        program.kill()
        await program.ended

    async def test_output_and_status(self):
        """What a program writes is read, and its status told."""
        program = await self.running("says")
        self.assertEqual(await everything(program.output), b"hello\n")
        self.assertEqual(await program.ended, ProgramExit(status=3))

    async def test_errors_apart(self):
        """Errors are among the output, or apart from it."""
        program = await self.running("complains")
        self.assertEqual(await everything(program.output), b"hello\nsorry\n")
        self.assertIsNone(program.errors)
        program = await self.running("complains", merge=False)
        texts = [await everything(one) for one in (program.output, program.errors)]
        self.assertEqual(texts, [b"hello\n", b"sorry\n"])
        self.assertEqual(await program.ended, ProgramExit(status=3))

    async def test_not_executable(self):
        """A command that is not there ends with a failure that names it."""
        program = await self.running("nothing")
        ended = await program.ended
        self.assertIn("/no/such/program: no such file", ended.failure)

    async def answered(self, program):
        caller = await program.connect(Factory.forProtocol(Caller), 5)
        self.settle()
        self.assertEqual(await caller.answer, b"here")

    async def test_connects_to_its_socket(self):
        """A program that listens on the socket it was given can be reached."""
        program = await self.running("answers")
        await self.answered(program)
        await self.answered(program)
        program.kill()
        await program.ended

    async def test_connects_to_its_port(self):
        """A program that listens on its own loopback can be reached, once it listens."""
        program = await self.running("answers_at_port")
        await program.output.read()
        await self.answered(program)
        program.kill()
        await program.ended

    async def test_nothing_listens(self):
        """Without a listener, or a program, to connect is an error."""
        program = await self.running("sleeps")
        await self.assertFailure(
            Deferred.fromCoroutine(program.connect(Factory.forProtocol(Caller), 5)), ConnectError
        )
        program.kill()
        await program.ended
        await self.assertFailure(
            Deferred.fromCoroutine(program.connect(Factory.forProtocol(Caller), 5)), ConnectError
        )

    async def test_stop(self):
        """A program is asked to end; asking twice changes nothing."""
        program = await self.running("sleeps")
        program.stop()
        program.stop()
        self.assertEqual(await program.ended, ProgramExit(signal=signal.SIGTERM))

    async def test_stop_in_vain(self):
        """A program that does not end when asked is ended after its ``stop_seconds``."""
        program = await self.running("stubborn", stop_seconds=0.5)
        await program.output.read()
        program.stop()
        self.pass_time(0.5)
        self.assertEqual(await program.ended, ProgramExit(signal=signal.SIGKILL))

    async def test_kill(self):
        """A program is ended at once; killing it again changes nothing."""
        program = await self.running("stubborn")
        program.kill()
        self.assertEqual(await program.ended, ProgramExit(signal=signal.SIGKILL))
        program.kill()

    async def test_try_out(self):
        """Each layer is told of, and those that stand have no reason."""
        walls = self.starter.try_out()
        self.assertIn("own_files", walls)
        self.assertEqual({name: why for name, why in walls.items() if why}, {})
