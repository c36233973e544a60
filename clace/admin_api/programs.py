"""The programs of apps: their logs, stop, start and restart, and commands beside them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from clace.admin_api.operation import Operation, Query, Right
from clace.model import AppPath


class ReadLog(Query, frozen=True):
    """The log of an app's program: lines since a time (RFC 3339 in UTC), of a level or a graver
    one, at most so many of the last; with ``follow`` those that are still to come, too.
    """

    app_path: str
    since: str = ""
    level: str = ""
    lines: str = ""
    follow: bool = False


class LogLine(Struct, frozen=True):
    """A line, which begins with its time."""

    line: str


class ControlProgram(Query, frozen=True):
    """The app whose program is meant; it may be a staging app."""

    app_path: str


class ProgramState(Struct, frozen=True):
    """The program of an app: ``running``, ``idle`` until it is needed, ``stopped``, ``starting`` or
    ``failed``.
    """

    app_path_domain: AppPath
    state: str = ""


class AppCommand(Struct, frozen=True, forbid_unknown_fields=True):
    """A command and its arguments."""

    command: Annotated[tuple[str, ...], Meta(max_length=1000)] = ()


class RunCommand(Query, frozen=True):
    """A command to be run where the program of an app runs."""

    app_path: str
    body: AppCommand


class CommandPiece(Struct, frozen=True):
    """A line of what a command writes; the last piece says how it ended."""

    line: str = ""
    ended: bool = False
    status: int = 0
    signal: int = 0
    failure: str = ""


def _app(query: ControlProgram, _result: ProgramState | None) -> str:
    return query.app_path


def _command(query: RunCommand, _result: CommandPiece | None) -> str:
    return " ".join((f"{query.app_path}:", *query.body.command[:1]))


READ_LOG = Operation(
    name="read_log",
    method="GET",
    path="/app_log",
    summary="The log of an app's program, line by line",
    right=Right.CONTAINER_READ,
    query=ReadLog,
    result=LogLine,
    streams=True,
)
STOP_APP = Operation(
    name="stop_app",
    method="POST",
    path="/app_stop",
    summary="Stop the program of an app until it is started",
    right=Right.CONTAINER_MANAGE,
    query=ControlProgram,
    result=ProgramState,
    target=_app,
)
START_APP = Operation(
    name="start_app",
    method="POST",
    path="/app_start",
    summary="Start the program of an app, and see that it answers",
    right=Right.CONTAINER_MANAGE,
    query=ControlProgram,
    result=ProgramState,
    target=_app,
    tells=True,
)
RESTART_APP = Operation(
    name="restart_app",
    method="POST",
    path="/app_restart",
    summary="Start the program of an app anew; where two may run, no request fails",
    right=Right.CONTAINER_MANAGE,
    query=ControlProgram,
    result=ProgramState,
    target=_app,
    tells=True,
)
RUN_COMMAND = Operation(
    name="run_command",
    method="POST",
    path="/app_exec",
    summary="Run a command where the program of an app runs, and send what it writes",
    right=Right.CONTAINER_MANAGE,
    query=RunCommand,
    result=CommandPiece,
    target=_command,
    streams=True,
)
OPERATIONS = (READ_LOG, STOP_APP, START_APP, RESTART_APP, RUN_COMMAND)
