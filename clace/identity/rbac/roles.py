"""Permissions of roles, with those of the roles in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clace.model import CUSTOM_PREFIX, ROLE, Policy, canonical, gives, is_custom, is_pattern

_NO_POLICY = Policy()


def given_by(entries: Iterable[str], permission: str, policy: Policy = _NO_POLICY) -> str:
    """Say which entry of a role gives a permission; an empty text if none does."""
    for entry, way in flat(entries, policy):
        if given := gives(entry, permission):
            implied = f", which implies {permission}" if canonical(entry) != permission else ""
            return f"{way}{given}{implied}"
    return ""


def flat(
    entries: Iterable[str], policy: Policy = _NO_POLICY, way: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield the permissions among the entries and in the roles there, with the way to each."""
    for entry in entries:
        if not entry.startswith(ROLE):
            yield entry, way
        elif f"{entry} > " not in way:
            yield from flat(policy.role(entry.removeprefix(ROLE)), policy, f"{way}{entry} > ")


def custom_names(policy: Policy) -> frozenset[str]:
    """Return the custom permissions that roles name literally."""
    return frozenset(
        entry.removeprefix(CUSTOM_PREFIX)
        for entries in policy.roles.values()
        for entry in entries
        if is_custom(entry) and not is_pattern(entry)
    )
