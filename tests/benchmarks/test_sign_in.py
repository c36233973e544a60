"""The benchmark of sign-ins: how its rows are told, and which break a promise."""

import threading

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.sign_in import flood_line, page_line, signing_in


class LineTests(SynchronousTestCase):
    def test_page(self):
        """A session may cost 1.15 times a page without one, and no more."""
        told, broken = page_line([100.0, 100.0, 100.0], [110.0, 110.0, 130.0])
        self.assertIn("100.0     110.0   1.10 (1.10-1.30)", told)
        self.assertEqual(broken, [])
        (problem,) = page_line([100.0], [116.0])[1]
        self.assertIn("1.15", problem)

    def test_flood(self):
        """Health checks take less than 50 ms, while somebody really signs in."""
        self.assertEqual(flood_line(1.0, 49.9, 7, 1.0)[1], [])
        self.assertEqual(len(flood_line(1.0, 50.0, 7, 1.0)[1]), 1)
        self.assertEqual(flood_line(1.0, 2.0, 0, 1.0)[1], ["nobody could sign in"])
        self.assertIn("during 7 sign-ins", flood_line(1.0, 2.0, 7, 1.0)[0])


class FloodTests(SynchronousTestCase):
    def test_all_at_once(self):
        """Every client acts until the end, also after a refusal, and none after it."""
        refused, done = threading.Event(), threading.Event()
        acted, before = [], threading.active_count()

        def act():
            if not refused.is_set():
                refused.set()
                raise AssertionError
            acted.append(threading.get_ident())
            if len(set(acted)) == 4:
                done.set()

        with signing_in(4, act) as counts:
            self.assertTrue(done.wait(30))
        self.assertEqual(threading.active_count(), before)
        self.assertTrue(all(counts))
