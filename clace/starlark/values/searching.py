"""Searching from the end, and trimming, in time that grows with the text alone.

CPython's own ways look at each place with all that is searched for, and cannot be interrupted.
"""

from __future__ import annotations

_FEW = 64
_QUICK = 1 << 24
# Go takes each byte that is not part of a character for U+FFFD.
_BROKEN = frozenset(("\ufffd", *map(chr, range(0xDC80, 0xDD00))))


def _is_quick(data: bytes, wanted: bytes) -> bool:
    return len(data) * len(wanted) <= _QUICK


def find_last(data: bytes, wanted: bytes) -> int:
    """``data.rfind(wanted)``"""
    if _is_quick(data, wanted):
        return data.rfind(wanted)
    found = data[::-1].find(wanted[::-1])
    return found if found < 0 else len(data) - found - len(wanted)


def partition_last(data: bytes, by: bytes) -> tuple[bytes, bytes, bytes]:
    """``data.rpartition(by)``"""
    found = find_last(data, by)
    return (b"", b"", data) if found < 0 else (data[:found], by, data[found + len(by) :])


def split_last(data: bytes, by: bytes, times: int) -> list[bytes]:
    """``data.rsplit(by, times)``"""
    if _is_quick(data, by):
        return data.rsplit(by, times)
    return [one[::-1] for one in reversed(data[::-1].split(by[::-1], times))]


def trim(text: str, characters: str, *, left: bool, right: bool) -> str:
    """The text without any of these characters at its ends."""
    unwanted = frozenset(characters)
    if unwanted & _BROKEN:
        unwanted |= _BROKEN
    if len(unwanted) <= _FEW:
        few = "".join(unwanted)
        text = text.lstrip(few) if left else text
        return text.rstrip(few) if right else text
    start, end = 0, len(text)
    while left and start < end and text[start] in unwanted:
        start += 1
    while right and end > start and text[end - 1] in unwanted:
        end -= 1
    return text[start:end]
