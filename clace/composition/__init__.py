"""The class that fills each seam, floor by floor, with its part of the configuration.

Only ``tap.py`` uses this; together they are the one place that knows all the rooms.
"""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.composition.server import Composition as Composition
else:
    __getattr__ = face(
        __name__,
        server=("Composition",),
    )
