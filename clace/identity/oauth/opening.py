"""All providers of a configuration."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from msgspec.structs import asdict

from clace.agents import quiet_agent
from clace.config import OAuth
from clace.identity.oauth.entries import ProviderEntry
from clace.identity.oauth.provider import OAuthProvider
from clace.identity.oauth.requests import CONNECT_SECONDS, ProviderRequests


def open_oauth(
    sections: Mapping[str, OAuth], callback_url: str, reactor: Any
) -> tuple[OAuthProvider, ...]:
    """The providers of ``[auth.NAME]``; none is asked for anything before somebody signs in."""
    agent = quiet_agent(reactor, CONNECT_SECONDS)
    return tuple(
        OAuthProvider(
            ProviderEntry(name=name, callback_url=callback_url, **asdict(section)),
            ProviderRequests(agent, reactor),
            reactor,
            secrets.token_bytes,
        )
        for name, section in sections.items()
    )
