"""Values that an export keeps back, since they may be secrets: a mark stands for each.

A file with a mark says nothing of the value: applied, the value on the server stays.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from clace.model import DeclaredApp


def withheld(name: str) -> str:
    """Return the text that stands in an export for the value of a param that may be a secret."""
    return f"<param:{name}>"


def unresolved(declared: DeclaredApp, live: Mapping[str, str]) -> tuple[str, ...]:
    """Return the params whose values the file withholds and the server does not have."""
    return tuple(
        name
        for name, value in declared.params.items()
        if value == withheld(name) and name not in live
    )


def resolved(declared: DeclaredApp, live: Mapping[str, str]) -> DeclaredApp:
    """Return the declaration with the values on the server of the params that it withholds."""
    params = {
        name: live[name] if value == withheld(name) else value
        for name, value in declared.params.items()
        if value != withheld(name) or name in live
    }
    return declared if params == declared.params else replace(declared, params=params)
