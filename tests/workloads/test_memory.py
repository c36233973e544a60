"""Memory of process trees."""

import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from clace.workloads.memory import tree_memory_mb

GROWS = """
import subprocess, sys
kept = bytearray(b"x") * (30 << 20)
child = subprocess.Popen([sys.executable, "-c", "kept = bytearray(b'x') * (30 << 20); "
    "print(flush=True); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
print(flush=True)
input()
"""


class MemoryTests(SynchronousTestCase):
    def test_tree(self):
        """What a process and its child have counts, and a process that is gone has nothing."""
        command = (sys.executable, "-c", GROWS)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
            parent.stdout.readline()
            found = tree_memory_mb(parent.pid)
            parent.stdin.close()
        self.assertTrue(60 <= found < 150, found)
        self.assertEqual(tree_memory_mb(parent.pid), 0)
