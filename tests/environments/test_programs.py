"""Steps of builds: how they are started, told and ended."""

from pathlib import Path

from msgspec.structs import replace
from twisted.internet.defer import ensureDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.environments.programs import (
    BuildStep,
    IBuildStarter,
    StepFailed,
    StepRunner,
    WalledBuildStarter,
)
from clace.environments.store import read_made, write_new
from clace.interfaces import WallMount
from tests.support.memory_walled import MemoryProgram, MemoryWalledStarter

STEP = BuildStep(
    command=("/bin/uv", "pip"),
    environment={"A": "b"},
    folder="/w",
    mounts=(WallMount(source="/w", target="/w", is_writable=True),),
    network=("pypi.org:443",),
    memory_mb=2048,
)


class StepTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.told = []

    def run_step(self, seconds=10, step=STEP, **program):
        self.starter = MemoryWalledStarter(self.clock, {"/bin/uv": MemoryProgram(**program)})
        walled = WalledBuildStarter(self.starter, 4711)
        verifyObject(IBuildStarter, walled)
        self.runner = StepRunner(self.clock, walled)
        return ensureDeferred(self.runner.run(step, seconds, self.told.append))

    def test_behind_the_wall(self):
        """A step sees its own mounts and network only, as the user of builds."""
        self.successResultOf(self.run_step(status=0))
        launch = self.starter.started[0].launch
        self.assertEqual((launch.mounts, launch.network), (STEP.mounts, STEP.network))
        self.assertEqual((launch.user, launch.bounds.memory_mb), (4711, 2048))
        self.assertFalse(launch.listens)

    def test_told_line_by_line(self):
        """Lines are told as they come, without line ends and empty ones."""
        self.successResultOf(self.run_step(says=b"one\r\n\ntwo\nrest", status=0))
        self.assertEqual(self.told, ["one", "two", "rest"])

    def test_printed(self):
        """A step that prints a result is not told, but returned."""
        step = replace(STEP, prints=True)
        printed = self.successResultOf(self.run_step(step=step, says=b"a\nb\n", status=0))
        self.assertEqual((printed, self.told), ("a\nb\n", []))

    def test_failed(self):
        """A failure has the last lines, however many there were."""
        says = b"".join(b"line %d\n" % number for number in range(50))
        failure = self.failureResultOf(self.run_step(says=says, status=2), StepFailed)
        self.assertIn("uv ended with status 2", str(failure.value))
        self.assertEqual(failure.value.lines[-1], "line 49")
        self.assertEqual(len(failure.value.lines), 20)

    def test_late(self):
        """A step that does not end in its time is killed."""
        running = self.run_step(seconds=5)
        self.clock.advance(4)
        self.assertNoResult(running)
        self.clock.advance(1)
        self.assertIn("did not end in time", str(self.failureResultOf(running, StepFailed).value))

    def test_end(self):
        """When the server stops, whatever builds is ended."""
        running = self.run_step()
        self.runner.end()
        self.assertIn("signal 9", str(self.failureResultOf(running, StepFailed).value))

    def test_not_started(self):
        """A program that cannot be started is told by its name."""
        step = replace(STEP, command=("/bin/nosuch",))
        failure = self.failureResultOf(self.run_step(step=step), StepFailed)
        self.assertIn("/bin/nosuch", str(failure.value))


class MadeFileTests(SynchronousTestCase):
    def test_links_are_not_followed(self):
        """Files that a build could have made are read only if they are files."""
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "secret").write_text("x")
        (folder / "link").symlink_to(folder / "secret")
        self.assertEqual(read_made(folder / "secret"), "x")
        self.assertRaises(OSError, read_made, folder / "link")
        self.assertRaises(OSError, read_made, folder)
        self.assertRaises(OSError, write_new, folder / "link", "y")
        self.assertEqual((folder / "secret").read_text(), "x")
