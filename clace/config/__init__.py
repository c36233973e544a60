"""TOML -> frozen ``Config``; every refusal names file, key and what was expected."""

from clace.config.apps import AppConfigs
from clace.config.changes import changed_keys
from clace.config.discovery import Location, NoHome, find
from clace.config.filling import values_with_secrets, with_secrets
from clace.config.loading import Config, known_names, load, node_values
from clace.config.places import Origin
from clace.config.shipped import shipped_text
from clace.config.showing import Shown, effective
from clace.config.writing import write_toml

__all__ = [
    "AppConfigs",
    "Config",
    "Location",
    "NoHome",
    "Origin",
    "Shown",
    "changed_keys",
    "effective",
    "find",
    "known_names",
    "load",
    "node_values",
    "shipped_text",
    "values_with_secrets",
    "with_secrets",
    "write_toml",
]
