"""Secrets: providers, each under a name, and the texts that refer to them."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.secrets.opening import open_providers as open_providers, open_store as open_store
    from clace.secrets.own_sealing import OwnSealing as OwnSealing
    from clace.secrets.providers import ProviderOptions as ProviderOptions
    from clace.secrets.stored import SealingContext as SealingContext
else:
    __getattr__ = face(
        __name__,
        opening=("open_providers", "open_store"),
        own_sealing=("OwnSealing",),
        providers=("ProviderOptions",),
        stored=("SealingContext",),
    )
