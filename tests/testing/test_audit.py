from twisted.trial.unittest import SynchronousTestCase

from clace.testing.audit import MemoryAudit
from tests.support.audit_contract import AuditContract


class MemoryAuditTests(AuditContract, SynchronousTestCase):
    """The twin that other rooms test with keeps the contract."""

    def make_audit(self, retention):
        return MemoryAudit(retention)
