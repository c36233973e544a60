"""The record of what was done by the admin API: one event for each app that changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from clace.interfaces import IAuditLog
from clace.model.results import AppChange
from clace.model.traffic import AuditEvent
from clace.model.wording import permission_text
from clace.text import printable
from clace.web.routes import Route

_NANOSECONDS = 1_000_000_000
# A little less than the audit log keeps of a detail.
_LONGEST = 4000
_MOST = 20


class AdminAudit:
    """Records operations; those of one request have one ``rid``."""

    def __init__(
        self, log: IAuditLog, seconds: Callable[[], float], new_id: Callable[[], str]
    ) -> None:
        self._log = log
        self._seconds = seconds
        self._new_id = new_id

    def done(self, route: Route, user: str, query: Struct, result: Struct) -> None:
        """Record the changes of an operation, unless it only read.

        An operation that changed no app, or was a dry run, is one event about its subject.
        """
        if route.method == "GET":
            return
        rid = self._new_id()
        changes = () if _is_dry(query) else getattr(result, "changes", ())
        for change in changes:
            for detail in details(change):
                self._record(rid, route.operation, user, _about(change), detail)
        if not changes:
            self._record(rid, _operation(route, query), user, _target(query, result))

    def failed(
        self, route: Route, user: str, said: tuple[Struct, Struct | None], problem: str
    ) -> None:
        """Record an operation that was refused, with its reason, unless it would only read."""
        if route.method != "GET":
            operation, about = _operation(route, said[0]), _target(*said)
            self._record(self._new_id(), operation, user, about, problem, status="Failed")

    def _record(
        self,
        rid: str,
        operation: str,
        user: str,
        about: tuple[str, str],
        detail: str = "",
        *,
        status: str = "Success",
    ) -> None:
        app_id, target = about
        self._log.record(
            AuditEvent(
                rid=rid,
                app_id=app_id,
                create_time=int(self._seconds() * _NANOSECONDS),
                user_id=user,
                event_type="system",
                operation=operation,
                target=target,
                status=status,
                detail=detail,
            )
        )


def details(change: AppChange) -> Iterator[str]:
    """Describe a change in as many texts as the log needs to keep it whole."""
    whole = printable("; ".join(_parts(change)))
    pieces = [whole[start : start + _LONGEST] for start in range(0, len(whole), _LONGEST)]
    yield from (f"continued: {piece}" if at else piece for at, piece in enumerate(pieces[:_MOST]))
    if left := sum(map(len, pieces[_MOST:])):
        yield f"continued: {left} more characters"


def _parts(change: AppChange) -> Iterator[str]:
    yield f"{change.change}, version {change.version}"
    if change.change == "updated" and change.previous_version != change.version:
        yield f"was version {change.previous_version}"
    yield from (f"approved plugin {load}" for load in change.approved_loads)
    yield from (f"approved {permission_text(one)}" for one in change.approved_permissions)
    yield from (f"no longer approved plugin {load}" for load in change.dropped_loads)
    yield from (f"no longer approved {permission_text(one)}" for one in change.dropped_permissions)
    yield from (f"changed {what}" for what in change.changed)


def _operation(route: Route, query: Struct) -> str:
    return route.operation + ("_dryrun" if _is_dry(query) else "")


def _is_dry(query: Struct) -> bool:
    return bool(getattr(query, "dry_run", False))


def _about(change: AppChange) -> tuple[str, str]:
    return change.id, str(change.app_path_domain)


def _target(*said: Struct | None) -> tuple[str, str]:
    """Return the subject of an operation that a query, body or result names, without an id."""
    names = ("about", "app_path_glob", "name", "path")
    found = (str(getattr(one, name, "")) for one in said for name in names)
    return "", next(filter(None, found), "")
