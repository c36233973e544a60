"""The one place that decides, over the policy of now and the apps of now."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator

from zope.interface import implementer

from clace.errors import BadRequest, NotAllowed
from clace.identity.rbac.decisions import Question, decide
from clace.identity.rbac.holders import holders
from clace.identity.rbac.roles import custom_names, flat
from clace.interfaces import Decision, Holder, IAuthorisation
from clace.model import CUSTOM_PREFIX, ROLE, Identity, Policy

_KEPT = 4096
OwnerOf = Callable[[str], str]
"""The user who made the app at an address; an empty text if nobody is known to have."""


def nobody(_target: str) -> str:
    """Know no owner."""
    return ""


@implementer(IAuthorisation)
class Authorisation:
    """Answers of one policy, kept for those who ask the same again: every request asks."""

    def __init__(self, policy: Policy, admin: str, owner_of: OwnerOf = nobody) -> None:
        self._owner_of = owner_of
        self._answers: OrderedDict[Question, Decision] = OrderedDict()
        self._held: OrderedDict[Question, tuple[str, ...]] = OrderedDict()
        self.replace(policy, admin)

    def replace(self, policy: Policy, admin: str) -> None:
        """Decide by another policy, and for another administrator, from now on."""
        self._policy = policy
        self.is_enabled = policy.enabled
        self._admin = admin
        self._custom = sorted(custom_names(policy))
        self._answers.clear()
        self._held.clear()

    def know_owners(self, owner_of: OwnerOf) -> None:
        """Find owners so from now on."""
        self._owner_of = owner_of
        self._answers.clear()
        self._held.clear()

    @property
    def administrator(self) -> str:
        return self._admin

    def decide(self, identity: Identity, permission: str, target: str = "") -> Decision:
        owner = self._owner_of(target) if target else ""
        question = Question(identity=identity, permission=permission, target=target, owner=owner)
        found = self._answers.get(question)
        if found is None:
            found = self._answers[question] = decide(self._policy, self._admin, question)
            if len(self._answers) > _KEPT:
                self._answers.popitem(last=False)
        return found

    def authorise(self, identity: Identity, permission: str, target: str = "") -> None:
        if not self.decide(identity, permission, target).is_allowed:
            by = f" (token {identity.token_id})" if identity.token_id else ""
            raise NotAllowed(
                f"unauthorized: user {identity.user_id} does not have permission {permission}"
                f" on {target or 'server'}{by}"
            )

    def custom_permissions(self, identity: Identity, target: str) -> tuple[str, ...]:
        if not self._custom or not self._policy.enabled:
            return ()
        owner = self._owner_of(target)
        question = Question(identity=identity, permission=CUSTOM_PREFIX, target=target, owner=owner)
        found = self._held.get(question)
        if found is None:
            found = self._held[question] = self._custom_permissions(identity, target)
            if len(self._held) > _KEPT:
                self._held.popitem(last=False)
        return found

    def _custom_permissions(self, identity: Identity, target: str) -> tuple[str, ...]:
        return tuple(
            name
            for name in self._custom
            if self.decide(identity, CUSTOM_PREFIX + name, target).is_allowed
        )

    def holders(self, target: str) -> Iterator[Holder]:
        """Yield everybody who may do something with the app at an address."""
        return holders(self._policy, self._admin, target, self._owner_of(target))

    def permissions_of(self, entry: str) -> tuple[str, ...]:
        name = entry.removeprefix(ROLE)
        if name != entry and not self._policy.role(name) and name not in self._policy.roles:
            raise BadRequest(f"there is no role {name}")
        return tuple(permission for permission, _ in flat((entry,), self._policy))
