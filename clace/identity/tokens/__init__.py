"""API tokens: their texts, and the tokens in use."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.identity.tokens.text import (
        digest_of as digest_of,
        is_token as is_token,
        make_token as make_token,
    )
    from clace.identity.tokens.tokens import (
        APITokens as APITokens,
        TokenSurroundings as TokenSurroundings,
    )
else:
    __getattr__ = face(
        __name__,
        text=("digest_of", "is_token", "make_token"),
        tokens=("APITokens", "TokenSurroundings"),
    )
