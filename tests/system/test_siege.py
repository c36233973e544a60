"""Slow, greedy and guessing clients, all at once, and those who must not notice.

The figures of each run are in ``siege.txt``, in trial's folder; ``python -m benchmarks.siege``
measures the promises of docs/security/limits.md on an idle machine, with the shipped limits.
"""

from pathlib import Path

from benchmarks.siege import COUNTS, told
from tests.support.siege import besiege
from tests.system.cases import DaemonTestCase

# The times are shorter than the shipped ones, so that the test is.
LIMITS = """
[http.limits]
header_secs = 5
idle_secs = 5
body_secs = 5
stall_secs = 5
"""
# With the shipped times it is less than 100: clients that are sent away sooner come back sooner.
MOST_MB = 200
GONE_SECONDS = 60
# Without a siege it is some milliseconds; the machine may have other work. A server that such
# clients can hold up needs seconds, or does not answer.
SLOWEST_MS = 2000


class SiegeTests(DaemonTestCase):
    def test_others_are_served(self):
        """610 clients that hold up leave others served, memory bounded, and nothing behind."""
        daemon = self.make_daemon(LIMITS).start()
        outcome = besiege(
            daemon,
            Path(self.mktemp()).absolute(),
            COUNTS,
            quiet_seconds=3,
            seconds=12,
            gone_seconds=GONE_SECONDS,
        )
        Path("siege.txt").write_text("\n".join(told(outcome)) + "\n", "utf-8")
        self.assertEqual(outcome.wrong, {})
        for name, during in outcome.during.items():
            self.assertLess(during.p99, max(SLOWEST_MS, 20 * outcome.quiet[name].p99), name)
        self.assertLess(outcome.grown_mb, MOST_MB)
        self.assertLess(outcome.gone_seconds, GONE_SECONDS)
        self.assertEqual(set(outcome.guesses) - {401, 429, 503}, set())
        self.assertTrue(outcome.guesses)
