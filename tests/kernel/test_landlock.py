"""Rule sets as each version of the kernel takes them."""

import struct

from twisted.trial.unittest import SynchronousTestCase

from clace.kernel.calls import Unavailable
from clace.kernel.landlock import restrict, rules


class RuleTests(SynchronousTestCase):
    def test_grows_with_the_kernel(self):
        """A rule set names what its kernel knows, never more: it would be refused."""
        files = {version: struct.unpack_from("=Q", rules(version))[0] for version in range(1, 8)}
        self.assertEqual(files[1], 0x1FFF)
        self.assertEqual([files[2], files[3], files[4]], [0x3FFF, 0x7FFF, 0x7FFF])
        self.assertEqual([files[5], files[7]], [0xFFFF, 0xFFFF])
        lengths = [len(rules(version)) for version in range(1, 8)]
        self.assertEqual(lengths, [8, 8, 8, 16, 16, 24, 24])

    def test_without_landlock(self):
        """A kernel without it says so."""
        error = self.assertRaises(Unavailable, restrict, lambda *_: -1)
        self.assertIn("the kernel has none", str(error))
