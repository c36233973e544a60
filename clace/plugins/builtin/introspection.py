"""``clace.in``, or ``openrun.in``: what the server knows of its apps, and of what was done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from attrs import frozen
from msgspec import Struct

from clace.interfaces import Caller, IAppStore, IAuditTrail
from clace.model import App, AppGlob, AppPath, AuditEvent, AuditFilter
from clace.plugins.builtin.app_rows import AppRows, row, written
from clace.plugins.kit import CallFailed, Function, Invocation, NoParameters, Plugin, shown
from clace.units import NANOSECONDS

NAMES = ("clace.in", "openrun.in")


@frozen
class IntrospectionSources:
    """Sources of introspection: the apps, their users and URLs, and recorded events.

    ``operations`` are those that the server itself records.
    """

    store: IAppStore
    trail: IAuditTrail
    may_use: Callable[[App, Caller], bool]
    url: Callable[[AppPath], str]
    seconds: Callable[[], float]
    default_auth: str = "system"
    operations: tuple[str, ...] = ()


class AppQuery(Struct, frozen=True):
    """The parameters of ``list_apps``: ``query`` is any part of name, address or source."""

    query: str = ""
    path: str = ""
    include_internal: bool = False


class ListAuditEvents(Struct, frozen=True):
    """The parameters of ``list_audit_events``: dates are days in UTC, both included."""

    app_glob: str = ""
    user_id: str = ""
    event_type: str = ""
    operation: str = ""
    target: str = ""
    status: str = ""
    start_date: str = ""
    end_date: str = ""
    rid: str = ""
    detail: str = ""
    limit: int = 50
    before_timestamp: int | str = ""


class Introspection:
    """The functions of ``clace.in``, which era 26 calls ``openrun.in``."""

    def __init__(self, insight: IntrospectionSources) -> None:
        self._insight = insight

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        functions = {
            "list_apps": Function(AppQuery, self.list_apps, is_read=True),
            "list_all_apps": Function(AppQuery, self.list_all_apps, is_read=True),
            "list_audit_events": Function(ListAuditEvents, self.list_audit_events, is_read=True),
            "list_operations": Function(NoParameters, self.list_operations, is_read=True),
        }
        return tuple(Plugin(name, functions) for name in NAMES)

    async def list_apps(self, invocation: Invocation, given: AppQuery) -> list[dict[str, Any]]:
        """The apps that match and that the user may use, oldest first."""
        caller = invocation.caller
        return await self._matching(given, lambda app: self._insight.may_use(app, caller))

    async def list_all_apps(self, _invocation: Invocation, given: AppQuery) -> list[dict[str, Any]]:
        """The apps that match, oldest first."""
        return await self._matching(given, lambda _app: True)

    async def list_audit_events(
        self, _invocation: Invocation, given: ListAuditEvents
    ) -> list[dict[str, str]]:
        """The newest events that match, newest first."""
        apps = {app.id: app for app in await self._insight.store.apps()}
        matching = _ids(apps.values(), given.app_glob) if given.app_glob else None
        events = await self._insight.trail.query(_filter(given, matching))
        return [_row(event, apps.get(event.app_id)) for event in events]

    async def list_operations(self, _invocation: Invocation, _given: NoParameters) -> list[str]:
        """List recorded operations and those the server would record, each once."""
        recorded = await self._insight.trail.operations()
        return list(dict.fromkeys((*recorded, *self._insight.operations)))

    async def _matching(
        self, given: AppQuery, may_be_told: Callable[[App], bool]
    ) -> list[dict[str, Any]]:
        """Return the rows of matching apps; twins go with their production app."""
        glob, part = AppGlob.parse(given.path), given.query.casefold()
        stored = await self._insight.store.apps()
        apps, now = AppRows.of(stored), datetime.fromtimestamp(self._insight.seconds(), UTC)
        return [
            row(app, apps, self._insight.url(app.address), self._insight.default_auth, now)
            for app in stored
            if (given.include_internal or not app.main_app)
            and glob.matches(apps.shown_at(app))
            and any(part in text.casefold() for text in _searched(app))
            and may_be_told(app)
        ]


def _searched(app: App) -> tuple[str, ...]:
    return app.metadata.name, str(app), app.source_url


def _ids(apps: Iterable[App], glob: str) -> frozenset[str]:
    pattern = AppGlob.parse(glob)
    return frozenset(app.id for app in apps if pattern.matches(app.address))


def _filter(given: ListAuditEvents, app_ids: frozenset[str] | None) -> AuditFilter:
    """:raises CallFailed: if a date or time is invalid."""
    start = _day("start_date", given.start_date)
    ends = [
        end
        for end in (_day("end_date", given.end_date, 1), _nanoseconds(given.before_timestamp))
        if end is not None
    ]
    return AuditFilter(
        app_ids=app_ids,
        user_id=given.user_id,
        event_type=given.event_type,
        operation=given.operation,
        target=given.target,
        status=given.status,
        rid=given.rid,
        detail=given.detail,
        start=start,
        end=min(ends, default=None),
        limit=given.limit,
    )


def _day(name: str, text: str, days: int = 0) -> int | None:
    """When a day begins, or that many days later, in nanoseconds since the epoch."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days)
    except (ValueError, OverflowError):
        raise CallFailed(f"{name} is {shown(text)}, expected YYYY-MM-DD") from None
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * NANOSECONDS


def _nanoseconds(given: int | str) -> int | None:
    if given == "":
        return None
    try:
        found = int(given)
    except ValueError:
        found = -1
    if not 0 <= found < 1 << 63:  # what the databases hold
        raise CallFailed(f"before_timestamp is {shown(str(given))}, expected nanoseconds")
    return found


def _row(event: AuditEvent, app: App | None) -> dict[str, str]:
    return {
        "rid": event.rid,
        "app_id": event.app_id,
        "app_name": app.metadata.name if app else event.app_id,
        "app_path": str(app) if app else "",
        "create_time_epoch": str(event.create_time),
        "create_time": written(datetime.fromtimestamp(event.create_time // NANOSECONDS, UTC)),
        "user_id": event.user_id,
        "event_type": event.event_type,
        "operation": event.operation,
        "target": event.target,
        "status": event.status,
        "detail": event.detail,
    }
