"""``twistd`` with a counter of calls, Python's and C's, in the main thread.

``python -m benchmarks.counted_calls FILE ARGUMENTS`` runs ``twistd ARGUMENTS``. The first SIGUSR2
begins to count; the next writes to ``FILE`` how many calls there were since, and so on.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from twisted.scripts.twistd import run  # type: ignore[attr-defined]

_CALLS = frozenset({"call", "c_call"})


class CallCounter:
    """Counts from one signal to the next, and writes the count to ``file``."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._calls = 0
        self._counts = False

    def turn(self, _number: int, _frame: FrameType | None) -> None:
        """Begin, or stop and write."""
        self._counts = not self._counts
        if self._counts:
            self._calls = 0
            sys.setprofile(self._seen)
            return
        sys.setprofile(None)
        unfinished = self._file.with_suffix(".new")
        unfinished.write_text(f"{self._calls}\n", "ascii")
        unfinished.replace(self._file)

    def _seen(self, _frame: FrameType, event: str, _what: Any) -> None:
        if event in _CALLS:
            self._calls += 1


if __name__ == "__main__":
    signal.signal(signal.SIGUSR2, CallCounter(Path(sys.argv.pop(1))).turn)
    run()
