"""What tests with a real server have in common."""

import atexit
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.support.daemon import Daemon
from tests.support.leaks import leaks


class DaemonTestCase(SynchronousTestCase):
    """Each test has a server of its own."""

    def make_daemon(self, config="", **options):
        """A server that was not started yet; it ends and its home goes with the test."""
        daemon = Daemon(config, **options)
        self.addCleanup(daemon.remove)
        self.addCleanup(self.check_logs, daemon)
        return daemon

    def check_logs(self, daemon):
        """Fail if a log of the server has the password, a token or a cookie in it."""
        self.assertEqual(leaks(daemon), [])

    def source(self, files, folder=None):
        """A folder with these files, texts or bytes by name."""
        folder = folder or Path(self.mktemp()).absolute()
        for name, content in files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder

    def wait_until(self, what, true, seconds=10):
        """Fail if it does not become true in time."""
        limit = time.monotonic() + seconds
        while not true():
            if time.monotonic() > limit:
                self.fail(f"after {seconds} seconds still not: {what}")
            time.sleep(0.01)


class SharedDaemonTestCase(DaemonTestCase):
    """The tests share a server with this configuration; each has apps of its own on it.

    Trial has no set-up for classes. The server stays until a test wants another one.
    """

    config = ""
    command = ()

    def setUp(self):
        self.daemon = shared_daemon(self.config, *self.command)
        self.addCleanup(self.check_logs, self.daemon)

    def create(self, path, files, **options):
        """Install an app; the folder of its source."""
        folder = self.source(files)
        self.daemon.install(folder, path, **options)
        return folder


def own_warnings(stderr):
    """The warnings of a command, without that of apps which other tests left on the host."""
    lines = stderr.splitlines()
    return [line for line in lines if "on the same host, of another owner or auth" not in line]


def runs(pid):
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


_shared = {}


def shared_daemon(config, *command):
    """The running server that was made for this configuration, by this command."""
    daemon = _shared.get((config, command))
    if daemon is None or daemon.process.poll() is not None:
        end_shared()
        daemon = _shared[config, command] = Daemon(config)
        # Registered after the home is, so that the server ends before its home is removed.
        atexit.register(end_shared)
        daemon.start(*command)
    return daemon


def end_shared():
    while _shared:
        _shared.popitem()[1].remove()
