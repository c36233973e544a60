"""The record of sign-ins that failed: in the log and in the audit log, without passwords."""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger

from clace.identity.passwords.sign_ins import Attempt
from clace.interfaces import IRationedAudit
from clace.model.traffic import AuditEvent
from clace.networks import UNIX
from clace.text import one_line, shortened

OPERATION = "sign_in"
_NAME = 64
_NANOSECONDS = 1_000_000_000


class SignInTrail:
    """Witness sign-ins, each kind with a share of the audit log of its own for each network.

    Checks are slow, so what follows from one is recorded whatever else strangers do.
    """

    _log = Logger()

    def __init__(
        self, audit: IRationedAudit, seconds: Callable[[], float], new_id: Callable[[], str]
    ) -> None:
        self._audit = audit
        self._seconds = seconds
        self._new_id = new_id

    def failed(self, attempt: Attempt, reason: str) -> None:
        if self._record(attempt, "Failed", reason):
            self._warn("Sign-in of {user} from {address} failed", attempt)

    def unchecked(self, attempt: Attempt, reason: str) -> None:
        if self._record(attempt, "Refused", reason, is_checked=False):
            self._warn("Sign-in of {user} from {address} was refused unchecked", attempt)

    def locked(self, attempt: Attempt) -> None:
        if self._record(attempt, "Locked", "too many failed sign-ins"):
            self._warn("Sign-in of {user} from {address} is locked for a while", attempt)

    def recovered(self, attempt: Attempt, failures: int) -> None:
        self._record(attempt, "Success", f"after {failures} failed")

    def _record(
        self, attempt: Attempt, status: str, detail: str, *, is_checked: bool = True
    ) -> bool:
        event = AuditEvent(
            rid=self._new_id(),
            app_id="",
            create_time=int(self._seconds() * _NANOSECONDS),
            user_id=_name(attempt.user),
            event_type="system",
            operation=OPERATION,
            target=attempt.address or UNIX,
            status=status,
            detail=detail,
        )
        source = f"{attempt.network}, sign-in {status.lower()}"
        return self._audit.record(event, source, known=is_checked)

    def _warn(self, text: str, attempt: Attempt) -> None:
        user, address = _name(attempt.user), attempt.address or UNIX
        self._log.warn(text, user=user, address=address)


def _name(user: str) -> str:
    return shortened(one_line(user), _NAME)
