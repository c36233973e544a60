"""Webhooks, as operators handle them."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from zope.interface import implementer

from clace.admin_api import (
    APP_KINDS,
    BEARER,
    HMAC,
    CreateWebhook,
    DeliveryShown,
    ListWebhooks,
    NamedWebhook,
    WebhookCreated,
    WebhookDeleted,
    WebhookKind,
    WebhookList,
    WebhookShown,
)
from clace.errors import BadRequest, NoSuchWebhook
from clace.interfaces import (
    Asking,
    IDeliveryRows,
    IWebhookOperations,
    IWebhookProofs,
    IWebhookRows,
    StoredDelivery,
    StoredWebhook,
)
from clace.model import App, Identity, read_globs
from clace.operations.makers import kept_identity
from clace.operations.rooms import OperationRooms
from clace.operations.sync_runs import SyncSurroundings

Urls = Callable[[str, str], str]
"""The URL of a webhook, by its kind and its app's path or sync's id."""
_PREFIX = "hook_"
_SHOWN = 10


class NewWebhook(Struct, frozen=True, kw_only=True):
    """A webhook to make, of an app or of a sync."""

    kind: str
    app_id: str | None = None
    sync_id: str | None = None
    auth: str
    branches: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    identity: Identity


class MadeWebhook(Struct, frozen=True):
    """The id of a new webhook, its token or secret, and whether it took the place of another."""

    id: str
    text: str
    is_replacement: bool

    def __repr__(self) -> str:
        return f"MadeWebhook({self.id!r})"


class WebhookMaking:
    """Makes webhooks; their tokens and secrets are told once."""

    def __init__(
        self,
        rows: IWebhookRows,
        proofs: IWebhookProofs,
        around: SyncSurroundings,
        unique: Callable[[], str],
        urls: Urls,
    ) -> None:
        self._rows = rows
        self._proofs = proofs
        self._around = around
        self._unique = unique
        self.url = urls

    async def make(self, new: NewWebhook) -> MadeWebhook:
        """Make and keep a webhook."""
        webhook_id = _PREFIX + self._unique()[:12]
        made = await self._proofs.make(new.auth, webhook_id)
        webhook = StoredWebhook(
            id=webhook_id,
            kind=new.kind,
            app_id=new.app_id,
            sync_id=new.sync_id,
            proof=new.auth,
            digest=made.digest,
            sealed=made.sealed,
            branches=new.branches,
            paths=new.paths,
            identity=kept_identity(new.identity),
            create_time=self._around.now(),
        )
        replaced = await self._around.ask(self._rows.put, webhook)
        return MadeWebhook(webhook_id, made.text, replaced)


class LastCalls:
    """The last calls of webhooks, and what came of them."""

    def __init__(
        self, rows: IWebhookRows, deliveries: IDeliveryRows, around: SyncSurroundings
    ) -> None:
        self._rows = rows
        self._deliveries = deliveries
        self._around = around

    async def of(self, webhook_id: str) -> tuple[DeliveryShown, ...]:
        """Return the last calls of a webhook, the newest first."""
        found = await self._around.ask(self._deliveries.of, webhook_id, _SHOWN)
        return tuple(map(delivery_shown, found))

    async def of_sync(self, sync_id: str) -> tuple[DeliveryShown, ...]:
        """Return the last calls of a sync's webhook; nothing without one."""
        webhook = await self._around.ask(self._rows.find, WebhookKind.SYNC, sync_id)
        return await self.of(webhook.id) if webhook else ()


@implementer(IWebhookOperations)
class WebhookOperations:
    """Operations on the webhooks of apps."""

    def __init__(
        self,
        rooms: OperationRooms,
        making: WebhookMaking,
        rows: IWebhookRows,
        calls: LastCalls,
        around: SyncSurroundings,
    ) -> None:
        self._rooms = rooms
        self._making = making
        self._rows = rows
        self._calls = calls
        self._around = around

    async def list_webhooks(self, query: ListWebhooks, request: Asking) -> WebhookList:
        main = await self._found(query.app_path, request)
        stored = await self._around.ask(self._rows.of_app, main.id)
        return WebhookList(tuple([await self._shown(main, one) for one in stored]))

    async def create_webhook(self, query: CreateWebhook, request: Asking) -> WebhookCreated:
        main = await self._found(query.app_path, request)
        check_kind(query.webhook_type)
        new = NewWebhook(
            kind=query.webhook_type,
            app_id=main.id,
            auth=checked_auth(query.auth),
            branches=read_globs(query.branches),
            paths=read_globs(query.paths),
            identity=request.identity,
        )
        url = self._making.url(new.kind, str(main.address))
        if query.dry_run:
            return WebhookCreated(dry_run=True, url=url, auth=new.auth)
        made = await self._making.make(new)
        before = (f"the {new.kind} webhook of before does not work any more",)
        warnings = before if made.is_replacement else ()
        return WebhookCreated(
            token=made.text, url=url, id=made.id, auth=new.auth, warnings=warnings
        )

    async def delete_webhook(self, query: NamedWebhook, request: Asking) -> WebhookDeleted:
        main = await self._found(query.app_path, request)
        check_kind(query.webhook_type)
        webhook = await self._around.ask(self._rows.find, query.webhook_type, main.id)
        if webhook is None:
            raise NoSuchWebhook(f"app {main} has no {query.webhook_type} webhook")
        if not query.dry_run:
            await self._around.ask(self._rows.delete, webhook.id)
        return WebhookDeleted(query.dry_run)

    async def _found(self, path: str, request: Asking) -> App:
        """Return the production app at a path.

        :raises BadRequest: if another kind of app is there.
        """
        main = (await self._rooms.catalogue(request)).found(path, request)
        if main.is_dev:
            raise BadRequest("token commands not supported for dev app")
        if main.main_app:
            raise BadRequest(f"app {main} is no production app, and only these have webhooks")
        return main

    async def _shown(self, main: App, webhook: StoredWebhook) -> WebhookShown:
        return WebhookShown(
            type=webhook.kind,
            url=self._making.url(webhook.kind, str(main.address)),
            id=webhook.id,
            auth=webhook.proof,
            branches=webhook.branches,
            paths=webhook.paths,
            user_id=webhook.identity.user_id,
            create_time=webhook.create_time,
            deliveries=await self._calls.of(webhook.id),
        )


def check_kind(kind: str) -> None:
    """:raises BadRequest: if apps have no webhooks of this kind."""
    if kind not in APP_KINDS:
        raise BadRequest(f"unknown webhook type {kind:.40}, expected {', '.join(APP_KINDS)}")


def checked_auth(auth: str) -> str:
    """Return the proof that a webhook is to take.

    :raises BadRequest: if it is unknown.
    """
    if auth not in {"", BEARER, HMAC}:
        raise BadRequest(f"unknown webhook auth {auth:.40}, expected {BEARER} or {HMAC}")
    return auth or BEARER


def delivery_shown(delivery: StoredDelivery) -> DeliveryShown:
    """Describe a delivery."""
    return DeliveryShown(
        id=delivery.id,
        state=delivery.state,
        detail=delivery.detail,
        receive_time=delivery.receive_time,
        finish_time=delivery.finish_time,
    )
