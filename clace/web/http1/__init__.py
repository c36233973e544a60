"""HTTP/1.1 on a connection: heads, bodies, limits and answers."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.web.http1.access import AccessEntry as AccessEntry, AccessLog as AccessLog
    from clace.web.http1.answering import (
        AnsweredAtOnce as AnsweredAtOnce,
        AppFields as AppFields,
        ResponseFields as ResponseFields,
        answer as answer,
        own_fields as own_fields,
    )
    from clace.web.http1.connections import (
        ConnectionBounds as ConnectionBounds,
        ConnectionCounts as ConnectionCounts,
    )
    from clace.web.http1.direct import DirectRequest as DirectRequest, Entrance as Entrance
    from clace.web.http1.fields import HeaderFields as HeaderFields
    from clace.web.http1.limits import RequestLimits as RequestLimits
    from clace.web.http1.site import Site as Site, receive as receive
    from clace.web.http1.streaming import (
        LARGEST_PIECE as LARGEST_PIECE,
        PacedBody as PacedBody,
        close as close,
        write_whole as write_whole,
    )
else:
    __getattr__ = face(
        __name__,
        access=("AccessEntry", "AccessLog"),
        answering=("AnsweredAtOnce", "AppFields", "ResponseFields", "answer", "own_fields"),
        connections=("ConnectionBounds", "ConnectionCounts"),
        direct=("DirectRequest", "Entrance"),
        fields=("HeaderFields",),
        limits=("RequestLimits",),
        site=("Site", "receive"),
        streaming=("LARGEST_PIECE", "PacedBody", "close", "write_whole"),
    )
