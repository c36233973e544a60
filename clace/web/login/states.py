"""Sign-ins that have begun: known by a state that travels with the browser, for minutes."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping

from msgspec import Struct
from msgspec.structs import replace
from twisted.internet.interfaces import IReactorTime

from clace import base64url
from clace.interfaces import SessionChoice, SignedIn
from clace.model import Identity, host_name
from clace.networks import site_of

ASKED_SECONDS, PROVED_SECONDS = 300.0, 60.0
PER_NETWORK, ALL = 500, 20_000
_BYTES = 32
_LENGTH = 43
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


class Pending(Struct, frozen=True, kw_only=True):
    """A sign-in on its way: for apps of ``setting`` on ``origin``, to end at ``target`` there.

    ``nonce`` is the digest of what the browser has in a cookie on that origin. ``way``, ``kept``
    and ``page``, the state of the page that it left, are set in one that is at a provider,
    ``waiting`` once a password was right and a second factor is missing, ``signed_in`` once it is
    proved. ``fingerprint`` stands for what was proved: it is another one when that is changed.
    """

    setting: str
    origin: str
    target: str
    nonce: bytes
    address: str = ""
    until: float = 0
    way: str = ""
    kept: Mapping[str, str] = {}
    waiting: Identity | None = None
    signed_in: SignedIn | None = None
    fingerprint: str = ""
    page: str = ""

    @property
    def proof(self) -> SignedIn | None:
        """Return what was proved so far: all of it, or a password alone."""
        return SignedIn(identity=self.waiting) if self.waiting else self.signed_in


class PendingSignIns:
    """A bounded number of pending sign-ins, in memory: whoever asks can cause any number.

    A network that has too many loses its oldest, and so does the one with most if all have.
    """

    def __init__(
        self,
        clock: IReactorTime,
        random: Callable[[int], bytes] = secrets.token_bytes,
        *,
        per_network: int = PER_NETWORK,
        most: int = ALL,
    ) -> None:
        self._clock = clock
        self._random = random
        self._per_network = per_network
        self._most = most
        self._networks: dict[str, OrderedDict[bytes, Pending]] = {}
        self._network_of: dict[bytes, str] = {}
        # The networks by how many they have: in a flood nobody looks through all of them.
        self._by_size: defaultdict[int, dict[str, None]] = defaultdict(dict)
        self._largest = 0

    def add(self, pending: Pending) -> str:
        """Keep a sign-in, and return its state."""
        state = self.secret()
        seconds = PROVED_SECONDS if pending.signed_in else ASKED_SECONDS
        timed = replace(pending, until=self._clock.seconds() + seconds)
        network = site_of(pending.address)
        there = self._networks.setdefault(network, OrderedDict())
        there[digest(state)] = timed
        self._network_of[digest(state)] = network
        self._resize(network, len(there) - 1, len(there))
        self._make_room(network)
        return state

    def secret(self) -> str:
        """Return a text that nobody guesses."""
        return base64url.encoded(self._random(_BYTES))

    def look(self, state: str) -> Pending | None:
        """Return the sign-in of a state, if its time is not over."""
        key = digest(state)
        network = self._network_of.get(key)
        if len(state) != _LENGTH or network is None:
            return None
        pending = self._networks[network][key]
        if pending.until <= self._clock.seconds():
            self._drop(key)
            return None
        return pending

    def take(self, state: str) -> Pending | None:
        """Return the sign-in and forget the state: nobody gets it a second time."""
        pending = self.look(state)
        if pending is not None:
            self._drop(digest(state))
        return pending

    def keep(self, state: str, pending: Pending) -> None:
        """Replace a sign-in that is still there."""
        if self.look(state) is not None:
            key = digest(state)
            self._networks[self._network_of[key]][key] = pending

    def end_chosen(self, choice: SessionChoice) -> None:
        """Forget the sign-ins with a proof that would begin sessions of this choice."""

        def is_chosen(pending: Pending, proof: SignedIn) -> bool:
            host = host_name(pending.origin.partition("://")[2])
            return choice.covers(proof.identity, pending.way, host)

        self.end(is_chosen)

    def end(self, is_ended: Callable[[Pending, SignedIn], bool]) -> None:
        """Forget the sign-ins with a proof of which ``is_ended`` is true."""
        ended = [
            key
            for there in self._networks.values()
            for key, pending in there.items()
            if (proof := pending.proof) is not None and is_ended(pending, proof)
        ]
        for key in ended:
            self._drop(key)

    def _drop(self, key: bytes) -> None:
        network = self._network_of.pop(key)
        there = self._networks[network]
        del there[key]
        self._resize(network, len(there) + 1, len(there))
        if not there:
            del self._networks[network]

    def _resize(self, network: str, before: int, after: int) -> None:
        self._by_size[before].pop(network, None)
        if after:
            self._by_size[after][network] = None
        if not self._by_size[before]:
            del self._by_size[before]
        self._largest = max(self._largest, after)
        while self._largest and self._largest not in self._by_size:
            self._largest -= 1

    def _make_room(self, network: str) -> None:
        now = self._clock.seconds()
        there = self._networks[network]
        while len(there) > 1 and next(iter(there.values())).until <= now:
            self._drop(next(iter(there)))
        if len(there) > self._per_network:
            self._drop(next(iter(there)))
        if len(self._network_of) > self._most:
            fullest = next(iter(self._by_size[self._largest]))
            self._drop(next(iter(self._networks[fullest])))


def digest(text: str) -> bytes:
    """The digest under which a state or nonce is kept."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def is_secret(text: str) -> bool:
    """Tell whether a text could be one of ``secret``."""
    return _SECRET.fullmatch(text) is not None


def is_nonce_of(pending: Pending, nonce: str | None) -> bool:
    """Tell whether the browser is the one that began the sign-in."""
    return bool(nonce) and hmac.compare_digest(digest(nonce or ""), pending.nonce)
