"""The hash chain over audit events, with a key that is not in their database.

The hash of a row covers its number, all of its fields and the hash of the row before it. The head
seals the end of the chain, and a cut seals rows that retention removed, with the hash of the last
of them. Whoever lacks the key can make none of these, so that rows that were edited, added,
removed or moved show. An old copy of the whole database shows only to somebody who kept a head.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from math import inf

import msgspec
from msgspec import Struct

from clace.model import AuditEvent

BROKEN = "broken"
"""In the place of the hash of the row before, after a head that was tampered with."""
_KEY_ID = 8


class ChainHead(Struct, frozen=True, kw_only=True):
    """The end of the chain, which began after row ``start``."""

    start: int
    sequence: int
    hash: str
    key_id: str = ""
    seal: str = ""


class ChainCut(Struct, frozen=True, kw_only=True):
    """Rows that retention removed. ``hash`` is the last one of theirs; empty if they had none."""

    first: int
    last: int
    hash: str
    seal: str = ""


class Chain:
    """Hashes and seals with one key; ``made`` says since when, in seconds, there is a chain."""

    def __init__(self, key: bytes, made: float = inf) -> None:
        self._key = key
        self.made = made
        self.key_id = hashlib.sha256(b"clace:audit:" + key).hexdigest()[:_KEY_ID]

    def hash(self, previous: str, sequence: int, event: AuditEvent) -> str:
        """Return the hash of a row after the one of the hash ``previous``."""
        return self._mac("row", previous, sequence, *msgspec.structs.astuple(event))

    def sealed_head(self, start: int, sequence: int, end: str) -> ChainHead:
        seal = self._mac("head", start, sequence, end)
        return ChainHead(start=start, sequence=sequence, hash=end, key_id=self.key_id, seal=seal)

    def sealed_cut(self, first: int, last: int, end: str) -> ChainCut:
        return ChainCut(first=first, last=last, hash=end, seal=self._mac("cut", first, last, end))

    def made_head(self, head: ChainHead) -> bool:
        return _same(head.seal, self._mac("head", head.start, head.sequence, head.hash))

    def made_cut(self, cut: ChainCut) -> bool:
        return _same(cut.seal, self._mac("cut", cut.first, cut.last, cut.hash))

    def _mac(self, *parts: object) -> str:
        return hmac.digest(self._key, msgspec.json.encode(parts), "sha256").hex()


def runs(removed: Iterable[tuple[int, str]]) -> Iterator[ChainCut]:
    """Return unsealed cuts for rows, given in order by number and hash."""
    run: ChainCut | None = None
    for sequence, end in removed:
        this = ChainCut(first=sequence, last=sequence, hash=end)
        joined = run and _joined(run, this)
        if run and not joined:
            yield run
        run = joined or this
    if run:
        yield run


def merged(cuts: Iterable[ChainCut]) -> Iterator[ChainCut]:
    """Join cuts that touch; what is joined has no seal yet."""
    whole: ChainCut | None = None
    for cut in sorted(cuts, key=lambda each: each.first):
        joined = whole and _joined(whole, cut)
        if whole and not joined:
            yield whole
        whole = joined or cut
    if whole:
        yield whole


def _joined(one: ChainCut, other: ChainCut) -> ChainCut | None:
    if one.last + 1 != other.first:
        return None
    return ChainCut(first=one.first, last=other.last, hash=other.hash or one.hash)


def _same(given: str, made: str) -> bool:
    return hmac.compare_digest(given.encode(), made.encode())
