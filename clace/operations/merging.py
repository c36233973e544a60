"""Three states of a value merged: as last applied, as the file has it now, and as it is.

Only differences between the last declaration and this one are written, so that changes made by
hand stay.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import cast

import msgspec
from msgspec.structs import replace

from clace.model import AppMetadata, DeclaredApp
from clace.operations.properties import PROPERTIES, Value
from clace.operations.withheld import resolved


def merged_text(live: str, last: str | None, new: str, *, clobber: bool) -> str:
    """Return the value; without a ``last`` one, an empty ``new`` one says nothing."""
    if clobber or (last is None and new):
        return new
    return live if last is None or last == new else new


def merged_entries(
    live: Mapping[str, str], last: Mapping[str, str], new: Mapping[str, str], *, clobber: bool
) -> dict[str, str]:
    """Return the values by name; a name that the file no longer has is removed."""
    if clobber:
        return dict(new)
    kept = {name: value for name, value in live.items() if name in new or name not in last}
    return {**kept, **{name: value for name, value in new.items() if last.get(name) != value}}


def merged_list(
    live: tuple[str, ...], last: tuple[str, ...], new: tuple[str, ...], *, clobber: bool
) -> tuple[str, ...]:
    """Return the items: those that stay as they are live, then those that the file brought."""
    if clobber:
        return new
    kept = tuple(item for item in live if item in new or item not in last)
    return (*kept, *(item for item in new if item not in last and item not in kept))


def merged(live: Value, last: Value | None, new: Value, *, clobber: bool) -> Value:
    """Return a value of any kind; ``last`` is None for an app that no file declared so far."""
    if isinstance(live, str) and isinstance(new, str):
        return merged_text(live, cast("str | None", last), new, clobber=clobber)
    if isinstance(live, Mapping) and isinstance(new, Mapping):
        entries = cast("Mapping[str, str]", last or {})
        return merged_entries(live, entries, new, clobber=clobber)
    items = cast("tuple[str, ...]", last or ())
    return merged_list(tuple(live), items, tuple(new), clobber=clobber)


def merged_metadata(
    live: AppMetadata, last: DeclaredApp | None, new: DeclaredApp, *, clobber: bool
) -> AppMetadata:
    """Return the metadata with what the declaration changes, and the declaration itself."""
    version = replace(live.version_metadata, apply_info=written(new))
    said = resolved(new, live.param_values)
    values = {
        one.stored: one.kept(
            merged(
                one.of(live), one.wanted(last) if last else None, one.wanted(said), clobber=clobber
            )
        )
        for one in PROPERTIES
    }
    changed = replace(live, version_metadata=version, **values)
    return changed if changed.spec == live.spec else changed.with_spec(changed.spec)


def written(declared: DeclaredApp) -> str:
    """Return a declaration as it is kept with the version that it made."""
    return b64encode(msgspec.json.encode(replace(declared, file=""))).decode("ascii")


def read(apply_info: str) -> DeclaredApp | None:
    """Return the declaration that was kept; None if none was, or by a server of another kind."""
    if not apply_info:
        return None
    try:
        return msgspec.json.decode(b64decode(apply_info, validate=True), type=DeclaredApp)
    except (msgspec.MsgspecError, ValueError):
        return None
