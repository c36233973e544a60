"""Lines of generated Python, each with the template node it came from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from clace.gotemplate.language import nodes

INDENT = " "


@dataclass(frozen=True, slots=True)
class Site:
    """The place of a line: the node being evaluated, and the call if the line makes one.

    After a short circuit the node depends on how far it went: the local name ``chooser`` says.
    """

    node: nodes.Node
    call: nodes.Node | None = None
    function: str = ""
    chooser: str = ""
    choices: tuple[nodes.Node, ...] = ()


class Writer:
    """A growing function body; text and escaped values collect until something intervenes."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.sites: dict[int, Site] = {}
        self._indent = 1
        self._names = 0
        self._chunk: list[tuple[str, bool]] = []
        self._comment: str | None = None

    def name(self, prefix: str = "v") -> str:
        """A fresh local name."""
        self._names += 1
        return f"{prefix}{self._names}"

    def line(self, code: str, site: Site | None = None) -> None:
        if self._comment is not None:
            self.lines.append(f"{INDENT * self._indent}{self._comment}")
            self._comment = None
        if site is not None:
            self.sites[len(self.lines)] = site
        self.lines.append(f"{INDENT * self._indent}{code}")

    def comment(self, text: str) -> None:
        """A comment before the next line; only the last of several stays."""
        self._comment = "# " + text.replace("\n", " ").replace("\r", " ")

    def write_text(self, text: str) -> None:
        self._chunk.append((text, True))

    def write_value(self, name: str) -> None:
        """Write a string that is held in a local name."""
        self._chunk.append((name, False))

    def flush(self) -> None:
        """Write the collected text and values as one string."""
        chunk, self._chunk = self._chunk, []
        if not chunk:
            return
        if all(literal for _, literal in chunk):
            text = "".join(text for text, _ in chunk)
            self.line(f"out({text!r}); run.room -= {len(text)}")
            return
        pieces = [_in_fstring(piece) if literal else f"{{{piece}}}" for piece, literal in chunk]
        self.line(f"s = f'{''.join(pieces)}'; out(s); run.room -= len(s)")

    @contextmanager
    def block(self, head: str, site: Site | None = None) -> Iterator[None]:
        """A compound statement of the template: what it writes, it writes inside."""
        self.flush()
        with self.indented(head, site):
            yield
            self.flush()

    @contextmanager
    def indented(self, head: str, site: Site | None = None) -> Iterator[None]:
        """A compound statement inside an expression: collected text stays collected."""
        self.line(head, site)
        self._indent += 1
        start = len(self.lines)
        yield
        if len(self.lines) == start:
            self.line("pass")
        self._indent -= 1


def _in_fstring(text: str) -> str:
    literal = repr("'" + text + '"')[3:-2]
    return literal.replace("{", "{{").replace("}", "}}")
