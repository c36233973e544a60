"""Folders of one look at a remote repository: bare repositories, secrets, the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from clace.errors import SourceError
from clace.sources.git_auth import GitLogin, credential_options
from clace.sources.git_clones import BorrowedClone
from clace.sources.git_ssh import ssh_command
from clace.sources.places import GitPlace

_PROTOCOLS = "http:https:ssh:git:file"
_BORROWING, _WHOLE = "repository", "whole"


class GitSurroundings(Struct, frozen=True, kw_only=True):
    """The environment that git gets of the daemon's, and a configuration file for it."""

    environment: Mapping[str, str] = field(
        default_factory=lambda: {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    )
    config: Path | None = None


class GitTools(Struct, frozen=True):
    """The folder, what git sees of the world, and the options that let it in.

    ``login`` names them; ``known`` are the commits that are here already; ``known_hosts`` is the
    file of host keys, if it is not that of the user.
    """

    folder: Path
    environment: Mapping[str, str]
    options: tuple[str, ...]
    login: str = ""
    known_hosts: str = ""
    known: frozenset[str] = frozenset()

    @property
    def repository(self) -> Path:
        """Return the repository that git works in."""
        return Path(self.environment["GIT_DIR"])

    @property
    def borrows_nothing(self) -> GitTools:
        """The same with an empty repository."""
        environment = {**self.environment, "GIT_DIR": str(self.folder / _WHOLE)}
        return replace(self, environment=environment, known=frozenset())


def laid_out(
    folder: Path,
    place: GitPlace,
    auth: GitLogin | None,
    around: GitSurroundings,
    clone: BorrowedClone,
) -> GitTools:
    """The tools for a place, with its secrets in files of the folder. Blocks.

    :raises SourceError: a key or the configuration of git cannot be read.
    """
    protocols = "http:https" if place.scheme == "http" else place.scheme or "ssh"
    config = around.config
    seen = {
        "LC_ALL": "C",
        "HOME": str(folder),
        "GIT_DIR": str(folder / _BORROWING),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": _readable(config) if config else os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/true",
        # A configuration may put another URL in place of this one.
        "GIT_ALLOW_PROTOCOL": _PROTOCOLS if config else protocols,
        "GIT_SSH_COMMAND": ssh_command(auth, folder),
        "GIT_NO_REPLACE_OBJECTS": "1",
        **around.environment,
    }
    options = credential_options(auth, place, folder)
    for name in (_BORROWING, _WHOLE):
        _make_repository(folder / name)
    clone.lend(folder / _BORROWING)
    return GitTools(
        folder=folder,
        environment=seen,
        options=options,
        login=auth.name if auth else "",
        known_hosts=auth.known_hosts if auth else "",
        known=clone.commits,
    )


def _make_repository(folder: Path) -> None:
    for name in ("refs", "objects/pack"):
        (folder / name).mkdir(parents=True)
    (folder / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / "config").write_text("[core]\n\tbare = true\n")


def _readable(config: Path) -> str:
    """:raises SourceError: git could not read the file, and would say nothing of it."""
    try:
        config.open("rb").close()
    except OSError as error:
        raise SourceError(f"[system] git_config: cannot read {config}: {error.strerror}") from error
    return str(config)
