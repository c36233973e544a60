"""Texts of strangers made fit to be shown: none drives a terminal or passes for another line."""

from __future__ import annotations

from datetime import UTC, datetime


def printable(text: str) -> str:
    """Spell out control characters and the like; line breaks and tabs stay."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character in "\n\t" else repr(character)[1:-1]
        for character in text
    )


def one_line(text: str) -> str:
    """Spell out line breaks and tabs too."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def json_text(encoded: bytes) -> str:
    """Decode JSON and write characters as escapes that a terminal might act on."""
    if encoded.isascii() and b"\x7f" not in encoded:
        return encoded.decode("ascii")
    text = encoded.decode("utf-8")
    return "".join(
        character if character.isprintable() or character == "\n" else _json_escape(character)
        for character in text
    )


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def time_text(seconds: float) -> str:
    """Write a time, in UTC and with milliseconds, as lines of logs have it."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shortened(text: str, length: int) -> str:
    """Cut a text that is longer; three dots say so."""
    return text if len(text) <= length else text[: length - 3] + "..."
