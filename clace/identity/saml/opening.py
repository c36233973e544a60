"""The SAML providers of a configuration."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from clace.agents import quiet_agent
from clace.config import RANDOM_KEY, Saml
from clace.errors import ProviderUnavailable
from clace.identity.saml.keys import SamlKey, kept_key, read_key
from clace.identity.saml.metadata import OurSide
from clace.identity.saml.provider import SamlOptions, SamlProvider, Surroundings
from clace.identity.saml.replays import Replays
from clace.identity.saml.source import ProviderMetadata, from_file, from_url
from clace.threads import InThread

CONNECT_SECONDS = 10
_NUMBER_BYTES = 20
MOST_WAITING = 64
T = TypeVar("T")


def open_saml(
    entries: Mapping[str, Saml], callback_url: str, home: Path, reactor: Any, in_thread: InThread
) -> tuple[SamlProvider, ...]:
    """Return the providers, each by the name of its setting; what a provider says is not asked yet.

    :raises ConfigError: if a key or certificate of ours cannot be used.
    """
    opening = _Opening(callback_url, home, reactor, in_thread)
    return tuple(opening.provider(f"saml_{name}", entry) for name, entry in entries.items())


class Bounded:
    """A thread for XML that refuses more work than it can do soon: messages about sign-outs come
    from anybody, and each may be large.
    """

    def __init__(self, in_thread: InThread, most: int = MOST_WAITING) -> None:
        self._in_thread = in_thread
        self._most = most
        self._waiting = 0

    async def __call__(self, work: Callable[[], T], /) -> T:
        """:raises ProviderUnavailable: if too much waits."""
        if self._waiting >= self._most:
            raise ProviderUnavailable("Too many are signing in at the moment. Please try again.")
        self._waiting += 1
        try:
            return await self._in_thread(work)
        finally:
            self._waiting -= 1


class _Opening:
    def __init__(self, callback_url: str, home: Path, reactor: Any, in_thread: InThread) -> None:
        self._callback_url = callback_url
        self._home = home
        self._reactor = reactor
        self._around = Surroundings(
            Bounded(in_thread), reactor, lambda: secrets.token_hex(_NUMBER_BYTES)
        )
        self._agent = quiet_agent(reactor, CONNECT_SECONDS)
        self._replays = Replays(reactor)

    def provider(self, name: str, entry: Saml) -> SamlProvider:
        return SamlProvider(
            SamlOptions(
                name=name,
                groups_attr=entry.groups_attr,
                use_post=entry.use_post,
                force_authn=entry.force_authn,
            ),
            OurSide.at(self._callback_url, name),
            self._metadata(name, entry),
            self._key(name, entry),
            self._around,
            self._replays,
            sha256(repr((entry, self._callback_url)).encode()).hexdigest(),
        )

    def _metadata(self, name: str, entry: Saml) -> ProviderMetadata:
        in_thread = self._around.in_thread
        if entry.metadata_file:
            fetch = from_file(entry.metadata_file, in_thread)
        else:
            fetch = from_url(entry.metadata_url, self._agent, self._reactor)
        return ProviderMetadata(name, fetch, in_thread, self._reactor)

    def _key(self, name: str, entry: Saml) -> SamlKey | None:
        if entry.sp_key_file == RANDOM_KEY:
            folder = self._home / "config" / "saml"
            return kept_key(folder, name, self._reactor.seconds())
        if entry.sp_key_file and entry.sp_cert_file:
            return read_key(Path(entry.sp_key_file), entry.sp_cert_file)
        return None
