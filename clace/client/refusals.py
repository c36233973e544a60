"""An answer that is an error, as the error that the daemon raised."""

from __future__ import annotations

import msgspec

from clace import errors
from clace.admin_api import Refusal
from clace.errors import ClaceError, LockedOut, NoSuchRoute
from clace.model import NO_ROUTE

_MAX_TEXT = 500
# For answers that name no error of ours: a proxy's, or those of an older server.
_BY_STATUS: dict[int, type[ClaceError]] = {
    400: errors.BadRequest,
    401: errors.NotAuthenticated,
    403: errors.NotAllowed,
    404: errors.NoSuchRoute,
    405: errors.MethodNotAllowed,
    413: errors.TooLarge,
    429: errors.LockedOut,
}


def refusal(status: int, body: bytes) -> ClaceError:
    """The error that an answer with this status and body stands for."""
    try:
        told = msgspec.json.decode(body, type=Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        told = Refusal(_plain_text(body), status)
    return told_refusal(told, status)


def told_refusal(told: Refusal, status: int = 0) -> ClaceError:
    """The error that a server refused a request with."""
    message = told.message or f"status code {status or told.code}"
    kind = errors.BY_CODE.get(told.error) or _BY_STATUS.get(told.code, ClaceError)
    if issubclass(kind, LockedOut):
        return kind(message, retry_after=told.retry_after)
    if kind is NoSuchRoute and (not told.error or message == NO_ROUTE):
        message += " (is the admin API of this server open to TCP, security.admin_over_tcp?)"
    return kind(message)


def _plain_text(body: bytes) -> str:
    text = body.decode("utf-8", "replace").strip()
    # A page of HTML tells an operator less than the status does.
    return "" if text.startswith("<") else text[:_MAX_TEXT]
