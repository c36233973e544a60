"""Failed steps of talking to a server, in words for its operator."""

from __future__ import annotations

from OpenSSL import SSL
from twisted.internet import defer, error
from twisted.web.client import RequestTransmissionFailed, ResponseFailed, ResponseNeverReceived

from clace.client.tls import CertificateRefused
from clace.client.transport import (
    CUT,
    NO_ANSWER,
    NO_ANSWER_IN_TIME,
    NO_HTTP,
    REFUSED,
    TIMED_OUT,
    EndedUnanswered,
    cannot_reach,
)
from clace.errors import ServerUnreachable

_CERTIFICATE = (
    "the server's certificate is refused: {cause}; name what to trust in CL_CA_FILE or"
    " client.ca_file (--skip_cert_check does not look at it)"
)
_STEPS: tuple[tuple[type[BaseException], str], ...] = (
    (CertificateRefused, _CERTIFICATE),
    (error.DNSLookupError, "there is no such host"),
    (error.ConnectionRefusedError, REFUSED),
    (error.TCPTimedOutError, TIMED_OUT),
    (error.TimeoutError, TIMED_OUT),
    (defer.TimeoutError, NO_ANSWER_IN_TIME),
)


_PLAIN = "wrong version number"
"""OpenSSL's reason where the other side answers without TLS."""


def unreachable(problem: BaseException, server_uri: str) -> ServerUnreachable:
    """The failure of a request to ``server_uri`` as one that tells what to do."""
    kind = EndedUnanswered if _ended_unanswered(problem) else ServerUnreachable
    return cannot_reach(server_uri, _step(problem), kind)


def _ended_unanswered(problem: BaseException) -> bool:
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
    if isinstance(cause, error.ConnectionClosed):
        return _closed_text(problem)
    if isinstance(problem, ResponseFailed):
        return NO_HTTP
    return str(cause) or type(cause).__name__


def _cause(problem: BaseException) -> BaseException:
    """The first reason of what wraps others."""
    while isinstance(problem, ResponseFailed | RequestTransmissionFailed) and problem.reasons:
        problem = problem.reasons[0].value
    return problem


def _closed_text(problem: BaseException) -> str:
    if isinstance(problem, ResponseNeverReceived | RequestTransmissionFailed):
        return NO_ANSWER
    return CUT


def _tls_text(cause: SSL.Error) -> str:
    """OpenSSL's last word; its errors are lists of (library, function, reason)."""
    reasons = cause.args[0] if cause.args else []
    reason = reasons[-1][-1] if reasons and isinstance(reasons, list) else "the handshake failed"
    hint = "; that port may be one for http://" if reason == _PLAIN else ""
    return f"{reason}{hint}"
