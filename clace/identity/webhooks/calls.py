"""A bound for calls of webhooks whose proof is right: tokens leak."""

from __future__ import annotations

from collections import Counter
from math import ceil

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from clace.errors import TooManyCalls
from clace.networks import site_of

A_MINUTE = 120
_SECONDS = 60


class CallQuota:
    """A per-minute allowance of calls for each webhook and network.

    Whoever has got hold of a token uses up none of the calls of the git host. The log tells
    of each who calls too often once a minute.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._since = clock.seconds()
        self._calls: Counter[tuple[str, str]] = Counter()

    def take(self, webhook_id: str, address: str) -> None:
        """Count a call.

        :raises TooManyCalls: if the webhook was called too often from there in this minute.
        """
        now = self._clock.seconds()
        if now - self._since >= _SECONDS:
            self._since = now
            self._calls.clear()
        caller = webhook_id, site_of(address)
        self._calls[caller] += 1
        if self._calls[caller] > A_MINUTE:
            if self._calls[caller] == A_MINUTE + 1:
                self._log.warn(
                    "Webhook {id} is called too often from {network}, with a right proof",
                    id=webhook_id,
                    network=caller[1],
                )
            left = ceil(self._since + _SECONDS - now)
            raise TooManyCalls(f"too many calls, try again in {left} seconds", retry_after=left)
