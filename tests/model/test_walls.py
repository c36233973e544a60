"""Names of walls, and which have to stand."""

from twisted.trial.unittest import SynchronousTestCase

from clace.model.walls import INDISPENSABLE, WALLS, demanded, missing


class WallTests(SynchronousTestCase):
    def test_demanded(self):
        """Either every wall has to stand, or those that can be had everywhere."""
        self.assertEqual(len(demanded(all_of_them=True)), len(WALLS))
        self.assertEqual(demanded(all_of_them=False), INDISPENSABLE)
        self.assertIn("system_call_filter", INDISPENSABLE)

    def test_missing(self):
        """What is not reported to stand is missing, whatever the reason."""
        report = {wall.name: "" for wall in WALLS}
        self.assertEqual(missing(report), {})
        report["landlock"] = "the kernel has none"
        del report["cgroup"]
        self.assertEqual(
            missing(report), {"landlock": "the kernel has none", "cgroup": "it was not put up"}
        )
