"""An app that is reloaded and promoted while people use it."""

from pathlib import Path

from tests.support.load import under_load
from tests.system.cases import DaemonTestCase

ROUNDS, REQUESTS = 10, 2000


class ZeroDowntimeTests(DaemonTestCase):
    def test_no_request_fails(self):
        """No request fails while an app is reloaded and promoted, and each command is answered when
        its version is served: nobody who asks later gets an older one. The same with more of each
        is ``python -m benchmarks.zero_downtime``.
        """
        daemon = self.make_daemon().start()
        told = under_load(daemon, Path(self.mktemp()).absolute(), rounds=ROUNDS, requests=REQUESTS)
        self.assertEqual(told.failures, [])
        self.assertEqual(told.rounds, ROUNDS)
        self.assertGreaterEqual(told.requests, REQUESTS)
        self.assertGreater(told.slow, 0)
