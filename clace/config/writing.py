"""Tables as TOML text."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

import toml

from clace.errors import ConfigError


def write_toml(values: Mapping[str, Any]) -> str:
    """The values as TOML that reads back as exactly them.

    The ``toml`` package writes some values wrongly and drops others without a word, so what it
    wrote is read again and compared.

    :raises ConfigError: they cannot be written.
    """
    try:
        text = toml.dumps(dict(values))
        same = tomllib.loads(text) == dict(values)
    except Exception as error:  # toml raises whatever it stumbles over
        raise ConfigError(f"cannot be written as TOML: {error}") from error
    if not same:
        raise ConfigError("cannot be written as TOML without being changed")
    return text
