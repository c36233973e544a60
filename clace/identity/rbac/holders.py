"""Everybody who may open an app, for an operator who asks."""

from __future__ import annotations

from collections.abc import Iterator

from clace.admin_api import Right
from clace.identity.rbac.decisions import Question, decide, grant_name
from clace.interfaces import Holder
from clace.model import GROUP, Assurance, Grant, Identity, Policy
from clace.patterns import PREFIX


def holders(policy: Policy, admin: str, target: str, owner: str) -> Iterator[Holder]:
    """Yield who may do something with an app, in the order in which decisions are made."""
    if admin:
        yield Holder(user=admin, permissions=(Right.ADMIN,), source="the administrator")
    if not policy.enabled:
        return
    for number, grant in enumerate(policy.grants, 1):
        source = grant_name(number, grant)
        for user in grant.users:
            if held := _held(policy, grant, user, target):
                yield Holder(user=user, permissions=held, source=source)
    if owner and owner != admin:
        alone = Policy(enabled=True, owner_permissions=policy.owner_permissions)
        identity = Identity(user_id=owner, assurance=Assurance.SSO)
        if held := _permissions(alone, identity, target, owner):
            yield Holder(user=owner, permissions=held, source="the owner of the app")


def _held(policy: Policy, grant: Grant, user: str, target: str) -> tuple[str, ...]:
    """Return the permissions on apps that a grant gives to one of its users."""
    # One grant, and one user who stands for the group or the pattern.
    stand_in = Grant(users=("somebody",), roles=grant.roles, targets=grant.targets)
    alone = Policy(enabled=True, roles=policy.roles, grants=(stand_in,))
    is_nobody = user.startswith((GROUP, PREFIX)) and not user.partition(":")[2]
    identity = Identity(user_id="somebody", assurance=Assurance.SSO)
    return () if is_nobody else _permissions(alone, identity, target, "")


def _permissions(policy: Policy, identity: Identity, target: str, owner: str) -> tuple[str, ...]:
    def may(permission: str) -> bool:
        question = Question(identity=identity, permission=permission, target=target, owner=owner)
        return decide(policy, "", question).is_allowed

    if may(Right.ADMIN):
        return (Right.ADMIN,)
    return tuple(right for right in Right if right.startswith("app:") and may(right))
