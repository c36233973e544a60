"""What a process behind the walls of an app host can do: nothing but compute and answer."""

import json
import socket
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).parent.parent.parent


def shut_in(threads=1):
    """What a process reports that was shut in and tried to get out."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.walled", str(theirs.fileno()), str(threads)],
            pass_fds=[theirs.fileno()],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        theirs.close()
        report = b"".join(iter(lambda: ours.recv(65536), b""))
        process.wait(10)
    return json.loads(report)


class WallTests(SynchronousTestCase):
    def test_all_walls_stand(self):
        """On this kind of machine no layer is missing."""
        self.assertEqual({name: why for name, why in shut_in()["walls"].items() if why}, {})

    def test_nothing_gets_out(self):
        """Files, sockets, processes, signals, tracing, code in memory: all refused."""
        report = shut_in()
        tried = report["tried"]
        self.assertEqual([what for what, how in tried.items() if how == "done"], [])
        self.assertGreater(len(tried), 100)
        self.assertLess(report["memory"], 64)
