"""The configuration file as commands write it: whole or not at all, and closed to others."""

from __future__ import annotations

from pathlib import Path
from stat import S_IMODE

from clace.cli.outside import CommandSurroundings
from clace.config import FILE_NAME, Steps, find, with_value
from clace.errors import BadRequest, ConfigError
from clace.private_files import create_file, replace_file

_MODE = 0o600
_OTHERS = 0o007
_BOM = b"\xef\xbb\xbf"


def config_file(outside: CommandSurroundings, named: str | None = None) -> Path:
    """The file that a server would read, or the place for one at home.

    :raises ConfigError: if nothing says where that is.
    """
    location = find(named or outside.config_file, outside.environ, program=outside.program)
    return location.file or location.home / FILE_NAME


def create(file: Path, text: str) -> None:
    """Write a file that is not there yet, for its owner alone.

    :raises BadRequest: if it is there; it stays as it is.
    :raises ConfigError: if it cannot be written.
    """
    try:
        made = create_file(file, text.encode(), _MODE)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written: {error.strerror}") from error
    if not made:
        raise BadRequest(
            f'{file}: there is a file already; "clace password --save" changes its password'
        )


def save(file: Path, at: Steps, value: str) -> None:
    """Set one key of the file, which is made if it is missing; everything else in it stays.

    Its owner and mode stay too, but others than owner and group lose their access.

    :raises ConfigError: if it is not a TOML file, or cannot be written.
    """
    try:
        there = file.resolve()
        content, state = there.read_bytes(), there.stat()
    except FileNotFoundError:
        create(file, with_value("", at, value))
        return
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    bom, text = (_BOM, content[len(_BOM) :]) if content.startswith(_BOM) else (b"", content)
    try:
        edited = bom + with_value(text.decode(), at, value).encode()
        replace_file(there, edited, S_IMODE(state.st_mode) & ~_OTHERS, (state.st_uid, state.st_gid))
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written: {error.strerror}") from error
    except (UnicodeDecodeError, ConfigError) as error:
        raise ConfigError(f"{file}: {error}") from error
