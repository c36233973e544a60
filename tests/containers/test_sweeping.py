"""The regular look for containers that nobody needs."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.containers.sweeping import ContainerSweeper
from clace.errors import ProgramFailed
from clace.model import App


class Engine:
    """Knows of one container until it is removed."""

    def __init__(self):
        self.asked = []
        self.broken = False

    async def sweep(self, installed):
        self.asked.append(installed)
        if self.broken:
            raise ProgramFailed("no engine")
        return ("clc-1",)


class SweeperTests(SynchronousTestCase):
    def setUp(self):
        self.clock, self.engine = Clock(), Engine()

    def start(self, seconds):
        async def installed():
            return (App(id="app_prd_1", path="/x"),)

        sweeper = ContainerSweeper(self.clock, self.engine, installed, seconds)
        sweeper.startService()
        self.addCleanup(sweeper.stopService)
        return sweeper

    def test_looks_again_and_again(self):
        """It looks at the start and then each time, with the apps that are installed."""
        sweeper = self.start(60)
        self.clock.advance(61)
        self.assertEqual(self.engine.asked, [frozenset({"app_prd_1"})] * 2)
        sweeper.stopService()
        self.clock.advance(600)
        self.assertEqual(len(self.engine.asked), 2)

    def test_goes_on_after_a_failure(self):
        """An engine that does not answer is asked again the next time."""
        self.engine.broken = True
        self.start(60)
        self.clock.advance(61)
        self.assertEqual(len(self.engine.asked), 2)
        self.assertEqual(len(self.flushLoggedErrors(ProgramFailed)), 2)

    def test_may_be_switched_off(self):
        """With 0 it never looks."""
        self.start(0)
        self.clock.advance(1000)
        self.assertEqual(self.engine.asked, [])
