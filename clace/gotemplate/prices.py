"""Prices of functions: the characters of arguments that one step of a render pays for."""

from __future__ import annotations

from typing import Final

_QUICK: Final = 12
_USUAL: Final = 6
_SLOW: Final = 4
_SLOWEST: Final = 2
# Work that does not grow with the arguments.
_FREE: Final = frozenset(
    (
        *("all", "any", "append", "coalesce", "default", "dict", "dig", "empty", "fail", "get"),
        *(
            "hasKey",
            "hello",
            "kindIs",
            "kindOf",
            "list",
            "not",
            "now",
            "pluck",
            "plural",
            "safeHTML",
        ),
        *("set", "ternary", "tuple", "typeIs", "typeIsLike", "typeOf", "unset", "uuidv4"),
    )
)
# Work of the processor's own speed: a comparison, a search or a copy of bytes.
_QUICK_ONES: Final = frozenset(
    (
        *("abbrev", "abbrevboth", "contains", "eq", "first", "ge", "gt", "hasPrefix", "hasSuffix"),
        *("index", "initial", "last", "le", "len", "lt", "mustFirst", "mustInitial", "mustLast"),
        *("mustRest", "ne", "rest", "slice", "substr", "trimPrefix", "trimSuffix", "trunc"),
    )
)
# Work character by character.
_SLOW_ONES: Final = frozenset(
    (
        *(
            "b32dec",
            "b64dec",
            "camelcase",
            "clean",
            "date",
            "dateInZone",
            "date_in_zone",
            "decryptAES",
        ),
        *("dir", "fromJson", "initials", "js", "lower", "mustFromJson", "mustToDate"),
        *("nospace", "osClean", "osDir", "pathEscape", "pathUnescape", "printf", "queryEscape"),
        *("queryUnescape", "quote", "regexQuoteMeta", "semver", "semverCompare"),
        *("swapcase", "title", "toDate", "toDecimal", "untitle", "upper", "urlJoin", "urlParse"),
        *("urlquery", "wrap", "wrapWith"),
    )
)

_SLOWEST_ONES: Final = frozenset(("camelcase", "kebabcase", "snakecase"))


def price(name: str) -> int | None:
    """Return the power of two of characters for a step, or nothing for what is free."""
    if name in _FREE:
        return None
    if name in _QUICK_ONES:
        return _QUICK
    if name in _SLOWEST_ONES:
        return _SLOWEST
    return _SLOW if name in _SLOW_ONES else _USUAL
