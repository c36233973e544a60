"""The way of one request: function, result, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from clace.gotemplate import text_of
from clace.host.ace import PluginResponse, plain
from clace.host.advice import advised, handler_advice
from clace.host.definition import NO_FUNCTION
from clace.host.faults import AppFault, ImpossibleCall
from clace.host.program import AppProgram
from clace.host.requests.answers import (
    STREAM_END,
    VARY,
    AppReply,
    PlainResult,
    Redirect,
    ResponseArguments,
    Result,
    StreamOf,
    data_reply,
    json_body,
    own_referer,
    page_reply,
    redirect_reply,
    result_of,
)
from clace.host.requests.exchange import HandlerExchange
from clace.host.requests.fields import RequestFields, is_htmx, is_partial, template_record
from clace.host.requests.pages import RAW, Pages
from clace.host.requests.routing import HandlerTarget
from clace.model import AppRequest
from clace.starlark import Failure, Struct

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_INDEX = "index.go.html"
_NO_ARGUMENTS = "_no_args"


class Answering:
    """Answers one request; used once."""

    __slots__ = (
        "_definition",
        "_exchange",
        "_fields",
        "_handled",
        "_pages",
        "_program",
        "_request",
    )

    def __init__(
        self,
        program: AppProgram,
        pages: Pages,
        exchange: HandlerExchange,
        request: AppRequest,
        fields: RequestFields,
    ) -> None:
        self._program = program
        self._definition = program.definition
        self._pages = pages
        self._exchange = exchange
        self._request = request
        self._fields = fields
        self._handled: AppFault | None = None

    @property
    def handled(self) -> AppFault | None:
        """The failure that the app's error handler was called for, if it was."""
        return self._handled

    def reply(self, target: HandlerTarget) -> AppReply:
        """Return the app's answer.

        :raises AppFault: if the app failed.
        """
        result = self._result(target)
        try:
            return self._shown(target, result)
        except AppFault as fault:
            if target.handler == NO_FUNCTION:
                raise
            raise self._of_handler(fault, target.handler) from None

    def _result(self, target: HandlerTarget) -> Result:
        if target.handler == NO_FUNCTION:
            return PlainResult({})
        try:
            return self._called(target, target.handler)
        except AppFault as fault:
            if self._definition.error_handler == NO_FUNCTION or fault.code != "app_failed":
                raise
            self._handled = fault
            return self._called(target, self._definition.error_handler, {"error": fault.message})

    def _called(self, target: HandlerTarget, function: int, *more: dict[str, str]) -> Result:
        """Return the function's result; an error of a plugin that it ignored is a fault."""
        bare = self._definition.functions[function].endswith(_NO_ARGUMENTS)
        arguments: tuple[Any, ...] = () if bare else (Struct.over(self._fields), *more)
        failed = True
        try:
            value = self._program.call(function, arguments, self._exchange)
            result = result_of(value, as_json=target.type == "JSON")
            failed = False
        except Failure as failure:
            raise self._of_handler(AppFault(failure.message), function) from None
        except AppFault as fault:
            raise self._of_handler(fault, function) from None
        finally:
            self._close(failed=failed)
        return result

    def _of_handler(self, fault: AppFault, function: int) -> AppFault:
        """The fault at the place of the handler, if it has no place of its own."""
        if fault.place.file:
            return fault
        message = advised(fault.message, handler_advice(fault.message))
        return AppFault(message, self._program.place(function), fault.code)

    def _close(self, *, failed: bool) -> None:
        try:
            self._exchange.close(failed=failed)
        except ImpossibleCall as refusal:
            raise AppFault(str(refusal), refusal.place) from None

    def _shown(self, target: HandlerTarget, result: Result) -> AppReply:
        if type(result) is PlainResult:  # isinstance looks long at values of msgspec's
            if target.type == "HTML":
                return self._page(target, result.data)
            return data_reply(target.type, result.data)
        if isinstance(result, Redirect):
            return redirect_reply(result)
        if isinstance(result, StreamOf):
            return self._stream(target, result.response)
        assert isinstance(result, ResponseArguments)
        return self._response(target, result)

    def _response(self, target: HandlerTarget, response: ResponseArguments) -> AppReply:
        kind = response.type or target.type
        if kind != "HTML":
            return data_reply(kind, response.data, response.code, response.headers)
        if response.redirect and not self._finds(target, response.block):
            return page_reply("", response.code, response.headers)
        if not response.block:
            raise AppFault(
                "Error handling response: block not defined in response and type is not json/text"
            )
        record = self._record(response.data)
        if self._pages.structured and not self._pages.has(response.block):
            text = self._render(target.full or _INDEX, record, response.block)
        else:
            text = self._render(response.block, record)
        return page_reply(text, response.code, response.headers)

    def _finds(self, target: HandlerTarget, block: str) -> bool:
        """Return true if a response can show the block."""
        pages, full = self._pages, target.full or _INDEX
        return bool(block) and (pages.has(block) or pages.has(full, block))

    def _page(self, target: HandlerTarget, data: Any) -> AppReply:
        if target.partial and is_partial(self._request):
            return page_reply(self._render(target.full, self._record(data), target.partial))
        if target.partial and self._request.method not in _SAFE and not is_htmx(self._request):
            referer = self._request.headers.get("Referer", [""])[0]
            back = own_referer(referer, self._request.scheme, self._request.host)
            if back:
                return redirect_reply(Redirect(back))
        return page_reply(self._render(target.full, self._record(data)))

    def _record(self, data: Any) -> Any:
        try:
            return template_record(self._fields, data)
        except TypeError as error:
            what = "the handler put something else than lists of strings into its request"
            raise AppFault(f"{what}: {error}") from None

    def _render(self, name: str, record: Any, block: str = "") -> str:
        return self._pages.render(name, record, self._exchange.seconds_left, block)

    def _stream(self, target: HandlerTarget, response: PluginResponse) -> AppReply:
        """The head goes out with the first item, so that a producer that fails at once is a 500."""
        items = self._flowing(response)
        first = list(_first(items))
        show, end, content_type = self._item(target)
        body = chain((show(item).encode() for item in chain(first, items)), end)
        return AppReply(200, (("Content-Type", content_type), *VARY), body)

    def _flowing(self, response: PluginResponse) -> Iterator[Any]:
        """The items as plain values; each has the time of a request.

        :raises AppFault: if the producer failed.
        """
        try:
            for item in response.iterate():
                self._exchange.more_time()
                yield plain(item)
        except Failure as failure:
            raise AppFault(failure.message) from None

    def _item(self, target: HandlerTarget) -> tuple[Callable[[Any], str], tuple[bytes, ...], str]:
        """Return the way to show an item, the end of the stream, and the content type."""
        if target.type == "JSON":
            return lambda item: json_body(item).decode(), (), "application/json"
        if target.type == "TEXT":
            return lambda item: f"{text_of(item)}\n", (), "text/plain; charset=utf-8"
        name = target.partial if target.partial and is_partial(self._request) else target.full
        return self._markup(target, name), (STREAM_END.encode(),), "text/html; charset=utf-8"

    def _markup(self, target: HandlerTarget, name: str) -> Callable[[Any], str]:
        if name in RAW:
            return text_of
        if name == target.full:
            return lambda item: self._render(name, self._record(item))
        return lambda item: self._render(target.full, self._record(item), name)


def _first(items: Iterator[Any]) -> Iterator[Any]:
    for item in items:
        yield item
        return
