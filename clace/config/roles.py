"""Roles and grants of a configuration: the policy that they are, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import structs

from clace.config.places import Steps
from clace.config.sections import Roles, Settings

if TYPE_CHECKING:
    from clace.model import Policy

_NOTHING = Roles()
_CERTIFICATES = "cert"
_EVERYBODY = "anonymous"
_NOT_THE_ADMINISTRATOR = (
    'expected a name without ":" that does not begin with "cert": users of providers and of client'
    " certificates have such ids, and one of them would be the administrator"
)
_LOCKOUT = (
    "this would leave nobody an administrator: set admin_user, grant a role with admin to"
    " somebody, or set allow_lockout = true to have it so"
)


def policy_of(section: Roles) -> Policy:
    """Return the policy that a section describes."""
    # Here and below: commands whose file has no roles need neither these nor RE2.
    from clace.model import Grant, Policy  # noqa: PLC0415 - see above

    return Policy(
        enabled=section.enabled,
        groups=section.groups,
        roles=section.roles,
        grants=tuple(Grant(**structs.asdict(grant)) for grant in section.grants),
        owner_permissions=section.owner_permissions,
    )


def wrong_roles(settings: Settings) -> Iterator[tuple[Steps, str]]:
    """Yield the places of groups, roles and grants that cannot be used, with the reason."""
    if ":" in settings.admin_user or settings.admin_user.startswith(_CERTIFICATES):
        yield ("admin_user",), _NOT_THE_ADMINISTRATOR
    if settings.rbac == _NOTHING:
        return
    from clace.model import administrators, problems_of  # noqa: PLC0415 - see above

    policy = policy_of(settings.rbac)
    problems = [(("rbac", *at), reason) for at, reason in problems_of(policy)]
    yield from problems
    locked = policy.enabled and not settings.admin_user and not settings.rbac.allow_lockout
    if locked and not problems and not any(administrators(policy)):
        yield ("rbac", "enabled"), _LOCKOUT


def doubtful_users(settings: Settings) -> Iterator[tuple[Steps, str]]:
    """Yield the places in groups and grants of users as whom nobody can sign in, and a guess."""
    roles = settings.rbac
    listed = (
        *((("groups", name), members) for name, members in roles.groups.items()),
        *((("grants", str(at), "users"), grant.users) for at, grant in enumerate(roles.grants, 1)),
    )
    for at, users in listed:
        for user in users:
            known = user in {settings.admin_user, _EVERYBODY} or user.startswith(_CERTIFICATES)
            if ":" not in user and not known:
                yield ("rbac", *at), f'nobody has the id "{user}"; did you mean "builtin:{user}"?'
