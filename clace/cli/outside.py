"""Access of commands to the world; tests put their own in its place.

Every command imports this, so the values are tuples: msgspec takes longer to import than most
commands take to run.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TextIO, TypeVar

from clace.server_target import ServerTarget

if TYPE_CHECKING:
    # Every command waits for this module, and only some of them for what is behind these.
    from clace.config import Config
    from clace.interfaces import IAdministration
    from clace.model import BackupRestored, BackupVerified, KeyDerivation

T = TypeVar("T")
Work = Callable[["IAdministration"], Coroutine[Any, Any, T]]


class AskServer(Protocol):
    """Does work with the operations of the server at ``target``.

    :raises ClaceError: what the server refused, or ``ServerUnreachable``.
    """

    def __call__(self, target: ServerTarget, work: Work[T], /) -> T: ...


def _is_terminal() -> bool:
    stdin: TextIO | None = sys.stdin
    return stdin is not None and not stdin.closed and stdin.isatty()


class BackupTools(NamedTuple):
    """Work with files of backups: make the key of a passphrase, read a backup, restore it into a
    home, maybe with files that lay outside of the old one in their places.
    """

    derive: Callable[[bytes, KeyDerivation], bytes]
    verify: Callable[[Path, bytes | None], BackupVerified]
    restore: Callable[[Path, Path, bytes | None, bool], BackupRestored]


class CommandSurroundings(NamedTuple):
    """Everything that is not arguments and output. ``reveal`` resolves the secrets that a text of
    a configuration names, ``walls`` tries out how apps can be shut in on this machine, ``backups``
    imports what backups need; ``is_terminal`` is true if a person can answer questions.
    """

    ask: AskServer
    run_daemon: Callable[[Sequence[str]], None]
    is_alive: Callable[[ServerTarget, int], bool]
    reveal: Callable[[Config, str], str]
    walls: Callable[[Config], Mapping[str, str]]
    program_walls: Callable[[Config], Mapping[str, str]]
    containers: Callable[[Config], tuple[tuple[str, str, str], ...]]
    packages: Callable[[Config], tuple[tuple[str, str, str], ...]]
    plugin_problems: Callable[[Config], tuple[str, ...]]
    backups: Callable[[], BackupTools]
    environ: Mapping[str, str]
    config_file: str | None = None
    program: Path | None = None
    seconds: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    is_terminal: Callable[[], bool] = _is_terminal
