"""sprig's regular expression functions."""

from __future__ import annotations

from typing import Final

from clace.gotemplate.faults import CallFault
from clace.gotemplate.go.regex import Groups, compiled
from clace.gotemplate.go.values import Slice
from clace.gotemplate.language.signatures import Library
from clace.gotemplate.limits import Meter

REGEXES: Final = Library()
_SPECIAL: Final = frozenset(r"\.+*?()|[]{}^$")


@REGEXES.add("regexMatch", "string, string", metered=True)
def regex_match(meter: Meter, pattern: str, text: str) -> bool:
    """Return true if the pattern matches; an invalid pattern matches nothing."""
    try:
        regex = compiled(pattern, meter)
    except CallFault:
        return False
    return regex.search(text, 0, meter) is not None


@REGEXES.add("mustRegexMatch", "string, string", metered=True)
def must_regex_match(meter: Meter, pattern: str, text: str) -> bool:
    return compiled(pattern, meter).search(text, 0, meter) is not None


def _quoted(pattern: str) -> str:
    return f"`{pattern}`"


def _panicking(meter: Meter, pattern: str) -> None:
    """Refuse a bad pattern as Go's ``MustCompile`` does."""
    try:
        compiled(pattern, meter)
    except CallFault as fault:
        raise CallFault(f"regexp: Compile({_quoted(pattern)}): {fault}") from None


def _find_all(meter: Meter, pattern: str, text: str, count: int) -> Slice:
    limit = count if count >= 0 else -1
    found = [text[at[0] : at[1]] for at in compiled(pattern, meter).matches(text, meter, limit)]
    return Slice(found, elem="string", nil=not found)


@REGEXES.add("mustRegexFindAll", "string, string, int", metered=True)
def must_regex_find_all(meter: Meter, pattern: str, text: str, count: int) -> Slice:
    return _find_all(meter, pattern, text, count)


@REGEXES.add("regexFindAll", "string, string, int", metered=True)
def regex_find_all(meter: Meter, pattern: str, text: str, count: int) -> Slice:
    _panicking(meter, pattern)
    return _find_all(meter, pattern, text, count)


@REGEXES.add("mustRegexFind", "string, string", metered=True)
def must_regex_find(meter: Meter, pattern: str, text: str) -> str:
    found = compiled(pattern, meter).search(text, 0, meter)
    return "" if found is None else text[found[0] : found[1]]


@REGEXES.add("regexFind", "string, string", metered=True)
def regex_find(meter: Meter, pattern: str, text: str) -> str:
    _panicking(meter, pattern)
    return must_regex_find(meter, pattern, text)


@REGEXES.add("mustRegexReplaceAll", "string, string, string", metered=True)
def must_regex_replace_all(meter: Meter, pattern: str, text: str, template: str) -> str:
    regex = compiled(pattern, meter)

    def change(groups: Groups) -> str:
        piece = regex.expand(template, text, groups)
        meter.reserve(len(piece))
        meter.room -= len(piece)
        return piece

    room = meter.room
    out = regex.replace(text, change, meter)
    meter.room = room
    return out


@REGEXES.add("regexReplaceAll", "string, string, string", metered=True)
def regex_replace_all(meter: Meter, pattern: str, text: str, template: str) -> str:
    _panicking(meter, pattern)
    return must_regex_replace_all(meter, pattern, text, template)


@REGEXES.add("mustRegexReplaceAllLiteral", "string, string, string", metered=True)
def must_regex_replace_all_literal(meter: Meter, pattern: str, text: str, new: str) -> str:
    meter.reserve((len(text) + 1) * len(new))
    return compiled(pattern, meter).replace(text, lambda _: new, meter)


@REGEXES.add("regexReplaceAllLiteral", "string, string, string", metered=True)
def regex_replace_all_literal(meter: Meter, pattern: str, text: str, new: str) -> str:
    _panicking(meter, pattern)
    return must_regex_replace_all_literal(meter, pattern, text, new)


@REGEXES.add("mustRegexSplit", "string, string, int", metered=True)
def must_regex_split(meter: Meter, pattern: str, text: str, count: int) -> Slice:
    regex = compiled(pattern, meter)
    if count == 0:
        return Slice(elem="string", nil=True)
    if pattern and not text:
        return Slice([""], elem="string")
    out: list[str] = []
    start = end = 0
    for match in regex.matches(text, meter, count if count > 0 else -1):
        if count > 0 and len(out) == count - 1:
            break
        end = match[0]
        if match[1] != 0:
            out.append(text[start:end])
        start = match[1]
    if end != len(text):
        out.append(text[start:])
    return Slice(out, elem="string")


@REGEXES.add("regexSplit", "string, string, int", metered=True)
def regex_split(meter: Meter, pattern: str, text: str, count: int) -> Slice:
    _panicking(meter, pattern)
    return must_regex_split(meter, pattern, text, count)


@REGEXES.add("regexQuoteMeta", "string")
def regex_quote_meta(text: str) -> str:
    return "".join("\\" + char if char in _SPECIAL else char for char in text)
