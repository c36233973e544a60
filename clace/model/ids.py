"""Identifiers that sort by the second they were made in."""

from __future__ import annotations

from collections.abc import Callable

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_EPOCH = 1_400_000_000
_LENGTH = 27


def ksuid(seconds: float, random_bytes: Callable[[int], bytes]) -> str:
    """A KSUID: 32 bits of time and 128 of chance, as 27 characters of base 62."""
    number = int.from_bytes((int(seconds) - _EPOCH).to_bytes(4, "big") + random_bytes(16), "big")
    digits = []
    for _ in range(_LENGTH):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
