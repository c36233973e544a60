"""Keyword arguments of ``exec.run`` that would let an app do more than its permission says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clace.errors import PluginRefused
from clace.model.app import Permission

HARMLESS = frozenset({"LANG", "LANGUAGE", "TZ", "TERM", "COLUMNS", "LINES", "NO_COLOR"})
_ENV, _CWD = 2, 8
"""Positions of the parameters ``env`` and ``cwd``: a permission so long covers them itself."""


def check_widening(
    grants: Iterable[Permission], env: Sequence[str], cwd: str, search_path: str
) -> None:
    """A permission that names a program is not one for what its environment makes of it, and one
    that names its arguments too is not one for every directory.

    :raises PluginRefused: none of the grants allows this ``env`` and ``cwd``.
    """
    reasons = [_reason(len(grant.arguments), env, cwd, search_path) for grant in grants]
    if reasons and all(reasons):
        raise PluginRefused(reasons[0])


def _reason(constrained: int, env: Sequence[str], cwd: str, search_path: str) -> str:
    """Why a permission with so many arguments does not allow the call, or nothing."""
    if constrained and constrained <= _ENV:
        for entry in env:
            if not _is_harmless(entry, search_path):
                return (
                    f"exec.in.run: the permission names the program but not its environment, so"
                    f" {entry.partition('=')[0]} cannot be set. Give env as the third positional"
                    " argument and approve a permission that names it"
                )
    if cwd and 1 < constrained <= _CWD:
        return (
            "exec.in.run: the permission names the program's arguments but not its directory, so"
            " cwd cannot be given"
        )
    return ""


def _is_harmless(entry: str, search_path: str) -> bool:
    name, _, value = entry.partition("=")
    if name == "PATH":
        return set(value.split(":")) <= set(search_path.split(":"))
    return name in HARMLESS or name.startswith("LC_")
