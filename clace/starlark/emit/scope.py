"""The scope that the emitter is in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from clace.starlark.source.nodes import Place


@dataclass(slots=True)
class EmitNotes:
    """Notes for error messages beyond the code: for calls, how many arguments and which keywords
    they have (``None`` where ``*`` or ``**`` decide), and the place of the dot before a method;
    for dict displays, the places of the colons, and for comprehensions those of the clauses; for
    ``x[i]``, the name of ``x`` and ``i``, which is a name or a number.
    """

    calls: dict[Place, tuple[int, tuple[str, ...]] | None] = field(default_factory=dict)
    dots: dict[Place, Place] = field(default_factory=dict)
    entries: dict[Place, list[Place]] = field(default_factory=dict)
    items: dict[Place, tuple[str, str | int]] = field(default_factory=dict)


class EmitScope:
    """Makes temporary names, and knows where Python allows them."""

    def __init__(self, *, inline: bool) -> None:
        self.inline = inline
        self.notes = EmitNotes()
        self._made = 0
        self._comprehensions = 0
        self.loops = 0

    @property
    def allows_temporaries(self) -> bool:
        """Python refuses some assignments within a comprehension, and others cost there."""
        return not self._comprehensions

    def temporary(self) -> str:
        self._made += 1
        return f"${self._made}"

    @contextmanager
    def comprehension(self) -> Iterator[None]:
        self._comprehensions += 1
        yield
        self._comprehensions -= 1

    @contextmanager
    def function(self) -> Iterator[None]:
        """Count loops anew within a function."""
        before, self.loops = self.loops, 0
        yield
        self.loops = before
