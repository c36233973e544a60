"""Rows of API tokens in memory."""

from msgspec.structs import replace
from zope.interface import implementer

from clace.errors import StoreError
from clace.identity.passwords import SignIns
from clace.identity.tokens import APITokens
from clace.identity.tokens.tokens import TokenSurroundings
from clace.interfaces import ITokenRows


def memory_tokens(clock, witness=None):
    """API tokens in memory, all of whose users are there."""
    sign_ins = SignIns(clock, witness or Unseen())
    around = TokenSurroundings(clock, at_once, sign_ins, lambda identity: identity)
    return APITokens(MemoryTokenRows(), around)


async def at_once(work):
    """There is nothing to hold up here."""
    return work()


class Unseen:
    """A witness of sign-ins that keeps nothing."""

    def failed(self, attempt, reason):
        """Forget it."""

    unchecked = recovered = failed

    def locked(self, attempt):
        """Forget it."""


@implementer(ITokenRows)
class MemoryTokenRows:
    """Keeps what every row of tokens promises; ``touches`` counts the writes of last uses."""

    def __init__(self):
        self._rows = {}
        self.touches = 0

    def add(self, token):
        if any(token.id == one.id or token.digest == one.digest for one in self._rows.values()):
            raise StoreError("cannot keep an API token")
        self._rows[token.id] = token

    def find(self, digest):
        return next((one for one in self._rows.values() if one.digest == digest), None)

    def all(self):
        rows = sorted(self._rows.values(), key=lambda one: one.id)
        return tuple(sorted(rows, key=lambda one: one.create_time, reverse=True))

    def touch(self, used):
        self.touches += 1
        for token_id, moment in used.items():
            if token_id in self._rows:
                self._rows[token_id] = replace(self._rows[token_id], use_time=moment)

    def delete(self, token_id):
        return self._rows.pop(token_id, None) is not None
