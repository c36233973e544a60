"""A PostgreSQL server in a temporary folder, on a UNIX socket only, while the tests run."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import create_engine, make_url

_DEBIAN = Path("/usr/lib/postgresql")
_USER = "postgres"


@cache
def postgres() -> tuple[str, str]:
    """The URL of a server's own database; or ``""`` and why there is none."""
    programs = _programs()
    if programs is None:
        return "", "PostgreSQL's initdb and postgres are not installed"
    if find_spec("psycopg") is None:
        return "", "the psycopg package is not installed"
    folder = Path(tempfile.mkdtemp(prefix="clace-pg-", dir="/tmp"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        _start(programs, folder)
    except (OSError, KeyError, subprocess.SubprocessError) as error:
        return "", f"PostgreSQL does not start: {error}"
    return f"postgresql:///postgres?host={folder}&user={_USER}", ""


def fresh(url: str) -> None:
    """Let the database of the URL be empty."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
    finally:
        engine.dispose()


def _programs() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    versions = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None


def _start(programs: Path, folder: Path) -> None:
    """It does not run as root, so it is given to the user that Debian makes for it."""
    user = {"user": _USER} if os.geteuid() == 0 else {}
    if user:
        shutil.chown(folder, _USER)

    def run(*command, check=True):
        subprocess.run(command, cwd=folder, check=check, capture_output=True, timeout=60, **user)

    data = folder / "data"
    settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    control = (programs / "pg_ctl", "-D", data, "-w")
    run(programs / "initdb", "-D", data, "-U", _USER, "-A", "trust", "-E", "UTF8", "--no-sync")
    atexit.register(run, *control, "-m", "immediate", "stop", check=False)
    run(*control, "-l", folder / "log", "-o", settings, "start")
