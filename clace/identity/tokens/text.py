"""The text of a token: a prefix, 256 random bits, and a checksum, as scanners for secrets like it.

The checksum tells a token from what only looks like one, without a database.
"""

from __future__ import annotations

import hashlib
import re
import string
import zlib
from collections.abc import Callable

from clace.credentials import TOKEN_PREFIX

RANDOM_BYTES = 32
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM, _CHECK = 43, 6
_TOKEN = re.compile(rf"{TOKEN_PREFIX}([0-9A-Za-z]{{{_RANDOM}}})([0-9A-Za-z]{{{_CHECK}}})")


def make_token(random: Callable[[int], bytes], prefix: str = TOKEN_PREFIX) -> str:
    """Make a token that nobody can guess; one with another prefix is not taken as an API token."""
    body = _written(int.from_bytes(random(RANDOM_BYTES), "big"), _RANDOM)
    return prefix + body + _checksum(body)


def is_token(text: str) -> bool:
    """Tell a token of some server from any other text."""
    found = _TOKEN.fullmatch(text)
    return found is not None and _checksum(found[1]) == found[2]


def digest_of(token: str) -> str:
    """Return the digest by which a token is found; its 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


def _checksum(body: str) -> str:
    return _written(zlib.crc32(body.encode("ascii")), _CHECK)


def _written(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
