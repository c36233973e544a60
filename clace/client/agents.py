"""The way to a server at an URL: HTTP, or HTTPS with its certificate looked at."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.ssl import Certificate, platformTrust, trustRootFromCertificates
from twisted.web.client import Agent
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IResponse
from zope.interface import classImplements

from clace.admin_api import AS_USER, LINES
from clace.bodies import ArrivingBody, WholeBody, collected
from clace.client.administration import AdminClient
from clace.client.failures import unreachable
from clace.client.tls import CertificatePolicy
from clace.client.transport import CONNECT_SECONDS, LIMIT, TIMEOUT, header_value, too_large
from clace.errors import BadRequest, ClaceError, ConfigError
from clace.interfaces import IAdministration
from clace.server_target import ServerTarget

T = TypeVar("T")
_BEGIN = b"-----BEGIN CERTIFICATE-----"


classImplements(AdminClient, IAdministration)


class AgentExchange:
    """Requests to the server at an URL; see ``Exchange``."""

    def __init__(
        self,
        agent: IAgent,
        clock: IReactorTime,
        server_uri: str,
        *,
        credentials: tuple[str, str] | None = None,
        token: str = "",
        as_user: str = "",
        limit: int = LIMIT,
    ) -> None:
        """``credentials`` are sent with every request; a ``token`` goes in their place."""
        self._agent = agent
        self._clock = clock
        self._server_uri = server_uri
        self._limit = limit
        self._headers = Headers({"User-Agent": ["clace"]})
        if token:
            self._headers.addRawHeader("Authorization", f"Bearer {header_value(token)}")
        elif credentials:
            encoded = b64encode(":".join(credentials).encode()).decode("ascii")
            self._headers.addRawHeader("Authorization", f"Basic {encoded}")
        if as_user:
            self._headers.addRawHeader(AS_USER, header_value(as_user))

    async def __call__(self, method: str, target: str, body: bytes | None, /) -> tuple[int, bytes]:
        url = self._url(target)
        exchange = Deferred.fromCoroutine(self._send(method, url, body))
        exchange.addTimeout(TIMEOUT, self._clock)
        try:
            return await exchange
        except ClaceError:
            raise
        except Exception as error:
            raise unreachable(error, self._server_uri) from error

    async def open(
        self, method: str, target: str, body: bytes | None, /
    ) -> tuple[int, AsyncIterator[bytes]]:
        """Each step of it may last as long as a whole exchange."""
        try:
            response = await self._timed(self._begin(method, self._url(target), body, LINES))
        except ClaceError:
            raise
        except Exception as error:
            raise unreachable(error, self._server_uri) from error
        arriving = ArrivingBody()
        response.deliverBody(arriving)
        return response.code, self._pieces(arriving)

    async def _pieces(self, arriving: ArrivingBody) -> AsyncIterator[bytes]:
        try:
            while piece := await self._timed(arriving.next()):
                yield piece
        except Exception as error:
            raise unreachable(error, self._server_uri) from error
        finally:
            arriving.abandon()

    def _timed(self, work: Coroutine[Any, Any, T]) -> Deferred[T]:
        return Deferred.fromCoroutine(work).addTimeout(TIMEOUT, self._clock)

    def _url(self, target: str) -> bytes:
        try:
            return f"{self._server_uri.rstrip('/')}/_clace{target}".encode("ascii")
        except UnicodeError as error:
            raise BadRequest(f"this cannot be sent to {self._server_uri}: {error}") from error

    async def _send(self, method: str, url: bytes, body: bytes | None) -> tuple[int, bytes]:
        response = await self._begin(method, url, body)
        return response.code, await collect(response, self._limit)

    async def _begin(
        self, method: str, url: bytes, body: bytes | None, accepted: str = "application/json"
    ) -> IResponse:
        headers = self._headers.copy()
        headers.addRawHeader("Accept", accepted)
        if body is not None:
            headers.addRawHeader("Content-Type", "application/json")
        sent = WholeBody(body) if body is not None else None
        return await self._agent.request(method.encode("ascii"), url, headers, sent)


def admin_client(address: ServerTarget, reactor: Any) -> AdminClient:
    """A client for the server there; nothing is opened before the first request.

    :raises ConfigError: if ``ca_file`` holds no certificates.
    """
    uri = address.uri
    # Without a password none is sent: an empty one would be counted as a guess, and lock the name.
    credentials = (address.user, address.password) if address.password else None
    agent = _tcp_agent(address, reactor)
    exchange = AgentExchange(
        agent,
        reactor,
        uri,
        credentials=credentials,
        token=address.token,
        as_user=address.as_user,
    )
    return AdminClient(exchange, uri)


def _tcp_agent(address: ServerTarget, reactor: Any) -> IAgent:
    policy = CertificatePolicy(None if address.skip_cert_check else _trust_root(address.ca_file))
    agent: IAgent = Agent(reactor, contextFactory=policy, connectTimeout=CONNECT_SECONDS)
    return agent


def _trust_root(ca_file: Path | None) -> Any:
    """Make a ``trustRoot`` for Twisted; its interface has no public name."""
    if ca_file is None:
        return platformTrust()
    try:
        blocks = ca_file.read_bytes().split(_BEGIN)[1:]
        roots = [Certificate.loadPEM(_BEGIN + block) for block in blocks]
    except OSError as error:
        raise ConfigError(f"ca_file: {ca_file}: cannot be read: {error.strerror}") from error
    except Exception as error:
        raise ConfigError(f"ca_file: {ca_file}: not PEM certificates: {error}") from error
    if not roots:
        raise ConfigError(f"ca_file: {ca_file}: expected PEM certificates, found none")
    return trustRootFromCertificates(roots)


def collect(response: IResponse, limit: int = LIMIT) -> Deferred[bytes]:
    """The body of an answer, whole.

    :raises TooLarge: if it is over the limit; the rest was not read.
    """
    return collected(response, limit, too_large(limit))
