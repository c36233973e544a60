"""The ``clace`` program: what it does takes less time than Python takes to begin and to end."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run a command, without collecting garbage and without tidying up what ends anyway.

    A command that becomes a server turns collection on again, and ends as other programs do.
    """
    gc.disable()
    from clace.cli.main import main as run  # noqa: PLC0415 - most of the garbage is made by this

    try:
        run()
    except SystemExit as ended:
        if gc.isenabled() or not isinstance(ended.code, int | None) or not flushed():
            raise
        os._exit(ended.code or 0)


def flushed() -> bool:
    """Write out what was printed; if that fails, the end of Python tells it."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return False
    return True
