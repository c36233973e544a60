"""Membership of users: by id, by a group of theirs or of the policy, by a pattern."""

from __future__ import annotations

from collections.abc import Iterable

from clace.model import GROUP, Identity, Policy
from clace.patterns import PREFIX, is_whole


def member(policy: Policy, users: Iterable[str], identity: Identity) -> str:
    """Say by which entry an identity is among the users; an empty text if it is not.

    An anonymous visitor is only found by that name: a pattern over ids is about users.
    """
    return _member(policy, users, identity, frozenset())


def _member(policy: Policy, users: Iterable[str], identity: Identity, seen: frozenset[str]) -> str:
    for user in users:
        if reason := _is(policy, user, identity, seen):
            return reason
    return ""


def _is(policy: Policy, user: str, identity: Identity, seen: frozenset[str]) -> str:
    if user.startswith(PREFIX):
        whole = is_whole(user.removeprefix(PREFIX), identity.user_id)
        return f"{user} matches the user" if whole and not identity.is_anonymous else ""
    if not user.startswith(GROUP):
        return f"for user {user}" if user and user == identity.user_id else ""
    name = user.removeprefix(GROUP)
    if name in identity.groups and not identity.is_anonymous:
        return f"{user} is a group of the user"
    if name in seen:
        return ""
    found = _member(policy, policy.groups.get(name, ()), identity, seen | {name})
    return f"{user} has the user ({found})" if found else ""
