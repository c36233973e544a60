"""Names with values, as commands take them: ``NAME=VALUE``."""

from __future__ import annotations

import json
from collections.abc import Iterable

from clace.cli.commands import misused


def pairs(texts: Iterable[str], kind: str) -> dict[str, str]:
    """The values by name; what is said last of a name holds.

    :raises click.UsageError: if a text has no equals sign, or no name before it.
    """
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise misused(f"invalid {kind} format: {text}; expected NAME=VALUE")
        found[name] = value
    return found


def options(texts: Iterable[str]) -> dict[str, str]:
    """The options by name; one without a value has an empty one."""
    split = (text.partition("=") for text in texts)
    return {name: value for name, _, value in split}


def config_entries(values: Iterable[str], texts: Iterable[str]) -> dict[str, str]:
    """Settings of an app, of which ``texts`` are to be quoted.

    :raises click.UsageError: if one is not ``KEY=VALUE``.
    """
    quoted = {name: toml_text(text) for name, text in pairs(texts, "app config").items()}
    return {**pairs(values, "app config"), **quoted}


def toml_text(text: str) -> str:
    """The text as TOML writes it: as JSON does, but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
