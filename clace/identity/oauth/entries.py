"""Entries of the configuration, each a provider that users can sign in with."""

from __future__ import annotations

from hashlib import sha256

import msgspec
from msgspec import Struct


class ProviderEntry(Struct, frozen=True, kw_only=True):
    """An entry ``[auth.NAME]`` with secrets in their places; ``callback_url`` is the server's."""

    name: str
    key: str
    secret: str
    callback_url: str
    org_url: str = ""
    domain: str = ""
    discovery_url: str = ""
    hosted_domain: str = ""
    scopes: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The name up to the first underscore."""
        return self.name.partition("_")[0]

    @property
    def redirect_uri(self) -> str:
        """The one address that is registered with the provider, whatever the app's domain."""
        return f"{self.callback_url}/_clace/auth/{self.name}/callback"

    @property
    def fingerprint(self) -> str:
        """Changes with every part of the entry; does not tell the secret."""
        return sha256(b"clace:auth:" + msgspec.json.encode(self)).hexdigest()

    @property
    def signed_out_uri(self) -> str:
        """The address to which a provider may send browsers back from its own sign-out."""
        return f"{self.callback_url}/_clace/logout?done=1"
