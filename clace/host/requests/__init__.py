"""Requests in a host: read, routed to handlers, shown and answered."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.host.requests.answering import Answering as Answering
    from clace.host.requests.answers import (
        AppReply as AppReply,
        checked as checked,
        text_reply as text_reply,
    )
    from clace.host.requests.exchange import (
        AceCalls as AceCalls,
        DaemonCalls as DaemonCalls,
        HandlerExchange as HandlerExchange,
    )
    from clace.host.requests.fields import (
        AppContext as AppContext,
        request_fields as request_fields,
    )
    from clace.host.requests.line import DaemonLine as DaemonLine
    from clace.host.requests.pages import Pages as Pages, RAW as RAW, static_name as static_name
    from clace.host.requests.routing import (
        HandlerTarget as HandlerTarget,
        build_router as build_router,
        targets as targets,
    )
    from clace.host.requests.serving import Serving as Serving, failed as failed, head_of as head_of
    from clace.host.requests.slices import (
        DeadlinePassed as DeadlinePassed,
        Slices as Slices,
        own_slices as own_slices,
    )
else:
    __getattr__ = face(
        __name__,
        answering=("Answering",),
        answers=("AppReply", "checked", "text_reply"),
        exchange=("AceCalls", "DaemonCalls", "HandlerExchange"),
        fields=("AppContext", "request_fields"),
        line=("DaemonLine",),
        pages=("Pages", "RAW", "static_name"),
        routing=("HandlerTarget", "build_router", "targets"),
        serving=("Serving", "failed", "head_of"),
        slices=("DeadlinePassed", "Slices", "own_slices"),
    )
