"""The rooms of webhooks: their gate, the work that they begin, and the operations on them."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import partial
from urllib.parse import quote

from clace.admin_api import target_parameter
from clace.composition.data import Data
from clace.composition.syncs import Background
from clace.identity.webhooks import CallQuota, WebhookProofs, presented
from clace.interfaces import IVersionOperations
from clace.model import AppPath
from clace.operations import (
    Deliveries,
    LastCalls,
    OperationRooms,
    SyncRuns,
    WebhookMaking,
    WebhookOperations,
    WebhookWork,
)
from clace.secrets import OwnSealing
from clace.web import WebhookSteps

PURPOSE = "webhooks"
_ID_BYTES, _KEY_BYTES = 16, 32
AppUrls = Callable[[AppPath], tuple[str, str]]


class WebhookGate:
    """The proofs that webhooks take, and the making of webhooks."""

    def __init__(self, data: Data, background: Background, urls: AppUrls) -> None:
        self._callback_url = data.config.security.callback_url
        self._domain = data.config.system.default_domain
        self._urls = urls
        around = background.around
        dummy_key = secrets.token_bytes(_KEY_BYTES)
        key = partial(data.stored_secrets.own_key, PURPOSE)
        self.proofs = WebhookProofs(
            data.webhook_rows,
            around.in_thread,
            data.sign_ins,
            OwnSealing(PURPOSE, key, secrets.token_bytes),
            OwnSealing(PURPOSE, lambda: dummy_key, secrets.token_bytes),
            secrets.token_bytes,
            CallQuota(around.clock),
        )
        self.calls = LastCalls(data.webhook_rows, data.delivery_rows, around)
        self.making = WebhookMaking(data.webhook_rows, self.proofs, around, unique_id, self.url)

    def url(self, kind: str, target: str) -> str:
        """Return the URL of a webhook, by its kind and its app's path or sync's id."""
        base = self._callback_url
        if not base:
            plain, secure = self._urls(AppPath("/", self._domain))
            base = secure or plain
        called = f"{kind}?{target_parameter(kind)}={quote(target, safe='')}"
        return f"{base.rstrip('/')}/_clace_webhook/{called}"


class Webhooks:
    """URLs that git hosts call, of apps and of syncs."""

    def __init__(
        self,
        data: Data,
        rooms: OperationRooms,
        versions: IVersionOperations,
        background: Background,
        gate: WebhookGate,
        runs: SyncRuns,
    ) -> None:
        around = background.around
        work = WebhookWork(rooms, versions, runs, background.rights, around, data.events)
        self.deliveries = Deliveries(data.webhook_rows, data.delivery_rows, work, around, unique_id)
        self.operations = WebhookOperations(
            rooms, gate.making, data.webhook_rows, gate.calls, around
        )
        self.steps = WebhookSteps(
            presented,
            gate.proofs,
            self.deliveries,
            rooms.installed,
            around.in_thread,
            unique_id,
        ).steps()


def unique_id() -> str:
    """Return an id that nobody can guess."""
    return secrets.token_hex(_ID_BYTES)
