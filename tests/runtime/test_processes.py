"""What the kernel tells of processes."""

import os
import time

from twisted.trial.unittest import SynchronousTestCase

from clace.runtime.hosts.fork_server import processor_seconds


class ProcessorTests(SynchronousTestCase):
    def test_own(self):
        """What is told of this process is what it knows of itself."""
        begun = time.process_time()
        while time.process_time() < begun + 0.05:
            pass
        told = processor_seconds(os.getpid())
        self.assertApproximates(told, time.process_time(), 0.05)

    def test_nobody(self):
        """A process that there is not uses nothing."""
        self.assertEqual(processor_seconds(2**22 + 1), 0)
