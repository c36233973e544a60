"""Headers by which a client says which form and part of a file it wants."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from clace.encodings import ENCODINGS, GZIP, IDENTITY

# Browsers send a few dozen characters.
_USUAL = 200
_CODING = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_QUALITY = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")
_TAG = re.compile(r"(\"[!#-~\x80-\uffff]*\")")
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
# Sorted behind every coding that the client names or means by ``*``.
_UNNAMED = 0.0001


class ClientWishes(Struct, frozen=True, kw_only=True):
    """Values of the headers of the same names, ``""`` for one that was not sent."""

    accept_encoding: str = ""
    if_none_match: str = ""
    range: str = ""
    if_range: str = ""

    @classmethod
    def of(cls, headers: Mapping[str, Sequence[str]]) -> ClientWishes:
        """Return the wishes among headers of canonical names."""
        return cls(
            accept_encoding=",".join(headers.get("Accept-Encoding", ())),
            if_none_match=",".join(headers.get("If-None-Match", ())),
            range=",".join(headers.get("Range", ())),
            if_range=",".join(headers.get("If-Range", ())),
        )

    @property
    def encodings(self) -> tuple[str, ...]:
        """Return those of ``ENCODINGS`` and ``identity`` that the client takes, best first."""
        header = self.accept_encoding
        return _accepted(header) if len(header) <= _USUAL else _accepted.__wrapped__(header)

    def knows(self, etag: str) -> bool:
        """Return true if the client has what this tag is of."""
        header = self.if_none_match
        if not header or header == etag:
            return bool(header)
        return header.strip() == "*" or etag in _TAG.findall(header)

    def part(self, size: int) -> slice | None:
        """Return the part of so many bytes that is wanted, ``None`` for the whole.

        Several parts in one request are answered with the whole, as HTTP allows.

        :raises ValueError: if no byte is in the part.
        """
        found = _RANGE.fullmatch(self.range)
        if found is None:
            return None
        first, last = found.groups()
        start = int(first) if first else max(0, size - int(last or 0))
        end = min(int(last) + 1, size) if first and last else size
        if start >= end:
            raise ValueError(self.range)
        return slice(start, end)


@lru_cache(maxsize=256)
def _accepted(header: str) -> tuple[str, ...]:
    qualities = _qualities(header)
    others = qualities.get("*", 0.0)
    by_quality = {coding: qualities.get(coding, others) for coding in ENCODINGS}
    by_quality[IDENTITY] = qualities.get(IDENTITY, others if "*" in qualities else _UNNAMED)
    usable = [coding for coding, quality in by_quality.items() if quality]
    return tuple(sorted(usable, key=by_quality.__getitem__, reverse=True))


def _qualities(header: str) -> dict[str, float]:
    """The quality of each coding that is named, 0 for one that is refused."""
    found: dict[str, float] = {}
    for part in header.split(","):
        coding, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = _quality(parameters)
        if _CODING.fullmatch(coding) and quality is not None:
            found[GZIP if coding == "x-gzip" else coding] = quality
    return found


def _quality(parameters: list[str]) -> float | None:
    """The quality among parameters, ``None`` for one that cannot be read."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            value = value.strip()
            return float(value) if _QUALITY.fullmatch(value) else None
    return 1.0
