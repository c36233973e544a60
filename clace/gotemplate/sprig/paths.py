"""sprig's path functions; on Unix the ``os`` ones are the same."""

from __future__ import annotations

import posixpath
from typing import Final

from clace.gotemplate.language.signatures import Library

PATHS: Final = Library()


@PATHS.add("base osBase", "string")
def base(path: str) -> str:
    if not path:
        return "."
    return path.rstrip("/").rpartition("/")[2] or "/"


@PATHS.add("clean osClean", "string")
def clean(path: str) -> str:
    cleaned = posixpath.normpath(path)
    return "/" + cleaned.lstrip("/") if cleaned.startswith("//") else cleaned


@PATHS.add("dir osDir", "string")
def directory(path: str) -> str:
    return clean(path[: path.rfind("/") + 1])


@PATHS.add("ext osExt", "string")
def extension(path: str) -> str:
    name = path.rpartition("/")[2]
    return name[name.rfind(".") :] if "." in name else ""


@PATHS.add("isAbs osIsAbs", "string")
def is_absolute(path: str) -> bool:
    return path.startswith("/")
