"""``Procfile``: the command that serves, and one that is run before a version serves."""

from __future__ import annotations

import re

from msgspec import Struct

from clace.errors import BadRequest

WEB, RELEASE = "web", "release"
_LINE = re.compile(r"([A-Za-z0-9_-]+)\s*:\s*(.+)")


class Procfile(Struct, frozen=True):
    """The commands of a Procfile, as a shell takes them."""

    web: str
    release: str = ""


def read_procfile(text: str) -> Procfile:
    """:raises BadRequest: if a line is of another kind, or the one for ``web`` is missing."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        parts = _LINE.fullmatch(bare)
        if parts is None:
            raise BadRequest(f'Procfile: "{bare:.200}" is not NAME: COMMAND')
        if parts[1] not in {WEB, RELEASE}:
            raise BadRequest(
                f"Procfile: {parts[1]} is not run: only {WEB} and {RELEASE} are; give the app"
                " another one with an app of its own"
            )
        if parts[1] in found:
            raise BadRequest(f"Procfile: {parts[1]} is there twice")
        found[parts[1]] = parts[2]
    if WEB not in found:
        raise BadRequest(f"Procfile: a line {WEB} is missing")
    return Procfile(found[WEB], found.get(RELEASE, ""))
