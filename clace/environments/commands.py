"""The command by which each server is started, and the variables that it needs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from clace.environments.entries import EntryPoint
from clace.environments.procfile import Procfile
from clace.environments.table import Server, Spec
from clace.errors import BadRequest
from clace.interfaces import WorkloadOrder

WORKERS, ACCESS_LOG = "workers", "access_log"
_TRUE = frozenset({"true", "1"})
_LOGS_ACCESSES = frozenset({Server.GUNICORN, Server.UVICORN})
_THREADS = "8"
_FIRST_PORT, _PORTS = 20_000, 30_000
_MOST_WORKERS = 64
_LISTENING = "3"
_NOT_LISTENING = "127.0.0.1"


class LaunchFacts(Struct, frozen=True, kw_only=True):
    """All that a command is made of: the app's order, its spec and entry, and its Python."""

    order: WorkloadOrder
    spec: Spec
    entry: EntryPoint
    python: str = ""
    gunicorn: str = ""
    procfile: Procfile | None = None

    @property
    def prefix(self) -> str:
        """The path of the app as its server is told it: empty at the root of a domain."""
        return self.order.app.path.rstrip("/")

    @property
    def port(self) -> int:
        """The port that the app is told to listen on: its own, or one for each version, so that
        two which share a network do not meet.
        """
        if self.order.config.port:
            return self.order.config.port
        name = f"{self.order.app.id}:{self.order.app.version}".encode()
        return _FIRST_PORT + int.from_bytes(hashlib.sha256(name).digest()[:4], "big") % _PORTS

    @property
    def workers(self) -> str:
        """:raises BadRequest: if the option is not a number of processes."""
        text = self.options.get(WORKERS, "1")
        if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= _MOST_WORKERS:
            raise BadRequest(f"option {WORKERS}={text:.40}: expected 1 to {_MOST_WORKERS}")
        return text

    @property
    def logs_accesses(self) -> bool:
        """Return true if its server is to log each request too; ours does in any case."""
        return self.options.get(ACCESS_LOG, "").lower() in _TRUE

    @property
    def options(self) -> Mapping[str, str]:
        """The operator's options."""
        options: Mapping[str, str] = self.order.app.metadata.container_options
        return options


class ServerCommand(Struct, frozen=True, kw_only=True):
    """A command with its variables; ``port`` is 0 if its listening socket is handed to it.

    ``release`` is a command to be run to its end before the app serves.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str] = {}
    port: int = 0
    release: tuple[str, ...] = ()


def server_command(around: LaunchFacts) -> ServerCommand:
    """Return the command of the spec's server.

    :raises BadRequest: if an option cannot be used.
    """
    if ACCESS_LOG in around.options and around.spec.server not in _LOGS_ACCESSES:
        raise BadRequest(f"option {ACCESS_LOG} is for what gunicorn or uvicorn serves")
    return _COMMANDS[around.spec.server](around)


def own_command(around: LaunchFacts) -> ServerCommand:
    """Return the command that the app itself says; it listens on ``$PORT``."""
    return ServerCommand(
        command=around.order.config.command,
        environment={"PORT": str(around.port)},
        port=around.port,
    )


def _gunicorn(around: LaunchFacts) -> ServerCommand:
    # One process with threads answers while another request waits for a database.
    command = (
        *(around.python, "-m", "gunicorn", "--workers", around.workers, "--threads", _THREADS),
        *("--worker-tmp-dir", "/dev/shm", "--forwarded-allow-ips", "*"),  # noqa: S108
        # Since 25 it makes a socket in the home folder, by which it can be told things.
        *("--no-control-socket",) * (_major(around.gunicorn) >= _WITH_CONTROL),
        *("--access-logfile", "-") * around.logs_accesses,
        around.entry.target,
    )
    # Dash makes URLs of its own; the server has cut the path off before its routes see it.
    environment = {
        "SCRIPT_NAME": around.prefix,
        "DASH_REQUESTS_PATHNAME_PREFIX": f"{around.prefix}/",
        "DASH_ROUTES_PATHNAME_PREFIX": "/",
    }
    return ServerCommand(command=command, environment=environment)


_WITH_CONTROL = 25


def _major(version: str) -> int:
    first = version.partition(".")[0]
    return int(first) if first.isascii() and first.isdecimal() else 0


def _uvicorn(around: LaunchFacts) -> ServerCommand:
    command = (
        *(around.python, "-m", "uvicorn", "--fd", _LISTENING, "--workers", around.workers),
        *("--proxy-headers", "--forwarded-allow-ips", "*", "--root-path", around.prefix),
        *("--no-access-log",) * (not around.logs_accesses),
        *("--factory",) * around.entry.name.endswith("()"),
        around.entry.target.removesuffix("()"),
    )
    return ServerCommand(command=command)


def _streamlit(around: LaunchFacts) -> ServerCommand:
    options = {
        "server.address": _NOT_LISTENING,
        "server.port": str(around.port),
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "server.baseUrlPath": around.prefix.lstrip("/"),
        "browser.gatherUsageStats": "false",
    }
    words = (word for name, value in options.items() for word in (f"--{name}", value))
    command = (around.python, "-m", "streamlit", "run", around.entry.file, *words)
    # It would tell an address that nobody can open.
    environment = {"STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE": "true"}
    return ServerCommand(command=command, environment=environment, port=around.port)


def _panel(around: LaunchFacts) -> ServerCommand:
    command = (
        *(around.python, "-m", "panel", "serve", around.entry.file, "--address", _NOT_LISTENING),
        *("--port", str(around.port), "--allow-websocket-origin", "*", "--use-xheaders"),
        *("--prefix", around.prefix) * bool(around.prefix),
        *("--index", Path(around.entry.file).stem),
    )
    return ServerCommand(command=command, port=around.port)


def _marimo(around: LaunchFacts) -> ServerCommand:
    command = (
        *(around.python, "-m", "marimo", "run", around.entry.file, "--headless", "--no-token"),
        *("--host", _NOT_LISTENING, "--port", str(around.port)),
        *("--base-url", around.prefix) * bool(around.prefix),
    )
    # It keeps notes there, and complains at each request where it cannot.
    environment = {"XDG_CONFIG_HOME": "/tmp/config", "XDG_STATE_HOME": "/tmp/state"}  # noqa: S108
    return ServerCommand(command=command, environment=environment, port=around.port)


def _python(around: LaunchFacts) -> ServerCommand:
    """Gradio and NiceGUI: the file starts the server, which is told by variables."""
    environment = {
        "PORT": str(around.port),
        "HOST": _NOT_LISTENING,
        "GRADIO_SERVER_NAME": _NOT_LISTENING,
        "GRADIO_SERVER_PORT": str(around.port),
        "GRADIO_ROOT_PATH": around.prefix,
        "GRADIO_ANALYTICS_ENABLED": "False",
    }
    command = (around.python, around.entry.file)
    return ServerCommand(command=command, environment=environment, port=around.port)


def _procfile(around: LaunchFacts) -> ServerCommand:
    assert around.procfile is not None
    release = around.procfile.release
    return ServerCommand(
        command=_shell(around.procfile.web),
        environment=_told(around),
        port=around.port,
        release=_shell(release) if release else (),
    )


def _shell(command: str) -> tuple[str, ...]:
    return ("/bin/sh", "-c", command)


def _node(around: LaunchFacts) -> ServerCommand:
    command = ("node", around.entry.file)
    return ServerCommand(command=command, environment=_told(around), port=around.port)


def _executable(around: LaunchFacts) -> ServerCommand:
    command = (f"./{around.entry.file}",)
    return ServerCommand(command=command, environment=_told(around), port=around.port)


def _told(around: LaunchFacts) -> dict[str, str]:
    return {"PORT": str(around.port), "HOST": _NOT_LISTENING}


_COMMANDS: Mapping[Server, Callable[[LaunchFacts], ServerCommand]] = {
    Server.GUNICORN: _gunicorn,
    Server.UVICORN: _uvicorn,
    Server.STREAMLIT: _streamlit,
    Server.PANEL: _panel,
    Server.MARIMO: _marimo,
    Server.PYTHON: _python,
    Server.PROCFILE: _procfile,
    Server.NODE: _node,
    Server.EXECUTABLE: _executable,
}
