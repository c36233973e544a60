"""Sends an answer of the server's own."""

from __future__ import annotations

from twisted.web.http import Request

from clace.model.traffic import AppResponse


def send(request: Request, answer: AppResponse) -> None:
    """Write the whole answer and finish the request."""
    assert isinstance(answer.body, bytes)
    request.setResponseCode(answer.status)
    for name, value in answer.headers:
        request.responseHeaders.addRawHeader(name, value)
    request.setHeader("x-content-type-options", "nosniff")
    request.setHeader("content-length", str(len(answer.body)))
    if request.method != b"HEAD":
        request.write(answer.body)
    request.finish()
