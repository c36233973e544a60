"""Limits on the cost of one render, and the meter that charges for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from clace.gotemplate.faults import LimitFault

STEPS_BETWEEN_CLOCKS = 1000
"""Steps granted at a time; the clock is read once for each grant."""

SMALL: Final = 64
ELEMENT: Final = 8
"""How many characters an element of a list or map weighs."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Ceilings for one render: output and values in characters, steps, call depth, seconds."""

    output: int = 16_000_000
    steps: int = 1_000_000
    depth: int = 200
    seconds: float = 5.0


USUAL: Final = Limits()


class Meter:
    """The running account of one render; generated code touches ``steps`` and ``room`` itself."""

    __slots__ = (
        "_clock",
        "_deadline",
        "_granted",
        "_limits",
        "_seconds",
        "depth",
        "out",
        "room",
        "steps",
    )

    def __init__(
        self,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
        seconds: float | None = None,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._seconds = limits.seconds if seconds is None else seconds
        self._deadline = clock() + self._seconds
        steps = limits.steps
        self._granted = min(STEPS_BETWEEN_CLOCKS, steps)
        self.steps = self._granted
        self.room = limits.output
        self.depth = limits.depth
        self.out: list[str] = []

    def refill(self) -> None:
        """Grant the next steps, or refuse: called when ``steps`` or ``room`` fell below zero."""
        if self.room < 0:
            raise LimitFault(f"output exceeds {self._limits.output} characters")
        if self._clock() > self._deadline:
            raise LimitFault(f"rendering took longer than {self._seconds:g} seconds")
        grant = min(STEPS_BETWEEN_CLOCKS - self.steps, self._limits.steps - self._granted)
        self._granted += grant
        self.steps += grant
        if self.steps < 0:
            raise LimitFault(f"rendering exceeds {self._limits.steps} steps")

    def spend(self, steps: int) -> None:
        """Charge work done inside a function before it is done."""
        self.steps -= steps
        if self.steps < 0:
            self.refill()

    def reserve(self, size: int) -> None:
        """Refuse a value of more characters or elements than a whole page may have."""
        self.refuse(size)
        self.spend(size >> 6)

    def refuse(self, size: int) -> None:
        """Refuse a size that no value may have, without a charge."""
        if size > self._limits.output:
            raise LimitFault(f"a value exceeds {self._limits.output} characters or elements")

    def weigh(self, shift: int, *values: object) -> None:
        """Charge a function's arguments by their size before it works on them."""
        for value in values:
            if isinstance(value, str):
                size = len(value)
            elif isinstance(value, (list, tuple, dict)):
                size = len(value) * ELEMENT
            else:
                continue
            if size > SMALL:
                self.spend(1 + (size >> shift))

    def charge(self, value: object) -> None:
        """Charge a function's result by its size, so that no heap of them fills the memory."""
        if isinstance(value, str):
            if len(value) > SMALL:
                self.reserve(len(value))
        elif isinstance(value, (list, dict)) and len(value) > SMALL:
            self.reserve(len(value) * ELEMENT)

    def paid(self, value: Any) -> Any:
        """Return a value that an escaper is about to copy; a text is charged by its size."""
        if isinstance(value, str) and len(value) > SMALL:
            self.reserve(len(value))
        return value

    def enter(self) -> None:
        """Charge one template call, for whose return ``depth`` is given back."""
        self.depth -= 1
        if self.depth < 0:
            raise LimitFault(f"exceeded maximum template depth ({self._limits.depth})")
        self.steps -= 1
        if self.steps < 0 or self.room < 0:
            self.refill()
