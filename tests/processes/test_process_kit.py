"""The escape kit for programs: with all walls nothing works, without them nearly all does."""

import os
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import SkipTest, TestCase

from tests.support.process_kit import LAYERS, PYTHON, Machine, OpenEgress, outcomes, worked
from tests.support.process_refusals import REFUSED_BY

HAS_PYTHON = Path(PYTHON).exists()
FEWEST = 60
FEWEST_WITHOUT = 50
# Kernels are built without some calls.
NOT_EVERYWHERE = {"call bpf", "call io_uring", "call kcmp", "call perf_event_open", "call quotactl"}
# Needs more than one layer to be taken away, or is here to show that nothing was forgotten.
BESIDE = {"egress", "egress_targets", "closed_descriptors"}


class KitTests(TestCase):
    """With a real program behind real walls."""

    timeout = 300

    async def setUp(self):
        if not HAS_PYTHON:
            raise SkipTest(f"{PYTHON} is what the program is run with")
        await deferLater(reactor, 0)
        self.machine = Machine(self)

    def need_root(self):
        if os.geteuid():
            raise SkipTest("a plain user cannot do without the namespace of users")

    async def gained(self, *without, **fields):
        return worked(await outcomes(self, self.machine, *without, **fields))

    async def test_all_walls(self):
        """Behind all walls no attempt works."""
        found = await outcomes(self, self.machine)
        self.assertGreaterEqual(len(found), FEWEST)
        self.assertEqual(worked(found), set())
        self.assertEqual(set(found), set(REFUSED_BY))

    async def test_no_walls(self):
        """The attempts are good ones: without a wall they work."""
        self.need_root()
        gained = await self.gained(*LAYERS)
        self.assertGreaterEqual(len(gained), FEWEST_WITHOUT)

    async def test_each_layer(self):
        """Without any single layer all works that it alone refused, and something does."""
        self.need_root()
        for layer in LAYERS:
            gained = await self.gained(layer)
            alone = {name for name, layers in REFUSED_BY.items() if layers == (layer,)}
            self.assertTrue({name for name in gained if layer in REFUSED_BY[name]}, layer)
            self.assertEqual(alone - gained - NOT_EVERYWHERE, set(), layer)

    async def test_egress(self):
        """A way out that checks nothing would let through what it refuses now."""
        gained = await self.gained(egress=OpenEgress)
        expected = {name for name, layers in REFUSED_BY.items() if "egress" in layers}
        self.assertEqual(gained, expected)

    async def test_network_of_the_machine(self):
        """With the network of the machine its sockets without a path are still out of reach."""
        gained = await self.gained(network=("host",))
        self.assertIn("connect to the server's port", gained)
        self.assertEqual(
            {name for name in gained if "network_namespace" not in REFUSED_BY[name]}, set()
        )
        self.assertNotIn("connect to a socket without a path", gained)
        self.need_root()
        without = await self.gained("landlock", network=("host",))
        self.assertIn("connect to a socket without a path", without)

    def test_layers_are_named(self):
        """Each attempt names layers that there are."""
        known = {*LAYERS, *BESIDE}
        self.assertEqual({one for row in REFUSED_BY.values() for one in row} - known, set())
