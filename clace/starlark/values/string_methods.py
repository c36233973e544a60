"""The methods of strings, but for those on letters."""

from __future__ import annotations

import re
from typing import Any

from clace.starlark.errors import Failure
from clace.starlark.values.arguments import bounds, need_bool, need_int, need_string
from clace.starlark.values.bounds import MAX_TEXT, check_range, concatenate
from clace.starlark.values.format import format_fields
from clace.starlark.values.iteration import length_of, need_iterable
from clace.starlark.values.registry import method
from clace.starlark.values.searching import find_last, partition_last, split_last, trim
from clace.starlark.values.sequences import BytesElements, StringCodepoints, StringElements
from clace.starlark.values.text import REPLACEMENT, from_bytes, joined, replaced, to_bytes
from clace.starlark.values.types import type_name

_INVALID = "".join(map(chr, range(0xDC80, 0xDD00))) + REPLACEMENT
SPACES = (
    " \t\n\v\f\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_WORD = re.compile(f"[^{SPACES}]+")
_ODD_SPACE = re.compile("[\x1c-\x1f]")  # spaces to Python's split, but not to Go's


def _part(text: str, low: Any, high: Any, function: str) -> tuple[bytes, int]:
    """The bytes between two optional indexes, and where they begin."""
    start, end = bounds(low, high, length_of(text), function)
    return to_bytes(text)[start:end], start


def _search(text: str, sub: Any, low: Any, high: Any, name: str) -> int:
    need_string(sub, name, 1)
    data, start = _part(text, low, high, name)
    wanted = to_bytes(sub)
    found = find_last(data, wanted) if name[0] == "r" else data.find(wanted)
    return found if found < 0 else found + start


@method(str)
def str_find(text: str, sub: Any, low: Any = None, high: Any = None, /) -> int:
    return _search(text, sub, low, high, "find")


@method(str)
def str_rfind(text: str, sub: Any, low: Any = None, high: Any = None, /) -> int:
    return _search(text, sub, low, high, "rfind")


@method(str)
def str_index(text: str, sub: Any, low: Any = None, high: Any = None, /) -> int:
    return _found(_search(text, sub, low, high, "index"), "index")


@method(str)
def str_rindex(text: str, sub: Any, low: Any = None, high: Any = None, /) -> int:
    return _found(_search(text, sub, low, high, "rindex"), "rindex")


def _found(place: int, name: str) -> int:
    if place < 0:
        raise Failure(f"{name}: substring not found")
    return place


@method(str)
def str_count(text: str, sub: Any, low: Any = None, high: Any = None, /) -> int:
    need_string(sub, "count", 1)
    data, _start = _part(text, low, high, "count")
    return data.count(to_bytes(sub)) if sub else len(from_bytes(data)) + 1


@method(str)
def str_startswith(text: str, prefix: Any, low: Any = None, high: Any = None, /) -> bool:
    return _affixed(text, prefix, low, high, "startswith")


@method(str)
def str_endswith(text: str, suffix: Any, low: Any = None, high: Any = None, /) -> bool:
    return _affixed(text, suffix, low, high, "endswith")


def _affixed(text: str, affix: Any, low: Any, high: Any, name: str) -> bool:
    data, _start = _part(text, low, high, name)
    test = data.startswith if name[0] == "s" else data.endswith
    if type(affix) is str:
        return test(to_bytes(affix))
    if type(affix) is not tuple:
        raise Failure(f"{name}: got {type_name(affix)}, want string or tuple of string")
    for number, one in enumerate(affix):
        if type(one) is not str:
            got = f"want string, got {type_name(one)}"
            raise Failure(f"{name}: {got}, for element {number}")
        if test(to_bytes(one)):
            return True
    return False


def _as_a_set(characters: str) -> str:
    """The characters to trim; a byte that is not UTF-8 stands for all of them, and for U+FFFD."""
    return characters if replaced(characters) == characters else characters + _INVALID


@method(str)
def str_strip(text: str, characters: Any = "", /) -> str:
    need_string(characters, "strip", 1)
    return trim(text, _as_a_set(characters) or SPACES, left=True, right=True)


@method(str)
def str_lstrip(text: str, characters: Any = "", /) -> str:
    need_string(characters, "lstrip", 1)
    return trim(text, _as_a_set(characters) or SPACES, left=True, right=False)


@method(str)
def str_rstrip(text: str, characters: Any = "", /) -> str:
    need_string(characters, "rstrip", 1)
    return trim(text, _as_a_set(characters) or SPACES, left=False, right=True)


@method(str)
def str_removeprefix(text: str, prefix: Any, /) -> str:
    need_string(prefix, "removeprefix", 1)
    if text.isascii() or not prefix:
        return text.removeprefix(prefix)
    return from_bytes(to_bytes(text).removeprefix(to_bytes(prefix)))


@method(str)
def str_removesuffix(text: str, suffix: Any, /) -> str:
    need_string(suffix, "removesuffix", 1)
    if text.isascii() or not suffix:
        return text.removesuffix(suffix)
    return from_bytes(to_bytes(text).removesuffix(to_bytes(suffix)))


@method(str)
def str_replace(text: str, old: Any, new: Any, count: Any = -1, /) -> str:
    need_string(old, "replace", 1)
    need_string(new, "replace", 2)
    times = need_int(count, "replace", 3)
    if len(new) > len(old):
        most = text.count(old)
        growth = (most if times < 0 else min(most, times)) * (len(new) - len(old))
        if len(text) + growth > MAX_TEXT:
            raise Failure(f"replace: string too long (limit is {MAX_TEXT} bytes)")
    if not old or text.isascii():
        return joined(text.replace(old, new, times))
    return from_bytes(to_bytes(text).replace(to_bytes(old), to_bytes(new), times))


@method(str)
def str_join(text: str, iterable: Any, /) -> str:
    try:
        items = list(check_range(need_iterable(iterable)))
    except Failure as failure:
        raise Failure(f"join: for parameter 1: {failure.message}") from None
    for item in items:
        if type(item) is not str:
            raise Failure(f"join: in list, want string, got {type_name(item)}")
    return concatenate(items, text)


@method(str)
def str_partition(text: str, separator: Any, /) -> tuple[str, str, str]:
    return _partition(text, separator, "partition")


@method(str)
def str_rpartition(text: str, separator: Any, /) -> tuple[str, str, str]:
    return _partition(text, separator, "rpartition")


def _partition(text: str, separator: Any, name: str) -> tuple[str, str, str]:
    need_string(separator, name, 1)
    if not separator:
        raise Failure(f"{name}: empty separator")
    data, by = to_bytes(text), to_bytes(separator)
    before, between, after = partition_last(data, by) if name[0] == "r" else data.partition(by)
    return from_bytes(before), from_bytes(between), from_bytes(after)


@method(str)
def str_split(text: str, separator: Any = None, maxsplit: Any = -1, /) -> list[str]:
    return _split(text, separator, maxsplit, "split")


@method(str)
def str_rsplit(text: str, separator: Any = None, maxsplit: Any = -1, /) -> list[str]:
    return _split(text, separator, maxsplit, "rsplit")


def _split(text: str, separator: Any, maxsplit: Any, name: str) -> list[str]:
    times = need_int(maxsplit, name, 2)
    if separator is None:
        return _split_words(text, times, name)
    if type(separator) is not str:
        raise Failure(f"split: got {type_name(separator)} for separator, want string")
    if not separator:
        raise Failure("split: empty separator")
    if text.isascii() and name[0] != "r":
        return text.split(separator, times)
    split = split_last if name[0] == "r" else bytes.split
    return [from_bytes(one) for one in split(to_bytes(text), to_bytes(separator), times)]


def _split_words(text: str, times: int, name: str) -> list[str]:
    """Split at white space; the word that is not split any further keeps the space around it."""
    backward = name[0] == "r"
    if text.isascii() and not _ODD_SPACE.search(text):
        return (str.rsplit if backward else str.split)(text, None, times)
    spans = [found.span() for found in _WORD.finditer(text)]
    words = [text[start:end] for start, end in spans]
    if times < 0 or len(spans) <= times:
        return words
    if backward:
        at = len(spans) - times
        return [text[: spans[at - 1][1]], *words[at:]]
    return [*words[:times], text[spans[times][0] :]]


@method(str)
def str_splitlines(text: str, keepends: Any = False, /) -> list[str]:  # noqa: FBT002
    kept = need_bool(keepends, "splitlines", 1)
    if not text:
        return []
    lines = text.split("\n")
    last = lines.pop()
    if kept:
        lines = [f"{line}\n" for line in lines]
    return [*lines, last] if last else lines


@method(str, style="format")
def str_format(text: str, /, *args: Any, **kwargs: Any) -> str:
    return format_fields(text, args, kwargs)


@method(str)
def str_elems(text: str, /) -> StringElements:
    return StringElements(text, "elems")


@method(str)
def str_elem_ords(text: str, /) -> StringElements:
    return StringElements(text, "elem_ords")


@method(str)
def str_codepoints(text: str, /) -> StringCodepoints:
    return StringCodepoints(text, "codepoints")


@method(str)
def str_codepoint_ords(text: str, /) -> StringCodepoints:
    return StringCodepoints(text, "codepoint_ords")


@method(bytes)
def bytes_elems(data: bytes, /) -> BytesElements:
    return BytesElements(data)
