"""Calls of webhooks over HTTP: proved, taken, and answered before the work is done."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from math import ceil
from typing import IO, Any

import msgspec

from clace.admin_api import APP_KINDS, Refusal, WebhookKind, target_parameter
from clace.errors import BadRequest, ClaceError, InvalidPath, NoSuchRoute, NotAuthenticated
from clace.interfaces import (
    AcceptedDelivery,
    IDeliveries,
    IInstalledApps,
    IWebhookProofs,
    StoredDelivery,
    WebhookCall,
    WebhookProof,
)
from clace.model import NO_ROUTE, AppPath, AppResponse, Push, read_push
from clace.threads import InThread
from clace.web.login import OurRequest, Step
from clace.web.statuses import status_of

STATUS = "/_clace_webhook/status/"
_EVENTS = ("x-github-event", "x-gitea-event", "x-forgejo-event", "x-gogs-event", "x-gitlab-event")
_IDS = (
    *("x-github-delivery", "x-gitea-delivery", "x-forgejo-delivery", "x-gogs-delivery"),
    *("idempotency-key", "x-gitlab-event-uuid"),
)
_SHOWN = 200
_JSON = ("Content-Type", "application/json")
_NO_STORE = ("Cache-Control", "no-store")
Presented = Callable[[Callable[[str], str | None]], WebhookProof]


class WebhookSteps:
    """Serves the rows of webhooks. Nothing of an answer tells if an app or webhook is there before
    the proof is right.
    """

    def __init__(
        self,
        presented: Presented,
        proofs: IWebhookProofs,
        deliveries: IDeliveries,
        installed: IInstalledApps,
        in_thread: InThread,
        unique: Callable[[], str],
    ) -> None:
        self._presented = presented
        self._proofs = proofs
        self._deliveries = deliveries
        self._installed = installed
        self._in_thread = in_thread
        self._unique = unique

    def steps(self) -> dict[str, Step]:
        """Return the steps by the names that the table has for them."""
        return {"webhook": self._answered(self._call), "webhook_status": self._answered(self._show)}

    async def _call(self, asked: OurRequest) -> AppResponse:
        call = self._called(asked)
        proof = self._presented(asked.head.header)
        # What a token proves is known before anything is read.
        body = None if proof.token else await asked.body()
        webhook = await self._proofs.prove(call, proof, body)
        content = body or await asked.body()
        push, digest = await self._in_thread(partial(_read, asked, content))
        fingerprint = f"body {digest}" if proof.signature else self._delivery_id(asked)
        accepted = await self._deliveries.accept(webhook, push, fingerprint)
        return _taken(accepted)

    async def _show(self, asked: OurRequest) -> AppResponse:
        return _json(HTTPStatus.OK, _shown(await self._deliveries.found(asked.way)))

    def _called(self, asked: OurRequest) -> WebhookCall:
        """Return the call, of a target that may be missing.

        :raises NoSuchRoute: if no webhook is of this kind.
        :raises BadRequest: if it names no target.
        """
        kind = asked.way
        if kind not in {*APP_KINDS, WebhookKind.SYNC}:
            raise NoSuchRoute(NO_ROUTE)
        name = target_parameter(kind)
        target = asked.parameters.get(name, "")
        if not target:
            raise BadRequest(f"{name} is required")
        found = target if kind == WebhookKind.SYNC else self._app_id(target)
        address = asked.head.address
        return WebhookCall(kind=kind, target=found, shown=target[:_SHOWN], address=address)

    def _app_id(self, path: str) -> str:
        """Return the id of the production app at a path; an empty text if it is missing."""
        try:
            app = self._installed.at(AppPath.parse(path))
        except InvalidPath:
            return ""
        return app.id if app and not app.main_app else ""

    def _delivery_id(self, asked: OurRequest) -> str:
        """Return the id that a host gave its delivery; without one, one that never comes again."""
        given = next(filter(None, map(asked.head.header, _IDS)), "")
        return f"id {given[:_SHOWN]}" if given else f"once {self._unique()}"

    def _answered(self, step: Step) -> Step:
        """Have refusals answered as JSON."""

        async def answered(asked: OurRequest) -> AppResponse:
            try:
                return await step(asked)
            except ClaceError as error:
                status = status_of(type(error))
                if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise
                return _refused(status, error)

        return answered


def _read(asked: OurRequest, body: IO[bytes]) -> tuple[Push, str]:
    try:
        body.seek(0)
        content = body.read()
    except ValueError:
        raise BadRequest("the client has left") from None
    event = next(filter(None, map(asked.head.header, _EVENTS)), "")
    push = read_push(event, asked.head.header("content-type") or "", content)
    return push, hashlib.sha256(content).hexdigest()


def _taken(accepted: AcceptedDelivery) -> AppResponse:
    delivery = accepted.delivery
    is_done = delivery.finish_time is not None or accepted.is_repeated
    status = HTTPStatus.OK if is_done else HTTPStatus.ACCEPTED
    told = _shown(delivery) | {"status_url": STATUS + delivery.id}
    if accepted.is_repeated:
        told["is_repeated"] = True
    return _json(status, told, ("Location", STATUS + delivery.id))


def _shown(delivery: StoredDelivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "state": delivery.state,
        "detail": delivery.detail,
        "receive_time": delivery.receive_time,
        "finish_time": delivery.finish_time,
    }


def _refused(status: int, error: ClaceError) -> AppResponse:
    wait = ceil(error.retry_after)
    told = Refusal(message=error.message, code=status, error=error.code, retry_after=wait)
    more = [("Retry-After", str(wait))] if wait else []
    if isinstance(error, NotAuthenticated):
        more.append(("WWW-Authenticate", error.scheme))
    return _json(status, told, *more)


def _json(status: int, told: object, *headers: tuple[str, str]) -> AppResponse:
    body = msgspec.json.encode(told) + b"\n"
    return AppResponse(status=status, headers=(_JSON, _NO_STORE, *headers), body=body)
