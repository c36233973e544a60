"""``config_gen.lock``: the settings that an app was developed with, kept beside it."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from clace.host.definition import AppDefinition
from clace.host.faults import AppFault, SourcePlace
from clace.wire import LoadApp

LOCK_FILE = "config_gen.lock"
_decode = msgspec.json.Decoder(dict[str, dict[str, Any]]).decode


def with_lock(definition: AppDefinition, load: LoadApp) -> AppDefinition:
    """The definition with the settings of the lock where it has none of its own.

    :raises AppFault: if the file is invalid.
    """
    text = load.sources.get(LOCK_FILE, b"").strip()
    if not text:
        return definition
    try:
        locked = _decode(text)
    except (ValueError, RecursionError) as error:
        raise AppFault(f"no settings as JSON: {error}", SourcePlace(LOCK_FILE, 1, 1)) from None
    own = {name: value for name, value in definition.settings.items() if isinstance(value, dict)}
    merged = {name: {**values, **own.get(name, {})} for name, values in locked.items()}
    return replace(definition, settings={**definition.settings, **own, **merged})
