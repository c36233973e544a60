"""Identity tokens for apps, and the keys that check them; nothing is made before it is wanted."""

from __future__ import annotations

import secrets
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from clace.composition.data import Data
from clace.errors import ClaceError, SecretFailed
from clace.interfaces import KEYS_FILE
from clace.model import AppResponse, Identity
from clace.private_files import make_private_folder, replace_file
from clace.threads import InThread

if TYPE_CHECKING:
    from clace.identity.identity_tokens import IdentityKeys, IdentityTokens

_HEADERS = (
    ("Content-Type", "application/jwk-set+json"),
    # Keys are published an hour before they are used.
    ("Cache-Control", "public, max-age=600"),
    ("Access-Control-Allow-Origin", "*"),
)


class AppTokens:
    """Signs tokens, and publishes the keys at a URL and in a file."""

    _log = Logger()

    def __init__(self, data: Data, reactor: Any, in_thread: InThread) -> None:
        self._data = data
        self._reactor = reactor
        self._in_thread = in_thread
        self._folder = keys_folder(data.config.home)

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

    async def publish(self) -> None:
        """Write the file with the public keys before a program starts. A failure is logged, and
        keeps no program from starting: without keys it trusts no token.
        """
        try:
            await self._keys.public()
        except ClaceError:
            self._log.failure("Programs find no keys of identity tokens")

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
        """:raises SecretFailed: if the file cannot be written."""
        try:
            await self._in_thread(partial(self._write, keys))
        except OSError as error:
            told = f"the keys of identity tokens cannot be written: {error.strerror}"
            raise SecretFailed(told) from error

    def _write(self, keys: bytes) -> None:
        make_keys_folder(self._folder)
        replace_file(self._folder / KEYS_FILE, keys, 0o644)


def keys_folder(home: Path) -> Path:
    """Return the folder of the public keys, which programs see and which holds nothing else."""
    return home / "run" / "identity"


def make_keys_folder(folder: Path) -> None:
    """Make the folder so that users of programs may read it; they cannot enter the one above."""
    make_private_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
