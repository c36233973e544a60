"""Secrets in files that others can read."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from clace.config.named_files import private_files
from clace.config.places import Steps
from clace.config.sections import Settings
from clace.model import is_reference

TELLING = re.compile(r"passw|secret|token|private_key|credential", re.IGNORECASE)
"""Names of free keys that hold secrets, for no rule says so of them."""
_OTHERS = stat.S_IRGRP | stat.S_IROTH


def is_open(mode: int) -> bool:
    """Return whether others than the owner can read a file of this mode."""
    return bool(mode & _OTHERS)


def plain_secrets(settings: Settings) -> Iterator[Steps]:
    """Yield the places of secrets that are written out, a password's hash among them."""
    for at, written in _secrets(settings):
        if written and not is_reference(written):
            yield at


def open_files(settings: Settings) -> Iterator[tuple[Steps, Path]]:
    """Files of secrets and keys that the settings name and that others can read."""
    for at, file in private_files(settings):
        if is_open(_mode(file)):
            yield at, file


def _secrets(settings: Settings) -> Iterator[tuple[Steps, str]]:
    yield ("client", "admin_password"), settings.client.admin_password
    yield ("client", "token"), settings.client.token
    yield ("security", "admin_password_bcrypt"), settings.security.admin_password_bcrypt
    for name, login in settings.git_auth.items():
        yield ("git_auth", name, "password"), login.password
        yield ("git_auth", name, "private_key"), login.private_key
    for name, entry in settings.auth.items():
        yield ("auth", name, "secret"), entry.secret
    for name, user in settings.builtin_auth.items():
        yield ("builtin_auth", name, "password"), user.password
    for name, provider in settings.secret.items():
        yield ("secret", name, "token"), provider.token
    yield from _databases(settings)
    yield from _free(settings.node_config, ("node_config",))
    for name, section in settings.plugin.others.items():
        if isinstance(section, dict):
            yield from _free(section, ("plugin", name))


def _databases(settings: Settings) -> Iterator[tuple[Steps, str]]:
    accounts = settings.plugin.store_accounts.items()
    stores = {"store.in": settings.plugin.store, **{f"store.in#{n}": each for n, each in accounts}}
    for name, store in stores.items():
        if _has_password(store.db_connection):
            yield ("plugin", name, "db_connection"), store.db_connection


def _has_password(url: str) -> bool:
    try:
        return bool(urlsplit(url).password) or "password=" in url
    except ValueError:
        return False


def _free(keys: Mapping[str, object], at: Steps) -> Iterator[tuple[Steps, str]]:
    for name, value in keys.items():
        if isinstance(value, dict):
            yield from _free(value, (*at, name))
        elif isinstance(value, str) and TELLING.search(name):
            yield (*at, name), value


def _mode(file: Path) -> int:
    try:
        return stat.S_IMODE(file.stat().st_mode)
    except OSError:
        return 0  # what is missing is told by who needs it
