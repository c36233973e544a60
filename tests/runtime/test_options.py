"""What a host says of its app is checked."""

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import AppBroken
from clace.runtime.options import AppOptions, read_options


class OptionsTests(SynchronousTestCase):
    def test_known(self):
        """Options of the right types are taken, others that are not known left out."""
        options = {"static_only": True, "index": "a.html", "later": 1}
        self.assertEqual(read_options(options), AppOptions(static_only=True, index="a.html"))

    def test_wrong(self):
        """Options of other types are refused."""
        for options in ({"static_only": 1}, {"index": None}, {"index": "x" * 2000}):
            self.assertRaises(AppBroken, read_options, options)
