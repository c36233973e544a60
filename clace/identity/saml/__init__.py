"""Sign-in with SAML 2: this server as the service provider of one or more identity providers."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.identity.saml.keys import (
        SamlKey as SamlKey,
        kept_key as kept_key,
        read_key as read_key,
    )
    from clace.identity.saml.metadata import OurSide as OurSide
    from clace.identity.saml.opening import open_saml as open_saml
    from clace.identity.saml.provider import (
        SamlOptions as SamlOptions,
        SamlProvider as SamlProvider,
        Surroundings as Surroundings,
    )
    from clace.identity.saml.replays import Replays as Replays
    from clace.identity.saml.source import (
        ProviderMetadata as ProviderMetadata,
        from_file as from_file,
        from_url as from_url,
    )
else:
    __getattr__ = face(
        __name__,
        keys=("SamlKey", "kept_key", "read_key"),
        metadata=("OurSide",),
        opening=("open_saml",),
        provider=("SamlOptions", "SamlProvider", "Surroundings"),
        replays=("Replays",),
        source=("ProviderMetadata", "from_file", "from_url"),
    )
