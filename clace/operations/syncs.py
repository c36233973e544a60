"""Syncs, as operators handle them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec.structs import asdict, replace
from zope.interface import implementer

from clace.admin_api import (
    BEARER,
    MOST_MINUTES,
    RELOADS,
    CreateSync,
    NamedSync,
    NewSync,
    Nothing,
    SyncCreated,
    SyncDeleted,
    SyncEntry,
    SyncList,
    SyncMetadata,
    SyncRan,
    WebhookKind,
)
from clace.errors import BadRequest, ClaceError, NoSuchSync
from clace.interfaces import Asking, ISyncOperations, ISyncRows, StoredSync
from clace.model import checked_globs
from clace.operations.creation import AppStamp
from clace.operations.makers import kept_identity
from clace.operations.sync_runs import SyncRuns, SyncSurroundings
from clace.operations.sync_schedule import SyncLimits, succeeded
from clace.operations.webhooks import LastCalls, NewWebhook, WebhookMaking

PREFIX = "cl_syn_"
SYNC_TARGET = "sync "


@implementer(ISyncOperations)
class SyncOperations:
    """Operations on syncs. A sync keeps who made it, and runs with what these may do then."""

    def __init__(
        self,
        runs: SyncRuns,
        rows: ISyncRows,
        around: SyncSurroundings,
        stamp: Callable[[], AppStamp],
        limits: SyncLimits,
        webhooks: WebhookMaking,
        calls: LastCalls,
    ) -> None:
        self._runs = runs
        self._rows = rows
        self._around = around
        self._stamp = stamp
        self._limits = limits
        self._webhooks = webhooks
        self._calls = calls
        self._owners: dict[str, str] = {}

    def find(self) -> None:
        """Know whose the syncs are. Blocks, and is for the time before the reactor runs."""
        self._owners = {sync.id: sync.identity.user_id for sync in self._rows.all()}

    def owner_of(self, target: str) -> str:
        """Return who made the sync of a target; an empty text if nobody is known to have."""
        return self._owners.get(target.removeprefix(SYNC_TARGET), "")

    async def create_sync(self, query: CreateSync, request: Asking) -> SyncCreated:
        request.check()
        metadata = self._metadata(query)
        identity = kept_identity(request.identity)
        unique, made = self._stamp()
        applied = await self._runs.apply(metadata, query.path, identity, dry_run=query.dry_run)
        sync_id = PREFIX + unique
        if metadata.webhook_auth:
            url = self._webhooks.url(WebhookKind.SYNC, sync_id)
            metadata = replace(metadata, webhook_url=url)
        new = StoredSync(
            id=sync_id,
            path=query.path,
            is_scheduled=query.scheduled,
            identity=identity,
            create_time=made,
            metadata=metadata,
        )
        outcome = succeeded(new, applied, made.timestamp(), self._around.random)
        new = replace(new, status=outcome.status, due=outcome.due)
        created = SyncCreated(
            dry_run=query.dry_run,
            schedule_minutes=metadata.schedule_frequency if query.scheduled else 0,
            sync_job_status=replace(outcome.status, next_execution_time=_moment(outcome.due)),
        )
        if query.dry_run:
            return created
        self._runs.record(new.id, identity, applied)
        secret = await self._kept(new)
        url = metadata.webhook_url
        return replace(created, id=new.id, webhook_url=url, webhook_secret=secret)

    async def _kept(self, new: StoredSync) -> str:
        """Keep a sync and its webhook, if it has one; return the token or secret of that."""
        await self._around.ask(self._rows.add, new)
        self._owners[new.id] = new.identity.user_id
        self._runs.look()
        if not new.metadata.webhook_auth:
            return ""
        hook = NewWebhook(
            kind=WebhookKind.SYNC,
            sync_id=new.id,
            auth=new.metadata.webhook_auth,
            paths=new.metadata.webhook_paths,
            identity=new.identity,
        )
        try:
            return (await self._webhooks.make(hook)).text
        except ClaceError:
            await self._around.ask(self._rows.delete, new.id)
            raise

    async def run_sync(self, query: NamedSync, request: Asking) -> SyncRan:
        request.check(SYNC_TARGET + query.id)
        if not query.dry_run:
            return SyncRan(**asdict(await self._runs.run(query.id)))
        sync = await self._runs.found(query.id)
        applied = await self._runs.apply(sync.metadata, sync.path, sync.identity, dry_run=True)
        now = self._around.clock.seconds()
        status = succeeded(sync, applied, now, self._around.random).status
        return SyncRan(dry_run=True, **asdict(status))

    async def delete_sync(self, query: NamedSync, request: Asking) -> SyncDeleted:
        request.check(SYNC_TARGET + query.id)
        await self._runs.found(query.id)
        if not query.dry_run:
            if not await self._around.ask(self._rows.delete, query.id):
                raise NoSuchSync(f"there is no sync {query.id}")
            self._owners.pop(query.id, None)
        return SyncDeleted(query.dry_run, query.id)

    async def list_syncs(self, _query: Nothing, request: Asking) -> SyncList:
        stored = await self._around.ask(self._rows.all)
        seen = [one for one in stored if request.may(SYNC_TARGET + one.id)]
        return SyncList(tuple([await self._shown(one) for one in seen]))

    async def _shown(self, sync: StoredSync) -> SyncEntry:
        entry = shown(sync, self._around.clock.seconds())
        if not sync.metadata.webhook_auth:
            return entry
        return replace(entry, deliveries=await self._calls.of_sync(sync.id))

    def _metadata(self, query: CreateSync) -> SyncMetadata:
        """Return the options of a new sync, whole.

        :raises BadRequest: if one of them cannot be used.
        """
        new: NewSync = query.body
        minutes = new.schedule_frequency or self._limits.minutes
        if not 0 < minutes <= MOST_MINUTES:
            raise BadRequest(f"invalid schedule_frequency {minutes}, expected 1 to {MOST_MINUTES}")
        if new.reload not in {"", *RELOADS}:
            raise BadRequest(f"invalid reload {new.reload!r:.40}, expected {', '.join(RELOADS)}")
        if new.webhook_url or new.webhook_secret:
            raise BadRequest("webhook_url and webhook_secret are chosen by the server")
        auth = new.webhook_auth or ("" if query.scheduled else BEARER)
        if new.webhook_paths and not auth:
            raise BadRequest("webhook_paths are for the pushes of a webhook; set webhook_auth")
        chosen = {
            "schedule_frequency": minutes,
            "webhook_auth": auth,
            "webhook_paths": checked_globs(new.webhook_paths),
        }
        return SyncMetadata(**asdict(new) | chosen)


def shown(sync: StoredSync, now: float) -> SyncEntry:
    """Describe a sync; one whose process died in a run is not shown as running."""
    status = replace(
        sync.status,
        next_execution_time=_moment(sync.due),
        running_since=sync.running_since if sync.lease > now else None,
    )
    return SyncEntry(
        id=sync.id,
        path=sync.path,
        is_scheduled=sync.is_scheduled,
        user_id=sync.identity.user_id,
        create_time=sync.create_time,
        metadata=sync.metadata,
        status=status,
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
