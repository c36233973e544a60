"""Sign-in with SAML 2: this server as the service provider of one or more identity providers."""

from clace.identity.saml.keys import SigningKey, kept_key, read_key
from clace.identity.saml.metadata import OurSide
from clace.identity.saml.provider import SamlOptions, SamlProvider, Surroundings
from clace.identity.saml.replays import Replays
from clace.identity.saml.source import Metadata, from_file, from_url

__all__ = [
    "Metadata",
    "OurSide",
    "Replays",
    "SamlOptions",
    "SamlProvider",
    "SigningKey",
    "Surroundings",
    "from_file",
    "from_url",
    "kept_key",
    "read_key",
]
