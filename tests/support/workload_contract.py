"""The promises of ``IWorkloadEngine`` and of the programs that it starts."""

from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.internet.error import ConnectError
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from zope.interface.verify import verifyObject

from clace.interfaces import IProgram, IWorkload, IWorkloadEngine, ProgramExit
from tests.support.programs import everything


class WorkloadEngineContract:
    """Mix into ``TestCase``, over ``self.engine``, and ``self.order()`` for a program that serves.

    ``self.command`` can be run beside that: it writes ``self.said``, complains of
    ``self.complained``, a line each, and ends with the status 3.
    """

    async def ready(self):
        """The program, prepared."""
        return await self.engine.prepare(self.order(), lambda _line: None)

    async def connected(self, workload):
        """Connect to a program, which may need a moment until it listens."""
        factory = Factory.forProtocol(Protocol)
        for _ in range(200):
            try:
                return await workload.connect(factory, 5)
            except ConnectError:
                await deferLater(reactor, 0.05)
        raise AssertionError("it does not listen")

    async def test_engine(self):
        """It fills the seam, and a program that asks for nothing needs no permission."""
        verifyObject(IWorkloadEngine, self.engine)
        order = self.order()
        self.assertEqual(self.engine.needs(order.app, order.config), ())

    async def test_prepared(self):
        """What is prepared is of its order, and the same order makes the same again."""
        first, second = await self.ready(), await self.ready()
        self.assertEqual((first.key, first.pins), (second.key, second.pins))
        self.assertEqual(first.order.app, self.order().app)

    async def test_stopped(self):
        """A program is connected to until it is stopped, which may be asked for again."""
        workload = await self.engine.start(await self.ready(), lambda _data: None)
        verifyObject(IWorkload, workload)
        connection = await self.connected(workload)
        connection.transport.loseConnection()
        self.assertFalse(workload.ended.called)
        await gatherResults([workload.stop(), workload.stop()])
        self.assertTrue(workload.ended.called)
        self.assertTrue(workload.stop().called)
        with self.assertRaises(ConnectError):
            await workload.connect(Factory.forProtocol(Protocol), 5)

    async def test_command(self):
        """A command has ended when all that it wrote was read, errors among it, and its status is
        told.
        """
        program = await self.engine.begin(await self.ready(), self.command, merge=True)
        verifyObject(IProgram, program)
        self.assertIsNone(program.errors)
        lines = (await everything(program.output)).splitlines(keepends=True)
        self.assertEqual(sorted(lines), sorted((self.said, self.complained)))
        self.assertEqual(await program.ended, ProgramExit(status=3))

    async def test_command_with_errors(self):
        """The errors of a command are apart if that is wanted."""
        program = await self.engine.begin(await self.ready(), self.command, merge=False)
        texts = [await everything(one) for one in (program.output, program.errors)]
        self.assertEqual(texts, [self.said, self.complained])
        self.assertEqual(await program.ended, ProgramExit(status=3))

    async def test_forgotten(self):
        """An app that it never had is forgotten without an error."""
        self.assertIsNone(await self.engine.forget("app_prd_nobody"))
