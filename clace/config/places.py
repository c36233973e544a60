"""Places and origins: where a value stands in a file, and where it came from."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

Steps = tuple[str, ...]
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BLOCKS = frozenset({"listen"})
_ROLES, _GRANTS = "rbac", "grants"
_NAMED = frozenset(
    {"auth", "builtin_auth", "client_auth", "forward", "git_auth", "plugin", "saml", "secret"}
)


class Origin(Struct, frozen=True):
    """The origin of a value: ``name`` is the file, the variable or the flag."""

    kind: Literal["default", "file", "environment", "flag"] = "default"
    name: str = ""

    def __str__(self) -> str:
        return self.name or self.kind


def section_of(at: Steps) -> tuple[Steps, Steps]:
    """The steps that are a table's header, and those that are the key in it."""
    if at[0] == _ROLES and len(at) > 2:  # noqa: PLR2004 - a table in this table
        size = 3 if at[1] == _GRANTS else 2
        return at[:size], at[size:]
    if at[0] in _NAMED | _BLOCKS and len(at) > 1:
        return at[:2], at[2:]
    return (at[:1], at[1:]) if len(at) > 1 else ((), at)


def header_text(header: Steps) -> str:
    """``[http]``, ``[plugin."http.in"]``; the second ``[[listen]]`` is ``[[listen]] #2``."""
    if header[:2] == (_ROLES, _GRANTS):
        return f"[[{dotted(header[:2])}]] #{header[2]}"
    if header[0] in _BLOCKS and len(header) > 1:
        return f"[[{header[0]}]] #{header[1]}"
    return f"[{dotted(header)}]"


def place_text(at: Steps) -> str:
    """``[http] port``, ``[git_auth.main] user_id``, ``[app_config] fs.file_access``."""
    header, key = section_of(at)
    if header and key:
        return f"{header_text(header)} {dotted(key)}"
    return header_text(header) if header else dotted(key)


def dotted(steps: Steps) -> str:
    """The steps as a TOML key; a step that needs quotes gets them."""
    return ".".join(step if _BARE.fullmatch(step) else quoted(step) for step in steps)


def quoted(text: str) -> str:
    """The text in quotes, as JSON and TOML write it."""
    import json  # noqa: PLC0415 - few texts need quotes

    return json.dumps(text)
