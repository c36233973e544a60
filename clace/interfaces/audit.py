"""What was done, by whom."""

from __future__ import annotations

from zope.interface import Interface

from clace.model.audit_filter import AuditFilter
from clace.model.traffic import AuditEvent


class IAuditLog(Interface):
    """What was done, by whom; writing never delays or fails what is recorded."""

    def record(event: AuditEvent) -> None:
        """Keep the event; it is stored soon."""


class IAuditTrail(Interface):
    """What was recorded."""

    async def query(wanted: AuditFilter) -> tuple[AuditEvent, ...]:
        """The newest events that pass, newest first.

        :raises StoreError: the database fails.
        """

    async def operations() -> tuple[str, ...]:
        """The operations that were recorded, each once, sorted.

        :raises StoreError: the database fails.
        """
