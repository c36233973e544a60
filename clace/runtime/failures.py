"""The log lines of failing apps, and the last failures of each app."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Any

from msgspec.structs import replace
from twisted.logger import Logger, LogLevel
from zope.interface import implementer

from clace.interfaces import IFailures
from clace.model import AppFailure
from clace.runtime.minute_quota import MinuteQuota

KEPT = 10
APPS = 1000
LINES = 60
_REFUSALS = frozenset({"not_allowed", "no_access", "plugin_refused", "app_busy"})


class _OfApp:
    """The failures of one app, and how many of them were not logged in this minute."""

    def __init__(self, clock: Any) -> None:
        self.lines = MinuteQuota(clock, LINES)
        self.kept: deque[AppFailure] = deque(maxlen=KEPT)
        self.unlogged = 0


@implementer(IFailures)
class AppFailures:
    """Logs at most ``LINES`` failures of an app in a minute; keeps ``KEPT`` of each app.

    Failures beyond the rate are counted, and the next line says how many they were.
    """

    _log = Logger()

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self._apps: OrderedDict[str, _OfApp] = OrderedDict()

    def record(self, failure: AppFailure) -> None:
        failure = replace(failure, fault=failure.fault.cut())
        found = self._of(failure.app_id)
        self._keep(found.kept, failure)
        if found.lines.take():
            self._write(failure, found)
        else:
            found.unlogged += 1

    def recent(self, app_id: str) -> tuple[AppFailure, ...]:
        found = self._apps.get(app_id)
        return tuple(reversed(found.kept)) if found else ()

    def _of(self, app_id: str) -> _OfApp:
        found = self._apps.setdefault(app_id, _OfApp(self._clock))
        self._apps.move_to_end(app_id)
        if len(self._apps) > APPS:
            self._apps.popitem(last=False)
        return found

    def _keep(self, kept: deque[AppFailure], failure: AppFailure) -> None:
        if kept and (kept[-1].version, kept[-1].fault) == (failure.version, failure.fault):
            failure = replace(failure, count=kept.pop().count + 1)
        kept.append(failure)

    def _write(self, failure: AppFailure, found: _OfApp) -> None:
        fault = failure.fault
        unlogged, found.unlogged = found.unlogged, 0
        self._log.emit(
            LogLevel.warn if fault.code in _REFUSALS else LogLevel.error,
            "{app} version {version} failed on {method} {route}: {reason}{log_where}"
            " (user {user}, request {request_id}){log_more}",
            app=failure.app,
            version=failure.version,
            method=failure.method,
            route=fault.route,
            reason=fault.message,
            log_where=f" at {fault.place}"
            if fault.place and fault.place not in fault.message
            else "",
            log_more=f"; {unlogged} failures before it were not logged" if unlogged else "",
            place=fault.place,
            code=fault.code,
            user=failure.user_id,
            request_id=failure.request_id,
        )
