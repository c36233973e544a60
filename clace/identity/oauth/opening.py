"""All providers of a configuration."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from msgspec.structs import asdict

from clace.config import OAuth
from clace.identity.oauth.entries import ProviderEntry
from clace.identity.oauth.provider import OAuthProvider
from clace.identity.oauth.requests import ProviderRequests, provider_agent


def open_oauth(
    sections: Mapping[str, OAuth], callback_url: str, reactor: Any
) -> tuple[OAuthProvider, ...]:
    """The providers of ``[auth.NAME]``; none is asked for anything before somebody signs in."""
    agent = provider_agent(reactor)
    return tuple(
        OAuthProvider(
            ProviderEntry(name=name, callback_url=callback_url, **asdict(section)),
            ProviderRequests(agent, reactor),
            reactor,
            secrets.token_bytes,
        )
        for name, section in sections.items()
    )
