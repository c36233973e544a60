"""Permissions as roles and tokens name them: literally, by globs, and implied by others.

``app:approve`` and ``admin`` are only ever named literally. Names that begin with ``custom:`` are
those of apps, and the server gives them no meaning.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from clace.admin_api import Right
from clace.near import did_you_mean

CUSTOM_PREFIX = "custom:"
ROLE = "role:"
LITERAL_ONLY = frozenset({Right.APP_APPROVE, Right.ADMIN})
_RENAMED: Mapping[str, str] = {"access": Right.APP_ACCESS, "list": Right.APP_READ}
_SCOPED = ("app:", "container:", "service:", "binding:")
_CUSTOM_NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")
_WILD = re.compile(r"[*?\[\]]")


def _of(resource: str, *without: Right) -> frozenset[str]:
    return frozenset(right for right in Right if right.startswith(resource)) - {*without}


IMPLIED: Mapping[str, frozenset[str]] = {
    Right.APP_UPDATE: frozenset({Right.APP_RELOAD, Right.APP_APPLY, Right.APP_READ}),
    Right.APP_MANAGE: _of("app:", Right.APP_APPROVE),
    Right.SERVICE_MANAGE: _of("service:"),
    Right.BINDING_MANAGE: _of("binding:", Right.BINDING_REVEAL),
    Right.CONTAINER_MANAGE: frozenset({Right.CONTAINER_READ}),
    Right.CONFIG_READ: frozenset({Right.SERVER_READ}),
}
"""The permissions that come with another."""


def canonical(name: str) -> str:
    """Return the name of a permission that an older one stands for."""
    return _RENAMED.get(name, name)


def is_custom(name: str) -> bool:
    return name.startswith(CUSTOM_PREFIX)


def is_scoped(name: str) -> bool:
    """Tell a permission on apps, programs, services or bindings from one on the whole server."""
    return name.startswith(_SCOPED) or is_custom(name)


def is_pattern(entry: str) -> bool:
    return _WILD.search(entry) is not None


@lru_cache(maxsize=4096)
def gives(entry: str, permission: str) -> str:
    """Say how an entry of a role gives a permission; an empty text if it does not."""
    entry = canonical(entry)
    if entry == permission:
        return entry
    if permission in LITERAL_ONLY:
        return ""
    named = _named(entry)
    if permission in named or (is_custom(entry) and _matches(permission, entry)):
        return entry
    for through in sorted(named):
        if permission in IMPLIED.get(through, ()):
            return entry if through == entry else f"{entry} ({through})"
    return ""


def problem_of(entry: str) -> str:
    """Say why an entry names no permission; an empty text if it does."""
    if is_custom(entry):
        name = entry.removeprefix(CUSTOM_PREFIX)
        bare = _WILD.sub("", name)
        if name and (not bare or _CUSTOM_NAME.fullmatch(bare)):
            return ""
        return "after custom: expected 1 to 64 letters, digits and any of _ . : / -"
    if _named(canonical(entry)):
        return ""
    if is_pattern(entry):
        return "no permission matches this glob"
    return f"no such permission{did_you_mean(entry, [*Right, *_RENAMED])}"


def _named(entry: str) -> frozenset[str]:
    """The permissions of the server that an entry names, without those these imply."""
    return frozenset(_matching(entry)) if is_pattern(entry) else frozenset({entry} & set(Right))


def _matching(glob: str) -> Iterator[str]:
    if is_custom(glob):
        return
    for right in Right:
        if right not in LITERAL_ONLY and _matches(right, glob):
            yield right


def _matches(name: str, glob: str) -> bool:
    return fnmatch.fnmatchcase(name, glob)
