"""Bytes to a socket without a turn of the reactor."""

from __future__ import annotations

from typing import Any

from twisted.internet import tcp, unix

# Exactly these: what a wrapper, or TLS, does to bytes on their way is not known here.
_PLAIN = frozenset({tcp.Server, unix.Server, tcp.Client, unix.Client})


class DirectWriter:
    """Base of transports like those of plain sockets, which do to bytes what they must.

    While nothing is queued, bytes may be given to ``writeSomeData``; the rest that it does not take
    is then written in the usual way, before anything else. It is a class because Twisted's wrappers
    claim every interface of what they wrap.
    """


def write_now(transport: Any, data: bytes) -> None:
    """Write ``data``; at once if the transport is a socket with nothing queued.

    That saves two calls of epoll and a turn of the reactor. What the socket does not take, and
    whatever goes wrong, is left to the reactor as if it had been written in the usual way.
    """
    if _is_free(transport):
        sent = transport.writeSomeData(data)
        if sent == len(data):
            return
        if isinstance(sent, int):  # and not a reason why the connection is lost
            data = data[sent:]
    transport.write(data)


def _is_free(transport: Any) -> bool:
    """Return true for a socket with an empty queue, which bytes may go past."""
    return (
        (type(transport) in _PLAIN or isinstance(transport, DirectWriter))
        and transport.connected
        and not transport.disconnecting
        and not transport.TLS
        and not transport.dataBuffer
        and not transport._tempDataBuffer  # noqa: SLF001 - a part of the queue
    )
