"""sprig's string functions."""

from __future__ import annotations

from typing import Any, Final

from clace.gotemplate.faults import CallFault
from clace.gotemplate.go.casts import strings_of, strval
from clace.gotemplate.go.printf import sprintf
from clace.gotemplate.go.printing import text_of
from clace.gotemplate.go.unicase import is_space, lower, title_each, trim_space, upper
from clace.gotemplate.go.values import Map, Slice, decode, encode
from clace.gotemplate.language.literals import quote
from clace.gotemplate.language.signatures import Library
from clace.gotemplate.limits import ELEMENT, Meter

STRINGS: Final = Library()
_FEW: Final = 64
STRINGS.add("upper", "string")(upper)
STRINGS.add("lower", "string")(lower)
STRINGS.add("title", "string")(title_each)
STRINGS.add("trim", "string")(trim_space)


@STRINGS.add("hello")
def hello() -> str:
    return "Hello!"


@STRINGS.add("trimall trimAll", "string, string")
def trim_all(cut: str, text: str) -> str:
    chars = frozenset(cut)
    if len(chars) <= _FEW:
        return text.strip("".join(chars)) if chars else text
    start, end = 0, len(text)
    while start < end and text[start] in chars:
        start += 1
    while end > start and text[end - 1] in chars:
        end -= 1
    return text[start:end]


@STRINGS.add("trimSuffix", "string, string")
def trim_suffix(suffix: str, text: str) -> str:
    return text.removesuffix(suffix)


@STRINGS.add("trimPrefix", "string, string")
def trim_prefix(prefix: str, text: str) -> str:
    return text.removeprefix(prefix)


@STRINGS.add("contains", "string, string")
def contains(part: str, text: str) -> bool:
    return part in text


@STRINGS.add("hasPrefix", "string, string")
def has_prefix(prefix: str, text: str) -> bool:
    return text.startswith(prefix)


@STRINGS.add("hasSuffix", "string, string")
def has_suffix(suffix: str, text: str) -> bool:
    return text.endswith(suffix)


@STRINGS.add("repeat", "int, string", metered=True)
def repeat(meter: Meter, count: int, text: str) -> str:
    if count < 0:
        raise CallFault("strings: negative Repeat count")
    meter.reserve(len(text) * count)
    return text * count


@STRINGS.add("replace", "string, string, string", metered=True)
def replace(meter: Meter, old: str, new: str, text: str) -> str:
    meter.reserve(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


@STRINGS.add("substr", "int, int, string")
def substr(start: int, end: int, text: str) -> str:
    data = encode(text)
    if start < 0:
        return _cut(data, 0, end)
    if end < 0 or end > len(data):
        return _cut(data, start, len(data))
    return _cut(data, start, end)


def _cut(data: bytes, start: int, end: int) -> str:
    """``data[start:end]``, refused where Go would panic."""
    if not 0 <= end <= len(data):
        raise CallFault(
            f"runtime error: slice bounds out of range [:{end}]"
            + (f" with length {len(data)}" if end > 0 else "")
        )
    if start > end:
        raise CallFault(f"runtime error: slice bounds out of range [{start}:{end}]")
    return decode(data[start:end])


@STRINGS.add("trunc", "int, string")
def trunc(count: int, text: str) -> str:
    data = encode(text)
    if count < 0 and len(data) + count > 0:
        return decode(data[len(data) + count :])
    return decode(data[:count]) if 0 <= count < len(data) else text


@STRINGS.add("abbrev", "int, string")
def abbrev(width: int, text: str) -> str:
    return text if width < 4 else _abbreviate(encode(text), 0, width)  # noqa: PLR2004


@STRINGS.add("abbrevboth", "int, int, string")
def abbrevboth(left: int, right: int, text: str) -> str:
    if right < 4 or (left > 0 and right < 7):  # noqa: PLR2004
        return text
    return _abbreviate(encode(text), left, right)


def _abbreviate(data: bytes, offset: int, width: int) -> str:
    if not data or width < 4:  # noqa: PLR2004
        return ""
    size = len(data)
    if size <= width:
        return decode(data)
    offset = min(offset, size)
    if size - offset < width - 3:
        offset = size - (width - 3)
    if offset <= 4:  # noqa: PLR2004
        return decode(data[: width - 3]) + "..."
    if width < 7:  # noqa: PLR2004
        return ""
    if offset + width - 3 < size:
        return "..." + _abbreviate(data[offset:], 0, width - 3)
    return "..." + decode(data[size - (width - 3) :])


@STRINGS.add("untitle", "string")
def untitle(text: str) -> str:
    out, starts = [], True
    for char in text:
        out.append(lower(char) if starts and not is_space(char) else char)
        starts = is_space(char)
    return _runes("".join(out))


def _runes(text: str) -> str:
    """The text as a Go rune slice leaves it: bytes that are not UTF-8 replaced."""
    return (
        text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        if not (text.isascii())
        else text
    )


@STRINGS.add("initials", "string")
def initials(text: str) -> str:
    # The original walks bytes, and takes each for a character.
    out, gap = [], True
    for byte in encode(text):
        char = chr(byte)
        if is_space(char):
            gap = True
        elif gap:
            out.append(char)
            gap = False
    return "".join(out)


@STRINGS.add("nospace", "string")
def nospace(text: str) -> str:
    # As with initials: once a space is found, bytes become characters.
    chars = [chr(byte) for byte in encode(text)]
    kept = [char for char in chars if not is_space(char)]
    return text if len(kept) == len(chars) else "".join(kept)


@STRINGS.add("swapcase", "string")
def swapcase(text: str) -> str:
    out, space = [], True
    for char in text:
        if char.isupper() or char.istitle():
            out.append(lower(char))
            space = False
        elif char.islower():
            out.append(_title(char) if space else upper(char))
            space = False
        else:
            out.append(char)
            space = is_space(char)
    return _runes("".join(out))


def _title(char: str) -> str:
    titled = char.title()
    return titled if len(titled) == 1 else char


@STRINGS.add("wrap", "int, string", metered=True)
def wrap(meter: Meter, width: int, text: str) -> str:
    return _wrap(meter, text, width, "\n", long_words=False)


@STRINGS.add("wrapWith", "int, string, string", metered=True)
def wrap_with(meter: Meter, width: int, separator: str, text: str) -> str:
    return _wrap(meter, text, width, separator or "\n", long_words=True)


def _wrap(meter: Meter, text: str, width: int, separator: str, *, long_words: bool) -> str:
    data, mark = encode(text), encode(separator)
    width = max(width, 1)
    meter.reserve(len(data) + len(data) * len(mark) // width)
    out: list[bytes] = []
    offset = 0
    while len(data) - offset > width:
        if data[offset] == 0x20:  # noqa: PLR2004
            offset += 1
            continue
        meter.spend(1)
        space = data.rfind(b" ", offset, offset + width + 1)
        if space >= offset:
            end, resume = space, space + 1
        elif long_words:
            end = resume = offset + width
        else:
            space = data.find(b" ", offset + width)
            if space < 0:
                break
            end, resume = space, space + 1
        out += (data[offset:end], mark)
        offset = resume
    return decode(b"".join((*out, data[offset:])))


@STRINGS.add("quote", "any...")
def quoted(*values: Any) -> str:
    return " ".join(quote(strval(value)) for value in values if value is not None)


@STRINGS.add("squote", "any...")
def squoted(*values: Any) -> str:
    return " ".join(f"'{text_of(value)}'" for value in values if value is not None)


@STRINGS.add("cat", "any...", metered=True)
def cat(meter: Meter, *values: Any) -> str:
    values = tuple(value for value in values if value is not None)
    return sprintf(" ".join(["%v"] * len(values)), values, meter.reserve)


@STRINGS.add("indent", "int, string", metered=True)
def indent(meter: Meter, spaces: int, text: str) -> str:
    if spaces < 0:
        raise CallFault("strings: negative Repeat count")
    meter.reserve(len(text) + (text.count("\n") + 1) * spaces)
    pad = " " * spaces
    return pad + text.replace("\n", "\n" + pad)


@STRINGS.add("nindent", "int, string", metered=True)
def nindent(meter: Meter, spaces: int, text: str) -> str:
    return "\n" + indent(meter, spaces, text)


@STRINGS.add("plural", "string, string, int")
def plural(one: str, many: str, count: int) -> str:
    return one if count == 1 else many


@STRINGS.add("toString", "any")
def to_string(value: Any) -> str:
    return strval(value)


@STRINGS.add("toStrings", "any", metered=True)
def to_strings(meter: Meter, value: Any) -> Slice:
    return (
        value
        if type(value) is Slice and value.elem == "string"
        else Slice(strings_of(meter, value), elem="string")
    )


@STRINGS.add("join", "string, any", metered=True)
def join(meter: Meter, separator: str, value: Any) -> str:
    texts = strings_of(meter, value)
    meter.reserve(sum(map(len, texts)) + len(texts) * len(separator))
    return separator.join(texts)


def split_text(text: str, separator: str, count: int = -1) -> list[str]:
    """Go's ``strings.SplitN``."""
    if count == 0:
        return []
    if separator:
        return text.split(separator, count - 1) if count > 0 else text.split(separator)
    chars = list(text)
    return (
        chars
        if count < 0 or len(chars) <= count
        else [
            *chars[: count - 1],
            "".join(chars[count - 1 :]),
        ]
    )


def _numbered(parts: list[str]) -> Map:
    return Map({f"_{index}": part for index, part in enumerate(parts)}, elem="string")


def _reserve_parts(meter: Meter, text: str, separator: str) -> None:
    parts = text.count(separator) if separator else len(text)
    meter.reserve(parts * ELEMENT)


@STRINGS.add("split", "string, string", metered=True)
def split(meter: Meter, separator: str, text: str) -> Map:
    _reserve_parts(meter, text, separator)
    return _numbered(split_text(text, separator))


@STRINGS.add("splitn", "string, int, string", metered=True)
def splitn(meter: Meter, separator: str, count: int, text: str) -> Map:
    _reserve_parts(meter, text, separator)
    return _numbered(split_text(text, separator, count))


@STRINGS.add("splitList", "string, string", metered=True)
def split_list(meter: Meter, separator: str, text: str) -> Slice:
    _reserve_parts(meter, text, separator)
    return Slice(split_text(text, separator), elem="string")
