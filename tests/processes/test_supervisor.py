"""The supervisor of a walled program, told by an init of the test's own."""

import os
import socket

from twisted.trial.unittest import SynchronousTestCase

from clace.processes.walled.frames import (
    Over,
    Running,
    WallLimits,
    WallOrder,
    pack,
    receive,
    unpack_from_supervisor,
)
from clace.processes.walled.layers import WallSite
from clace.processes.walled.supervisor import Supervisor

LIMITS = WallLimits(memory_mb=0, cpus=0, processes=1, descriptors=8, file_mb=0, scratch_mb=1)
ORDER = WallOrder(name="sales", command=("/bin/true",), environment={}, bounds=LIMITS)


class SupervisorTests(SynchronousTestCase):
    def watched(self, *reported):
        """The packets to the daemon about an init that reported these and has ended."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for message in reported:
            theirs.send(pack(message))
        theirs.close()
        init = os.pidfd_open(os.posix_spawn("/bin/true", ("true",), {}))
        self.addCleanup(os.close, init)
        os.waitid(os.P_PIDFD, init, os.WEXITED | os.WNOWAIT)
        daemon, line = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        site = WallSite(order=ORDER, server_user=0, server_group=0)
        with ours, daemon:
            with line:
                Supervisor(site, line, ((), ())).watch(init, ours)
            return [unpack_from_supervisor(one) for one in iter(lambda: receive(daemon)[0], b"")]

    def test_quick_end(self):
        """A program that ends before its start is heard of ends with its own status."""
        self.assertEqual(self.watched(Running(), Over(status=3)), [Running(), Over(status=3)])

    def test_silent_end(self):
        """Of an init that says nothing its own end is told."""
        self.assertEqual(self.watched(), [Over()])
