"""What a request opened is closed."""

from twisted.trial.unittest import SynchronousTestCase

from clace.plugins.kit.resources import Resources


class ResourcesTests(SynchronousTestCase):
    def setUp(self):
        self.closed = []
        self.resources = Resources()

    def add(self, name, strict=False, error=None):
        async def close():
            self.closed.append(name)
            if error:
                raise error

        return self.resources.add(name, close, strict=strict)

    def test_order(self):
        """What was opened last is closed first, and each once."""
        for name in "abc":
            self.add(name)
        self.assertEqual(self.successResultOf(self.resources.close()), ())
        self.assertEqual(self.closed, ["c", "b", "a"])
        self.successResultOf(self.resources.close())
        self.assertEqual(len(self.closed), 3)

    def test_strict(self):
        """Only what is strict and still open is named, with a number if its name is taken."""
        self.add("x:rows", strict=True)
        self.add("x:transaction")
        second = self.add("x:rows", strict=True)
        self.assertEqual(second, "x:rows_2")
        self.resources.release(self.add("x:rows", strict=True))
        self.assertEqual(self.successResultOf(self.resources.close()), ("x:rows", "x:rows_2"))

    def test_failing(self):
        """One that cannot be closed does not keep the others open."""
        self.add("a")
        self.add("b", error=OSError("stuck"))
        self.successResultOf(self.resources.close())
        self.assertEqual(self.closed, ["b", "a"])
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)
