"""The flags of one ``printf`` directive and the texts they shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clace.gotemplate.go.floats import formatted
from clace.gotemplate.go.values import encode
from clace.gotemplate.language.literals import quote

MAX_RUNE: Final = 0x10FFFF
_MASK: Final = (1 << 64) - 1
_BASES: Final = {"v": 10, "d": 10, "b": 2, "o": 8, "O": 8, "x": 16, "X": 16}
_DIGITS: Final = {2: "b", 8: "o", 10: "d", 16: "x"}


@dataclass(slots=True)
class Flags:
    """Flags between ``%`` and the verb; -1 is an absent width or precision."""

    plus: bool = False
    minus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    plus_v: bool = False
    sharp_v: bool = False
    width: int = -1
    precision: int = -1

    def pad(self, text: str, *, zero: bool | None = None) -> str:
        """The text in its width."""
        missing = self.width - len(text)
        if missing <= 0:
            return text
        if self.minus:
            return text + " " * missing
        zeros = self.zero if zero is None else zero
        return ("0" if zeros else " ") * missing + text

    def truncated(self, text: str) -> str:
        return text if self.precision < 0 else text[: self.precision]

    # Numbers.

    def integer(self, value: int, verb: str, *, unsigned: bool = False, base: int = 0) -> str:
        """An integer in the base of its verb."""
        base = base or _BASES[verb]
        size, sign = self._signed(value, unsigned=unsigned)
        precision = 0
        if self.precision >= 0:
            precision = self.precision
            if precision == 0 and size == 0:
                return " " * max(self.width, 0)
        elif self.zero and not self.minus and self.width >= 0:
            precision = self.width - (1 if sign else 0)
        digits = format(size, _DIGITS[base])
        digits = (digits.upper() if verb == "X" else digits).rjust(precision, "0")
        return self.pad(sign + self._prefix(base, verb, digits) + digits, zero=False)

    def _signed(self, value: int, *, unsigned: bool) -> tuple[int, str]:
        if unsigned:
            value &= _MASK
        sign = "-" if value < 0 else "+" if self.plus else " " if self.space else ""
        return abs(value), sign

    def _prefix(self, base: int, verb: str, digits: str) -> str:
        prefix = "0o" if verb == "O" else ""
        if not self.sharp:
            return prefix
        if base == 2:  # noqa: PLR2004
            return "0b"
        if base == 8:  # noqa: PLR2004
            return prefix + ("" if digits[0] == "0" else "0")
        return ("0X" if verb == "X" else "0x") if base == 16 else prefix  # noqa: PLR2004

    def character(self, value: int) -> str:
        return self.pad(_rune(value))

    def quoted_character(self, value: int) -> str:
        return self.pad(quote(_rune(value), "'", ascii_only=self.plus))

    def unicode(self, value: int) -> str:
        """``U+0078``, with the character itself if sharp."""
        value &= _MASK
        text = f"U+{value:0{max(self.precision, 4)}X}"
        if self.sharp and value <= MAX_RUNE and chr(value).isprintable():
            text += f" '{chr(value)}'"
        return self.pad(text, zero=False)

    def number(self, value: float, verb: str, precision: int) -> str:
        """A floating-point number."""
        precision = self.precision if self.precision >= 0 else precision
        text = formatted(value, verb, precision)
        text = text if text[0] in "+-" else "+" + text
        if self.space and text[0] == "+" and not self.plus:
            text = " " + text[1:]
        if text[1] in "IN":
            if text[1] == "N" and not (self.space or self.plus):
                text = text[1:]
            elif text[0] == "+" and not self.plus:
                text = text if text[1] == "I" else text[1:]
            return self.pad(text, zero=False)
        if self.sharp and verb != "b":
            text = _sharpened(text, verb, precision)
        return self._signed_number(text)

    def _signed_number(self, text: str) -> str:
        if not self.plus and text[0] == "+":
            return self.pad(text[1:])
        if self.zero and not self.minus and self.width > len(text):
            return text[0] + "0" * (self.width - len(text)) + text[1:]
        return self.pad(text)

    # Strings.

    def string(self, text: str) -> str:
        return self.pad(self.truncated(text))

    def quoted(self, text: str) -> str:
        text = self.truncated(text)
        if self.sharp and _can_backquote(text):
            return self.pad(f"`{text}`")
        return self.pad(quote(text, ascii_only=self.plus))

    def hexadecimal(self, text: str, verb: str) -> str:
        """The bytes of a string."""
        data = encode(text)
        data = data if self.precision < 0 else data[: self.precision]
        mark = ("0" + verb) if self.sharp else ""
        if not data:
            return self.pad("")
        shown = data.hex().upper() if verb == "X" else data.hex()
        if self.space:
            pairs = [mark + shown[at : at + 2] for at in range(0, len(shown), 2)]
            return self.pad(" ".join(pairs))
        return self.pad(mark + shown)


def _rune(value: int) -> str:
    """The character of a code, the replacement character if it has none."""
    value &= _MASK
    return "\ufffd" if value > MAX_RUNE or 0xD800 <= value < 0xE000 else chr(value)  # noqa: PLR2004


def _can_backquote(text: str) -> bool:
    return not any(
        char in "`\x7f\ufeff" or (char < " " and char != "\t") or "\ud800" <= char <= "\udfff"
        for char in text
    )


def _sharpened(text: str, verb: str, precision: int) -> str:
    """A number that keeps its point and its trailing zeros."""
    digits = 0
    if verb in "gGx":
        digits = 6 if precision < 0 else precision
    marks = "pP" if verb in "xX" else "eEpP"
    cut = next((at for at, char in enumerate(text) if char in marks), len(text))
    body, tail = text[:cut], text[cut:]
    significant = body[1:].replace(".", "").lstrip("0")
    digits -= len(significant)
    if "." not in body:
        digits -= body[1:] == "0"
        body += "."
    return body + "0" * max(digits, 0) + tail
