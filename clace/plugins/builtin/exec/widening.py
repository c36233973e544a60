"""Keyword arguments of ``exec.run`` that would let an app do more than its permission says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clace.errors import PluginRefused
from clace.model import Permission
from clace.plugins.gate import names

HARMLESS = frozenset({"LANG", "LANGUAGE", "TZ", "TERM", "COLUMNS", "LINES", "NO_COLOR"})
_PATH, _ARGS, _ENV, _CWD = 0, 1, 2, 8
_NAMES = {_PATH: "path", _ARGS: "args", _ENV: "env", _CWD: "cwd"}
"""The parameters by their positions: a permission so long covers them, or names them."""


def check_widening(
    grants: Iterable[Permission], env: Sequence[str], cwd: str, search_path: str
) -> None:
    """A permission that names a program is not one for what its environment makes of it, and one
    that names its arguments too is not one for every directory.

    :raises PluginRefused: if none of the grants allows this ``env`` and ``cwd``.
    """
    reasons = [_reason(grant, env, cwd, search_path) for grant in grants]
    if reasons and all(reasons):
        raise PluginRefused(reasons[0])


def _covers(grant: Permission, position: int) -> bool:
    return len(grant.arguments) > position or names(grant, _NAMES[position])


def _reason(grant: Permission, env: Sequence[str], cwd: str, search_path: str) -> str:
    """Why a permission does not allow the call, or nothing."""
    free = not _covers(grant, _PATH) or _covers(grant, _ENV)
    if not (free or all(_is_harmless(entry, search_path) for entry in env)):
        # Which one is not said: what stands before an equals sign can be a piece of a secret.
        return (
            "exec.in.run: the permission names the program but not its environment, so only"
            f" {', '.join(sorted(HARMLESS))}, LC_* and a PATH of the server's can be set,"
            " none of them to another path. Approve a permission that names env"
        )
    if cwd and _covers(grant, _ARGS) and not _covers(grant, _CWD):
        return (
            "exec.in.run: the permission names the program's arguments but not its directory, so"
            " cwd cannot be given"
        )
    return ""


def _is_harmless(entry: str, search_path: str) -> bool:
    name, _, value = entry.partition("=")
    if name == "PATH":
        return set(value.split(":")) <= set(search_path.split(":"))
    return (name in HARMLESS or name.startswith("LC_")) and not _leads_away(value)


def _leads_away(value: str) -> bool:
    """True if a locale, time zone or terminal is a file of the app's choice: ``TZ=:/etc/shadow``
    has a program read that one instead of one of the system's.
    """
    return any(part.startswith("/") or ".." in part for part in value.split(":"))
