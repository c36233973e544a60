"""Which step of talking to a server failed, in words for its operator."""

from __future__ import annotations

import errno

from OpenSSL import SSL
from twisted.internet import defer, error
from twisted.web.client import RequestTransmissionFailed, ResponseFailed, ResponseNeverReceived

from clace.client.tls import CertificateRefused
from clace.errors import ServerUnreachable

_RUNNING = "is the server running?"
_REFUSED = (
    "the server's certificate is refused: {cause}; with --skip_cert_check it is not looked at"
)
_STEPS: tuple[tuple[type[BaseException], str], ...] = (
    (CertificateRefused, _REFUSED),
    (error.DNSLookupError, "there is no such host"),
    (error.ConnectionRefusedError, f"connection refused; {_RUNNING}"),
    (error.TCPTimedOutError, "the connection timed out"),
    (error.TimeoutError, "the connection timed out"),
    (defer.TimeoutError, "the server did not answer in time"),
)


def unreachable(problem: BaseException, server_uri: str) -> ServerUnreachable:
    """The failure of a request to ``server_uri`` as one that tells what to do."""
    return ServerUnreachable(f"cannot reach {server_uri}: {_step(problem)}")


def ended_unanswered(problem: BaseException | None) -> bool:
    """Whether the server took a request and closed the connection before any answer."""
    return isinstance(problem, ResponseNeverReceived) and isinstance(
        _cause(problem), error.ConnectionClosed
    )


def _step(problem: BaseException) -> str:
    cause = _cause(problem)
    for kinds, text in _STEPS:
        if isinstance(cause, kinds):
            return text.format(cause=cause)
    if isinstance(cause, SSL.Error):
        return f"no TLS connection: {_tls_text(cause)}"
    if isinstance(cause, error.ConnectError):
        return _connect_text(cause)
    if isinstance(cause, error.ConnectionClosed):
        return _closed_text(problem)
    if isinstance(problem, ResponseFailed):
        return "the server does not speak HTTP there"
    return str(cause) or type(cause).__name__


def _cause(problem: BaseException) -> BaseException:
    """The first reason of what wraps others."""
    while isinstance(problem, ResponseFailed | RequestTransmissionFailed) and problem.reasons:
        problem = problem.reasons[0].value
    return problem


def _connect_text(cause: error.ConnectError) -> str:
    if cause.osError == errno.ENOENT:
        return f"there is no such socket; {_RUNNING}"
    if cause.osError in {errno.EACCES, errno.EPERM}:
        return "permission denied; only the user that the server runs as may use it"
    return str(cause)


def _closed_text(problem: BaseException) -> str:
    if isinstance(problem, ResponseNeverReceived | RequestTransmissionFailed):
        return "the server closed the connection without an answer"
    return "the server closed the connection in the middle of its answer"


def _tls_text(cause: SSL.Error) -> str:
    """OpenSSL's last word; its errors are lists of (library, function, reason)."""
    reasons = cause.args[0] if cause.args else []
    return reasons[-1][-1] if reasons and isinstance(reasons, list) else "the handshake failed"
