"""Webhooks: their rows, the proof of whoever calls one, and the work that a call begins."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import IO, Protocol

from msgspec import Struct
from zope.interface import Interface

from clace.model import Identity, Push


class StoredWebhook(Struct, frozen=True, kw_only=True):
    """A webhook of an app or of a sync. Of a bearer token ``digest`` is kept, of a secret for
    signatures ``sealed``; the other is empty.
    """

    id: str
    kind: str
    app_id: str | None = None
    sync_id: str | None = None
    proof: str
    digest: str = ""
    sealed: bytes = b""
    branches: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    identity: Identity
    create_time: datetime


class StoredDelivery(Struct, frozen=True, kw_only=True):
    """A call of a webhook. No two of one webhook have the same ``fingerprint``."""

    id: str
    webhook_id: str
    fingerprint: str
    state: str
    detail: str = ""
    receive_time: datetime
    finish_time: datetime | None = None


class IWebhookRows(Interface):
    """The place of webhooks; whoever asks waits, so it is asked in threads.

    :raises StoreError: from every method, if the database fails.
    """

    def put(webhook: StoredWebhook) -> bool:
        """Keep one; return true if it took the place of the one of its app and kind, or sync."""

    def find(kind: str, target: str) -> StoredWebhook | None:
        """Return the one of a kind, of the app or sync of an id."""

    def named(webhook_id: str) -> StoredWebhook | None:
        """Return the one of this id."""

    def of_app(app_id: str) -> tuple[StoredWebhook, ...]:
        """Return those of an app in the order of their kinds."""

    def delete(webhook_id: str) -> bool:
        """Remove one with its deliveries; return false if it was not there."""


class IDeliveryRows(Interface):
    """The place of deliveries; it is asked as ``IWebhookRows`` is."""

    def receive(delivery: StoredDelivery, most: int, since: datetime) -> StoredDelivery | None:
        """Keep a new one, unless there is one of its fingerprint, which then is returned.

        Of its webhook the oldest go that are beyond ``most``, or older than ``since``.
        """

    def settle(ids: Collection[str], state: str, detail: str, finished: datetime | None) -> None:
        """Give some another state; what is gone stays gone."""

    def find(delivery_id: str) -> StoredDelivery | None:
        """Return the one of this id."""

    def of(webhook_id: str, most: int) -> tuple[StoredDelivery, ...]:
        """Return so many of a webhook, the newest first."""

    def unfinished() -> tuple[StoredDelivery, ...]:
        """Return those of all webhooks that are queued or running, the oldest first."""


class WebhookProof(Struct, frozen=True, kw_only=True):
    """A token, or the signature of a body in hex digits; the other is empty."""

    token: str = ""
    signature: str = ""

    def __repr__(self) -> str:
        return f"WebhookProof({'token' if self.token else 'signature'})"


class WebhookCall(Struct, frozen=True, kw_only=True):
    """A call of a webhook that is to be proved: ``target`` is an id, empty for an unknown one,
    and ``shown`` is it as the caller wrote it.
    """

    kind: str
    target: str
    shown: str
    address: str


class MadeProof(Struct, frozen=True, kw_only=True):
    """A new token or secret, and what is kept of it: a digest, or it sealed."""

    text: str
    digest: str = ""
    sealed: bytes = b""

    def __repr__(self) -> str:
        return "MadeProof()"


class IWebhookProofs(Interface):
    """The gate of webhooks."""

    async def make(proof: str, webhook_id: str) -> MadeProof:
        """Make a token, or a secret for signatures, that nobody can guess.

        :raises SecretFailed: if a secret cannot be sealed.
        """

    async def prove(
        call: WebhookCall, proof: WebhookProof, body: IO[bytes] | None
    ) -> StoredWebhook:
        """Return the webhook that is called. Without ``body``, a signature proves nothing.

        Unknown webhooks cost the same work, and are refused in the same words.

        :raises NotAuthenticated: if the token or signature is not that of the webhook.
        :raises LockedOut: if there were too many failures.
        :raises TooManyCalls: if it was called too often from there.
        """


class AcceptedDelivery(Struct, frozen=True):
    """A delivery that was taken, and whether it came before."""

    delivery: StoredDelivery
    is_repeated: bool = False


class IDeliveries(Interface):
    """The work that calls of webhooks begin."""

    async def accept(webhook: StoredWebhook, push: Push, fingerprint: str) -> AcceptedDelivery:
        """Take a call that was proved, and begin its work in the background."""

    async def found(delivery_id: str) -> StoredDelivery:
        """Return a delivery.

        :raises NoSuchRoute: if it is missing.
        """


class Sealing(Protocol):
    """Seals what is kept elsewhere. It blocks."""

    def seal(self, name: str, value: bytes) -> bytes:
        """Return the value encrypted; it opens under this name only.

        :raises SecretFailed: if no key can be used.
        """

    def unseal(self, name: str, sealed: bytes) -> bytes:
        """:raises SecretFailed: if it does not open."""
