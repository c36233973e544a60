"""Calls of webhooks: answered at once, done in the background, and done again after a crash."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Collection
from datetime import timedelta

from msgspec.structs import replace
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from clace.errors import ClaceError, InternalError, NoSuchRoute, ServerStopping
from clace.interfaces import (
    AcceptedDelivery,
    IDeliveries,
    IDeliveryRows,
    IWebhookRows,
    StoredDelivery,
    StoredWebhook,
)
from clace.model import NO_ROUTE, Push
from clace.operations.sync_runs import SyncSurroundings
from clace.operations.webhook_filters import WINDOW, reason_to_ignore
from clace.operations.webhook_work import WebhookWork
from clace.text import one_line, shortened

KEPT = 200
REST = 5.0
"""The seconds between two works of a webhook: calls in them are done as one."""
_AT_ONCE = 4
_DETAIL = 1000
QUEUED, RUNNING, DONE, FAILED, IGNORED = "queued", "running", "done", "failed", "ignored"


@implementer(IDeliveries)
class Deliveries(Service):
    """Works for one call of a webhook at a time; calls during the work and the rest after it are
    done as one.
    """

    _log = Logger()

    def __init__(
        self,
        webhooks: IWebhookRows,
        rows: IDeliveryRows,
        work: WebhookWork,
        around: SyncSurroundings,
        unique: Callable[[], str],
    ) -> None:
        """``unique`` makes ids that nobody can guess: who knows one may see its state."""
        self.setName("deliveries")
        self._webhooks = webhooks
        self._rows = rows
        self._work = work
        self._around = around
        self._unique = unique
        self._waiting: OrderedDict[str, deque[str]] = OrderedDict()
        self._working: dict[str, Deferred[None]] = {}
        self._resting: dict[str, IDelayedCall] = {}
        self._resuming: Deferred[None] | None = None

    def startService(self) -> None:
        """Begin, with what was accepted before the last stop or crash and is not done."""
        super().startService()
        self._resuming = Deferred.fromCoroutine(self._resume())
        self._resuming.addErrback(self._not_resumed)

    def stopService(self) -> Deferred[None]:
        """Fires when no work is under way; what was not done is done after the next start."""
        super().stopService()
        for rest in self._resting.values():
            rest.cancel()
        self._resting.clear()
        works = list(self._working.values())
        if self._resuming is not None:
            works.append(self._resuming)
        for work in works:
            work.cancel()
        return DeferredList(works).addCallback(lambda _: None)

    async def accept(
        self, webhook: StoredWebhook, push: Push, fingerprint: str
    ) -> AcceptedDelivery:
        now = self._around.now()
        followed = await self._work.followed(webhook)
        reason = reason_to_ignore(webhook, push, followed, now.timestamp())
        delivery = StoredDelivery(
            id=self._unique(),
            webhook_id=webhook.id,
            fingerprint=fingerprint,
            state=IGNORED if reason else QUEUED,
            detail=reason,
            receive_time=now,
            finish_time=now if reason else None,
        )
        since = now - timedelta(seconds=WINDOW)
        before = await self._around.ask(self._rows.receive, delivery, KEPT, since)
        if before is not None:
            return await self._repeated(before, reason)
        if not reason:
            self._queue(delivery)
        return AcceptedDelivery(delivery)

    async def found(self, delivery_id: str) -> StoredDelivery:
        delivery = await self._around.ask(self._rows.find, delivery_id)
        if delivery is None:
            raise NoSuchRoute(NO_ROUTE)
        return delivery

    async def _repeated(self, before: StoredDelivery, reason: str) -> AcceptedDelivery:
        """Take a call that came before: nothing is done for it, unless it failed."""
        if before.state != FAILED or reason:
            return AcceptedDelivery(before, is_repeated=True)
        await self._around.ask(self._rows.settle, (before.id,), QUEUED, "", None)
        queued = replace(before, state=QUEUED, detail="", finish_time=None)
        self._queue(queued)
        return AcceptedDelivery(queued, is_repeated=True)

    async def _resume(self) -> None:
        for delivery in await self._around.ask(self._rows.unfinished):
            self._line_up(delivery)
        self._begin()

    def _queue(self, delivery: StoredDelivery) -> None:
        self._line_up(delivery)
        self._begin()

    def _line_up(self, delivery: StoredDelivery) -> None:
        # The rows of more are gone.
        waiting = self._waiting.setdefault(delivery.webhook_id, deque(maxlen=KEPT))
        waiting.append(delivery.id)

    def _begin(self) -> None:
        """Work for as many webhooks as may be at once."""
        for webhook_id in list(self._waiting):
            if len(self._working) >= _AT_ONCE or not self.running:
                return
            is_busy = webhook_id in self._working or webhook_id in self._resting
            if is_busy or webhook_id not in self._waiting:
                continue
            ids = tuple(self._waiting.pop(webhook_id))
            self._working[webhook_id] = Deferred()  # for work that ends at once
            work = Deferred.fromCoroutine(self._perform(webhook_id, ids))
            self._working[webhook_id] = work
            work.addBoth(self._worked, webhook_id)

    def _worked(self, failure: Failure | None, webhook_id: str) -> None:
        del self._working[webhook_id]
        if failure is not None and self.running:
            self._log.failure("Work of webhook {id}", failure, id=webhook_id)
        if self.running:
            rest = self._around.clock.callLater(REST, self._rested, webhook_id)
            self._resting[webhook_id] = rest
        self._begin()

    def _rested(self, webhook_id: str) -> None:
        del self._resting[webhook_id]
        self._begin()

    async def _perform(self, webhook_id: str, ids: Collection[str]) -> None:
        webhook = await self._around.ask(self._webhooks.named, webhook_id)
        if webhook is None:
            return  # it was deleted, and its deliveries with it
        await self._settle(ids, RUNNING)
        try:
            told = await self._work.perform(webhook)
        except (CancelledError, ServerStopping):
            return  # it is done after the next start
        except ClaceError as error:
            self._log.error("Webhook {id}: {why}", id=webhook_id, why=error.message)
            await self._settle(ids, FAILED, error.message)
        except Exception:  # noqa: BLE001 - the log has it, the delivery its number
            incident = self._around.new_id()
            self._log.failure("Webhook {id}, incident {number}", id=webhook_id, number=incident)
            await self._settle(ids, FAILED, InternalError.under(incident).message)
        else:
            await self._settle(ids, DONE, told)

    async def _settle(self, ids: Collection[str], state: str, detail: str = "") -> None:
        finished = None if state == RUNNING else self._around.now()
        text = shortened(one_line(detail), _DETAIL)
        await self._around.ask(self._rows.settle, ids, state, text, finished)

    def _not_resumed(self, failure: Failure) -> None:
        if self.running:
            self._log.failure("Deliveries of before the start are not done", failure)
