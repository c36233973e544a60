"""The launcher of walled programs, without the layers that ``WITHOUT`` names."""

import os
from functools import partial

from clace.processes.walled import launcher
from clace.processes.walled.layers import INNER, OUTER
from clace.processes.walled.supervisor import supervise


def main(descriptor):
    """Be the launcher."""
    without = os.environ["WITHOUT"].split(",")
    outer, inner = (
        tuple(layer for layer in layers if layer.name not in without) for layers in (OUTER, INNER)
    )
    launcher.main(descriptor, partial(supervise, outer=outer, inner=inner))
