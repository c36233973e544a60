"""Codes of authenticator apps (RFC 6238) and recovery codes."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32encode
from collections.abc import Callable

STEP_SECONDS = 30
# A clock may be this many steps away from the server's.
DRIFT = 1
SECRET_BYTES = 20
RECOVERY_CODES = 10
_RECOVERY_BYTES = 10
_DIGITS = re.compile(r"[0-9]{6}", re.ASCII)
_RECOVERY = re.compile(r"[a-z2-7]{16}", re.ASCII)


def tidy_code(typed: str) -> str:
    """Return a typed code without the spaces and hyphens that apps and lists show."""
    return re.sub(r"[\s-]", "", typed).lower()


def is_app_code(code: str) -> bool:
    """Tell the form of an app's code from all other texts."""
    return _DIGITS.fullmatch(code) is not None


def is_recovery_code(code: str) -> bool:
    """Tell the form of a recovery code from all other texts."""
    return _RECOVERY.fullmatch(code) is not None


def new_secret(random: Callable[[int], bytes]) -> str:
    """Return a secret as authenticator apps take it."""
    return b32encode(random(SECRET_BYTES)).decode("ascii")


def address_of(secret: str, name: str, issuer: str) -> str:
    """Return the ``otpauth:`` address that an authenticator app reads from a QR code."""
    import pyotp  # noqa: PLC0415 - few servers have second factors

    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def step_of(secret: str, code: str, seconds: float, after: int) -> int | None:
    """Return the time step of a right code; None if it is wrong, or not later than ``after``.

    Every step is compared, so that the time tells nothing.
    """
    import pyotp  # noqa: PLC0415 - as above

    codes = pyotp.TOTP(secret)
    now = int(seconds // STEP_SECONDS)
    found = None
    for step in range(now - DRIFT, now + DRIFT + 1):
        is_right = hmac.compare_digest(codes.generate_otp(step).encode(), code.encode())
        if is_right and step > after:
            found = step
    return found


def new_recovery_codes(random: Callable[[int], bytes]) -> tuple[str, ...]:
    """Return codes of 80 bits, in groups of four."""
    return tuple(_grouped(random(_RECOVERY_BYTES)) for _ in range(RECOVERY_CODES))


def recovery_id(user_id: str, code: str) -> str:
    """Return the name under which a recovery code is kept; it does not tell the code."""
    text = f"recovery\0{user_id}\0{tidy_code(code)}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _grouped(number: bytes) -> str:
    text = b32encode(number).decode("ascii").lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))
