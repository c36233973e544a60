"""Refusals as the visitors of apps get them: what failed is told to those who may mend it."""

from __future__ import annotations

from http import HTTPStatus

from clace.errors import (
    AppBroken,
    AppBusy,
    AppTimedOut,
    ClaceError,
    LockedOut,
    NotAllowed,
    NotAuthenticated,
    SourceError,
)
from clace.model.failures import Fault
from clace.model.traffic import AppResponse
from clace.web.statuses import status_of

TEXT = ("Content-Type", "text/plain; charset=utf-8")
_PUBLIC = (AppBusy, AppTimedOut)


def status_for_visitors(error: ClaceError) -> int:
    """The status of an answer to a visitor, who is not at fault for the source of an app."""
    faulty = isinstance(error, AppBroken | SourceError)
    return HTTPStatus.INTERNAL_SERVER_ERROR if faulty else status_of(type(error))


def is_failure(error: ClaceError) -> bool:
    """Whether an operator has to know: the app or the server failed, or the app was refused."""
    failed = status_for_visitors(error) >= HTTPStatus.INTERNAL_SERVER_ERROR
    return failed or isinstance(error, NotAllowed)


def fault_of(error: ClaceError) -> Fault:
    """The error as it is logged."""
    return Fault(message=error.message, code=error.code, place=error.place, route=error.route)


def detail(fault: Fault) -> str:
    """The text with its place, for those who may know both."""
    if not fault.place or fault.place in fault.message:
        return fault.message
    return f"{fault.message} at {fault.place}"


def refusal(error: ClaceError, request_id: str, *, told: bool) -> AppResponse:
    """The answer that says what was refused; why an app failed, only to those who are ``told``."""
    headers = [TEXT]
    if isinstance(error, NotAuthenticated):
        headers.append(("WWW-Authenticate", 'Basic realm="clace", charset="UTF-8"'))
    if isinstance(error, LockedOut):
        headers.append(("Retry-After", str(max(1, round(error.retry_after)))))
    status = status_for_visitors(error)
    text = error.message
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        shown = told or isinstance(error, _PUBLIC)
        text = detail(fault_of(error)) if shown else "the app failed"
        text = f"{text}, request {request_id}"
    return AppResponse(status=status, headers=tuple(headers), body=text.encode())
