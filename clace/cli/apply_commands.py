"""``clace apply`` and ``clace plan``: apps as files describe them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from clace.admin_api import (
    APPLY_FILES,
    MATCHED,
    NONE,
    UPDATED,
    ApplyFiles,
    FilesApplied,
)
from clace.cli import reports
from clace.cli.app_commands import source_url
from clace.cli.commands import Command
from clace.cli.completing import files, one_of
from clace.cli.formats import result_format_option, say_result
from clace.cli.globs import GLOB_HELP, dry_run_option, promote_option
from clace.cli.servers import ChosenServer, for_server
from clace.locations import is_git

F = TypeVar("F", bound=Callable[..., Any])
CHANGES = 10
"""The exit status of a plan that is not empty."""


def over_files(function: F) -> F:
    """Give a command the options and arguments that say which files are meant."""
    for decorate in (
        for_server,
        click.argument("glob", default="all"),
        click.argument("file", shell_complete=files),
        result_format_option,
        click.option(
            "--clobber", is_flag=True, help="Undo what was changed by hand since the last apply."
        ),
        click.option(
            "--git-auth",
            "-g",
            default="",
            metavar="NAME",
            help="The files' entry of [git_auth].",
        ),
        click.option("--commit", "-c", default="", help="Git commit or tag of the files."),
        click.option(
            "--branch", "-b", default="main", help="Git branch of the files.  [default: main]"
        ),
    ):
        function = decorate(function)
    return function


@click.command(cls=Command, epilog=GLOB_HELP)
@click.option("--approve", "-a", is_flag=True, help="Approve what the apps ask for.")
@promote_option
@click.option(
    "--reload",
    "-r",
    default=MATCHED,
    shell_complete=one_of(NONE, UPDATED, MATCHED),
    metavar="MODE",
    help="Fetch the sources of: none, updated, or all matched apps.  [default: matched]",
)
@click.option("--force-reload", "-f", is_flag=True, help="Reload even if no commit is newer.")
@dry_run_option
@over_files
def apply(server: ChosenServer, file: str, glob: str, *, form: str, **options: Any) -> None:
    """Create and update the apps that FILE describes, of those that GLOB selects.

    FILE is a file of declarations, or a glob of some, in a folder or a git repository. All apps are
    changed, or on any failure none. Apps that FILE does not describe stay.
    """
    result = server.ask(APPLY_FILES, ApplyFiles(located(file), glob, **options))
    say_result(result, reports.applied(result, approved=options["approve"]), form)


@click.command(cls=Command, epilog=GLOB_HELP)
@over_files
def plan(server: ChosenServer, file: str, glob: str, *, form: str, **options: Any) -> int:
    """Show what clace apply would change, app by app; change nothing.

    The exit status is 0 if everything is as FILE says, and 10 if something would change. Only the
    sources of new apps are fetched.
    """
    query = ApplyFiles(located(file), glob, dry_run=True, approve=True, reload=NONE, **options)
    result = server.ask(APPLY_FILES, query)
    say_result(result, reports.planned(result), form)
    return CHANGES if _has_changes(result) else 0


def _has_changes(result: FilesApplied) -> bool:
    return bool(result.create_results or result.update_results)


def located(file: str) -> str:
    """Return a git URL as it is; a file, absolute.

    :raises SourceError: if the folder that it is in is missing.
    """
    if is_git(file):
        return file
    folder, _, name = file.rpartition("/")
    return f"{source_url(folder or ('/' if file.startswith('/') else '.'))}/{name}"
