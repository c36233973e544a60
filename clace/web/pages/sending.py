"""Sends an answer of the server's own."""

from __future__ import annotations

from twisted.web.http import Request

from clace.model import AppResponse
from clace.web.http1 import AnsweredAtOnce, answer, own_fields


def send(request: Request | AnsweredAtOnce, response: AppResponse) -> None:
    """Write the whole answer and finish the request."""
    assert isinstance(response.body, bytes)
    answer(request, response.status, own_fields(response.headers), response.body)
