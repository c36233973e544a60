"""One decision from values alone: may this identity do that, and why.

Whatever is not allowed by a line of the policy is denied: an unknown user, role, target or
permission allows nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from clace.admin_api import Right
from clace.errors import InvalidGlob, InvalidPath
from clace.identity.rbac.members import member
from clace.identity.rbac.roles import given_by
from clace.interfaces import Decision
from clace.model import (
    ANY_APP,
    LITERAL_ONLY,
    OTHER_TARGETS,
    AppGlob,
    AppPath,
    Assurance,
    Grant,
    Identity,
    Policy,
    canonical,
    gives,
    is_custom,
    is_scoped,
)

_APP = "app:"


class Question(Struct, frozen=True, kw_only=True):
    """A permission for an identity on a target: an app's address, ``sync ID``, ``service:ID``,
    ``binding:PATH``, or an empty text for the server. ``owner`` made the target.
    """

    identity: Identity
    permission: str
    target: str = ""
    owner: str = ""


def decide(policy: Policy, admin: str, question: Question) -> Decision:
    """Answer a question; ``admin`` is the id of the administrator, or empty."""
    question = replace(question, permission=canonical(question.permission))
    reasons: list[str] = []
    allowed = _in_scope(question, reasons) and _may(policy, admin, question, reasons)
    reasons.append("allowed" if allowed else "denied")
    return Decision(allowed, tuple(reasons))


def grant_name(number: int, grant: Grant) -> str:
    """Return the name by which explanations call a grant of the policy."""
    return f'grant {number} "{grant.description}"' if grant.description else f"grant {number}"


def _in_scope(question: Question, reasons: list[str]) -> bool:
    """A token allows nothing beyond its own grants, whoever it belongs to."""
    scope = question.identity.scope
    if scope is None:
        return True
    name = f"token {question.identity.token_id}"
    if Right.ADMIN in scope.permissions:
        reasons.append(f"{name}: its grant admin gives all permissions")
        return True
    given = given_by(scope.permissions, question.permission)
    if not given:
        reasons.append(f"{name}: none of its grants gives {question.permission}")
        return False
    reasons.append(f"{name}: its grant {given} gives {question.permission}")
    if not scope.apps or not is_scoped(question.permission):
        return True
    matching = next((glob for glob in scope.apps if _matches(glob, question.target)), None)
    if matching is None:
        reasons.append(f"{name}: it is not for {_shown(question.target)}")
        return False
    reasons.append(f"{name}: it is for {matching}")
    return True


def _may(policy: Policy, admin: str, question: Question, reasons: list[str]) -> bool:
    identity = question.identity
    if identity.assurance is Assurance.SOCKET:
        reasons.append("the request came through the admin socket, which is trusted")
        return True
    if not identity.user_id:
        reasons.append("nobody is known to ask")
        return False
    if admin and identity.user_id == admin and not identity.is_anonymous:
        reasons.append(f"user {admin} is the administrator")
        return True
    if not policy.enabled:
        return _without_roles(question, reasons)
    return any(line for line in _lines(policy, question, reasons))


def _without_roles(question: Question, reasons: list[str]) -> bool:
    """Opening an app is then decided by its sign-in; all else is the administrator's."""
    reasons.append("roles and grants are off, see [rbac] enabled")
    if question.permission == Right.APP_ACCESS:
        reasons.append("the sign-in of the app decides who may open it")
        return True
    reasons.append(f"{question.permission} is for the administrator alone")
    return False


def _lines(policy: Policy, question: Question, reasons: list[str]) -> Iterator[bool]:
    groups = ", ".join(question.identity.groups) or "none"
    reasons.append(f"user {question.identity.user_id}, groups from the sign-in: {groups}")
    for number, grant in enumerate(policy.grants, 1):
        allowed, reason = _by_grant(policy, grant, question)
        reasons.append(f"{grant_name(number, grant)}: {reason}")
        yield allowed
    allowed, reason = _by_ownership(policy, question)
    if reason:
        reasons.append(reason)
    yield allowed


def _by_grant(policy: Policy, grant: Grant, question: Question) -> tuple[bool, str]:
    who = member(policy, grant.users, question.identity)
    if not who:
        return False, "not for this user"
    super_user = _given_by_roles(policy, grant.roles, Right.ADMIN)
    if super_user:
        return True, f"{who}; {super_user}, which is all permissions everywhere"
    given = _given_by_roles(policy, grant.roles, question.permission)
    if not given:
        return False, f"{who}; none of its roles gives {question.permission}"
    if not is_scoped(question.permission):
        return True, f"{who}; {given}, which needs no target"
    target = next((glob for glob in grant.targets if _matches(glob, question.target)), None)
    if target is None:
        return False, f"{who}; {given}; {_unmatched(question.target)}"
    return True, f"{who}; {given}; target {target} matches {_shown(question.target)}"


def _given_by_roles(policy: Policy, roles: Iterable[str], permission: str) -> str:
    for role in roles:
        if given := given_by(policy.role(role), permission, policy):
            return f"role {role} has {given}"
    return ""


def _by_ownership(policy: Policy, question: Question) -> tuple[bool, str]:
    identity, permission = question.identity, question.permission
    kind = permission.partition(":")[0]
    if not question.target or question.owner != identity.user_id or identity.is_anonymous:
        return False, ""
    if permission in LITERAL_ONLY or is_custom(permission):
        return False, f"owner of {question.target}: {permission} does not come with ownership"
    for entry in policy.owned(kind):
        if given := gives(entry, permission):
            return True, f"owner of {question.target}: owners have {given}"
    return False, f"owner of {question.target}: owners do not have {permission}"


def _matches(glob: str, target: str) -> bool:
    """Tell if a target of a grant covers what is asked about; nothing covers an empty text but
    ``all``.
    """
    if glob.lower() in {"all", "*:**"}:
        return True
    if target == ANY_APP:
        return not glob.startswith(OTHER_TARGETS)
    for prefix in OTHER_TARGETS:
        if glob.startswith(prefix) or target.startswith(prefix):
            return _matches_other(glob, target, prefix)
    if not target or target.startswith("sync "):
        return False
    try:
        return AppGlob.parse(glob).matches(AppPath.parse(target))
    except (InvalidGlob, InvalidPath):
        return False


def _matches_other(glob: str, target: str, prefix: str) -> bool:
    if not (glob.startswith(prefix) and target.startswith(prefix)):
        return False
    rooted = (text.removeprefix(prefix).lstrip("/") for text in (glob, target))
    pattern, name = (f"/{text}" for text in rooted)
    try:
        return AppGlob.parse(pattern).matches(AppPath(name))
    except InvalidGlob:
        return False


def _unmatched(target: str) -> str:
    return f"no target of it matches {target}" if target else "it is for apps, and none is named"


def _shown(target: str) -> str:
    return target or "server"
