"""``clace app logs|stop|start|restart|exec``: the programs of apps."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click

from clace.admin_api import programs as api
from clace.cli.commands import FAILED, Command
from clace.cli.completing import one_of
from clace.cli.durations import seconds_of
from clace.cli.formats import result_format_option, say_result
from clace.cli.history_commands import path_argument
from clace.cli.servers import ChosenServer, for_server
from clace.cli.text import complain
from clace.model import LOG_LEVELS
from clace.text import printable, time_text

_KILLED = 128


@click.command(cls=Command, short_help="Print what the program of an app has written.")
@click.option("--follow", "-f", is_flag=True, help="Go on with the lines that are still to come.")
@click.option(
    "--since", default="", metavar="TIME", help="From this time on, or for the last 10m, 12h or 2d."
)
@click.option(
    "--level",
    default="",
    metavar="LEVEL",
    shell_complete=one_of(*LOG_LEVELS),
    help="Only lines of this level or a graver one: debug, info, warn or error.",
)
@click.option("--lines", "-n", default="", help="The last so many lines.  [default: 1000]")
@path_argument
@for_server
def logs(
    server: ChosenServer, path: str, *, follow: bool, since: str, level: str, lines: str
) -> None:
    """Print what the program of the app at PATH has written, and what became of it.

    Lines have the time, in UTC, at which they came. Those of the server begin with "clace: ". The
    level of a line is a word such as ERROR near its beginning, else it is info.
    """
    query = api.ReadLog(path, _time(since), level, lines, follow=follow)

    def take(found: Sequence[api.LogLine]) -> None:
        if found:
            click.echo(printable("".join(f"{one.line}\n" for one in found)), nl=False)

    server.each(api.READ_LOG, query, take)


@click.command(cls=Command, short_help="Stop the program of an app.")
@result_format_option
@path_argument
@for_server
def stop(server: ChosenServer, path: str, form: str) -> None:
    """Stop the program of the app at PATH, until it is started again.

    Requests that it has are answered first. Until then visitors are told that it is stopped; this
    holds over a restart of the server.
    """
    found = server.ask(api.STOP_APP, api.ControlProgram(path))
    say_result(found, [f"App {found.app_path_domain} is {found.state}"], form)


@click.command(cls=Command, short_help="Start the program of an app.")
@result_format_option
@path_argument
@for_server
def start(server: ChosenServer, path: str, form: str) -> None:
    """Start the program of the app at PATH, and wait until it answers."""
    found = server.ask(api.START_APP, api.ControlProgram(path))
    say_result(found, [f"App {found.app_path_domain} is {found.state}"], form)


@click.command(cls=Command, short_help="Start the program of an app anew.")
@result_format_option
@path_argument
@for_server
def restart(server: ChosenServer, path: str, form: str) -> None:
    """Start the program of the app at PATH anew, and wait until it answers.

    No request fails. A program that keeps data is stopped first, and requests wait.
    """
    found = server.ask(api.RESTART_APP, api.ControlProgram(path))
    say_result(found, [f"App {found.app_path_domain} is {found.state}"], form)


class _Execution(Command):
    """A command whose error for an unknown option tells where COMMAND's own options go."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            told = error.format_message().rstrip(".")
            raise click.UsageError(
                f"{told}; if it is COMMAND's, write -- before COMMAND", ctx
            ) from None


@click.command("exec", cls=_Execution, short_help="Run a command behind the wall of an app.")
@path_argument
@click.argument("command", nargs=-1, required=True)
@for_server
def execute(server: ChosenServer, path: str, command: tuple[str, ...]) -> int:
    """Run COMMAND behind the wall of the app at PATH: with its files, packages, data and variables.

    Write -- before it. What it writes is printed, errors too, and its exit status is that of this
    command. It gets no input.
    """
    ended: list[api.CommandPiece] = []

    def take(pieces: Sequence[api.CommandPiece]) -> None:
        ended.extend(one for one in pieces if one.ended)
        lines = "".join(f"{one.line}\n" for one in pieces if not one.ended)
        click.echo(printable(lines), nl=False)

    server.each(api.RUN_COMMAND, api.RunCommand(path, api.AppCommand(command)), take)
    end = ended[-1]
    if end.failure:
        named = command[0] in end.failure
        complain(end.failure if named else f"{command[0]}: {end.failure}")
        return FAILED
    return end.status if not end.signal else _KILLED + end.signal


def _time(text: str) -> str:
    """The time that is meant, as lines of logs have it."""
    if not text or "-" in text:
        return text
    return time_text(max(0, time.time() - seconds_of(text)))
