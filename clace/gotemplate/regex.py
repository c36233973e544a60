"""Regular expressions matched in time linear in the text, whatever the pattern.

A pattern from a template is untrusted, and Python's own matcher can be made to run for ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from clace.gotemplate.faults import CallFault
from clace.gotemplate.regex_sets import CharSet
from clace.gotemplate.regex_syntax import Node, Parser

MAX_PROGRAM: Final = 20_000
Groups = tuple[int, ...]
Spend = Callable[[int], None]
_TEMPLATE: Final = re.compile(r"\$(?:(\$)|([0-9A-Za-z_]+)|\{([0-9A-Za-z_]+)\})", re.ASCII)


@dataclass(slots=True)
class _Step:
    """One instruction: ``chars`` consumes, the others choose, save, assert or end."""

    kind: str
    next: int = 0
    other: int = 0
    chars: CharSet | None = None
    name: str = ""


class Regex:
    """A compiled pattern."""

    def __init__(self, pattern: str) -> None:
        parser = Parser(pattern)
        node = parser.parse()
        self.names = parser.names
        self._pattern = pattern
        self._steps: list[_Step] = []
        self._compile(node)
        self._add(_Step("match"))

    # Compilation: each piece falls through to what is compiled after it.

    def _add(self, step: _Step) -> int:
        if len(self._steps) >= MAX_PROGRAM:
            raise CallFault(f"error parsing regexp: expression too large: `{self._pattern}`")
        self._steps.append(step)
        step.next = len(self._steps)
        return len(self._steps) - 1

    def _compile(self, node: Node) -> None:
        if node.kind == "set":
            self._add(_Step("set", chars=node.chars))
        elif node.kind == "assert":
            self._add(_Step("assert", name=node.name))
        elif node.kind == "cat":
            for item in node.items:
                self._compile(item)
        elif node.kind == "alt":
            self._alternatives(node.items)
        elif node.kind == "capture":
            self._add(_Step("save", other=2 * node.index))
            self._compile(node.items[0])
            self._add(_Step("save", other=2 * node.index + 1))
        else:
            self._repeat(node)

    def _alternatives(self, items: list[Node]) -> None:
        jumps = []
        for item in items[:-1]:
            split = self._add(_Step("split"))
            self._compile(item)
            jumps.append(self._add(_Step("jump")))
            self._steps[split].other = len(self._steps)
        self._compile(items[-1])
        for jump in jumps:
            self._steps[jump].next = len(self._steps)

    def _split(self, *, greedy: bool) -> int:
        return self._add(_Step("split" if greedy else "lazy"))

    def _repeat(self, node: Node) -> None:
        item = node.items[0]
        for _ in range(node.low if node.high is not None else max(node.low - 1, 0)):
            self._compile(item)
        if node.high is None:
            self._unbounded(item, plus=node.low > 0, greedy=node.greedy)
            return
        splits = []
        for _ in range(node.high - node.low):
            splits.append(self._split(greedy=node.greedy))
            self._compile(item)
        for split in splits:
            self._steps[split].other = len(self._steps)

    def _unbounded(self, item: Node, *, plus: bool, greedy: bool) -> None:
        if plus:
            start = len(self._steps)
            self._compile(item)
            split = self._split(greedy=greedy)
            self._steps[split].next, self._steps[split].other = start, split + 1
            return
        split = self._split(greedy=greedy)
        self._compile(item)
        again = self._split(greedy=greedy)
        self._steps[again].next, self._steps[again].other = split + 1, again + 1
        self._steps[split].other = again + 1

    # Matching.

    def search(self, text: str, start: int, spend: Spend) -> Groups | None:
        """Places of the leftmost match from ``start`` on and of its groups, -1 for unset ones."""
        size = 2 * len(self.names)
        empty = (-1,) * size
        matched: Groups | None = None
        current: dict[int, Groups] = {}
        seen: set[int] = set()
        for at in range(start, len(text) + 1):
            if matched is None:
                self._follow(current, seen, 0, (at, *empty[1:]), text, at)
            spend(1 + (len(current) >> 3))
            if not current:
                if matched is not None:
                    break
                seen = set()  # an assertion that does not hold here may hold further on
                continue
            char = text[at] if at < len(text) else ""
            following: dict[int, Groups] = {}
            seen = set()
            for place, groups in current.items():
                step = self._steps[place]
                if step.kind == "match":
                    matched = (groups[0], at, *groups[2:])
                    break
                assert step.chars is not None
                if char and step.chars.has(char):
                    self._follow(following, seen, step.next, groups, text, at + 1)
            current = following
        return matched

    def _follow(
        self,
        threads: dict[int, Groups],
        seen: set[int],
        place: int,
        groups: Groups,
        text: str,
        at: int,
    ) -> None:
        """Add the instructions that can be reached without consuming a character."""
        stack = [(place, groups)]
        while stack:
            place, groups = stack.pop()
            if place in seen:
                continue
            seen.add(place)
            step = self._steps[place]
            if step.kind in ("set", "match"):
                threads[place] = groups
            elif step.kind == "jump":
                stack.append((step.next, groups))
            elif step.kind == "split":
                stack += ((step.other, groups), (step.next, groups))
            elif step.kind == "lazy":
                stack += ((step.next, groups), (step.other, groups))
            elif step.kind == "save":
                slot = step.other
                stack.append((step.next, (*groups[:slot], at, *groups[slot + 1 :])))
            elif _holds(step.name, text, at):
                stack.append((step.next, groups))

    def matches(self, text: str, spend: Spend, limit: int = -1) -> Iterator[Groups]:
        """Matches that do not overlap; an empty one never follows another match at once."""
        at, before = 0, -1
        while at <= len(text) and limit != 0:
            found = self.search(text, at, spend)
            if found is None:
                return
            accept = True
            if found[1] == at:
                accept = found[0] != before
                at += 1
            else:
                at = found[1]
            before = found[1]
            if accept:
                limit -= 1
                yield found

    def replace(self, text: str, change: Callable[[Groups], str], spend: Spend) -> str:
        """The text with every match changed."""
        out: list[str] = []
        at = end = 0
        while at <= len(text):
            found = self.search(text, at, spend)
            if found is None:
                break
            out.append(text[end : found[0]])
            if found[1] > end or found[0] == 0:
                out.append(change(found))
            end = found[1]
            at = found[1] if found[1] > at else at + 1
        return "".join((*out, text[end:]))

    def expand(self, template: str, text: str, groups: Groups) -> str:
        """A replacement with ``$1`` and ``${name}`` filled in."""
        return _TEMPLATE.sub(lambda found: self._group(found, text, groups), template)

    def _group(self, found: re.Match[str], text: str, groups: Groups) -> str:
        if found[1]:
            return "$"
        name = found[2] or found[3]
        if name.isdigit() and (name == "0" or name[0] != "0"):
            index = int(name) if len(name) < 5 else len(self.names)  # noqa: PLR2004
        else:
            index = self.names.index(name) if name in self.names[1:] else len(self.names)
        if index >= len(self.names) or groups[2 * index] < 0:
            return ""
        return text[groups[2 * index] : groups[2 * index + 1]]


def _is_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_") and char != ""


def _holds(name: str, text: str, at: int) -> bool:
    """Return true if an assertion holds between two characters."""
    if name == "start":
        return at == 0
    if name == "end":
        return at == len(text)
    if name == "line_start":
        return at == 0 or text[at - 1] == "\n"
    if name == "line_end":
        return at == len(text) or text[at] == "\n"
    boundary = _is_word(text[at - 1 : at] if at else "") is not _is_word(text[at : at + 1])
    return boundary is (name == "word")


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Regex:
    """Compile a pattern once; ``CallFault`` in Go's words if it is invalid."""
    return Regex(pattern)
