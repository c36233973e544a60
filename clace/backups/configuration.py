"""The configuration file of a backup, without the secrets that are written out in it."""

from __future__ import annotations

from collections.abc import Iterable

from clace.config import Steps, dotted, with_value

_MISSING = "missing-since-the-restore"
# No password has this hash.
_NO_HASH = "$2b$12$" + "." * 53


def without_secrets(text: str, secrets: Iterable[Steps]) -> tuple[str, tuple[str, ...]]:
    """Return the text with other values for these keys, so that a server starts with it but nobody
    signs in by them, and the names of the keys.

    :raises ConfigError: if one cannot be replaced without changing something else.
    """
    names = []
    for at in secrets:
        text = with_value(text, at, _replaced(at))
        names.append(dotted(at))
    return text, tuple(names)


def _replaced(at: Steps) -> str:
    if at[0] in {"client", "security"}:
        return ""
    if at[0] == "builtin_auth":
        return _NO_HASH
    if at[-1] == "db_connection":
        return "postgresql://127.0.0.1/missing-since-the-restore"
    return _MISSING
