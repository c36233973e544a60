"""The configuration file and the home folder: where they are looked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from clace.config.names import HOMES
from clace.errors import ConfigError

FILE_NAME = "clace.toml"
FILE_NAMES = (FILE_NAME, "openrun.toml")
"""The names of the file at home: ours, then that of OpenRun."""


class NoHome(ConfigError):
    """Nothing says where home is; a client that is told a server's URL needs none."""

    code = "no_home"


class Location(Struct, frozen=True):
    """The file to read, if there is one, and home; both absolute."""

    home: Path
    file: Path | None = None


def find(
    config_file: str | None,
    environ: Mapping[str, str],
    *,
    program: Path | None = None,
    root: Path = Path("/"),
) -> Location:
    """The file of ``--config-file``, else of ``CL_CONFIG_FILE``, else ``clace.toml`` at home.

    OpenRun's names hold where ours say nothing: ``OPENRUN_HOME``, and ``openrun.toml`` at home.
    Home is ``CL_HOME``, else the folder of the file. With neither, the folder of ``program`` and
    then the usual places of an installation under ``root`` are looked at. Whether a file that was
    named can be read is not asked here; a home without a file runs on the defaults.

    :raises ConfigError: if ``CL_HOME`` is not a folder; ``NoHome``: if no home is named or found.
    """
    named = config_file or environ.get("CL_CONFIG_FILE")
    home = _home(environ)
    if named:
        file = Path(named).absolute()
        return Location(home or file.parent, file)
    if home:
        return Location(home, next(filter(_exists, (home / name for name in FILE_NAMES)), None))
    for location in _usual(program, root):
        if location.file and _exists(location.file):
            return location
    raise NoHome("unable to find CL_HOME or config file")


def _home(environ: Mapping[str, str]) -> Path | None:
    variable = next(filter(environ.get, HOMES), None)
    if variable is None:
        return None
    home = Path(environ[variable]).absolute()
    if not home.is_dir():
        raise ConfigError(f"{variable}: expected an existing folder, got {home}")
    return home


def _usual(program: Path | None, root: Path) -> Iterator[Location]:
    """Return the usual places of the file, in the order of 2025; a package's is the last."""
    if program:
        folder = program.resolve().parent
        folder = folder.parent if folder.name == "bin" else folder
        # a clace.toml beside any program at all is not ours to read
        if any(mark in str(folder) for mark in ("clace", "clhome")):
            yield Location(folder, folder / FILE_NAME)
    for prefix in ("opt/homebrew", "home/linuxbrew/.linuxbrew", "usr/local"):
        yield Location(root / prefix / "var/clace", root / prefix / "etc" / FILE_NAME)
    yield Location(root / "var/lib/clace", root / "var/lib/clace" / FILE_NAME)


def _exists(file: Path) -> bool:
    """Return true if there is a file; an unreadable one must not be passed over."""
    try:
        file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True
