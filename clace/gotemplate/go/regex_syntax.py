"""Regular expressions as Go's ``regexp`` takes them: RE2's, less a few things, in Go's words."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple, NoReturn

import re2  # type: ignore[import-untyped]

from clace.gotemplate.faults import CallFault

MAX_PATTERN: Final = 100_000
MAX_NESTING: Final = 250
"""Depth of groups. Go refuses a tree higher than 1000, and a group adds at most four levels."""
_MESSAGES: Final = {
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "bad repetition operator": "invalid nested repetition operator",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid repetition size": "invalid repeat count",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid named capture group": "invalid named capture",
}
# The pieces of a pattern: one that is quoted or escaped, a class from end to end, or one that may
# be refused. ``]`` is a character of its class when it comes first.
_PIECES: Final = re.compile(
    r"""\\Q.*?(?:\\E|\Z)
    | (?P<any_byte>\\C)
    | \\.
    | \[\^?\]? (?: \[:\^?[a-z]*:\] | \\. | [^\]\\] )* \]?
    | \(\?P?<(?=.) (?P<name>[^>]*>?)
    | (?P<open>\()
    | (?P<close>\))
    | (?P<count>\{(?:0|[1-9][0-9]*)(?:,(?:0|[1-9][0-9]*)?)?\})""",
    re.DOTALL | re.VERBOSE,
)
_NAME: Final = re.compile(r"[0-9A-Za-z_]+>")
_HUGE: Final = re.compile(r"[0-9]{9}")
_NO_TEXT: Final = re.compile("[\ud800-\udfff]")
# RE2 refuses these for the reason that Go has to refuse the piece in their place.
_STAND_INS: Final = {
    "any_byte": "\\\ue000",
    "name": "(?P<\ue000>",
    "count": "{98765432}",
}


class _Piece(NamedTuple):
    """A piece of a pattern that RE2 would take and Go refuses, and one that both refuse."""

    place: int
    text: str
    stand_in: str


def compiled(pattern: str) -> Any:
    """RE2's program.

    :raises CallFault: Go refuses the pattern; in Go's words.
    """
    if len(pattern) > MAX_PATTERN:
        _fail("expression too large", f"{pattern[:80]}...")
    piece = _refused(pattern)
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(_encoded(_replaced(pattern, piece)), options)
    except re2.error as error:
        message, _, shown = error.args[0].decode("utf-8", "surrogateescape").partition(": ")
    if piece:
        shown = shown.replace(piece.stand_in, piece.text)
    return _fail_as_re2(message, shown, pattern)


def _fail(message: str, shown: str) -> NoReturn:
    raise CallFault(f"error parsing regexp: {message}: `{shown}`")


def _fail_as_re2(message: str, shown: str, pattern: str) -> NoReturn:
    r"""Refuse with RE2's message; it says ``invalid UTF-8`` of a pattern that ends in ``\x{``."""
    if message.startswith("pattern too large"):
        _fail("expression too large", pattern)
    if message.startswith("trailing"):
        _fail("trailing backslash at end of expression", "")
    if message == "invalid UTF-8":
        found = _NO_TEXT.search(pattern)
        if found is None:
            _fail("invalid escape sequence", r"\x{")
        _fail(message, pattern[found.start() :])
    _fail(_MESSAGES.get(message, message), shown)


def _encoded(pattern: str) -> bytes:
    """The bytes of a pattern; what is not text becomes a byte that is not UTF-8."""
    return _NO_TEXT.sub("\udcff", pattern).encode("utf-8", "surrogateescape")


def _replaced(pattern: str, piece: _Piece | None) -> str:
    if piece is None:
        return pattern
    return pattern[: piece.place] + piece.stand_in + pattern[piece.place + len(piece.text) :]


def _refused(pattern: str) -> _Piece | None:
    """Return the first piece that RE2 would take and Go does not."""
    depth = 0
    for found in _PIECES.finditer(pattern):
        kind = found.lastgroup
        refused = (
            kind == "any_byte"
            or (kind == "count" and _HUGE.search(found[0]))
            or (kind == "name" and not _NAME.fullmatch(found["name"]))
        )
        if kind and refused:
            return _Piece(found.start(), found[0], _STAND_INS[kind])
        depth += (kind in ("open", "name")) - (kind == "close")
        if depth > MAX_NESTING:
            _fail("expression nests too deeply", pattern)
    return None
