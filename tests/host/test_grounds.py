"""The walls that hosts share, and that all of them have a name the operator is told."""

import os

from twisted.trial.unittest import SynchronousTestCase

from clace.host.sandbox.grounds import GROUNDS, survey
from clace.host.sandbox.walls import HOST_LAYERS
from clace.model.walls import WALLS
from clace.wire import PrepareHosts


class GroundTests(SynchronousTestCase):
    def test_names(self):
        """Every layer that is put up is one that operators are told of, and the other way round."""
        layers = {layer.name for layer in (*GROUNDS, *HOST_LAYERS)}
        self.assertEqual(layers, {wall.name for wall in WALLS})

    def test_survey(self):
        """The group of the hosts is named after the process, so that servers do not share it."""
        grounds = survey(PrepareHosts())
        self.assertEqual((grounds.name, grounds.user), (str(os.getpid()), os.geteuid()))
