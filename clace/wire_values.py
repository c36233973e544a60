"""A count of the values in a MessagePack body, without making them.

A byte can stand for an empty list, of which two million take most of a second to make.
"""

from __future__ import annotations

# The first byte of a value is its kind. How many bytes follow it, if the kind says so: numbers of
# 1, 2, 4 and 8 bytes, extensions, lengths of lists and maps, short texts. All others stand alone.
_SIZES = {
    0xCA: 4,
    0xCB: 8,
    **{first + n: 1 << n for first in (0xCC, 0xD0) for n in range(4)},
    **{0xD4 + n: 1 + (1 << n) for n in range(5)},
    **{0xDC + n: 2 << n % 2 for n in range(4)},
    **{0xA0 + n: n for n in range(32)},
}
_FOLLOWING = bytes(_SIZES.get(first, 0) for first in range(256))
# Bytes, extensions and texts whose length is said in 1, 2 or 4 bytes; extensions have a type too.
_SAID = {first + n: 1 << n for first in (0xC4, 0xC7, 0xD9) for n in range(3)}
_TYPED = {0xC7, 0xC8, 0xC9}


def has_more(body: bytes | bytearray, most: int) -> bool:
    """Return true if the body holds more than so many values, lists and maps counted too."""
    place = values = 0
    while place < len(body):
        values += 1
        if values > most:
            return True
        place += 1 + _following(body, place)
    return False


def _following(body: bytes | bytearray, place: int) -> int:
    """Return how many bytes of the value follow its first."""
    first = body[place]
    width = _SAID.get(first)
    if width is None:
        return _FOLLOWING[first]
    length = int.from_bytes(body[place + 1 : place + 1 + width], "big")
    return width + length + (first in _TYPED)
