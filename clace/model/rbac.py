"""Roles and grants as an operator writes them, and the roles that are always there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from clace.admin_api import Right
from clace.errors import InvalidGlob
from clace.model.paths import AppGlob
from clace.model.permissions import ROLE, is_pattern, problem_of
from clace.near import did_you_mean
from clace.patterns import PREFIX, fault_in

GROUP = "group:"
RESERVED = ("clace-", "openrun-")
ANY_APP = "any app"
"""A target that stands for one of the apps, whichever: for requests that name theirs later."""
OTHER_TARGETS = ("service:", "binding:")
_DEVELOPER = (
    "app:manage",
    "service:create",
    "service:update",
    "service:read",
    "service:bind",
    "binding:create",
    "binding:update",
    "binding:read",
    "binding:run_command",
    "binding:use",
    "container:read",
    "sync:run",
    "sync:read",
    "secret:create",
    "secret:read",
    "config:basic_read",
)
_ROLES = {
    "admin": ("admin",),
    "operator": (
        "app:manage",
        "app:approve",
        "sync:*",
        "service:manage",
        "binding:manage",
        "container:manage",
        "config:read",
        "config:update",
        "secret:create",
        "secret:read",
        "secret:delete",
        "audit:read",
        "server:stop",
        "builder:*",
    ),
    "developer": _DEVELOPER,
    "builder": (*_DEVELOPER, "builder:*"),
    "user": ("app:access", "app:read"),
    "monitor": (
        "app:read",
        "sync:read",
        "service:read",
        "binding:read",
        "container:read",
        "config:read",
        "secret:read",
        "audit:read",
    ),
}
BUILT_IN: Mapping[str, tuple[str, ...]] = {
    prefix + name: entries for prefix in RESERVED for name, entries in _ROLES.items()
}
"""Roles that need no configuration; each has a name of this product and of its other name."""
OWNED: Mapping[str, tuple[str, ...]] = {
    "app": ("app:manage",),
    "sync": ("sync:run", "sync:delete", "sync:read"),
    "service": ("service:manage",),
    "binding": ("binding:manage",),
}
"""The permissions of an owner on a thing of their own, by its kind."""
Place = tuple[str, ...]
Problem = tuple[Place, str]


class Grant(Struct, frozen=True, kw_only=True):
    """Roles for users, on targets."""

    description: str = ""
    users: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


class Policy(Struct, frozen=True, kw_only=True):
    """All that says who may do what. ``owner_permissions`` stand in the place of the usual ones."""

    enabled: bool = False
    groups: Mapping[str, tuple[str, ...]] = {}
    roles: Mapping[str, tuple[str, ...]] = {}
    grants: tuple[Grant, ...] = ()
    owner_permissions: Mapping[str, tuple[str, ...]] = {}

    def role(self, name: str) -> tuple[str, ...]:
        """Return the entries of a role, nothing for an unknown one."""
        return BUILT_IN.get(name) or self.roles.get(name, ())

    def owned(self, kind: str) -> tuple[str, ...]:
        return self.owner_permissions.get(kind, OWNED.get(kind, ()))


def problems_of(policy: Policy) -> Iterator[Problem]:
    """Yield the places of all that cannot be used, and the reason; places begin at the policy."""
    for name, members in policy.groups.items():
        yield from _users(("groups", name), members)
    for name, entries in policy.roles.items():
        if name.startswith(RESERVED):
            yield ("roles", name), f"names with {' or '.join(RESERVED)} are of built-in roles"
        yield from _entries(policy, ("roles", name), entries)
    yield from _cycles("groups", policy.groups, GROUP)
    yield from _cycles("roles", policy.roles, ROLE)
    for number, grant in enumerate(policy.grants, 1):
        yield from _grant(policy, ("grants", str(number)), grant)
    for kind, entries in policy.owner_permissions.items():
        yield from _owner(("owner_permissions", kind), kind, entries)


def administrators(policy: Policy) -> Iterator[str]:
    """Yield the users, groups and patterns that a grant makes administrators."""
    for grant in policy.grants:
        if any(_holds_admin(policy, role) for role in grant.roles):
            yield from (user for user in grant.users if _is_somebody(policy, user))


def _is_somebody(policy: Policy, user: str) -> bool:
    """Tell a user from a group of the configuration without members."""
    name = user.removeprefix(GROUP)
    if name == user or name not in policy.groups:
        return True
    return any(_is_somebody(policy, member) for member in policy.groups[name])


def _holds_admin(policy: Policy, role: str) -> bool:
    for entry in policy.role(role):
        if entry == Right.ADMIN:
            return True
        if entry.startswith(ROLE) and _holds_admin(policy, entry.removeprefix(ROLE)):
            return True
    return False


def _grant(policy: Policy, at: Place, grant: Grant) -> Iterator[Problem]:
    yield from _users((*at, "users"), grant.users)
    for role in grant.roles:
        if not policy.role(role) and role not in policy.roles:
            yield (*at, "roles"), _unknown_role(policy, role)
    for target in grant.targets:
        if target.startswith(OTHER_TARGETS):
            continue
        try:
            AppGlob.parse(target)
        except InvalidGlob as error:
            yield (*at, "targets"), error.message
        if not target:
            yield (*at, "targets"), 'expected a glob over apps, or "all"'


def _users(at: Place, users: Iterable[str]) -> Iterator[Problem]:
    for user in users:
        if user in {"", GROUP, PREFIX}:
            yield at, f'expected a user\'s id, group:NAME or regex:PATTERN, got "{user}"'
        elif user.startswith(PREFIX) and (why := fault_in(user.removeprefix(PREFIX))):
            yield at, f'the pattern of "{user}" is malformed: {why}'


def _entries(policy: Policy, at: Place, entries: Iterable[str]) -> Iterator[Problem]:
    for entry in entries:
        if entry.startswith(ROLE):
            role = entry.removeprefix(ROLE)
            if not policy.role(role) and role not in policy.roles:
                yield at, _unknown_role(policy, role)
        elif why := problem_of(entry):
            yield at, f'"{entry}": {why}'


def _owner(at: Place, kind: str, entries: Iterable[str]) -> Iterator[Problem]:
    if kind not in OWNED:
        yield at, f"expected one of {', '.join(OWNED)}"
        return
    for entry in entries:
        if entry in {Right.APP_APPROVE, Right.ADMIN}:
            yield at, f"{entry} does not come with ownership; grant it"
        elif not entry.startswith(f"{kind}:") and not is_pattern(entry):
            yield at, f'expected permissions that begin with {kind}:, got "{entry}"'
        elif why := problem_of(entry):
            yield at, f'"{entry}": {why}'


def _unknown_role(policy: Policy, role: str) -> str:
    return f'there is no role "{role}"{did_you_mean(role, [*policy.roles, *BUILT_IN])}'


def _cycles(kind: str, lists: Mapping[str, tuple[str, ...]], prefix: str) -> Iterator[Problem]:
    """Yield each list that leads back to itself."""
    inner = {
        name: [entry.removeprefix(prefix) for entry in entries if entry.startswith(prefix)]
        for name, entries in lists.items()
    }
    for name in lists:
        if path := _way_back(name, inner):
            yield (kind, name), f"leads back to itself: {' > '.join(path)}"


def _way_back(name: str, inner: Mapping[str, list[str]]) -> list[str]:
    """Return the shortest way from a name to itself, or nothing."""
    ways = [[name]]
    seen: set[str] = set()
    for way in ways:
        for each in inner.get(way[-1], ()):
            if each == name:
                return [*way, name]
            if each not in seen:
                seen.add(each)
                ways.append([*way, each])
    return []
