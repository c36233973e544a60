"""The key of the hash chain, read when it is first needed."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from twisted.logger import Logger

from clace.audit.chain import Chain
from clace.errors import ClaceError

PURPOSE = "audit"
_log = Logger()


class ChainKey:
    """Reads the key, and when it was made, in a thread of the log. Events are recorded without it
    too, and that shows.
    """

    def __init__(self, read: Callable[[], bytes], made: Callable[[], float] = lambda: inf) -> None:
        self._read = read
        self._made = made
        self._chain: Chain | None = None
        self._is_told = False

    def chain(self) -> Chain:
        """Return the chain with its key. Blocks.

        :raises ClaceError: if the key cannot be read.
        """
        if self._chain is None:
            self._chain = Chain(self._read(), self._made())
        return self._chain

    def chain_if_possible(self) -> Chain | None:
        """Return the chain, or None without its key, which is logged once. Blocks."""
        try:
            return self.chain()
        except ClaceError as error:
            if not self._is_told:
                self._is_told = True
                _log.error("Audit events get no hash: {reason}", reason=error.message)
            return None
