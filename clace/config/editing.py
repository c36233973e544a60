"""A key of a configuration file changed in place; comments and order stay."""

from __future__ import annotations

import tomllib
from typing import Any

from clace.config.places import Steps, place_text
from clace.errors import ConfigError


def with_value(text: str, at: Steps, value: str) -> str:
    """The text of a file with another value of one key, which is added if it is missing.

    The result is read again and compared, so that nothing else has changed.

    :raises ConfigError: if the text is not TOML, or the key cannot be set in it.
    """
    import tomlkit  # noqa: PLC0415 - few commands change a file
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    try:
        wanted = _changed(tomllib.loads(text), at, value)
        document = tomlkit.parse(text)
        _changed(document, at, value)
        edited = tomlkit.dumps(document)
        same = tomllib.loads(edited) == wanted
    except (ValueError, TypeError, TOMLKitError, RecursionError) as error:
        raise ConfigError(f"{place_text(at)} cannot be set: {error}") from error
    if not same:
        raise ConfigError(f"{place_text(at)} cannot be set without changing something else")
    return edited


def _changed(table: Any, at: Steps, value: str) -> Any:
    """The table, with the value at its place.

    :raises TypeError: if something else than tables leads there.
    """
    *above, key = at
    inner = table
    for step in above:
        inner = inner.setdefault(step, {})
        if not isinstance(inner, dict):
            raise TypeError(f"{step} is no table")
    inner[key] = value
    return table
