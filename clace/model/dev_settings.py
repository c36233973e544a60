"""Containers of apps under development: the source is mounted, and the image seldom built."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from clace.near import did_you_mean
from clace.wrong_values import wrong_value

CONTAINER_FILES = ("Containerfile", "Dockerfile")
_PACKAGES = frozenset(
    (
        *CONTAINER_FILES,
        ".containerignore",
        ".dockerignore",
        *("requirements.txt", "pyproject.toml", "uv.lock", "poetry.lock", "Pipfile.lock"),
        *("package.json", "package-lock.json", "pnpm-lock.yaml", "yarn.lock"),
        *("go.mod", "go.sum", "Cargo.toml", "Cargo.lock", "Gemfile", "Gemfile.lock"),
    )
)
NO_RELOAD = "none"
_Text = Annotated[str, Meta(max_length=4096)]
_Texts = Annotated[tuple[_Text, ...], Meta(max_length=100)]


class DevSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``dev_settings`` of a container: the stage of its file that is built (``target``, or the
    one that is called ``dev_stage``), the folder ``dir`` over which the source is mounted, and what
    is run there. A change of one of ``env_files`` builds anew; of another one it starts another
    container, unless ``reload`` is ``none``.
    """

    target: _Text = ""
    command: _Text = ""
    dir: _Text = ""
    reload: Literal["restart", "recreate", "none"] = "restart"
    env_files: _Texts = ()
    additional_mounts: _Texts = ()
    port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    dev_stage: _Text = ""
    disable: bool = False

    @property
    def say_how(self) -> bool:
        """Return true if they say how the program is run, so that it has to be possible."""
        return bool(self.target or self.command or self.dir or self.dev_stage)

    def builds(self, name: str) -> bool:
        """Return true if a change of this file makes another image."""
        return name in self.env_files or name.rpartition("/")[2] in _PACKAGES


def read_dev_settings(given: dict[str, Any]) -> DevSettings:
    """:raises ValueError: if a key is unknown, or a value cannot be used."""
    known = DevSettings.__struct_fields__
    for key in given:
        if key not in known:
            hint = did_you_mean(key, known)
            allowed = ", ".join(known)
            raise ValueError(f'invalid dev_settings key "{key}", allowed keys are {allowed}{hint}')
    try:
        found = msgspec.convert(given, DevSettings)
    except msgspec.ValidationError as error:
        raise ValueError(f"dev_settings: {wrong_value(error, given)}") from None
    if found.dir and (not found.dir.startswith("/") or ".." in found.dir.split("/")):
        raise ValueError(f'dev_settings: dir is an absolute path, not "{found.dir}"')
    return found
