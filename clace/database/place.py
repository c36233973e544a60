"""The place of a database, from its URL; only its owner may open it."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from clace.errors import StoreError

_SQLITE = "sqlite:"
_POSTGRES = ("postgres:", "postgresql:")


def sqlite_path(url: str) -> Path:
    """The file of a ``sqlite:<path>`` URL.

    :raises StoreError: if the URL is invalid or of a kind that is not supported here.
    """
    if url.startswith(_POSTGRES):
        raise StoreError(_no_postgres())
    path = url.removeprefix(_SQLITE)
    if path == url or path in {"", ":memory:"} or "\0" in path:
        shown = url.partition("://")[0]
        raise StoreError(f'database {shown!r}: expected "sqlite:" and the path of a file')
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links


def _no_postgres() -> str:
    if find_spec("psycopg") is None:
        return "PostgreSQL needs the psycopg package, which is not installed"
    return "PostgreSQL is not supported by this version, use sqlite:<path>"


def make_private(path: Path) -> None:
    """Make the file if it is missing, readable by its owner only, as is the folder if made here.

    :raises StoreError: with the path and the reason.
    """
    try:
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StoreError(f"cannot open database {path}: {error.strerror}") from error
