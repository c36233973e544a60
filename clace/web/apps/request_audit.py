"""The audit trail of requests: all that may change something."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from clace.errors import NotAllowed, PluginRefused
from clace.interfaces import HeaderPairs, IFailures, IRationedAudit
from clace.model import (
    ANONYMOUS,
    HTTP,
    NOBODY,
    App,
    AppFailure,
    AuditEvent,
    Deed,
    Fault,
    access_denied,
    event_of,
)
from clace.networks import network_of
from clace.text import shortened
from clace.web.http1 import DirectRequest

_READS = frozenset({b"GET", b"HEAD"})
_SAFE = _READS | {b"OPTIONS"}
_REDACTED = "<REDACTED>"
# Strangers choose both.
_LONGEST_HOST = 255
_LONGEST_PATH = 500
_SWITCHED = 101  # another protocol from here on, in which anything may be sent
_LINES = 10


class RequestAuditOptions(Struct, frozen=True, kw_only=True):
    """The requests to an app that the operator wants kept."""

    redact_url: bool = False
    skip: bool = False


class RequestAudit:
    """One request, from its start until its status is known.

    ``granted`` are headers for the app that forward auth gave.
    """

    address = ""
    user = ""
    identity = NOBODY
    granted: HeaderPairs = ()
    app: App | None = None
    options = RequestAuditOptions()
    is_told = False
    _has_ended = False

    def __init__(self, audits: RequestAudits, request: DirectRequest, request_id: str) -> None:
        self.request_id = request_id
        self._audits = audits
        self._request = request
        self._began = audits.seconds()

    @property
    def is_root(self) -> bool:
        """Tell whether the front page of a host is asked for."""
        return bool(self._request.path == b"/")

    @property
    def is_read(self) -> bool:
        """Tell whether the request may be made again as often as one likes."""
        return bool(self._request.method in _READS)

    def end(self, status: int) -> None:
        """Record a request that may have changed something, as one that changes the protocol may,
        and others if reads are recorded; what follows its first end is not recorded.

        Requests of nobody are not kept: anyone could fill the log with them.
        """
        if self._has_ended:
            return
        self._has_ended = True
        skipped = self.options.skip or not self.user
        method = self._request.method
        may_change = method not in _SAFE or status == _SWITCHED
        is_recorded = may_change or (self._audits.reads and method in _READS)
        if is_recorded and not skipped:
            known = self.user != ANONYMOUS
            source = f"user {self.user}" if known else network_of(self.address)
            self._audits.audit.record(self._event(status), source, known=known)

    def deny(self, error: NotAllowed) -> None:
        """Record a refusal of somebody who had been let in, with its reason.

        Who is not let in, and plugin calls that are refused, are recorded where that is decided.
        """
        if self.app is None or not self.user or isinstance(error, PluginRefused):
            return
        identity, now = self.identity, self._audits.seconds()
        deed = access_denied(
            identity, error.message, str(self.app), address=self.address, app_id=self.app.id
        )
        event = event_of(deed, now, self.request_id)
        self._audits.audit.record(event, deed.source, known=deed.is_known)

    def fail(self, fault: Fault) -> None:
        """Log a failure of the app and keep it among its last ones."""
        if self.app is None:
            return
        shown = _REDACTED if self.options.redact_url else self._request.path.decode("latin-1")
        self._audits.failures.record(
            AppFailure(
                time=self._audits.seconds(),
                app_id=self.app.id,
                app=str(self.app),
                version=self.app.metadata.version_metadata.version,
                fault=fault if fault.route else replace(fault, route=shown),
                method=self._request.method.decode("latin-1"),
                user_id=self.user,
                request_id=self.request_id,
            )
        )

    def last_lines(self) -> tuple[str, ...]:
        """Return a line for each of the app's last failures, newest first."""
        failures = self._audits.failures.recent(self.app.id) if self.app else ()
        return tuple(_line(failure) for failure in failures[:_LINES])

    def _event(self, status: int) -> AuditEvent:
        method = self._request.method.decode("latin-1")
        host = shortened(self._request.authority, _LONGEST_HOST)
        redact = self.options.redact_url
        path = shortened(self._request.path.decode("latin-1"), _LONGEST_PATH)
        path = _REDACTED if redact else path
        now = self._audits.seconds()
        token = self.identity.token_id
        by = f"; token {token}" if token else ""
        deed = Deed(
            operation=method,
            target=f"{host}:{path}",
            user_id=self.user,
            app_id=self.app.id if self.app else "",
            event_type=HTTP,
            status=str(status),
            detail=f"{method} {host} {path} {status} {round((now - self._began) * 1000)}{by}",
        )
        return event_of(deed, now, self.request_id)


class RequestAudits:
    """Begins the audit of each request."""

    def __init__(
        self,
        audit: IRationedAudit,
        failures: IFailures,
        seconds: Callable[[], float],
        new_id: Callable[[], str],
        *,
        reads: bool = False,
    ) -> None:
        """With ``reads`` requests that only read are recorded too."""
        self.audit = audit
        self.reads = reads
        self.failures = failures
        self.seconds = seconds
        self._new_id = new_id

    def begin(self, request: DirectRequest) -> RequestAudit:
        return RequestAudit(self, request, self._new_id())


def _line(failure: AppFailure) -> str:
    """A failure as one line: when, at what, why, and how often in a row."""
    at = datetime.fromtimestamp(failure.time, UTC).strftime("%H:%M:%S")
    times = f" ({failure.count} times)" if failure.count > 1 else ""
    return f"{at} {failure.method} {failure.fault.route} {failure.fault.message}{times}"
