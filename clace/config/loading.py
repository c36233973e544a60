"""A file, the environment and flags into one frozen configuration."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import field, structs

from clace.config import overrides
from clace.config.default_auth import wrong_default_auth
from clace.config.discovery import FILE_NAME, Location
from clace.config.exposure import is_open, open_files, plain_secrets
from clace.config.listeners import wrong_listeners
from clace.config.names import Names, home_names, replace_names
from clace.config.other_proofs import wrong_proofs
from clace.config.places import Origin, Steps, place_text
from clace.config.reading import Reader
from clace.config.roles import doubtful_users, wrong_roles
from clace.config.secrets import wrong_providers, wrong_references
from clace.config.sections import Settings
from clace.config.sign_ins import wrong_sign_ins
from clace.config.users import wrong_users
from clace.errors import ConfigError
from clace.locations import is_http_url
from clace.units import MEBIBYTE

_WAYS_OF_SSH = ("key_file_path", "private_key", "agent_socket")

MAX_FILE = MEBIBYTE
MAX_DEPTH = 32
DEFAULTS = "defaults"


class Config(Settings, frozen=True, kw_only=True):
    """A configuration checked whole; ``origins`` names who set each value that is not a default."""

    home: Path
    file: Path | None = None
    warnings: tuple[str, ...] = ()
    origins: Mapping[Steps, Origin] = field(default_factory=dict)

    @property
    def socket(self) -> Path | None:
        """The admin socket, unless ``server_uri`` is an URL."""
        is_url = is_http_url(self.server_uri)
        return None if is_url else Path(self.server_uri)


def load(
    location: Location, environ: Mapping[str, str], flags: Mapping[str, object] | None = None
) -> Config:
    """Load the configuration: a flag comes before the environment, the file and the default.

    ``flags`` are by dotted key (``http.port``), as text or value; ``None`` is a flag not given.
    Nothing but the file is opened and nothing is made.

    :raises ConfigError: with every problem there is, one a line.
    """
    table, mode = _read(location.file) if location.file else ({}, 0)
    config = interpret(table, location, environ, flags or {})
    notices = (*config.warnings, *_exposed(config, mode))
    return structs.replace(config, warnings=notices)


def interpret(
    table: Mapping[str, Any],
    location: Location,
    environ: Mapping[str, str],
    flags: Mapping[str, object],
) -> Config:
    """The configuration that the tables of a file come to.

    :raises ConfigError: with every problem there is, one a line.
    """
    source = str(location.file or DEFAULTS)
    if _is_deep(table):
        raise ConfigError(f"{source}: expected at most {MAX_DEPTH} tables in one another")
    reader = Reader(
        source,
        Names(location.home, environ),
        overrides.gather(environ, flags),
        _enabled_plugins(table),
    )
    fields = reader.fields(Settings, table)
    reader.complain_of_unread()
    if not reader.problems:
        _check_together(Settings(**fields), reader)
    if reader.problems:
        raise ConfigError("\n".join(reader.problems))
    return Config(
        **fields,
        home=location.home,
        file=location.file,
        origins=reader.origins,
        warnings=(*_without_file(location), *reader.notices, *overrides.misspelt(environ)),
    )


def known_names(config: Config, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment, in which the names of the home folder stand for this one."""
    return {**environ, **home_names(config.home)}


def node_values(config: Config, environ: Mapping[str, str]) -> Mapping[str, object]:
    """``[node_config]`` as apps get it: ``$NAME`` replaced for the names of ``allowed_env``."""
    known = known_names(config, environ)
    return {
        name: replace_names(value, config.system.allowed_env, known)
        for name, value in config.node_config.items()
    }


def _read(file: Path) -> tuple[dict[str, Any], int]:
    """The tables of a file, and its mode."""
    import tomllib  # noqa: PLC0415 - homes of clients often have no file

    try:
        with file.open("rb") as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            content = stream.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{file}: cannot be read: {reason}") from error
    if len(content) > MAX_FILE:
        raise ConfigError(f"{file}: expected at most {MAX_FILE} bytes")
    try:
        return tomllib.loads(content.decode("utf-8").removeprefix("\ufeff")), mode
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file}: expected UTF-8, which line {line} is not") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{file}: not TOML: {error}") from error


def _enabled_plugins(table: Mapping[str, Any]) -> list[str]:
    """Return the file's section on plugins from packages, before anything is checked."""
    section = table.get("plugins")
    enabled = section.get("enabled") if isinstance(section, dict) else None
    return [name for name in enabled if isinstance(name, str)] if isinstance(enabled, list) else []


def _is_deep(table: Mapping[str, Any]) -> bool:
    """Return true if a walk by recursion could exhaust the stack."""
    level: list[Any] = [table]
    for _ in range(MAX_DEPTH):
        inner = [each.values() if isinstance(each, dict) else each for each in level]
        level = [item for each in inner for item in each if isinstance(item, dict | list)]
    return bool(level)


def _without_file(location: Location) -> Iterator[str]:
    if location.file is None:
        yield f"{location.home}: no {FILE_NAME} here, every key has its default"


def _wrong_git_logins(settings: Settings) -> Iterator[tuple[Steps, str]]:
    """Yield the places of a second way to sign in over SSH, and of a password for an agent."""
    for name, login in settings.git_auth.items():
        given = [key for key in _WAYS_OF_SSH if getattr(login, key)]
        for key in given[1:]:
            yield ("git_auth", name, key), f"there is {given[0]} already, and only one of them"
        if login.agent_socket and login.password:
            yield ("git_auth", name, "password"), "an agent opens its keys itself, and needs none"


def _check_together(settings: Settings, reader: Reader) -> None:
    """Check keys that are right alone and may be wrong together."""
    git_auth = settings.security.default_git_auth
    if git_auth and git_auth not in settings.git_auth:
        reader.complain(
            ("security", "default_git_auth"), f"there is no section [git_auth.{git_auth}]"
        )
    for at, reason in (
        *_wrong_git_logins(settings),
        *wrong_providers(settings, reader.origins),
        *wrong_references(settings),
        *wrong_sign_ins(settings),
        *wrong_proofs(settings),
        *wrong_roles(settings),
        *wrong_users(settings),
        *wrong_default_auth(settings),
        *wrong_listeners(settings),
    ):
        reader.complain(at, reason)
    for at, doubt in doubtful_users(settings):
        reader.warn(at, doubt)
    limits = settings.sandbox
    hosts = range(limits.uid_base, limits.uid_base + limits.uid_count)
    programs = range(limits.program_uid_base, limits.program_uid_base + limits.program_uid_count)
    if hosts and max(hosts.start, programs.start) < min(hosts.stop, programs.stop):
        reader.complain(
            ("sandbox", "program_uid_base"),
            f"its users {programs.start} to {programs.stop - 1} are also those of hosts; "
            f"the nearest that are apart begin at {hosts.stop}",
        )
    if settings.http.redirect_to_https and settings.https.port < 0:
        reader.complain(("http", "redirect_to_https"), "expected HTTPS to be on, its port is -1")


def _exposed(config: Config, mode: int) -> Iterator[str]:
    """A notice for each plain secret in a file that others can read."""
    if is_open(mode):
        for at in plain_secrets(config):
            origin = config.origins.get(at)
            if origin is None or origin.kind == "file":
                yield (
                    f"{config.file}: {place_text(at)}: a secret in a file that others can read; "
                    "chmod 600 it"
                )
    for at, file in open_files(config):
        yield f"{config.file}: {place_text(at)}: others can read {file}; chmod 600 it"
