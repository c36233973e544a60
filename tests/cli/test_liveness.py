"""Whether a server is still there."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.cli.liveness import is_alive
from clace.server_target import ServerTarget


class LivenessTests(SynchronousTestCase):
    def setUp(self):
        # A short path: the name of a UNIX socket may have 107 bytes.
        folder = tempfile.TemporaryDirectory(prefix="clace-")
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "s"
        self.target = ServerTarget(uri=str(self.path))
        child = subprocess.Popen([sys.executable, "-c", ""])
        child.wait()
        self.ended = child.pid

    def test_takes_connections(self):
        """A socket that answers is a server, whatever is known of its process."""
        self.assertFalse(is_alive(self.target, self.ended))
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(self.path))
            server.listen()
            self.assertTrue(is_alive(self.target, self.ended))
        self.assertFalse(is_alive(self.target, self.ended))

    def test_runs(self):
        """A process that still closes its files is one too; it may be anybody's."""
        for pid in (os.getpid(), 1):
            self.assertTrue(is_alive(self.target, pid))

    def test_knows_no_process_without_an_id(self):
        """Of a server that did not say its process only the socket is looked at."""
        self.assertFalse(is_alive(self.target, 0))

    def test_does_not_wait_for_the_reaper(self):
        """A process that has ended, and that its parent has not asked after, is gone."""
        with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as child:
            child.stdout.read()
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
            self.assertFalse(is_alive(self.target, child.pid))

    def test_knows_only_the_port_of_a_server_elsewhere(self):
        """The process of a server over TCP has a number of another machine."""
        self.assertFalse(is_alive(ServerTarget(uri="http://127.0.0.1:1"), os.getpid()))
