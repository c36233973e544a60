"""Rows of webhooks and deliveries in memory, and the proofs of the webhooks in them."""

import hashlib
from itertools import count

from msgspec.structs import replace
from zope.interface import implementer

from clace.errors import StoreError
from clace.identity.passwords import SignIns
from clace.identity.webhooks.calls import CallQuota
from clace.identity.webhooks.proofs import WebhookProofs
from clace.interfaces import IDeliveryRows, IWebhookRows
from clace.secrets.own_sealing import OwnSealing
from tests.identity.passwords.support import Told
from tests.support.threads import at_once


@implementer(IWebhookRows)
class MemoryWebhookRows:
    """Keeps what every row of webhooks promises; ``finds`` counts look-ups."""

    def __init__(self):
        self._rows = {}
        self.finds = 0

    def put(self, webhook):
        target = webhook.app_id or webhook.sync_id
        before = self.find(webhook.kind, target)
        if before is not None:
            del self._rows[before.id]
        if webhook.id in self._rows:
            raise StoreError("cannot keep a webhook")
        self._rows[webhook.id] = webhook
        return before is not None

    def find(self, kind, target):
        self.finds += 1
        for one in self._rows.values():
            if one.kind == kind and target in {one.app_id, one.sync_id}:
                return one
        return None

    def named(self, webhook_id):
        return self._rows.get(webhook_id)

    def of_app(self, app_id):
        found = (one for one in self._rows.values() if one.app_id == app_id)
        return tuple(sorted(found, key=lambda one: one.kind))

    def delete(self, webhook_id):
        return self._rows.pop(webhook_id, None) is not None


@implementer(IDeliveryRows)
class MemoryDeliveryRows:
    """Keeps what every row of deliveries promises."""

    def __init__(self):
        self._rows = {}

    def receive(self, delivery, most, since):
        kept = self.of(delivery.webhook_id, most - 1)
        for one in self.of(delivery.webhook_id, len(self._rows)):
            if one not in kept or one.receive_time < since:
                del self._rows[one.id]
        for one in self._rows.values():
            if (one.webhook_id, one.fingerprint) == (delivery.webhook_id, delivery.fingerprint):
                return one
        self._rows[delivery.id] = delivery
        return None

    def settle(self, ids, state, detail, finished):
        for delivery_id in self._rows.keys() & set(ids):
            self._rows[delivery_id] = replace(
                self._rows[delivery_id], state=state, detail=detail, finish_time=finished
            )

    def find(self, delivery_id):
        return self._rows.get(delivery_id)

    def of(self, webhook_id, most):
        found = [one for one in self._rows.values() if one.webhook_id == webhook_id]
        return tuple(sorted(found, key=lambda one: (one.receive_time, one.id), reverse=True)[:most])

    def unfinished(self):
        found = [one for one in self._rows.values() if one.state in {"queued", "running"}]
        return tuple(sorted(found, key=lambda one: (one.receive_time, one.id)))


class Counting:
    """A sealing that counts what it opens."""

    def __init__(self, sealing):
        self.opened = 0
        self._sealing = sealing

    def seal(self, name, value):
        return self._sealing.seal(name, value)

    def unseal(self, name, sealed):
        self.opened += 1
        return self._sealing.unseal(name, sealed)


def chance():
    """Random bytes that differ each time, and are the same in each run."""
    numbers = count()
    return lambda size: hashlib.sha512(str(next(numbers)).encode()).digest()[:size]


def make_proofs(rows, clock, witness=None):
    random = chance()
    ours = Counting(OwnSealing("webhooks", lambda: b"k" * 32, random))
    dummy = Counting(OwnSealing("webhooks", lambda: b"d" * 32, random))
    sign_ins = SignIns(clock, witness or Told())
    return WebhookProofs(rows, at_once, sign_ins, ours, dummy, random, CallQuota(clock))
