"""The work of webhooks: reloads, promotions and syncs."""

from __future__ import annotations

from functools import partial

from twisted.internet.defer import CancelledError
from twisted.internet.task import deferLater
from twisted.logger import Logger

from clace.admin_api import (
    PROMOTE_APPS,
    RELOAD_APPS,
    Changing,
    PromoteApps,
    ReloadApps,
    WebhookKind,
)
from clace.errors import ClaceError, InternalError, NoSuchApp, SyncRunning
from clace.interfaces import IAuditEvents, IVersionOperations, StoredWebhook
from clace.locations import DEFAULT_BRANCH
from clace.model import FAILED, App, Deed, proof_of
from clace.operations.makers import MakerRights, again, change_deeds
from clace.operations.rooms import OperationRooms
from clace.operations.sync_runs import SyncRuns, SyncSurroundings
from clace.operations.webhook_filters import Followed

_BUSY_SECONDS, _BUSY_TRIES = 5.0, 120


class WebhookWork:
    """Does what webhooks are for, with the rights of their makers, and records it."""

    _log = Logger()

    def __init__(
        self,
        rooms: OperationRooms,
        versions: IVersionOperations,
        runs: SyncRuns,
        rights: MakerRights,
        around: SyncSurroundings,
        events: IAuditEvents,
    ) -> None:
        self._rooms = rooms
        self._versions = versions
        self._runs = runs
        self._rights = rights
        self._around = around
        self._events = events

    async def followed(self, webhook: StoredWebhook) -> Followed:
        """Return the branch that the source of a webhook follows.

        :raises NoSuchApp, NoSuchSync: if its app or sync is gone.
        """
        is_git = self._rooms.sources.is_git
        if webhook.sync_id is not None:
            sync = await self._runs.found(webhook.sync_id)
            branch = sync.metadata.git_branch or DEFAULT_BRANCH
            return Followed(branch) if is_git(sync.path) else Followed()
        main = await self._app(webhook)
        if not is_git(main.source_url):
            return Followed()
        staging = self._rooms.installed.staging_of(main) or main
        version = staging.metadata.version_metadata
        return Followed(version.git_branch, "" if version.git_branch else version.git_commit)

    async def perform(self, webhook: StoredWebhook) -> str:
        """Do the work of a webhook, and return in words what was done.

        :raises ClaceError: if it is refused; nothing was changed.
        """
        if webhook.sync_id is not None:
            return await self._sync(webhook.sync_id)
        main = await self._app(webhook)
        try:
            done, told = await again(partial(self._change, webhook, main))
        except CancelledError:
            raise
        except ClaceError as error:
            self._record_failure(webhook, main, error)
            raise
        except Exception as error:
            incident = self._around.new_id()
            self._log.failure("Webhook {id}, incident {number}", id=webhook.id, number=incident)
            fault = InternalError.under(incident)
            self._record_failure(webhook, main, fault)
            raise fault from error
        rid = self._around.new_id()
        deeds = change_deeds(_name(webhook), webhook.identity, _through(webhook), done.changes)
        for deed in deeds:
            self._events.record(deed, rid)
        return told

    async def _change(self, webhook: StoredWebhook, main: App) -> tuple[Changing, str]:
        path, request = str(main.address), self._rights.request
        if webhook.kind == WebhookKind.PROMOTE:
            promote = PromoteApps(path)
            asking = request(webhook.identity, PROMOTE_APPS, promote)
            done = await self._versions.promote_apps(promote, asking)
            return done, f"{len(done.promote_results)} app(s) promoted"
        reload = ReloadApps(path, promote=webhook.kind == WebhookKind.RELOAD_PROMOTE)
        asking = request(webhook.identity, RELOAD_APPS, reload)
        ran = await self._versions.reload_apps(reload, asking)
        told = (
            f"{len(ran.reload_results)} app(s) reloaded, {len(ran.skipped_results)} app(s) skipped,"
            f" {len(ran.promote_results)} app(s) promoted"
        )
        return ran, told

    async def _sync(self, sync_id: str) -> str:
        """Run a sync; a run that is under way may have begun before the push, so it is awaited."""
        tries = 0
        while True:
            try:
                status = await self._runs.run(sync_id)
            except SyncRunning:
                if tries >= _BUSY_TRIES:
                    raise
                tries += 1
                await deferLater(self._around.clock, _BUSY_SECONDS)
            else:
                return f"applied commit {status.commit_id}" if status.commit_id else "applied"

    async def _app(self, webhook: StoredWebhook) -> App:
        for app in await self._rooms.store.apps():
            if app.id == webhook.app_id:
                return app
        raise NoSuchApp("the app of the webhook is gone")

    def _record_failure(self, webhook: StoredWebhook, main: App, error: ClaceError) -> None:
        detail = (_through(webhook), proof_of(webhook.identity), error.message)
        self._events.record(
            Deed(
                operation=_name(webhook),
                target=str(main.address),
                user_id=webhook.identity.user_id,
                app_id=main.id,
                status=FAILED,
                detail="; ".join(filter(None, detail)),
            )
        )


def _name(webhook: StoredWebhook) -> str:
    return f"webhook_{webhook.kind}"


def _through(webhook: StoredWebhook) -> str:
    return f"webhook {webhook.id}"
