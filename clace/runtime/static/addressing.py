"""Addresses of an app at which one of its files is served."""

from __future__ import annotations

from collections.abc import Iterator

from clace.errors import NoSuchRoute
from clace.interfaces import IFiles
from clace.runtime.options import AppOptions
from clace.runtime.packing import STATIC_ROOT
from clace.runtime.static.serving import StaticChoice, choose


def addresses(files: IFiles, name: str, options: AppOptions | None) -> tuple[str, ...]:
    """The paths within the app that a file answers, found as requests for them would find it."""
    return tuple(path for path in _possible(name) if _answers(files, path, name, options))


def _possible(name: str) -> Iterator[str]:
    yield f"/{name}"
    if name.startswith(STATIC_ROOT):
        yield f"/{name.removeprefix(STATIC_ROOT)}"
    folder = name.rpartition("/")[0]
    yield f"/{folder}/" if folder else "/"


def _answers(files: IFiles, path: str, name: str, options: AppOptions | None) -> bool:
    try:
        choice = choose(files, path, options)
    except NoSuchRoute:
        return False
    return isinstance(choice, StaticChoice) and choice.name == name
