"""Faces of packages: the names that others may import, each from its module when it is asked for.

A command of a moment and a process of each app import a face for one name; the modules of the
others are not loaded with it, and rooms whose values name each other need no order.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module


def face(package: str, **modules: tuple[str, ...]) -> Callable[[str], object]:
    """Return the ``__getattr__`` of a package whose ``modules`` have these names for others."""
    homes = {name: module for module, names in modules.items() for name in names}

    def find(name: str) -> object:
        home = homes.get(name)
        if home is None:
            message = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(message, name=name, obj=sys.modules[package])
        found: object = getattr(import_module(f"{package}.{home}"), name)
        setattr(sys.modules[package], name, found)  # it is not asked for again
        return found

    return find
