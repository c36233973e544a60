"""Identity tokens for apps, and the keys that check them; nothing is made before it is wanted."""

from __future__ import annotations

import secrets
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from clace.composition.data import Data
from clace.model import AppResponse, Identity
from clace.private_files import make_private_folder, replace_file
from clace.threads import InThread

if TYPE_CHECKING:
    from clace.identity.identity_tokens import IdentityKeys, IdentityTokens

FILE_NAME = "identity-keys.json"
_HEADERS = (
    ("Content-Type", "application/jwk-set+json"),
    # Keys are published an hour before they are used.
    ("Cache-Control", "public, max-age=600"),
    ("Access-Control-Allow-Origin", "*"),
)


class AppTokens:
    """Signs tokens, and publishes the keys at a URL and in a file."""

    def __init__(self, data: Data, reactor: Any, in_thread: InThread) -> None:
        self._data = data
        self._reactor = reactor
        self._in_thread = in_thread
        self._file = data.config.home / "run" / FILE_NAME

    async def issue(self, identity: Identity, app_id: str) -> str:
        """A token for one request of the identity to the app.

        :raises ClaceError: if the keys cannot be read or stored.
        """
        return await self._tokens.token(identity, app_id)

    async def published(self) -> AppResponse:
        """Answer with the public keys.

        :raises ClaceError: if the keys cannot be read or stored.
        """
        return AppResponse(headers=_HEADERS, body=await self._keys.public())

    @cached_property
    def _keys(self) -> IdentityKeys:
        from clace.identity.identity_tokens import (  # noqa: PLC0415 - few servers need it
            IdentityKeys,
        )

        return IdentityKeys(
            self._data.stored_secrets, self._reactor, secrets.token_bytes, self._publish
        )

    @cached_property
    def _tokens(self) -> IdentityTokens:
        from clace.identity.identity_tokens import (  # noqa: PLC0415 - as above
            IdentityTokens,
        )

        issuer = self._data.config.security.callback_url or "clace"
        return IdentityTokens(self._keys, self._reactor, secrets.token_bytes, issuer)

    async def _publish(self, keys: bytes) -> None:
        await self._in_thread(partial(self._write, keys))

    def _write(self, keys: bytes) -> None:
        make_private_folder(self._file.parent)
        replace_file(self._file, keys, 0o644)
