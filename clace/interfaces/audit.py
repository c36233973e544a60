"""The audit log: operations and requests, with who did them."""

from __future__ import annotations

from collections.abc import AsyncIterator

from zope.interface import Interface

from clace.model import AuditEntry, AuditEvent, AuditFilter, AuditHead, AuditVerification, Deed


class IAuditLog(Interface):
    """A log of deeds and their doers; writing never delays or fails what is recorded."""

    def record(event: AuditEvent) -> None:
        """Keep the event; it is stored soon."""


class IRationedAudit(Interface):
    """The audit log for events that strangers can cause as often as they like."""

    def record(event: AuditEvent, source: str, *, known: bool = False) -> bool:
        """Keep the event, unless its app and source had their share; return which.

        ``source`` names who caused it: the network of a stranger, or a ``known`` user, whose share
        no number of strangers uses up. Events left out are counted, and the count is recorded.
        """


class IAuditEvents(Interface):
    """The one maker of audit events, for all who have a deed to record."""

    def record(deed: Deed, rid: str = "") -> bool:
        """Record a deed at this moment; return false if its source has used up its share.

        ``rid`` joins it with other events of its request; without one it gets an id of its own.
        """


class IAuditTrail(Interface):
    """Access to recorded events."""

    async def query(wanted: AuditFilter) -> tuple[AuditEvent, ...]:
        """The newest events that pass, newest first.

        :raises StoreError: the database fails.
        """

    async def entries(wanted: AuditFilter) -> tuple[AuditEntry, ...]:
        """Return what ``query`` does, each with its number and hash.

        :raises StoreError: if the database fails.
        """

    def pages(wanted: AuditFilter) -> AsyncIterator[tuple[AuditEntry, ...]]:
        """Return all events that pass, oldest first, some at a time; ``limit`` is not obeyed.

        :raises StoreError: if the database fails.
        """

    async def operations() -> tuple[str, ...]:
        """The operations that were recorded, each once, sorted.

        :raises StoreError: the database fails.
        """


class IAuditChain(Interface):
    """The hash chain over recorded events."""

    async def verify(known: AuditHead | None) -> AuditVerification:
        """Walk the chain from its begin to its first fault, or its end.

        ``known`` is a head that somebody kept elsewhere; the log has to have it still.

        :raises SecretFailed: if the key of the chain cannot be read.
        :raises StoreError: if the database fails.
        """
