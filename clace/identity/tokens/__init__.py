"""API tokens: their texts, and the tokens in use."""

from clace.identity.tokens.text import digest_of, is_token, make_token
from clace.identity.tokens.tokens import APITokens

__all__ = ["APITokens", "digest_of", "is_token", "make_token"]
