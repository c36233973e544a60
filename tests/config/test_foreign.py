from twisted.trial.unittest import SynchronousTestCase

from clace.config import foreign
from clace.config.schema import keys


class ForeignTests(SynchronousTestCase):
    def test_nothing_is_both(self):
        """No key that does something is listed as one that does nothing."""
        both = [
            key.at[:depth]
            for key in keys()
            for depth in range(1, len(key.at) + 1)
            if foreign.knows(key.at[:depth])
        ]
        self.assertEqual(both, [])
