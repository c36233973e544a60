"""``clace server``: start one here, ask after it, stop it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from clace.admin_api import SERVER_STATUS, STOP_SERVER, Nothing, StopServer
from clace.cli.commands import Group
from clace.cli.formats import result_format_option, say_result
from clace.cli.outside import CommandSurroundings
from clace.cli.servers import ChosenServer, for_server
from clace.config import find, load
from clace.errors import ServerUnreachable

STOP_SECONDS = 120.0
POLL_SECONDS = 0.1
# What the flags of ``server start`` set; they and their short forms are those of 2023.
_KEYS = {
    "server_uri": "server_uri",
    "admin_user": "admin_user",
    "http_host": "http.host",
    "http_port": "http.port",
    "https_host": "https.host",
    "https_port": "https.port",
    "level": "logging.level",
    "console": "logging.console",
}


@click.group(cls=Group)
def server() -> None:
    """Start, stop and watch the server."""


@server.command()
@click.option("--server-uri", "-s", metavar="PATH", help="Socket to manage the server by.")
@click.option("--admin-user", "-u", metavar="USER", help="Name of the administrator.")
@click.option("--http.host", "-i", "http_host", metavar="HOST", help="Address for HTTP.")
@click.option("--http.port", "-p", "http_port", metavar="PORT", help="0 picks one, -1 is off.")
@click.option("--https.host", "https_host", metavar="HOST", help="Address for HTTPS.")
@click.option("--https.port", "https_port", metavar="PORT", help="0 picks one, -1 is off.")
@click.option("--logging.level", "-l", "level", metavar="LEVEL", help="What to log.")
@click.option(
    "--logging.console/--no-logging.console",
    "-c",
    "console",
    default=None,
    help="Log readable text on stderr.",
)
@click.pass_obj
def start(outside: CommandSurroundings, /, **given: Any) -> None:
    """Run the server in the foreground, as `twistd -n clace` does."""
    flags = {_KEYS[name]: _written(value) for name, value in given.items() if value is not None}
    # A configuration that cannot be used is told before anything is started.
    location = find(outside.config_file, outside.environ, program=outside.program)
    logger = "nothing" if load(location, outside.environ, flags).logging.console else "errors"
    outside.run_daemon(list(daemon_arguments(outside.config_file, flags, logger)))


@server.command()
@for_server
def stop(server: ChosenServer) -> None:
    """Let the server finish what it is answering, and wait until it has ended."""
    pid = server.ask(STOP_SERVER, StopServer(answer=True)).pid
    outside = server.outside
    limit = outside.seconds() + STOP_SECONDS
    while outside.is_alive(server.target, pid):
        if outside.seconds() >= limit:
            raise ServerUnreachable("timed out waiting for the server to exit")
        outside.sleep(POLL_SECONDS)


@server.command()
@click.option("--limits", "-l", is_flag=True, help="Say too how often apps reached their limits.")
@result_format_option
@for_server
def status(server: ChosenServer, *, limits: bool, form: str) -> None:
    """Say whether the server answers."""
    answer = server.ask(SERVER_STATUS, Nothing())
    counts = sorted(answer.limits.items()) if limits else ()
    say_result(answer, (answer.status, *(f"{name}: {count}" for name, count in counts)), form)


def daemon_arguments(
    config_file: str | None, flags: Mapping[str, str], logger: str
) -> Iterator[str]:
    """Return the arguments of twistd: the foreground, no pid file, and our configuration."""
    yield from ("--nodaemon", "--pidfile=", f"--logger=clace.cli.quiet.{logger}", "clace")
    if config_file:
        yield from ("--config", str(Path(config_file).absolute()))
    for key, value in flags.items():
        yield from ("--set", f"{key}={value}")


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
