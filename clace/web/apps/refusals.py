"""Refusals as the visitors of apps get them: what failed is told to those who may mend it."""

from __future__ import annotations

from http import HTTPStatus

from clace.errors import (
    AppBroken,
    AppBusy,
    AppStarting,
    AppTimedOut,
    ClaceError,
    InternalError,
    MethodNotAllowed,
    NoAccess,
    NoSuchApp,
    NoSuchRoute,
    NotAllowed,
    NotAuthenticated,
    ProgramFailed,
    SourceError,
    UpstreamFailed,
)
from clace.model import NO_ROUTE, NOT_FOUND, AppResponse, Fault
from clace.web.apps.request_audit import RequestAudit
from clace.web.pages import MediaType, Trouble, phrase, trouble_answer
from clace.web.statuses import status_of

CHALLENGES = {
    "Basic": ("WWW-Authenticate", 'Basic realm="clace", charset="UTF-8"'),
    "Bearer": ("WWW-Authenticate", 'Bearer realm="clace"'),
}
_WITH_LINES = (UpstreamFailed, AppBusy)
_PUBLIC = (AppBusy, AppTimedOut, InternalError)
_ERRORS, _FAILURES = int(HTTPStatus.BAD_REQUEST), int(HTTPStatus.INTERNAL_SERVER_ERROR)
_FAILED = "the app could not answer"
_BARE: dict[int, tuple[str, str]] = {
    HTTPStatus.NOT_FOUND: (NoSuchRoute.code, NO_ROUTE),
    HTTPStatus.METHOD_NOT_ALLOWED: (MethodNotAllowed.code, "405 method not allowed"),
}


def status_for_visitors(error: ClaceError) -> int:
    """The status of an answer to a visitor, who is not at fault for the source of an app."""
    if isinstance(error, ProgramFailed):
        return int(HTTPStatus.BAD_GATEWAY)
    faulty = isinstance(error, AppBroken | SourceError)
    return _FAILURES if faulty else status_of(type(error))


def is_failure(error: ClaceError) -> bool:
    """Tell whether an operator has to know: the app or the server failed, or refused a request."""
    failed = status_for_visitors(error) >= _FAILURES and not isinstance(error, AppStarting)
    return failed or isinstance(error, NotAllowed)


def fault_of(error: ClaceError) -> Fault:
    """The error as it is logged."""
    return Fault(message=error.message, code=error.code, place=error.place, route=error.route)


def refusal(error: ClaceError, audit: RequestAudit, media: MediaType) -> AppResponse:
    """The answer that says what was refused; why an app failed, only to those who may mend it."""
    status = status_for_visitors(error)
    failed = status >= _FAILURES
    public = not failed or isinstance(error, _PUBLIC)
    app = audit.app if audit.is_told else None
    wait = max(1, round(error.retry_after)) if error.retry_after else 0
    trouble = Trouble(
        status=status,
        code=error.code,
        message=error.message if public else _FAILED,
        detail=_detail(fault_of(error).cut()) if failed and app and not public else "",
        request_id=audit.request_id if failed and error.code != InternalError.code else "",
        app=str(app.main_address.production) if app else "",
        retry_after=wait,
        has_session=isinstance(error, NoAccess) and error.has_session,
        is_root=audit.is_root and isinstance(error, NoSuchApp),
        reloads=isinstance(error, AppStarting) and audit.is_read,
        lines=_lines(error, audit) if app else (),
    )
    scheme = error.scheme if isinstance(error, NotAuthenticated) else ""
    return trouble_answer(trouble, media, (CHALLENGES[scheme],) if scheme in CHALLENGES else ())


def _lines(error: ClaceError, audit: RequestAudit) -> tuple[str, ...]:
    """The last lines that the app's program wrote, or those of the last failures."""
    written = error.lines if isinstance(error, UpstreamFailed) else ()
    return written or (audit.last_lines() if isinstance(error, _WITH_LINES) else ())


def dressed(response: AppResponse, media: MediaType) -> AppResponse:
    """The answer, as a page if it is an error without a text of the app's own."""
    if media is MediaType.TEXT or not _is_bare(response):
        return response
    code, message = _BARE.get(response.status, ("", phrase(response.status)))
    others = tuple(header for header in response.headers if header[0].lower() != "content-type")
    return trouble_answer(
        Trouble(status=response.status, code=code, message=message), media, others
    )


def _is_bare(response: AppResponse) -> bool:
    if response.status < _ERRORS or not isinstance(response.body, bytes):
        return False
    names = {name.lower() for name, _ in response.headers}
    return response.body == NOT_FOUND or (not response.body and "content-type" not in names)


def _detail(fault: Fault) -> str:
    """The text with its place."""
    if not fault.place or fault.place in fault.message:
        return fault.message
    return f"{fault.message} at {fault.place}"
