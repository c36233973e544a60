"""The record of what was done by the admin API: one event for each app that changed."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from twisted.internet.interfaces import IAddress

from clace.admin_api import AppChange, Changing, Operation, Q, R, change_details
from clace.errors import ClaceError, NotAllowed
from clace.interfaces import IAuditEvents
from clace.model import FAILED, NOBODY, SUCCESS, Deed, Identity, access_denied, proof_of


class AdminAudit:
    """Records operations; those of one request have one ``rid``."""

    def __init__(
        self, audit: IAuditEvents, new_id: Callable[[], str], *, reads: bool = False
    ) -> None:
        """With ``reads`` operations that only read are recorded too."""
        self._audit = audit
        self._new_id = new_id
        self._reads = reads

    def done(self, operation: Operation[Q, R], by: Identity, query: Q, result: R) -> None:
        """Record the changes of an operation, unless it only reads.

        An operation that changed no app, or was a dry run, is one event about its target.
        """
        if operation.target is None:
            self.read(operation, by)
            return
        rid = self._new_id()
        changes = () if query.is_dry else _changes(result)
        for change in changes:
            for detail in change_details(change):
                self._record(rid, operation.name, by, _about(change), detail)
        if not changes:
            about = "", operation.target(query, result)
            problem = result.problem if isinstance(result, Changing) else ""
            status = FAILED if problem else SUCCESS
            name = _recorded_as(operation, query)
            self._record(rid, name, by, about, problem, status=status)

    def read(self, operation: Operation[Q, R], by: Identity) -> None:
        """Record an operation that only reads, if these are recorded."""
        if self._reads:
            self._record(self._new_id(), operation.name, by, ("", ""))

    def failed(self, operation: Operation[Q, R], by: Identity, query: Q, error: ClaceError) -> None:
        """Record an operation that was refused, with its reason.

        One that would only read is recorded if it was refused for want of a right.
        """
        denied = isinstance(error, NotAllowed)
        if operation.target is None and not (self._reads or denied):
            return
        about = "", operation.target(query, None) if operation.target else ""
        name = _recorded_as(operation, query)
        self._record(self._new_id(), name, by, about, error.message, status=FAILED)

    def turned_away(self, operation: Operation[Q, R], error: NotAllowed, peer: IAddress) -> None:
        """Record that a request was refused before it was known who asks."""
        address = getattr(peer, "host", "")
        self._audit.record(access_denied(NOBODY, error.message, operation.name, address=address))

    def _record(
        self,
        rid: str,
        operation: str,
        by: Identity,
        about: tuple[str, str],
        detail: str = "",
        *,
        status: str = SUCCESS,
    ) -> None:
        app_id, target = about
        self._audit.record(
            Deed(
                operation=operation,
                target=target,
                user_id=by.user_id,
                app_id=app_id,
                status=status,
                detail="; ".join(filter(None, (proof_of(by), detail))),
            ),
            rid,
        )


def _recorded_as(operation: Operation[Q, R], query: Q) -> str:
    return operation.name + ("_dryrun" if query.is_dry else "")


def _changes(result: Struct) -> tuple[AppChange, ...]:
    return result.changes if isinstance(result, Changing) else ()


def _about(change: AppChange) -> tuple[str, str]:
    return change.id, str(change.app_path_domain)
