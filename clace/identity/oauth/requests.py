"""Requests to providers: JSON that comes in time and is small, without redirects."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import msgspec
from msgspec import Struct
from twisted.internet import defer
from twisted.internet.defer import CancelledError, DeferredSemaphore
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent

from clace.bodies import WholeBody, collected
from clace.errors import ProviderUnavailable
from clace.units import MEBIBYTE

log = Logger()
SECONDS = 10
CONNECT_SECONDS = 5
AT_ONCE = 16
MAX_ANSWER = MEBIBYTE
_ERROR = re.compile(r"[A-Za-z0-9_]{1,64}")
_FAILED = 500
_TOO_MANY = 429


class Answer(Struct, frozen=True):
    """A status, and the JSON of the body; None if it is something else."""

    status: int
    value: Any

    @property
    def is_good(self) -> bool:
        return self.status == 200 and isinstance(self.value, dict)  # noqa: PLR2004

    @property
    def error(self) -> str:
        """The code of an error as OAuth 2 has it; empty if the answer has none that is one."""
        said = self.value.get("error") if isinstance(self.value, dict) else None
        return said if isinstance(said, str) and is_code(said) else ""


class ProviderRequests:
    """Asks one provider; each request has a deadline, and its answer a limit of size.

    So many are under way at the same time, however many sign in; the others wait for their turn,
    as long as their deadline lets them.
    """

    def __init__(self, agent: IAgent, clock: IReactorTime) -> None:
        self._agent = agent
        self._clock = clock
        self._turns = DeferredSemaphore(AT_ONCE)

    async def get(self, url: str, token: str = "") -> Answer:
        """:raises ProviderUnavailable: no usable answer comes."""
        return await self._ask("GET", url, f"Bearer {token}" if token else "", None)

    async def post(
        self, url: str, form: Mapping[str, str], credentials: tuple[str, str] | None
    ) -> Answer:
        """Post a form; ``credentials`` go into a header.

        :raises ProviderUnavailable: no usable answer comes.
        """
        authorization = basic(*credentials) if credentials else ""
        return await self._ask("POST", url, authorization, urlencode(form).encode("ascii"))

    async def _ask(self, method: str, url: str, authorization: str, body: bytes | None) -> Answer:
        exchange = self._turns.run(self._exchange, method, url, authorization, body)
        exchange.addTimeout(SECONDS, self._clock)
        host = urlsplit(url).hostname
        try:
            status, answer = await exchange
        except CancelledError:
            raise
        except defer.TimeoutError as error:
            raise unavailable(host, f"no answer in {SECONDS} seconds") from error
        except Exception as error:
            raise unavailable(host, _reason(error)) from error
        if status >= _FAILED or status == _TOO_MANY:
            raise unavailable(host, f"status {status}")
        try:
            return Answer(status, msgspec.json.decode(answer))
        except (msgspec.DecodeError, RecursionError):
            return Answer(status, None)

    async def _exchange(
        self, method: str, url: str, authorization: str, body: bytes | None
    ) -> tuple[int, bytes]:
        headers = Headers({"Accept": ["application/json"], "User-Agent": ["clace"]})
        if authorization:
            headers.addRawHeader("Authorization", authorization)
        if body is not None:
            headers.addRawHeader("Content-Type", "application/x-www-form-urlencoded")
        sent = WholeBody(body) if body is not None else None
        # This agent follows no redirects: secrets and codes go where they were meant to.
        response = await self._agent.request(method.encode(), url.encode("ascii"), headers, sent)
        return response.code, await collected(response, MAX_ANSWER, "the answer is too large")


def is_code(error: str) -> bool:
    """Tell whether a text is a code of an error as OAuth 2 has them, fit for the audit log."""
    return _ERROR.fullmatch(error) is not None


def unavailable(host: str | None, reason: str) -> ProviderUnavailable:
    """A refusal for the visitor, whose reason is for the log."""
    log.error("Sign-in provider at {host}: {reason}", host=host, reason=reason)
    return ProviderUnavailable(
        f"the sign-in provider at {host} cannot be used at the moment; try again later"
    )


def basic(key: str, secret: str) -> str:
    """The header of RFC 6749, whose parts are encoded as in a form."""
    return "Basic " + b64encode(f"{quote_plus(key)}:{quote_plus(secret)}".encode()).decode("ascii")


def _reason(error: Exception) -> str:
    inner = getattr(error, "reasons", None)  # of what failed within TLS or HTTP
    causes = [each.value for each in inner] if inner else [error]
    return "; ".join(f"{type(cause).__name__}: {cause}" for cause in causes)[:200]
