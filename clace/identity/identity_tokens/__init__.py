"""Short signed tokens that tell an app who asks, and the keys that they are checked with."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.identity.identity_tokens.keys import IdentityKeys as IdentityKeys
    from clace.identity.identity_tokens.tokens import IdentityTokens as IdentityTokens
else:
    __getattr__ = face(
        __name__,
        keys=("IdentityKeys",),
        tokens=("IdentityTokens",),
    )
