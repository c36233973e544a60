"""The parts that plugins are made of; authors of plugins import them from here."""

from clace.plugins.kit.definition import (
    CallFailed,
    Document,
    Function,
    Invocation,
    Items,
    ItemStream,
    NoParameters,
    Output,
    Plugin,
)
from clace.plugins.kit.resources import Resources
from clace.plugins.kit.showing import quoted, shown

__all__ = [
    "CallFailed",
    "Document",
    "Function",
    "Invocation",
    "ItemStream",
    "Items",
    "NoParameters",
    "Output",
    "Plugin",
    "Resources",
    "quoted",
    "shown",
]
