"""Apps as a file of declarations describes them: the state that an operator wants."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

MOST_DECLARED = 10_000
_Line = Annotated[str, Meta(max_length=4096)]
_Text = Annotated[str, Meta(max_length=64 * 1024)]


class DeclaredApp(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One ``app(...)`` of a file."""

    path: _Line
    source: _Line
    file: _Line = ""
    dev: bool = False
    auth: _Line = ""
    git_auth: _Line = ""
    git_branch: _Line = ""
    git_commit: _Line = ""
    stage_at: _Line = ""
    spec: _Line = ""
    params: dict[_Line, _Text] = {}
    app_config: dict[_Line, _Text] = {}
    container_opts: dict[_Line, _Text] = {}
    container_args: dict[_Line, _Text] = {}
    container_vols: tuple[_Line, ...] = ()
    accounts: dict[_Line, _Line] = {}
    stage_write_access: bool | None = None
    preview_write_access: bool | None = None
    verify: bool = False
