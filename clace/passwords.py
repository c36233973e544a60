"""Passwords and their bcrypt hashes: what the account checks and the command line prints."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Callable

import bcrypt

from clace.errors import BadRequest, ConfigError

ALPHABET = string.ascii_letters + string.digits + "@#%^&*()_-+=<>?/|"
LENGTH = 16
COST = 10
# bcrypt reads no further; what lies beyond must not look as if it counted.
MAX_BYTES = 72
MIN_LENGTH = 12
MIN_VARIETY = 4
_HASH = re.compile(r"\$2[abxy]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}", re.ASCII)


def random_password(choose: Callable[[str], str] = secrets.choice) -> str:
    """A password that nobody chose, of about 100 bits."""
    return "".join(choose(ALPHABET) for _ in range(LENGTH))


def hash_password(password: str, cost: int = COST) -> str:
    """The bcrypt hash of a password; takes as long as a check.

    :raises BadRequest: it is empty, or bcrypt cannot tell it from another password.
    """
    if not password:
        raise BadRequest("must specify a password value")
    encoded = encode_password(password)
    if encoded is None:
        raise BadRequest(f"a password has at most {MAX_BYTES} bytes of UTF-8 and no NUL in it")
    return bcrypt.hashpw(encoded, bcrypt.gensalt(cost)).decode("ascii")


def encode_password(password: str) -> bytes | None:
    """The bytes that bcrypt is given; none if it would not read them all."""
    try:
        encoded = password.encode()
    except UnicodeEncodeError:
        return None
    return None if b"\0" in encoded or len(encoded) > MAX_BYTES else encoded


def check_choice(password: str, user: str) -> None:
    """Check a password that somebody chose.

    :raises BadRequest: if it is too short, too long, or made of the user's name; says which.
    """
    if len(password) < MIN_LENGTH:
        raise BadRequest(f"a password has at least {MIN_LENGTH} characters")
    if encode_password(password) is None:
        raise BadRequest(f"a password has at most {MAX_BYTES} bytes of UTF-8 and no NUL in it")
    rest = password.casefold().replace(user.casefold(), "") if user else password
    if len(rest) < MIN_LENGTH // 2 or len(set(password)) < MIN_VARIETY:
        raise BadRequest(
            "a password cannot be the user's name, nor a few characters again and again"
        )


def is_hash(text: str) -> bool:
    """Tell a bcrypt hash from any other text."""
    return _HASH.fullmatch(text) is not None


def check_hash(bcrypt_hash: str) -> None:
    """:raises ConfigError: if the text is not a bcrypt hash."""
    if not is_hash(bcrypt_hash):
        raise ConfigError(
            "admin_password_bcrypt: expected a bcrypt hash as `clace password` prints it"
        )
