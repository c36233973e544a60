"""Go's ``fmt.Sprintf`` for the values that templates can hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from clace.gotemplate.faults import CallFault
from clace.gotemplate.go.formatting import Flags
from clace.gotemplate.go.types import string_method, struct_fields
from clace.gotemplate.go.values import (
    NOVALUE,
    Record,
    Sized,
    Slice,
    URLValues,
    is_list,
    type_name,
)

MAX_NUMBER: Final = 1_000_000
MAX_NESTING: Final = 100
_FLAGS: Final = {"#": "sharp", "0": "zero", "+": "plus", "-": "minus", " ": "space"}
_DIGITS: Final = re.compile(r"[0-9]*")
_FLOAT_VERBS: Final = {"v": ("g", -1), "F": ("f", 6)} | {
    verb: (verb, 6 if verb in "feE" else -1) for verb in "bgGxXfeE"
}


class Printf:
    """One call of ``printf``: walks the pattern and takes arguments as it needs them."""

    def __init__(self, pattern: str, values: Sequence[Any], reserve: Callable[[int], None]) -> None:
        self._pattern = pattern
        self._values = values
        self._reserve = reserve
        self._out: list[str] = []
        self._at = 0
        self._arg = 0
        self._good = True
        self._reordered = False

    def run(self) -> str:
        pattern = self._pattern
        while self._at < len(pattern):
            start = self._at
            percent = pattern.find("%", start)
            self._at = len(pattern) if percent < 0 else percent + 1
            self._out.append(pattern[start : len(pattern) if percent < 0 else percent])
            if percent >= 0 and not self._directive():
                break
        self._extra()
        return "".join(self._out)

    def _char(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _directive(self) -> bool:
        """One directive; false if the pattern ends inside it."""
        flags = Flags()
        self._good = True
        while (char := self._char()) in _FLAGS and char:
            setattr(flags, _FLAGS[char], True)
            self._at += 1
        after_index = self._index()
        after_index = self._width(flags, after_index)
        after_index = self._precision(flags, after_index)
        if not after_index:
            self._index()
        verb = self._char()
        if not verb:
            self._out.append("%!(NOVERB)")
            return False
        self._at += 1
        self._reserve(max(flags.width, 0) + max(flags.precision, 0))
        self._verb(flags, verb)
        return True

    def _verb(self, flags: Flags, verb: str) -> None:
        if verb == "%":
            self._out.append("%")
        elif not self._good:
            self._out.append(f"%!{verb}(BADINDEX)")
        elif self._arg >= len(self._values):
            self._out.append(f"%!{verb}(MISSING)")
        else:
            if verb in "vw":
                flags.sharp_v, flags.sharp = flags.sharp, False
                flags.plus_v, flags.plus = flags.plus, False
            self._out.append(Printer(flags, self._reserve).argument(self._values[self._arg], verb))
            self._arg += 1

    def _index(self) -> bool:
        """An explicit argument index such as ``[2]``."""
        if self._char() != "[":
            return False
        self._reordered = True
        close = self._pattern.find("]", self._at)
        if len(self._pattern) - self._at < 3 or close < 0:  # noqa: PLR2004
            self._good = False
            self._at += 1
            return False
        inside = self._pattern[self._at + 1 : close]
        self._at = close + 1
        good = bool(inside) and inside.isascii() and inside.isdigit() and len(inside) < 8  # noqa: PLR2004
        index = int(inside) - 1 if good else -1
        if 0 <= index < len(self._values):
            self._arg = index
            return True
        self._good = False
        return good

    def _width(self, flags: Flags, after_index: bool) -> bool:  # noqa: FBT001
        if self._char() == "*":
            self._at += 1
            width = self._star()
            if width is None:
                self._out.append("%!(BADWIDTH)")
            elif width < 0:
                flags.minus, flags.zero = True, False
            flags.width = -1 if width is None else abs(width)
            return False
        flags.width = self._number()
        if after_index and flags.width >= 0:
            self._good = False
        return after_index

    def _precision(self, flags: Flags, after_index: bool) -> bool:  # noqa: FBT001
        if self._char() != "." or self._at + 1 >= len(self._pattern):
            return after_index
        self._at += 1
        if after_index:
            self._good = False
        after_index = self._index()
        if self._char() == "*":
            self._at += 1
            precision = self._star()
            if precision is None or precision < 0:
                self._out.append("%!(BADPREC)")
                precision = -1
            flags.precision = precision
            return False
        flags.precision = max(self._number(), 0)
        return after_index

    def _number(self) -> int:
        """Digits here, or -1; a number too large swallows the rest of the pattern."""
        found = _DIGITS.match(self._pattern, self._at)
        assert found is not None
        if not found[0]:
            return -1
        value = 0
        for digit in found[0]:
            if value > MAX_NUMBER:
                self._at = len(self._pattern)
                return -1
            value = value * 10 + int(digit)
        self._at = found.end()
        return value

    def _star(self) -> int | None:
        """The argument that gives a width or precision."""
        if self._arg >= len(self._values):
            return None
        value = self._values[self._arg]
        self._arg += 1
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MAX_NUMBER:
            return None
        return int(value)

    def _extra(self) -> None:
        if self._reordered or self._arg >= len(self._values):
            return
        shown = [_typed(value, self._reserve) for value in self._values[self._arg :]]
        self._out.append(f"%!(EXTRA {', '.join(shown)})")


def _typed(value: Any, reserve: Callable[[int], None]) -> str:
    if value is None or value is NOVALUE:
        return "<nil>"
    return f"{type_name(value)}={Printer(Flags(), reserve).argument(value, 'v')}"


class Printer:
    """Values by verb, nested ones with the flags of the whole."""

    def __init__(self, flags: Flags, reserve: Callable[[int], None]) -> None:
        self._flags = flags
        self._reserve = reserve

    def argument(self, value: Any, verb: str) -> str:
        """A value as an argument of its own."""
        if value is None or value is NOVALUE:
            return self._flags.pad("<nil>") if verb in "Tv" else f"%!{verb}(<nil>)"
        if verb == "T":
            return self._flags.string(type_name(value))
        if verb == "p":
            return self._bad(value, verb)
        return self.value(value, verb, 0)

    def _bad(self, value: Any, verb: str) -> str:
        return f"%!{verb}({type_name(value)}={self.value(value, 'v', 0, methods=False)})"

    def value(self, value: Any, verb: str, depth: int, *, methods: bool = True) -> str:
        """A value at some depth inside the argument."""
        self._reserve(256)
        if depth > MAX_NESTING:
            raise CallFault("value is nested too deeply to print")
        if value is None or value is NOVALUE:
            return self._nil()
        if verb == "w":
            return self._bad(value, verb)
        if methods and not self._flags.sharp_v and verb in "vsxXq":
            text = string_method(value)
            if text is not None:
                return self._string(text, text, verb)
        return self._plain(value, verb, depth)

    def _nil(self) -> str:
        return "interface {}(nil)" if self._flags.sharp_v else "<nil>"

    def _plain(self, value: Any, verb: str, depth: int) -> str:  # noqa: PLR0911 - one for each case
        if isinstance(value, bool):
            shown = "true" if value else "false"
            return self._flags.pad(shown) if verb in "tv" else self._bad(value, verb)
        if isinstance(value, int):
            return self._integer(value, verb)
        if isinstance(value, float):
            if verb not in _FLOAT_VERBS:
                return self._bad(value, verb)
            return self._flags.number(value, *_FLOAT_VERBS[verb])
        if isinstance(value, complex):
            return self._complex(value, verb)
        if isinstance(value, str):
            return self._string(str.__str__(value), value, verb)
        return self._composite(value, verb, depth)

    def _integer(self, value: int, verb: str) -> str:
        flags = self._flags
        unsigned = isinstance(value, Sized) and value.unsigned
        if verb in "vdboOxX":
            if verb == "v" and flags.sharp_v and unsigned:
                flags.sharp = True
                text = flags.integer(value, verb, unsigned=True, base=16)
                flags.sharp = False
                return text
            return flags.integer(value, verb, unsigned=unsigned)
        if verb == "c":
            return flags.character(value)
        if verb == "q":
            return flags.quoted_character(value)
        return flags.unicode(value) if verb == "U" else self._bad(value, verb)

    def _complex(self, value: complex, verb: str) -> str:
        if verb not in _FLOAT_VERBS:
            return self._bad(value, verb)
        flags = self._flags
        real = flags.number(value.real, *_FLOAT_VERBS[verb])
        plus, flags.plus = flags.plus, True
        imaginary = flags.number(value.imag, *_FLOAT_VERBS[verb])
        flags.plus = plus
        return f"({real}{imaginary}i)"

    def _string(self, text: str, value: Any, verb: str) -> str:
        flags = self._flags
        if verb == "q" or (verb == "v" and flags.sharp_v):
            return flags.quoted(text)
        if verb in "vs":
            return flags.string(text)
        return flags.hexadecimal(text, verb) if verb in "xX" else self._bad(value, verb)

    def _composite(self, value: Any, verb: str, depth: int) -> str:
        sharp = self._flags.sharp_v
        between = ", " if sharp else " "
        name = type_name(value) if sharp else ""
        if is_list(value):
            if sharp and isinstance(value, Slice) and value.nil:
                return f"{name}(nil)"
            inner = between.join([self.value(item, verb, depth + 1) for item in value])
            return f"{name}{{{inner}}}" if sharp else f"[{inner}]"
        if isinstance(value, (dict, URLValues)):
            entries = value.entries if isinstance(value, URLValues) else value
            pairs = [
                f"{self.value(key, verb, depth + 1)}:{self.value(entries[key], verb, depth + 1)}"
                for key in sorted(entries)
            ]
            inner = between.join(pairs)
            return f"{name}{{{inner}}}" if sharp else f"map[{inner}]"
        if isinstance(value, Record):
            return self._record(value, verb, depth, between, name)
        fields = struct_fields(value)
        if fields is None:
            return f"?{type_name(value)}?"
        return f"&{{{between.join([self.value(item, verb, depth + 1) for item in fields])}}}"

    def _record(self, value: Record, verb: str, depth: int, between: str, name: str) -> str:
        named = self._flags.plus_v or self._flags.sharp_v
        fields = [
            (f"{field}:" if named else "") + self.value(item, verb, depth + 1)
            for field, item in value.fields.items()
        ]
        return f"{name}{{{between.join(fields)}}}"


def sprintf(pattern: str, values: Sequence[Any], reserve: Callable[[int], None]) -> str:
    """The formatted text; ``reserve`` is told of sizes before they are spent."""
    return Printf(pattern, values, reserve).run()
