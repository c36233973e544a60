"""Webhooks of apps: URLs that a git host calls, and the work that is done then."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from clace.admin_api.operation import Operation, Query, Right


class WebhookKind(StrEnum):
    """The work of a webhook."""

    RELOAD = "reload"
    RELOAD_PROMOTE = "reload_promote"
    PROMOTE = "promote"
    SYNC = "sync"


APP_KINDS = (WebhookKind.RELOAD, WebhookKind.RELOAD_PROMOTE, WebhookKind.PROMOTE)
"""The kinds of webhooks of apps; the other is of syncs."""
BEARER, HMAC = "bearer", "hmac"
"""The proofs that a webhook takes: a token in a header, or a signature of the body."""


def rights_of(kind: str) -> tuple[Right, ...]:
    """Return the rights on an app that the work of a kind needs."""
    reload = (Right.APP_RELOAD,) if kind in {"reload", "reload_promote"} else ()
    return (*reload, Right.APP_PROMOTE) if kind in {"promote", "reload_promote"} else reload


class DeliveryShown(Struct, frozen=True, kw_only=True):
    """A call of a webhook: ``state`` is queued, running, done, failed or ignored; ``detail`` says
    what was done, or why not.
    """

    id: str
    state: str
    detail: str = ""
    receive_time: datetime
    finish_time: datetime | None = None


class WebhookShown(Struct, frozen=True, kw_only=True):
    """A webhook with its last deliveries. ``token`` is empty: it is told when it is made."""

    type: str
    url: str
    token: str = ""
    id: str = ""
    auth: str = BEARER
    branches: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    user_id: str = ""
    create_time: datetime
    deliveries: tuple[DeliveryShown, ...] = ()


class ListWebhooks(Query, frozen=True):
    """The webhooks of one app."""

    app_path: str


class CreateWebhook(Query, frozen=True):
    """A webhook to make in the place of the one of its type.

    ``auth`` is ``bearer``, also if it is empty, or ``hmac``. ``branches`` and ``paths`` are globs
    with commas between; without ``branches`` the branch of the app counts, without ``paths`` any
    file.
    """

    app_path: str
    webhook_type: str
    dry_run: bool = False
    auth: str = ""
    branches: str = ""
    paths: str = ""

    @property
    def is_dry(self) -> bool:
        return self.dry_run

    @property
    def rights(self) -> tuple[Right, ...]:
        return rights_of(self.webhook_type)


class NamedWebhook(Query, frozen=True):
    """One webhook of an app, by its type."""

    app_path: str
    webhook_type: str
    dry_run: bool = False

    @property
    def is_dry(self) -> bool:
        return self.dry_run


class WebhookList(Struct, frozen=True):
    tokens: tuple[WebhookShown, ...] = ()


class WebhookCreated(Struct, frozen=True, kw_only=True):
    """The token, or the secret for signatures, which is told only here, and the URL to call."""

    dry_run: bool = False
    token: str = ""
    url: str = ""
    id: str = ""
    auth: str = BEARER
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"WebhookCreated({self.id!r})"


class WebhookDeleted(Struct, frozen=True):
    dry_run: bool


def target_parameter(kind: str) -> str:
    """Return the name of the parameter of a call's URL that says what is meant."""
    if kind == WebhookKind.SYNC:
        return "id"
    (name,) = (one.encode_name for one in LIST_WEBHOOKS.parameters)
    return name


def _target(query: CreateWebhook | NamedWebhook, _result: Struct | None) -> str:
    return f"{query.webhook_type} {query.app_path}"


LIST_WEBHOOKS = Operation(
    name="list_webhooks",
    method="GET",
    path="/app_webhook_token",
    summary="The webhooks of an app, with their last deliveries",
    right=Right.APP_TOKEN_READ,
    query=ListWebhooks,
    result=WebhookList,
)
CREATE_WEBHOOK = Operation(
    name="create_webhook",
    method="POST",
    path="/app_webhook_token",
    summary="Make a webhook of an app; it does what its maker may do when it is called",
    right=Right.APP_TOKEN_MANAGE,
    query=CreateWebhook,
    result=WebhookCreated,
    target=_target,
)
DELETE_WEBHOOK = Operation(
    name="delete_webhook",
    method="DELETE",
    path="/app_webhook_token",
    summary="End a webhook of an app",
    right=Right.APP_TOKEN_MANAGE,
    query=NamedWebhook,
    result=WebhookDeleted,
    target=_target,
)
OPERATIONS = (LIST_WEBHOOKS, CREATE_WEBHOOK, DELETE_WEBHOOK)
