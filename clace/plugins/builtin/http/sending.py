"""One request over the wire, and what a redirect makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import evolve, frozen
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectError, ConnectingCancelledError, ConnectionClosed
from twisted.web.client import (
    Agent,
    BrowserLikePolicyForHTTPS,
    HTTPConnectionPool,
    RequestTransmissionFailed,
    ResponseFailed,
)
from twisted.web.http_headers import Headers
from twisted.web.iweb import IPolicyForHTTPS, IResponse

from clace.bodies import WholeBody
from clace.plugins.builtin.http.bodies import without_content, without_credentials
from clace.plugins.builtin.http.connecting import ExchangeConnections, TargetEndpoint
from clace.plugins.builtin.http.urls import RequestTarget
from clace.plugins.kit import CallFailed
from clace.units import MEBIBYTE

_BECOMES_GET = frozenset({301, 302, 303})
_SAME_AGAIN = frozenset({307, 308})
_FRAMING_BYTES = MEBIBYTE


@frozen
class OutgoingRequest:
    """A request to be sent."""

    method: str
    target: RequestTarget
    headers: Headers
    body: bytes = b""

    def after(self, response: IResponse) -> OutgoingRequest | None:
        """The request that a redirect asks for instead, if the answer is one.

        :raises CallFailed: if it leads to no URL.
        """
        (location,) = response.headers.getRawHeaders(b"location", [b""])[:1]
        if response.code not in _BECOMES_GET | _SAME_AGAIN or not location:
            return None
        target = self.target.follow(location.decode("utf-8", "replace"))
        same = target.origin == self.target.origin
        again = evolve(
            self, target=target, headers=self.headers if same else without_credentials(self.headers)
        )
        if response.code in _SAME_AGAIN or self.method in {"GET", "HEAD"}:
            return again
        return evolve(again, method="GET", headers=without_content(again.headers), body=b"")


class RequestSender:
    """Sends requests to addresses that were checked."""

    def __init__(self, reactor: Any, tls: IPolicyForHTTPS | None, answer_bytes: int) -> None:
        self._reactor = reactor
        self._tls = tls or BrowserLikePolicyForHTTPS()
        self._received_bytes = answer_bytes * 2 + _FRAMING_BYTES

    def connections(self) -> ExchangeConnections:
        """For one exchange; whoever asks for them ends them."""
        return ExchangeConnections(self._reactor, self._received_bytes)

    async def send(
        self, ask: OutgoingRequest, addresses: Sequence[str], connections: ExchangeConnections
    ) -> IResponse:
        """The head of the answer; its body is still to come.

        :raises CallFailed: if no answer comes.
        """
        # No connection is kept: another app, or the same one under another permission, could not
        # have opened it.
        agent = Agent.usingEndpointFactory(
            self._reactor,
            TargetEndpoint(self._reactor, addresses, self._tls, connections),
            HTTPConnectionPool(self._reactor, persistent=False),
        )
        body = WholeBody(ask.body) if ask.body else None
        uri = str(ask.target).encode("ascii")
        try:
            sent = agent.request(ask.method.encode("ascii"), uri, ask.headers.copy(), body)
            response: IResponse = await sent
        except ConnectingCancelledError as error:
            raise CancelledError from error
        except (ResponseFailed, RequestTransmissionFailed) as error:
            reasons = "; ".join(str(reason.value) for reason in error.reasons)
            raise CallFailed(f"request to {ask.target.netloc} failed: {reasons}") from error
        except (ConnectError, ConnectionClosed) as error:
            raise CallFailed(f"cannot connect to {ask.target.netloc}: {error}") from error
        return response
