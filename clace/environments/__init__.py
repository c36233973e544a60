"""Surroundings of apps that are processes: their specs, and environments of their packages."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.environments.filling import Specs as Specs
else:
    __getattr__ = face(
        __name__,
        filling=("Specs",),
    )
