"""Values that a host may add to every program: ``struct`` and ``json``."""

from clace.starlark.library.json import json
from clace.starlark.library.struct import Struct, struct

__all__ = ["Struct", "json", "struct"]
