"""Klein routes with ``async def`` handlers: values and errors in, JSON out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

import msgspec
from klein import Klein
from klein.resource import KleinResource
from msgspec import Struct
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.web.http import NO_BODY_CODES
from twisted.web.server import NOT_DONE_YET, Request
from werkzeug.routing import Map

from clace.admin_api import LINES, Refusal
from clace.errors import BadRequest, ClaceError
from clace.shielding import shielded
from clace.web.admin.matching import EndpointMatcher, NotThisMethod
from clace.web.error_table import ErrorTable
from clace.web.http1 import LARGEST_PIECE, PacedBody, write_whole

_SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS"})
_JSON = b"application/json"
_CHALLENGE = b'Clace realm="admin"'
log = Logger()


class Unanswered(Struct, frozen=True):
    """A result in place of an answer: the connection ends without a byte."""


class StreamedLines(Struct, frozen=True):
    """Results in place of one, some at a time; each becomes a line of JSON."""

    results: AsyncGenerator[tuple[Struct, ...], None]
    status: int = 200


class AdminRouter(Klein):
    """Routes to handlers ``(request, **parts_of_the_path)``, async or not, functions or methods.

    A handler's result is the body: bytes, text, nothing, or a struct that becomes JSON;
    ``Unanswered`` ends the connection, and ``StreamedLines`` are sent as they come. Its errors are
    answered as an ``ErrorTable`` says. A client that hangs up cancels the handler of a safe method
    and no other.
    """

    def __init__(self) -> None:
        super().__init__()
        # Redirects of werkzeug's own would be made from the Host that the client sent.
        self._url_map = Map(strict_slashes=False, merge_slashes=False, redirect_defaults=False)


class RouterResource(KleinResource):
    """The routes of a router as a resource.

    It does not render as Klein does: errors become JSON, changes outlive their client, and a small
    answer takes 75 us in place of 133, and leaves a seventh of the cyclic garbage.
    """

    def __init__(self, router: Klein, errors: ErrorTable) -> None:
        super().__init__(router)
        self._router = router
        self._errors = errors
        self._matcher = EndpointMatcher(router.url_map)

    def render(self, request: Request) -> int:  # type: ignore[override]  # it is what Site calls
        exchange = Deferred.fromCoroutine(self._exchange(request))
        if not exchange.called:
            request.notifyFinish().addErrback(lambda _gone: exchange.cancel())
        return NOT_DONE_YET

    async def _exchange(self, request: Request) -> None:
        try:
            result = await self._result(request)
            if isinstance(result, Unanswered):
                request.loseConnection()
                return
            if isinstance(result, StreamedLines):
                await _send_lines(request, result)
                return
            body = _encoded(request, result)
        except ClaceError as error:
            _refuse(request, self._errors.refusal(error))
        except CancelledError:
            if not _gone(request):
                _refuse(request, self._errors.incident())
        except Exception:  # noqa: BLE001 - everything else is answered, and logged whole
            _refuse(request, self._errors.incident())
        else:
            _finish(request, body)

    async def _result(self, request: Request) -> Any:
        endpoint, parts = self._match(request)
        result = self._router.execute_endpoint(endpoint, request, **parts)
        if not isinstance(result, Deferred):
            return result
        return await (result if request.method in _SAFE else shielded(result))

    def _match(self, request: Request) -> tuple[str, Mapping[str, Any]]:
        try:
            path = "/" + b"/".join(request.postpath or ()).decode()
            return self._matcher.find(path, request.method.decode("ascii"))
        except UnicodeDecodeError as error:
            raise BadRequest("the path is not UTF-8") from error
        except NotThisMethod as error:
            request.setHeader(b"Allow", error.allowed.encode())
            raise


def _encoded(request: Request, result: object) -> bytes:
    if isinstance(result, Struct):
        request.setHeader(b"Content-Type", _JSON)
        return msgspec.json.encode(result) + b"\n"
    if isinstance(result, str):
        _set_default(request, b"Content-Type", b"text/plain; charset=utf-8")
        return result.encode()
    if isinstance(result, bytes):
        _set_default(request, b"Content-Type", b"application/octet-stream")
        return result
    if result is None:
        return b""
    raise TypeError(f"a handler returned {type(result).__name__}")


def _refuse(request: Request, refusal: Refusal) -> None:
    if request.startedWriting:
        # A handler that fails in the middle of its answer: a cut is better than a wrong end.
        if not request.finished:
            request.loseConnection()
        return
    request.setResponseCode(refusal.code)
    if refusal.code == 401:  # noqa: PLR2004 - HTTP wants a challenge with it
        # Of no scheme that a browser knows: it would ask for the password, and remember it for
        # the pages of apps, which share its origin.
        _set_default(request, b"WWW-Authenticate", _CHALLENGE)
    if refusal.retry_after:
        request.setHeader(b"Retry-After", b"%d" % refusal.retry_after)
    _finish(request, _encoded(request, refusal))


def _finish(request: Request, body: bytes) -> None:
    """Send the body, unless nobody waits for it or the handler has sent an answer of its own."""
    if _gone(request) or request.finished:
        return
    if not request.startedWriting:
        request.setHeader(b"X-Content-Type-Options", b"nosniff")
        if request.code not in NO_BODY_CODES:
            request.setHeader(b"Content-Length", b"%d" % len(body))
    if len(body) <= LARGEST_PIECE or request.method == b"HEAD":
        request.write(body)
        request.finish()
    else:
        sending = Deferred.fromCoroutine(_send_large(request, body))
        sending.addErrback(lambda failure: log.failure("An answer broke off", failure))


async def _send_large(request: Request, body: bytes) -> None:
    await write_whole(request, body)
    if not _gone(request):
        request.finish()


async def _send_lines(request: Request, streamed: StreamedLines) -> None:
    """Send lines as they come, no faster than the client reads."""

    async def lines() -> AsyncGenerator[bytes, None]:
        async with aclosing(streamed.results) as given:
            async for results in given:
                if results:
                    yield b"".join(msgspec.json.encode(result) + b"\n" for result in results)

    request.setResponseCode(streamed.status)
    request.setHeader(b"Content-Type", LINES.encode())
    request.setHeader(b"X-Content-Type-Options", b"nosniff")
    try:
        # What was begun for a client that leaves is ended at once, and not when memory is tidied.
        async with aclosing(lines()) as sent:
            await PacedBody(request).send(sent)
    except CancelledError:
        raise
    except Exception:
        if not request.startedWriting:
            raise
        log.failure("An answer broke off")  # and its connection is cut
        return
    if not _gone(request):
        request.finish()


def _set_default(request: Request, name: bytes, value: bytes) -> None:
    if not request.responseHeaders.hasHeader(name):
        request.setHeader(name, value)


def _gone(request: Request) -> bool:
    return bool(request._disconnected)  # noqa: SLF001 - twisted.web has no other way to ask
