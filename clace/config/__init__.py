"""TOML -> frozen ``Config``; every refusal names file, key and what was expected.

Here is what every command needs; what few do is in its own module, for it takes its time to import.
"""

from clace.config.changes import changed_keys
from clace.config.discovery import Location, NoHome, find
from clace.config.loading import Config, known_names, load, node_values
from clace.config.places import Origin

__all__ = [
    "Config",
    "Location",
    "NoHome",
    "Origin",
    "changed_keys",
    "find",
    "known_names",
    "load",
    "node_values",
]
