"""The audit of client certificates, which have no page to sign in: those that come, and fail."""

from __future__ import annotations

from collections import OrderedDict

from msgspec.structs import replace
from twisted.internet.interfaces import IReactorTime

from clace.interfaces import IAuditEvents
from clace.model import Identity, deeds
from clace.text import one_line, shortened

QUIET_SECONDS = 3600
"""Seconds for which the same certificate is not recorded again, from the same address."""
_REMEMBERED = 1000
_LONGEST = 300


class CertificateTrail:
    """Records certificates: each request has one, so a good one at most once an hour."""

    def __init__(self, events: IAuditEvents, clock: IReactorTime) -> None:
        self._events = events
        self._clock = clock
        self._told: OrderedDict[tuple[str, str, str], float] = OrderedDict()

    def came(self, identity: Identity, address: str) -> None:
        """Record a user whose certificate is good, with its subject."""
        key = (identity.user_id, identity.subject, address)
        now = self._clock.seconds()
        if self._told.get(key, 0.0) > now:
            return
        self._told[key] = now + QUIET_SECONDS
        self._told.move_to_end(key)
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        deed = deeds.signed_in(identity, identity.user_id, address)
        subject = shortened(one_line(identity.subject), _LONGEST)
        self._events.record(replace(deed, detail=f"{deed.detail}, {subject}"))

    def refused(self, setting: str, address: str, reason: str) -> None:
        """Record a certificate that proves nothing."""
        self._events.record(deeds.sign_in_refused(setting, address, reason))
