"""Tokens of a provider's token endpoint: for a code, and for a refresh token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from clace.identity.oauth.endpoints import Endpoints
from clace.identity.oauth.entries import ProviderEntry
from clace.identity.oauth.refusals import refused
from clace.identity.oauth.requests import Answer, ProviderRequests, unavailable

MAX_TOKEN = 16 * 1024
MAX_ID_TOKEN = 256 * 1024
_OK = 200
_REFUSED = frozenset({"invalid_grant", "bad_verification_code", "bad_refresh_token"})


class Tokens(Struct, frozen=True, kw_only=True):
    """An answer of a token endpoint; ``seconds`` is how long the access token lives, 0 if that is
    not told.
    """

    access: str
    id: str = ""
    refresh: str = ""
    seconds: float = 0


class Grants:
    """Exchanges at the token endpoint of one provider."""

    def __init__(self, entry: ProviderEntry, requests: ProviderRequests) -> None:
        self._entry = entry
        self._requests = requests

    async def by_code(self, endpoints: Endpoints, code: str, verifier: str) -> Tokens:
        """Exchange the code that a browser brought.

        :raises SignInRefused: the provider does not accept it.
        :raises ProviderUnavailable: it does not answer, or does not accept this server.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._entry.redirect_uri,
            "code_verifier": verifier,
        }
        answer = await self._post(endpoints, form)
        if answer.error in _REFUSED:
            raise refused(f"code: {answer.error}")
        return self._tokens(endpoints.token, answer)

    async def by_refresh(self, endpoints: Endpoints, token: str) -> Tokens | None:
        """Exchange a refresh token; None if the provider takes it no more.

        :raises ProviderUnavailable: it does not answer, or does not accept this server.
        """
        form = {"grant_type": "refresh_token", "refresh_token": token}
        answer = await self._post(endpoints, form)
        return None if answer.error in _REFUSED else self._tokens(endpoints.token, answer)

    async def _post(self, endpoints: Endpoints, form: Mapping[str, str]) -> Answer:
        credentials = (self._entry.key, self._entry.secret)
        if endpoints.secret_by_form:
            shown = {"client_id": credentials[0], "client_secret": credentials[1]}
            return await self._requests.post(endpoints.token, {**form, **shown}, None)
        return await self._requests.post(endpoints.token, form, credentials)

    def _tokens(self, endpoint: str, answer: Answer) -> Tokens:
        """GitHub answers errors with status 200."""
        if answer.status != _OK or answer.error or not isinstance(answer.value, dict):
            told = answer.error or f"status {answer.status}"
            host = urlsplit(endpoint).hostname
            raise unavailable(host, f"no tokens for [auth.{self._entry.name}]: {told}")
        said = answer.value
        access = _text(said, "access_token", MAX_TOKEN)
        if not access or _text(said, "token_type", 64).lower() != "bearer":
            raise refused("tokens: no bearer token")
        seconds = said.get("expires_in")
        return Tokens(
            access=access,
            id=_text(said, "id_token", MAX_ID_TOKEN),
            refresh=_text(said, "refresh_token", MAX_TOKEN),
            seconds=seconds if isinstance(seconds, int | float) and seconds > 0 else 0,
        )


def _text(said: Mapping[str, Any], name: str, limit: int) -> str:
    value = said.get(name)
    if not isinstance(value, str) or len(value) > limit:
        return ""
    return value if value.isascii() and value.isprintable() else ""
