"""The one table of refusals and their HTTP statuses."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import Any

from clace import errors

STATUSES: dict[type[errors.ClaceError], int] = {
    errors.BadRequest: HTTPStatus.BAD_REQUEST,
    errors.NotAuthenticated: HTTPStatus.UNAUTHORIZED,
    errors.SignInRefused: HTTPStatus.FORBIDDEN,
    errors.LinkUsed: HTTPStatus.GONE,
    errors.NotAllowed: HTTPStatus.FORBIDDEN,
    errors.NoSuchRoute: HTTPStatus.NOT_FOUND,
    errors.NoSuchApp: HTTPStatus.NOT_FOUND,
    errors.NoSuchLockout: HTTPStatus.NOT_FOUND,
    errors.NoSuchSession: HTTPStatus.NOT_FOUND,
    errors.NoSuchToken: HTTPStatus.NOT_FOUND,
    errors.NoSuchSync: HTTPStatus.NOT_FOUND,
    errors.NoSuchWebhook: HTTPStatus.NOT_FOUND,
    errors.NoSuchVersion: HTTPStatus.NOT_FOUND,
    errors.NoSuchFile: HTTPStatus.NOT_FOUND,
    errors.NoSuchSecret: HTTPStatus.NOT_FOUND,
    errors.NoSuchUser: HTTPStatus.NOT_FOUND,
    errors.MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    errors.AppExists: HTTPStatus.CONFLICT,
    errors.SecretExists: HTTPStatus.CONFLICT,
    errors.UserExists: HTTPStatus.CONFLICT,
    errors.SyncRunning: HTTPStatus.CONFLICT,
    errors.ChangedMeanwhile: HTTPStatus.CONFLICT,
    errors.NeedsApproval: HTTPStatus.CONFLICT,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.SourceError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.AppBroken: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.Misdirected: HTTPStatus.MISDIRECTED_REQUEST,
    errors.LockedOut: HTTPStatus.TOO_MANY_REQUESTS,
    errors.StoreError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.NoSpace: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.AppFailed: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.ProviderUnavailable: HTTPStatus.BAD_GATEWAY,
    errors.UpstreamFailed: HTTPStatus.BAD_GATEWAY,
    errors.UpstreamTimedOut: HTTPStatus.GATEWAY_TIMEOUT,
    errors.ServerStopping: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.AppBusy: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.AppTimedOut: HTTPStatus.GATEWAY_TIMEOUT,
    errors.ClaceError: HTTPStatus.INTERNAL_SERVER_ERROR,
}

PHRASES = {status.value: status.phrase.encode() for status in HTTPStatus}
"""The standard's words for a status."""


def status_of(kind: type[errors.ClaceError]) -> int:
    """The status of a refusal: its own, or that of what it is a kind of."""
    return _first(kind.__mro__)


@cache
def _first(kinds: tuple[Any, ...]) -> int:
    return next(int(STATUSES[kind]) for kind in kinds if kind in STATUSES)
