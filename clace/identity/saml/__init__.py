"""Sign-in with SAML 2: this server as the service provider of one or more identity providers."""

from clace.identity.saml.keys import SamlKey, kept_key, read_key
from clace.identity.saml.metadata import OurSide
from clace.identity.saml.provider import SamlOptions, SamlProvider, Surroundings
from clace.identity.saml.replays import Replays
from clace.identity.saml.source import ProviderMetadata, from_file, from_url

__all__ = [
    "OurSide",
    "ProviderMetadata",
    "Replays",
    "SamlKey",
    "SamlOptions",
    "SamlProvider",
    "Surroundings",
    "from_file",
    "from_url",
    "kept_key",
    "read_key",
]
