"""The regular look for containers that nobody needs."""

from datetime import UTC, datetime

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.containers.sweeping import ContainerSweeper
from clace.errors import ProgramFailed
from clace.interfaces import StoredVersion
from clace.model import App, AppMetadata


class Engine:
    """Knows of one container until it is removed."""

    def __init__(self):
        self.asked = []
        self.broken = False
        self.waits = succeed(None)

    async def sweep(self, installed):
        self.asked.append(installed)
        await self.waits
        if self.broken:
            raise ProgramFailed("no engine")
        return ("clc-1",)

    async def sweep_images(self, installed, kept):
        (app_id,) = installed
        self.pins = [metadata.pins for metadata in await kept(app_id)]
        return ("cli-1",)


class SweeperTests(SynchronousTestCase):
    def setUp(self):
        self.clock, self.engine = Clock(), Engine()

    def start(self, seconds):
        async def installed():
            return (App(id="app_prd_1", path="/x"),)

        async def versions(app_id):
            metadata = AppMetadata(pins={"image_id": app_id})
            return (StoredVersion(metadata=metadata, create_time=datetime(2026, 1, 1, tzinfo=UTC)),)

        sweeper = ContainerSweeper(self.clock, self.engine, installed, versions, seconds)
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

    def test_images(self):
        """Images are looked at with what the kept versions pin."""
        self.start(60)
        self.assertEqual(self.engine.pins, [{"image_id": "app_prd_1"}])

    def test_goes_on_after_a_failure(self):
        """An engine that does not answer is asked again the next time."""
        self.engine.broken = True
        self.start(60)
        self.clock.advance(61)
        self.assertEqual(len(self.engine.asked), 2)
        self.assertEqual(len(self.flushLoggedErrors(ProgramFailed)), 2)

    def test_server_stops(self):
        """A look that the stop of the server cuts off is no error."""
        self.engine.waits = Deferred()
        sweeper = self.start(60)
        sweeper.stopService()
        self.engine.waits.errback(ProgramFailed("the process that starts programs has ended"))
        self.assertEqual(self.flushLoggedErrors(ProgramFailed), [])

    def test_may_be_switched_off(self):
        """With 0 it never looks."""
        self.start(0)
        self.clock.advance(1000)
        self.assertEqual(self.engine.asked, [])
