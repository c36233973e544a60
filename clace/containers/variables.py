"""Variables of containers, handed to the engine in a file: its own environment is not the app's,
and its command line can be read by everybody on this machine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from clace.errors import AppBroken

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BREAKS = re.compile(r"[\r\n\0]")


def variables_text(variables: Mapping[str, str]) -> str:
    """The variables as engines read them from a file.

    :raises AppBroken: if a name or value cannot be written so.
    """
    for name, value in variables.items():
        if not _NAME.fullmatch(name):
            raise AppBroken(f"{name!r:.100} cannot be the name of a variable of a container")
        if _BREAKS.search(value):
            raise AppBroken(
                f"the variable {name} has a line break, which container engines do not take; a "
                "volume cl_secret:FILE:/TARGET does"
            )
    return "".join(f"{name}={value}\n" for name, value in sorted(variables.items()))


@contextmanager
def variables_file(folder: Path, name: str, variables: Mapping[str, str]) -> Iterator[Path]:
    """A file with the variables that only this server can read, for as long as it is needed."""
    text = variables_text(variables)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name}.env"
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        yield path
    finally:
        path.unlink(missing_ok=True)
