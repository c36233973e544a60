"""Keys that the environment and flags of a command may set, as they could in 2023."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from clace.config.names import HOMES
from clace.config.places import Origin, Steps
from clace.near import nearest

VARIABLES: Mapping[str, str] = {
    "server_uri": "CL_SERVER_URI",
    "admin_user": "CL_ADMIN_USER",
    "client.admin_password": "CL_ADMIN_PASSWORD",
    "client.token": "CL_TOKEN",
    "client.skip_cert_check": "CL_SKIP_CERT_CHECK",
    "client.ca_file": "CL_CA_FILE",
    "http.host": "CL_HTTP_HOST",
    "http.port": "CL_HTTP_PORT",
    "https.host": "CL_HTTPS_HOST",
    "https.port": "CL_HTTPS_PORT",
    "logging.level": "CL_LOGGING_LEVEL",
    "logging.console": "CL_LOGGING_CONSOLE",
}
_OURS = frozenset({*VARIABLES.values(), *HOMES, "CL_CONFIG_FILE"})
_CLOSE = 0.85


class Override(Struct, frozen=True):
    """A value said outside the file."""

    value: object
    origin: Origin


def gather(environ: Mapping[str, str], flags: Mapping[str, object]) -> dict[Steps, list[Override]]:
    """Gather the values of the environment and of flags, the weaker first."""
    said: dict[Steps, list[Override]] = {}
    for key, variable in VARIABLES.items():
        if written := environ.get(variable):
            _say(said, key, Override(written, Origin("environment", variable)))
    for key, value in flags.items():
        if value is not None:
            _say(said, key, Override(value, Origin("flag", _flag(key))))
    return said


def misspelt(environ: Mapping[str, str]) -> list[str]:
    """A notice for each variable that is almost one of ours."""
    return [
        f"{name}: nothing reads this variable; did you mean {near[0]}?"
        for name in sorted(environ)
        if name.startswith("CL_") and name not in _OURS
        if (near := nearest(name, _OURS, _CLOSE))
    ]


def _say(said: dict[Steps, list[Override]], key: str, override: Override) -> None:
    said.setdefault(tuple(key.split(".")), []).append(override)


def _flag(key: str) -> str:
    return "--" + key.removeprefix("client.")
