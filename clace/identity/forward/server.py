"""A server that is asked about each request, over HTTP."""

from __future__ import annotations

from http import HTTPStatus

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IResponse
from zope.interface import implementer

from clace.bodies import collected
from clace.config import Forward
from clace.errors import ProviderUnavailable
from clace.identity.forward.headers import HeaderCopies, asked_with, passed_back
from clace.interfaces import ForwardQuestion, ForwardVerdict, HeaderPairs, IForwardAuth
from clace.model import AppResponse
from clace.units import MEBIBYTE

LARGEST = MEBIBYTE
_QUIET_SECONDS = 60
_TOO_LARGE = f"the answer is larger than {LARGEST} bytes"
REFUSED = "The server that decides who may open this app cannot be asked at the moment."


@implementer(IForwardAuth)
class ForwardServer:
    """Asks with a GET and believes its status; redirects are the client's to follow."""

    _log = Logger()

    def __init__(
        self, name: str, entry: Forward, agent: IAgent, clock: IReactorTime, seconds: float
    ) -> None:
        """The whole answer has to be there after so many seconds."""
        self._name = name
        self._url = entry.auth_url.encode("ascii")
        self._wanted = frozenset(header.lower() for header in entry.forward_headers)
        self._copies = HeaderCopies(entry.copy_response_headers)
        self._agent = agent
        self._clock = clock
        self._seconds = seconds
        self._told = float("-inf")

    async def ask(self, question: ForwardQuestion) -> ForwardVerdict:
        asked = Deferred.fromCoroutine(self._ask(question))
        asked.addTimeout(self._seconds, self._clock)
        try:
            return await asked
        except Exception as error:
            self._tell(error)
            raise ProviderUnavailable(REFUSED) from error

    async def _ask(self, question: ForwardQuestion) -> ForwardVerdict:
        sent = Headers()
        for name, value in asked_with(question, self._wanted):
            sent.addRawHeader(name.encode("ascii"), value.encode())
        response = await self._agent.request(b"GET", self._url, sent, None)
        body = await collected(response, LARGEST, _TOO_LARGE)
        answered = _pairs(response)
        if HTTPStatus.OK <= response.code < HTTPStatus.MULTIPLE_CHOICES:
            return ForwardVerdict(replaced=self._copies.targets, headers=self._copies.of(answered))
        refusal = AppResponse(status=response.code, headers=passed_back(answered), body=body)
        return ForwardVerdict(refusal=refusal)

    def _tell(self, error: Exception) -> None:
        """Log a failure, at most once a minute: each request has one then."""
        now = self._clock.seconds()
        if now - self._told >= _QUIET_SECONDS:
            self._told = now
            self._log.error(
                "Forward auth {name}: {url} cannot be asked: {reason}",
                name=self._name,
                url=self._url.partition(b"?")[0].decode("ascii"),
                reason=type(error).__name__,
            )


def _pairs(response: IResponse) -> HeaderPairs:
    return tuple(
        (name.decode("latin-1"), value.decode("utf-8", "replace"))
        for name, values in response.headers.getAllRawHeaders()
        for value in values
    )
