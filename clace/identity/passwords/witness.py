"""The record of sign-ins that failed: in the log and in the audit log, without passwords."""

from __future__ import annotations

from twisted.logger import Logger

from clace.identity.passwords.sign_ins import Attempt
from clace.interfaces import IAuditEvents
from clace.model import FAILED, LOCKED, REFUSED, SIGN_IN, SUCCESS, Deed
from clace.networks import UNIX
from clace.text import one_line, shortened

_NAME = 64


class SignInTrail:
    """Witness sign-ins, each kind with a share of the audit log of its own for each network.

    Checks are slow, so what follows from one is recorded whatever else strangers do.
    """

    _log = Logger()

    def __init__(self, audit: IAuditEvents) -> None:
        self._audit = audit

    def failed(self, attempt: Attempt, reason: str) -> None:
        if self._record(attempt, FAILED, reason):
            self._warn("Sign-in of {user} from {address} failed", attempt)

    def unchecked(self, attempt: Attempt, reason: str) -> None:
        if self._record(attempt, REFUSED, reason, is_checked=False):
            self._warn("Sign-in of {user} from {address} was refused unchecked", attempt)

    def locked(self, attempt: Attempt) -> None:
        if self._record(attempt, LOCKED, "too many failed sign-ins"):
            self._warn("Sign-in of {user} from {address} is locked for a while", attempt)

    def recovered(self, attempt: Attempt, failures: int) -> None:
        self._record(attempt, SUCCESS, f"after {failures} failed")

    def _record(
        self, attempt: Attempt, status: str, detail: str, *, is_checked: bool = True
    ) -> bool:
        deed = Deed(
            operation=SIGN_IN,
            target=attempt.address or UNIX,
            user_id=_name(attempt.user),
            status=status,
            detail=f"by {attempt.by}: {detail}",
            source=f"{attempt.network}, sign-in {status.lower()}",
            is_known=is_checked,
        )
        return self._audit.record(deed)

    def _warn(self, text: str, attempt: Attempt) -> None:
        user, address = _name(attempt.user), attempt.address or UNIX
        self._log.warn(text, user=user, address=address)


def _name(user: str) -> str:
    return shortened(one_line(user), _NAME)
