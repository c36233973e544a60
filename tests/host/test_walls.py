"""Layers of walls, told one by one."""

from twisted.trial.unittest import SynchronousTestCase

from clace.host.sandbox.walls import WallContext
from clace.kernel.calls import Unavailable
from clace.kernel.layers import Layer, put_up
from clace.wire import HostBounds


class WallTests(SynchronousTestCase):
    def test_reports_each(self):
        """All layers are put up in order; one that cannot be does not keep the next from it."""
        seen = []

        def stands(site):
            seen.append(site.socket)

        def missing(_site):
            raise Unavailable("no such thing here")

        def fails(_site):
            raise OSError(1, "Operation not permitted")

        site = WallContext(socket=5, parent=1, bounds=HostBounds())
        layers = [Layer(f.__name__, f) for f in (stands, missing, fails)] + [Layer("last", stands)]
        self.assertEqual(
            put_up(layers, site),
            {
                "stands": "",
                "missing": "no such thing here",
                "fails": "Operation not permitted",
                "last": "",
            },
        )
        self.assertEqual(seen, [5, 5])

    def test_order(self):
        """Layers are reported in the order in which they failed, with the first reason of each."""
        turns = iter(("", "first", "then", "", "last"))

        def turn(_site):
            if why := next(turns):
                raise Unavailable(why)

        names = ("user", "files", "user", "groups", "user")
        report = put_up([Layer(name, turn) for name in names], None)
        self.assertEqual(report, {"files": "first", "user": "then", "groups": ""})
        self.assertEqual(list(report), ["files", "user", "groups"])
