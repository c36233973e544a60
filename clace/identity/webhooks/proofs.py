"""The gate of webhooks: unknown ones cost the same work and are refused in the same words."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO

from twisted.logger import Logger
from zope.interface import implementer

from clace.admin_api import BEARER, HMAC
from clace.credentials import HOOK_PREFIX
from clace.errors import BadRequest, NotAuthenticated, SecretFailed
from clace.identity.passwords import Attempt, SignIns
from clace.identity.tokens import digest_of, make_token
from clace.identity.webhooks.calls import CallQuota
from clace.interfaces import (
    IWebhookProofs,
    IWebhookRows,
    MadeProof,
    Sealing,
    StoredWebhook,
    WebhookCall,
    WebhookProof,
)
from clace.threads import InThread

_PIECE = 1 << 16
_WRONG = {BEARER: "Invalid bearer token", HMAC: "invalid payload, signature match failed"}


def make_proof(
    proof: str, webhook_id: str, random: Callable[[int], bytes], sealing: Sealing
) -> MadeProof:
    """Make a token or a secret for signatures. Blocks.

    :raises SecretFailed: if a secret cannot be sealed.
    """
    text = make_token(random, HOOK_PREFIX)
    if proof == BEARER:
        return MadeProof(text=text, digest=digest_of(text))
    return MadeProof(text=text, sealed=sealing.seal(webhook_id, text.encode()))


@implementer(IWebhookProofs)
class WebhookProofs:
    """Checks tokens by their digests, and signatures by secrets that are opened for each call."""

    _log = Logger()

    def __init__(
        self,
        rows: IWebhookRows,
        in_thread: InThread,
        sign_ins: SignIns,
        sealing: Sealing,
        dummy_sealing: Sealing,
        random: Callable[[int], bytes],
        quota: CallQuota,
    ) -> None:
        """``dummy_sealing`` takes the part of ``sealing`` for webhooks that are not there."""
        self._rows = rows
        self._in_thread = in_thread
        self._sign_ins = sign_ins
        self._sealing = sealing
        self._random = random
        self._quota = quota
        self._dummy_sealing = dummy_sealing
        self._dummies = {
            proof: make_proof(proof, "", random, dummy_sealing) for proof in (BEARER, HMAC)
        }

    async def make(self, proof: str, webhook_id: str) -> MadeProof:
        work = partial(make_proof, proof, webhook_id, self._random, self._sealing)
        return await self._in_thread(work)

    async def prove(
        self, call: WebhookCall, proof: WebhookProof, body: IO[bytes] | None
    ) -> StoredWebhook:
        kind = BEARER if proof.token else HMAC
        name = f"webhook {call.kind} {call.shown}"
        self._sign_ins.admit(call.address, name)
        row = await self._in_thread(partial(self._rows.find, call.kind, call.target))
        digest = await self._in_thread(partial(_digest_of, body)) if kind == HMAC else b""
        attempt = Attempt(
            address=call.address,
            user=name,
            known=row is not None,
            digest=_attempted(call, proof, digest),
            by="webhook",
            wrong="wrong token or signature",
            unknown="unknown webhook",
        )

        async def verify() -> bool:
            return await self._in_thread(partial(self._is_right, row, proof, body))

        try:
            await self._sign_ins.attempt(attempt, verify)
        except NotAuthenticated:
            row = None
        if row is None:
            raise NotAuthenticated(_WRONG[kind], "Bearer")
        self._quota.take(row.id, call.address)
        return row

    def _is_right(
        self, row: StoredWebhook | None, proof: WebhookProof, body: IO[bytes] | None
    ) -> bool:
        kind = BEARER if proof.token else HMAC
        known = row if row is not None and row.proof == kind else None
        if kind == BEARER:
            kept = known.digest if known else self._dummies[BEARER].digest
            return hmac.compare_digest(kept, digest_of(proof.token)) and known is not None
        secret = self._secret(known)
        return hmac.compare_digest(_signed(secret, body), proof.signature) and known is not None

    def _secret(self, known: StoredWebhook | None) -> bytes:
        """Open the secret of a webhook, or another one that takes as long and signs nothing."""
        if known is not None:
            try:
                return self._sealing.unseal(known.id, known.sealed)
            except SecretFailed as error:
                # Its caller is told no more than one with a wrong secret.
                self._log.error(
                    "Webhook {id} cannot be called: {why}", id=known.id, why=error.message
                )
        return self._dummy_sealing.unseal("", self._dummies[HMAC].sealed)


def _signed(secret: bytes, body: IO[bytes] | None) -> str:
    mac = hmac.new(secret, digestmod=hashlib.sha256)
    for piece in _pieces(body):
        mac.update(piece)
    return mac.hexdigest()


def _digest_of(body: IO[bytes] | None) -> bytes:
    digest = hashlib.sha256()
    for piece in _pieces(body):
        digest.update(piece)
    return digest.digest()


def _pieces(body: IO[bytes] | None) -> Iterator[bytes]:
    """:raises BadRequest: if the body was closed meanwhile, for its client has left."""
    if body is None:
        return
    try:
        body.seek(0)
        while piece := body.read(_PIECE):
            yield piece
    except ValueError:
        raise BadRequest("the client has left") from None


def _attempted(call: WebhookCall, proof: WebhookProof, body: bytes) -> bytes:
    """Return one for equal calls with equal proofs."""
    text = f"{call.kind}\0{call.shown}\0{proof.token}\0{proof.signature}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass") + body).digest()
