"""Volumes of containers: managed ones, folders of this machine, and files made of secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from clace.containers.names import volume_name
from clace.errors import BadRequest
from clace.model import App

SECRET = "cl_secret:"  # noqa: S105
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


class Volume(Struct, frozen=True, kw_only=True):
    """A volume: its source is a ``folder`` of this machine, a ``template`` in the app's source, or
    if both are empty a volume that the engine keeps under a ``name``.
    """

    target: str
    name: str = ""
    folder: str = ""
    template: str = ""
    is_read_only: bool = False


def read_volume(text: str) -> Volume:
    """Read a volume as an app or an operator writes it.

    :raises BadRequest: if it is written wrongly.
    """
    is_secret = text.startswith(SECRET)
    parts = text.removeprefix(SECRET).split(":")
    mode = parts.pop() if parts[-1] in {"ro", "rw"} and len(parts) > 1 else "rw"
    target = _target(parts.pop(), text)
    source = parts.pop() if parts else ""
    if parts:
        raise _wrong(text)
    is_read_only = mode == "ro"
    if is_secret:
        return Volume(target=target, template=_inside(source, text), is_read_only=is_read_only)
    if source.startswith(("/", "./", "../", "$")):
        return Volume(target=target, folder=source, is_read_only=is_read_only)
    if source and not _NAME.fullmatch(source):
        raise _wrong(text)
    return Volume(target=target, name=source or target, is_read_only=is_read_only)


def kept_folder(target: str) -> Volume:
    """The volume of a folder that an image has for its data. An image asks for nothing else: what
    an app asks for is approved, and this is not.

    :raises BadRequest: if it is more than the path of a folder.
    """
    if ":" in target:
        raise BadRequest(f"VOLUME {target!r:.200}: expected the absolute path of a folder")
    return Volume(target=_target(target, target), name=target)


def bound_folder(
    volume: Volume, app: App, allowed: Iterable[Path], environment: Mapping[str, str]
) -> tuple[str, bool]:
    """The folder of this machine that a volume means, and whether it may only be read: so it is
    with one that is allowed for being the app's own source.

    :raises BadRequest: if it lies neither there nor in a folder of ``security.allowed_mounts``.
    """
    expanded = _VARIABLE.sub(lambda match: environment.get(match[1], ""), volume.folder)
    base = Path(app.source_url)
    try:
        real = os.path.realpath(base / expanded)
    except OSError as error:  # a link that this server may not read
        raise BadRequest(f"volume {volume.folder}: {error.strerror}") from None
    if any(_is_in(real, one) for one in allowed):
        return real, volume.is_read_only
    if base.is_absolute() and base != Path("/") and _is_in(real, base):
        return real, True
    raise BadRequest(f"volume {volume.folder}: {real} is in no folder of security.allowed_mounts")


def source_folder(place: str, app: App) -> str:
    """The folder of an app's source that ``place`` is now, wherever links in the source lead.

    :raises BadRequest: if it is not in the source.
    """
    base, real = Path(app.source_url), os.path.realpath(place)
    if base == Path("/") or ":" in real or not _is_in(real, base):
        raise BadRequest(f"{place} cannot be mounted: it leads out of the source of {app}")
    return real


def _is_in(real: str, folder: Path) -> bool:
    top = os.path.realpath(folder)
    return real == top or real.startswith(f"{top.rstrip('/')}/")


def mount_argument(volume: Volume, app: App, source: str = "") -> str:
    """The value of ``--volume``; ``source`` is the folder or file that it means, if any."""
    mode = ":ro" if volume.is_read_only else ""
    return f"{source or volume_name(app, volume.name)}:{volume.target}{mode}"


def _target(target: str, text: str) -> str:
    if not target.startswith("/") or ".." in target.split("/") or not target.strip("/"):
        raise _wrong(text)
    return target


def _inside(source: str, text: str) -> str:
    name = source.removeprefix("./")
    if not name or name.startswith("/") or ".." in name.split("/"):
        raise _wrong(text)
    return name


def _wrong(text: str) -> BadRequest:
    forms = "/TARGET, NAME:/TARGET, /FOLDER:/TARGET or cl_secret:FILE:/TARGET, perhaps with :ro"
    return BadRequest(f"volume {text!r:.200}: expected {forms}")
