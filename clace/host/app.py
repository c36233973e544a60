"""An app in memory: its sources loaded, its requests answered. Knows nothing of processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import to_builtins
from msgspec.structs import replace

from clace.host.faults import AppFault, ImpossibleCall
from clace.host.params import PARAMS_FILE
from clace.host.program import AppProgram, app_place
from clace.host.requests import (
    AceCalls,
    Answering,
    AppContext,
    AppReply,
    DaemonCalls,
    DeadlinePassed,
    HandlerExchange,
    Pages,
    Slices,
    build_router,
    checked,
    own_slices,
    request_fields,
    text_reply,
)
from clace.host.review import AppReview
from clace.host.sandbox import with_lock
from clace.model import NO_ROUTE, AppRequest
from clace.wire import AppLoaded, LoadApp

_WHOLE = (bytes, str)


class HostedApp:
    """One loaded app; ``say`` gets what it prints while it loads.

    :raises AppFault: if it does not load.
    """

    def __init__(
        self, load: LoadApp, say: Callable[[str], None], slices: Slices | None = None
    ) -> None:
        self._dev = load.is_dev
        self._seconds = load.request_seconds
        try:
            self._slices = slices or own_slices()
            door = AceCalls(load.node_config, load.env, say)
            self._program = AppProgram(load, door, self._slices)
            self._router = build_router(self._program.definition)
        except AppFault as fault:
            raise (
                fault if fault.place.file else AppFault(fault.message, app_place(load), fault.code)
            ) from None
        definition = self._definition = with_lock(self._program.definition, load)
        self._pages = Pages(load, definition)
        review = AppReview(load, self._program.definition, self._pages, self._program.plugins)
        self._warnings = review.warnings
        for warning in self._warnings:
            say(warning)
        for name in sorted(load.params.keys() - {param.name for param in self._program.params}):
            say(f"param {name} has a value, but {PARAMS_FILE} does not declare it")
        self._around = AppContext(
            app_name=definition.name,
            app_path=load.app_path,
            is_dev=load.is_dev,
            push_events=definition.setting("routing", "push_events", False),
            htmx_version=definition.setting("htmx", "version", "2.0.4"),
        )

    @property
    def loaded(self) -> AppLoaded:
        """Return the facts of the app that the daemon needs."""
        definition = self._definition
        options = {
            "static_only": definition.static_only,
            "single_file": definition.single_file,
            "index": definition.index,
            "redirect_bare_path": definition.redirect_bare_path,
            "has_routes": bool(definition.routes or definition.proxies),
            "proxies": to_builtins(definition.proxies),
            "container": to_builtins(definition.container),
            "routes": self._router.table(),
            "push_events": self._around.push_events,
            "schema": to_builtins(self._program.schema),
            "params": to_builtins(self._program.params),
            "warnings": self._warnings,
        }
        demands = definition.demands(tuple(self._program.plugins))
        return AppLoaded(name=definition.name, demands=demands, options=options)

    def respond(self, request: AppRequest, daemon: DaemonCalls) -> AppReply:
        """The answer; a body in pieces asks the daemon for more while it is read.

        :raises AppFault: if the app failed on this request.
        """
        found = self._router.find(request.method, request.path)
        if found.target is None and found.allowed:
            return AppReply(405, (("Allow", ", ".join(found.allowed)),))
        if found.target is None:
            return text_reply(404, f"{NO_ROUTE}\n")
        exchange = HandlerExchange(daemon, self._seconds, self._slices)
        fields = request_fields(self._around, request, found.parameters)
        work = Answering(self._program, self._pages, exchange, request, fields)
        route = found.target.route
        self._slices.begin(exchange.deadline)
        try:
            reply = checked(work.reply(found.target))
        except AppFault as fault:
            raise self._routed(fault, route, work.handled) from None
        except DeadlinePassed:
            raise self._routed(self._late(), route, work.handled) from None
        finally:
            self._slices.end()
        if not isinstance(reply.body, _WHOLE):
            reply = replace(reply, body=self._pieces(reply.body, exchange, route))
        if work.handled is None:
            return reply
        return replace(reply, fault=self._routed(work.handled, route).as_sent)

    def _pieces(
        self, pieces: Iterator[bytes], exchange: HandlerExchange, route: str
    ) -> Iterator[bytes]:
        """The pieces of a body; each may take the time of a request, and its sending any.

        :raises AppFault: if the app fails while its answer is sent.
        """
        try:
            while True:
                self._slices.begin(exchange.deadline)
                try:
                    piece = next(pieces, None)
                finally:
                    self._slices.end()
                if piece is None:
                    return
                yield piece
        except AppFault as fault:
            raise self._routed(fault, route) from None
        except ImpossibleCall as refusal:
            raise AppFault(str(refusal), refusal.place, route=route) from None
        except DeadlinePassed:
            raise self._routed(self._late(), route) from None

    def _late(self) -> AppFault:
        late = f"the app did not answer within {self._seconds:g} seconds"
        return AppFault(late, code="app_timed_out")

    def _routed(self, fault: AppFault, route: str, before: AppFault | None = None) -> AppFault:
        """The fault with the route, and with the one ``before`` that led to it."""
        text = fault.traced() if self._dev else fault.message
        if before is not None:
            text = f"{text}, in the error handler, called for: {before.traced()}"
        return AppFault(text, fault.place, fault.code, route)
