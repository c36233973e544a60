"""The answer to HTTP without TLS on a port that speaks HTTPS."""

from __future__ import annotations

from OpenSSL import SSL
from twisted.protocols.tls import BufferingTLSTransport
from twisted.python.failure import Failure

_REASON = "http request"
_TOLD = b"This port speaks HTTPS, and the request came over plain HTTP.\n"
PLAIN_HTTP = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(_TOLD)
) + _TOLD


def is_plain_http(error: object) -> bool:
    """Tell the error of OpenSSL for a first record that is the line of an HTTP request."""
    reasons = error.args[0] if isinstance(error, SSL.Error) and error.args else ()
    return isinstance(reasons, list) and any(part[-1] == _REASON for part in reasons)


class TellingTLS(BufferingTLSTransport):
    """TLS over any transport, with an answer for clients that speak HTTP without it."""

    def _tlsShutdownFinished(self, reason: Failure | None) -> None:
        if reason is not None and is_plain_http(reason.value):
            assert self.transport is not None
            self.transport.write(PLAIN_HTTP)
        super()._tlsShutdownFinished(reason)
