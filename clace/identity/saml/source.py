"""The metadata of a provider: fetched or read, kept, and looked at again when keys change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent

from clace.bodies import collected
from clace.errors import ClaceError, ProviderUnavailable
from clace.identity.saml.markup import LARGEST
from clace.identity.saml.metadata import IdentityProvider, read_metadata
from clace.single_flight import SingleFlight
from clace.threads import InThread

DEADLINE = 15
"""Seconds for the whole of an answer."""
FRESH = 3600
"""Seconds after which metadata is looked at again."""
PAUSE = 60
"""Seconds between two looks, whatever they are for."""
_OK = 200
_TOO_LARGE = f"the answer is larger than {LARGEST} bytes"
Fetch = Callable[[], Awaitable[bytes]]


def from_file(path: Path, in_thread: InThread) -> Fetch:
    async def read() -> bytes:
        try:
            return await in_thread(path.read_bytes)
        except OSError as error:
            raise ProviderUnavailable(f"{path}: cannot be read: {error.strerror}") from error

    return read


def from_url(url: str, agent: IAgent, clock: IReactorTime) -> Fetch:
    """Redirects are not followed: the address in the configuration is the one that is trusted."""

    async def ask() -> bytes:
        accepted = Headers({"Accept": ["application/samlmetadata+xml, application/xml, text/xml"]})
        response = await agent.request(b"GET", url.encode("ascii"), accepted, None)
        if response.code != _OK:
            raise ProviderUnavailable(f"{url} answered with status {response.code}")
        return await collected(response, LARGEST, _TOO_LARGE)

    async def fetch() -> bytes:
        asked = Deferred.fromCoroutine(ask())
        asked.addTimeout(DEADLINE, clock)
        try:
            return await asked
        except ClaceError:
            raise
        except Exception as error:
            reason = type(error).__name__
            raise ProviderUnavailable(f"{url} cannot be asked: {reason}") from error

    return fetch


class ProviderMetadata:
    """The metadata of one provider. While it cannot be fetched anew, the last one holds."""

    _log = Logger()

    def __init__(self, name: str, fetch: Fetch, in_thread: InThread, clock: IReactorTime) -> None:
        self._name = name
        self._fetch = fetch
        self._in_thread = in_thread
        self._clock = clock
        self._known: IdentityProvider | None = None
        self._looked = float("-inf")
        self._flight = SingleFlight(self._look)

    async def current(self) -> IdentityProvider:
        """:raises ProviderUnavailable: if nothing is known of the provider that holds now."""
        age = self._clock.seconds() - self._looked
        if age >= FRESH or (age >= PAUSE and self._valid() is None):
            await self._flight.result()
        known = self._valid()
        if known is None:
            raise ProviderUnavailable(
                f"Signing in with {self._name} is not possible at the moment."
            )
        return known

    async def newer(self) -> IdentityProvider | None:
        """Look again, for a key that is unknown; None if it was looked at just now."""
        if self._clock.seconds() - self._looked < PAUSE:
            return None
        before = self._known
        await self._flight.result()
        return self._known if self._known != before else None

    def _valid(self) -> IdentityProvider | None:
        known = self._known
        if known is None or known.valid_until is None:
            return known
        return known if known.valid_until > self._clock.seconds() else None

    async def _look(self) -> None:
        """A failure is logged, and leaves all as it was."""
        try:
            document = await self._fetch()
            now = self._clock.seconds()
            self._known = await self._in_thread(lambda: read_metadata(document, now))
        except ClaceError as error:
            self._log.error(
                "Cannot use the SAML provider {name}: {reason}",
                name=self._name,
                reason=error.message,
            )
        finally:
            self._looked = self._clock.seconds()
