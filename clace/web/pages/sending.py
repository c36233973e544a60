"""Sends an answer of the server's own."""

from __future__ import annotations

from twisted.web.http import Request

from clace.model.traffic import AppResponse
from clace.web.http1 import answering


def send(request: Request | answering.AnsweredAtOnce, answer: AppResponse) -> None:
    """Write the whole answer and finish the request."""
    assert isinstance(answer.body, bytes)
    fields = answering.own_fields(answer.headers)
    answering.answer(request, answer.status, fields, answer.body)
