"""The runtime without processes."""

from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from clace.testing.runtime import MemoryRuntime
from tests.support.runtime_contract import RuntimeContract


class MemoryRuntimeTests(RuntimeContract, TestCase):
    def make_runtime(self, limits, gate, audit_log, files_for):
        return MemoryRuntime(Clock(), gate, audit_log, files_for, limits)
