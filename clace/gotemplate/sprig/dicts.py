"""sprig's dictionary functions."""

from __future__ import annotations

from typing import Any, Final

from clace.gotemplate.faults import CallFault
from clace.gotemplate.go.casts import is_empty, strval
from clace.gotemplate.go.deep import deep_copy
from clace.gotemplate.go.values import Slice, is_list, type_name
from clace.gotemplate.language.signatures import Library
from clace.gotemplate.limits import Meter

DICTS: Final = Library()
MAX_MERGE_DEPTH: Final = 100


@DICTS.add("dict", "any...")
def make_dict(*pairs: Any) -> dict[str, Any]:
    padded = (*pairs, "") if len(pairs) % 2 else pairs
    return {strval(padded[at]): padded[at + 1] for at in range(0, len(padded), 2)}


@DICTS.add("get", "map, string")
def get(entries: dict[str, Any], key: str) -> Any:
    return entries.get(key, "")


@DICTS.add("set", "map, string, any", changes=True)
def set_entry(entries: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    entries[key] = value
    return entries


@DICTS.add("unset", "map, string", changes=True)
def unset(entries: dict[str, Any], key: str) -> dict[str, Any]:
    entries.pop(key, None)
    return entries


@DICTS.add("hasKey", "map, string")
def has_key(entries: dict[str, Any], key: str) -> bool:
    return key in entries


@DICTS.add("pluck", "string, map...")
def pluck(key: str, *dicts: dict[str, Any]) -> list[Any]:
    return [entries[key] for entries in dicts if key in entries]


@DICTS.add("keys", "map...")
def keys(*dicts: dict[str, Any]) -> Slice:
    """Keys in order; Go itself has them in a different order every time."""
    return Slice([key for entries in dicts for key in sorted(entries)], elem="string")


@DICTS.add("values", "map")
def values(entries: dict[str, Any]) -> list[Any]:
    """Values in the order of their keys; Go has them in a different order every time."""
    return [entries[key] for key in sorted(entries)]


@DICTS.add("pick", "map, string...")
def pick(entries: dict[str, Any], *wanted: str) -> dict[str, Any]:
    return {key: entries[key] for key in wanted if key in entries}


@DICTS.add("omit", "map, string...")
def omit(entries: dict[str, Any], *unwanted: str) -> dict[str, Any]:
    left_out = frozenset(unwanted)
    return {key: value for key, value in entries.items() if key not in left_out}


@DICTS.add("merge mustMerge", "map, map...", metered=True, changes=True)
def merge(meter: Meter, target: dict[str, Any], *sources: dict[str, Any]) -> dict[str, Any]:
    """Fill what is missing or empty in the first from the others, in place."""
    for source in sources:
        _merge(meter, target, source, overwrite=False, depth=0)
    return target


@DICTS.add("mergeOverwrite mustMergeOverwrite", "map, map...", metered=True, changes=True)
def merge_overwrite(
    meter: Meter, target: dict[str, Any], *sources: dict[str, Any]
) -> dict[str, Any]:
    """Set in the first whatever the others hold, in place."""
    for source in sources:
        _merge(meter, target, source, overwrite=True, depth=0)
    return target


def _merge(
    meter: Meter, target: dict[str, Any], source: dict[str, Any], *, overwrite: bool, depth: int
) -> None:
    if depth > MAX_MERGE_DEPTH:
        raise CallFault("dictionaries are nested too deeply to merge")
    for key, value in list(source.items()):
        meter.spend(1)
        old = target.get(key)
        if value is None:
            if overwrite:
                target[key] = None
            continue
        if isinstance(value, dict) and isinstance(old, dict):
            _merge(meter, old, value, overwrite=overwrite, depth=depth + 1)
            if old:
                continue
        if overwrite or key not in target or is_empty(old):
            target[key] = value


@DICTS.add("deepCopy mustDeepCopy", "any", metered=True)
def copy(meter: Meter, value: Any) -> Any:
    if value is None:
        raise CallFault("reflect: call of reflect.Value.Type on zero Value")
    return deep_copy(meter, value)


@DICTS.add("dig", "any...")
def dig(*args: Any) -> Any:
    if len(args) < 3:  # noqa: PLR2004
        raise CallFault("dig needs at least three arguments")
    *path, default, entries = args
    entries = _as_dict(entries)
    for key in path:
        if type(key) is not str:
            raise CallFault(f"interface conversion: interface {{}} is {_dynamic(key)}, not string")
    for index, key in enumerate(path):
        if key not in entries:
            return default
        if index == len(path) - 1:
            return entries[key]
        entries = _as_dict(entries[key])
    return default


def _dynamic(value: Any) -> str:
    return "nil" if value is None else type_name(value)


def _as_dict(value: Any) -> dict[str, Any]:
    if type(value) is dict:
        return value
    raise CallFault(
        f"interface conversion: interface {{}} is {_dynamic(value)}, not map[string]interface {{}}"
    )


def is_container(value: Any) -> bool:
    """Return true if a value holds others."""
    return isinstance(value, dict) or is_list(value)
