"""Regular expressions as Go's ``regexp`` reads them: no look-around, no back references."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, NoReturn

from clace.gotemplate.faults import CallFault
from clace.gotemplate.regex_sets import CharSet, perl_class, posix_class, unicode_class

MAX_REPEAT: Final = 1000
MAX_NESTING: Final = 100
_REPEAT: Final = re.compile(r"\{(0|[1-9][0-9]*)(?:(,)(0|[1-9][0-9]*)?)?\}")
_NAMED: Final = re.compile(r"\(\?P?<([0-9A-Za-z_]+)>")
_FLAGS: Final = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_ESCAPED: Final = re.compile(
    r"\\(?:([0-7]{1,3})|x\{([0-9A-Fa-f]+)\}|x([0-9A-Fa-f]{2})|([afnrtv])"
    r"|([^0-9A-Za-z\x80-\U0010ffff]))"
)
_ESCAPES: Final = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@dataclass(slots=True)
class Node:
    """``kind`` is set, cat, alt, repeat, capture or assert; only the fields of a kind are used."""

    kind: str
    items: list[Node] = field(default_factory=list)
    chars: CharSet | None = None
    low: int = 0
    high: int | None = 0
    greedy: bool = True
    name: str = ""
    index: int = 0


class Parser:
    """One expression; groups nest, flags last to the end of their group."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.names: list[str] = [""]
        self._flags = frozenset("")
        self._depth = 0

    def fail(self, message: str, shown: str) -> NoReturn:
        raise CallFault(f"error parsing regexp: {message}: `{shown}`")

    def parse(self) -> Node:
        node = self._alternatives()
        if self.at < len(self.source):
            self.fail("unexpected )", self.source)
        return node

    def _alternatives(self) -> Node:
        self._depth += 1
        if self._depth > MAX_NESTING:
            self.fail("expression nests too deeply", self.source)
        branches = [self._sequence()]
        while self.source[self.at : self.at + 1] == "|":
            self.at += 1
            branches.append(self._sequence())
        self._depth -= 1
        return branches[0] if len(branches) == 1 else Node("alt", branches)

    def _sequence(self) -> Node:
        items: list[Node] = []
        last_repeat = -1
        while self.at < len(self.source) and self.source[self.at] not in "|)":
            start, char = self.at, self.source[self.at]
            if char in "*+?" or (char == "{" and _REPEAT.match(self.source, start)):
                self._repeat(items, last_repeat)
                last_repeat = start
                continue
            last_repeat = -1
            if char == "(":
                group = self._group()
                if group is not None:
                    items.append(group)
            elif char == "\\" and self.source.startswith("\\Q", start):
                items += self._quoted()
            else:
                items.append(self._atom(char))
        return items[0] if len(items) == 1 else Node("cat", items)

    def _repeat(self, items: list[Node], last_repeat: int) -> None:
        start = self.at
        low, high = self._bounds()
        greedy = "U" not in self._flags
        if self.source[self.at : self.at + 1] == "?":
            self.at += 1
            greedy = not greedy
        if last_repeat >= 0:
            self.fail("invalid nested repetition operator", self.source[last_repeat : self.at])
        if not items:
            self.fail("missing argument to repetition operator", self.source[start : self.at])
        node = Node("repeat", [items.pop()], low=low, high=high, greedy=greedy)
        if (low > 1 or (high or 0) > 1) and not _repeat_is_valid(node, MAX_REPEAT):
            self.fail("invalid repeat count", self.source[start : self.at])
        items.append(node)

    def _bounds(self) -> tuple[int, int | None]:
        char = self.source[self.at]
        if char != "{":
            self.at += 1
            return (1 if char == "+" else 0), (1 if char == "?" else None)
        found = _REPEAT.match(self.source, self.at)
        assert found is not None
        self.at = found.end()
        low = _count(found[1])
        high = low if not found[2] else _count(found[3]) if found[3] else None
        if low > MAX_REPEAT or (high is not None and (high > MAX_REPEAT or low > high)):
            self.fail("invalid repeat count", found[0])
        return low, high

    # Groups.

    def _group(self) -> Node | None:
        """A group, or nothing for ``(?i)`` and its like."""
        outer = self._flags
        name, captures = "", True
        if self.source.startswith("(?", self.at):
            named = _NAMED.match(self.source, self.at)
            if named is not None:
                name = named[1]
                self.at = named.end()
            elif self._set_flags():
                return None
            else:
                captures = False
        else:
            self.at += 1
        index = len(self.names)
        if captures:
            self.names.append(name)
        inner = self._alternatives()
        if self.source[self.at : self.at + 1] != ")":
            self.fail("missing closing )", self.source)
        self.at += 1
        self._flags = outer
        return Node("capture", [inner], index=index) if captures else inner

    def _set_flags(self) -> bool:
        """Flags of a group; true if they are for the rest of the group around it."""
        found = _FLAGS.match(self.source, self.at)
        if found is None:
            self._bad_group()
        self._flags = (self._flags | set(found[1])) - set(found[2] or "")
        self.at = found.end()
        return found[3] == ")"

    def _bad_group(self) -> NoReturn:
        rest = self.source[self.at :]
        named = re.match(r"\(\?P<.|\(\?<.", rest, re.DOTALL)
        if named is not None:
            end = rest.find(">")
            self.fail("invalid named capture", rest if end < 0 else rest[: end + 1])
        bad = re.match(r"\(\?[imsU]*(?:-[imsU]*)?.?", rest, re.DOTALL)
        assert bad is not None
        if bad.end() == len(rest) and rest[-1:] in ("?", *"imsU-"):
            self.fail("missing closing )", self.source) if rest[-1:] == "?" and len(
                rest
            ) < 2 else self.fail("invalid or unsupported Perl syntax", bad[0])  # noqa: PLR2004
        self.fail("invalid or unsupported Perl syntax", bad[0])

    # Atoms.

    def _atom(self, char: str) -> Node:
        if char == "[":
            return self._class()
        if char == "\\":
            return self._escaped()
        self.at += 1
        if char == "^":
            return Node("assert", name="line_start" if "m" in self._flags else "start")
        if char == "$":
            return Node("assert", name="line_end" if "m" in self._flags else "end")
        if char == ".":
            chars = CharSet(negated=True)
            if "s" not in self._flags:
                chars.add("\n", "\n")
            return Node("set", chars=chars)
        return self._literal(char)

    def _new_set(self, *, negated: bool = False) -> CharSet:
        return CharSet(fold_case="i" in self._flags, negated=negated)

    def _literal(self, char: str) -> Node:
        chars = self._new_set()
        chars.add(char, char)
        return Node("set", chars=chars)

    def _quoted(self) -> list[Node]:
        end = self.source.find("\\E", self.at + 2)
        text = self.source[self.at + 2 : end if end >= 0 else len(self.source)]
        self.at = end + 2 if end >= 0 else len(self.source)
        return [self._literal(char) for char in text]

    def _escaped(self) -> Node:
        letter = self.source[self.at + 1 : self.at + 2]
        if letter in ("A", "b", "B", "z"):
            self.at += 2
            names = {"A": "start", "b": "word", "B": "not_word", "z": "end"}
            return Node("assert", name=names[letter])
        chars = self._new_set()
        if self._class_escape(chars):
            return Node("set", chars=chars)
        return self._literal(self._escape())

    def _class_escape(self, chars: CharSet) -> bool:
        r"""Take ``\d``, ``\pL`` and their like into a set."""
        if self.source[self.at : self.at + 1] != "\\":
            return False
        letter = self.source[self.at + 1 : self.at + 2]
        if letter and letter in "dDsSwW":
            chars.add_test(perl_class(letter))
            self.at += 2
            return True
        if letter not in ("p", "P"):
            return False
        start = self.at
        self.at += 3
        if self.source[start + 2 : start + 3] == "{":
            end = self.source.find("}", start)
            if end < 0:
                self.fail("invalid character class range", self.source[start:])
            self.at = end + 1
        shown = self.source[start : self.at]
        test = unicode_class(shown[2:].strip("{}"), negated=letter == "P")
        if test is None:
            self.fail("invalid character class range", shown)
        chars.add_test(test)
        return True

    def _escape(self) -> str:
        """One escaped character."""
        start = self.at
        found = _ESCAPED.match(self.source, start)
        octal = found[1] if found else None
        if found is None or (octal and octal[0] != "0" and len(octal) == 1):
            self._bad_escape()
        self.at = found.end()
        if octal:
            return chr(int(octal, 8))
        if found[2] or found[3]:
            code = int(found[2] or found[3], 16)
            if code > 0x10FFFF:  # noqa: PLR2004
                self.fail("invalid escape sequence", found[0][:-1])
            return chr(code)
        return _ESCAPES[found[4]] if found[4] else found[5]

    def _bad_escape(self) -> NoReturn:
        rest = self.source[self.at :]
        if len(rest) == 1:
            raise CallFault("error parsing regexp: trailing backslash at end of expression: ``")
        found = re.match(r"\\x\{[0-9A-Fa-f]*.?|\\x..?|\\.", rest, re.DOTALL)
        self.fail("invalid escape sequence", found[0] if found else rest)

    def _class(self) -> Node:
        start = self.at
        self.at += 1
        negated = self.source[self.at : self.at + 1] == "^"
        self.at += negated
        chars = self._new_set(negated=negated)
        first = True
        while first or self.source[self.at : self.at + 1] != "]":
            first = False
            if not self._posix(chars) and not self._class_escape(chars):
                self._range(chars, start)
        self.at += 1
        return Node("set", chars=chars)

    def _posix(self, chars: CharSet) -> bool:
        if not self.source.startswith("[:", self.at):
            return False
        end = self.source.find(":]", self.at + 2)
        if end < 0:
            return False
        test = posix_class(self.source[self.at + 2 : end])
        if test is None:
            self.fail("invalid character class range", self.source[self.at : end + 2])
        chars.add_test(test)
        self.at = end + 2
        return True

    def _range(self, chars: CharSet, start: int) -> None:
        here = self.at
        low = high = self._class_char(start)
        dash = self.source[self.at : self.at + 1] == "-"
        if dash and self.source[self.at + 1 : self.at + 2] not in ("]", ""):
            self.at += 1
            high = self._class_char(start)
            if high < low:
                self.fail("invalid character class range", self.source[here : self.at])
        chars.add(low, high)

    def _class_char(self, start: int) -> str:
        if self.at >= len(self.source):
            self.fail("missing closing ]", self.source[start:])
        if self.source[self.at] == "\\":
            return self._escape()
        self.at += 1
        return self.source[self.at - 1]


def _count(digits: str) -> int:
    """A repeat count; one too long to matter is merely too large."""
    return int(digits) if len(digits) < 8 else MAX_REPEAT + 1  # noqa: PLR2004


def _repeat_is_valid(node: Node, left: int) -> bool:
    """Return true if nested counts stay below a thousand copies of the innermost thing."""
    if node.kind == "repeat":
        copies = node.low if node.high is None else node.high
        if node.high == 0:
            return True
        if copies > left:
            return False
        if copies > 0 and (node.high is not None or node.low > 1):
            left //= copies
    return all(_repeat_is_valid(item, left) for item in node.items)
