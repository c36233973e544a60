"""``clace apply``, ``plan`` and ``export``: apps as files describe them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from msgspec.structs import replace

from clace.admin_api import (
    APPLY_FILES,
    EXPORT_APPS,
    MATCHED,
    NONE,
    PRETTY_PRINT,
    RELOADS,
    SHOW_DRIFT,
    ApplyFiles,
    ExportApps,
    FilesApplied,
    PrettyPrint,
    ShowDrift,
)
from clace.cli import reports
from clace.cli.app_commands import source_url
from clace.cli.commands import Command, hyphens, with_options
from clace.cli.completing import app_paths, files, one_of
from clace.cli.deleting import agree
from clace.cli.formats import result_format_option, say_result
from clace.cli.globs import GLOB_HELP, dry_run_option, promote_option
from clace.cli.outside import CommandSurroundings, Work
from clace.cli.progress import telling
from clace.cli.servers import ChosenServer, for_server
from clace.cli.text import say, warn
from clace.errors import ClaceError
from clace.locations import is_git
from clace.text import one_line

if TYPE_CHECKING:
    from clace.interfaces import IAdministration

CHANGES = 10
"""The exit status of a plan that is not empty."""
_DECLARED = "\napp("


def _mode(context: click.Context, _option: click.Parameter, mode: str) -> str:
    """Refuse an unknown mode: ``--reload FILE`` takes the name of the file for one."""
    if mode not in RELOADS:
        known = ", ".join(RELOADS)
        raise click.UsageError(
            f'invalid mode "{mode}" of --reload: valid ones are {known}', context
        )
    return mode


reload_option = click.option(
    "--reload",
    "-r",
    default=MATCHED,
    callback=_mode,
    shell_complete=one_of(*RELOADS),
    metavar="MODE",
    help="Fetch the sources of: none, updated, or all matched apps.  [default: matched]",
)
force_reload_option = click.option(
    "--force-reload", "-f", is_flag=True, help="Reload even if no commit is newer."
)
branch_option = click.option(
    "--branch", "-b", default="main", help="Git branch of the files.  [default: main]"
)
git_auth_option = click.option(
    "--git-auth", "-g", default="", metavar="NAME", help="The files' entry of [git_auth]."
)
_over_files = with_options(
    branch_option,
    click.option("--commit", "-c", default="", help="Git commit or tag of the files."),
    git_auth_option,
    click.option(
        "--prune",
        is_flag=True,
        help="Delete the apps that FILE declared before and no longer does.",
    ),
    click.option(
        "--clobber", is_flag=True, help="Undo what was changed by hand since the last apply."
    ),
    result_format_option,
    for_server,
)


@click.command(cls=Command, epilog=GLOB_HELP)
@click.option("--approve", "-a", is_flag=True, help="Approve what the apps ask for.")
@promote_option
@reload_option
@force_reload_option
@click.option(
    "--verify", is_flag=True, help="Load apps and try their programs, though nothing changed."
)
@dry_run_option
@click.option("--yes", "-y", is_flag=True, help="With --prune, delete without a question.")
@_over_files
@click.argument("file", shell_complete=files)
@click.argument("glob", default="all")
def apply(
    server: ChosenServer, file: str, glob: str, *, form: str, yes: bool, **options: Any
) -> None:
    """Create and update the apps that FILE describes, of those that GLOB selects.

    FILE is a file of declarations, or a glob of some, in a folder or a git repository. All apps are
    changed, or on any failure none. Apps that FILE does not describe stay, but for those that it
    described before, with --prune: these are listed, and deleted after a question.
    """
    query = ApplyFiles(located(file), glob, **options)
    asks = query.prune and not (yes or query.dry_run)
    if asks:
        result = server.ask_for(asked_first(query, server.outside))
    else:
        result = server.ask(APPLY_FILES, query)
    say_result(result, reports.applied(result), form)


@click.command(cls=Command, epilog=GLOB_HELP)
@click.option(
    "--server",
    "of_server",
    is_flag=True,
    help="Show what differs on the server from what was applied last; without FILE.",
)
@_over_files
@click.argument("file", default="", shell_complete=files)
@click.argument("glob", default="all")
def plan(
    server: ChosenServer, file: str, glob: str, *, form: str, of_server: bool, **options: Any
) -> int:
    """Show what clace apply would change, value by value; change nothing.

    The exit status is 0 if everything is as FILE says, and 10 if something would change. Sources
    are not fetched, but those of new apps. With --server, changes that were made by hand since the
    last apply are shown.
    """
    if of_server:
        _refuse_options_of_files()
        return _drift(server, file or "all", glob, form)
    if not file:
        raise click.UsageError("Missing argument 'FILE'.")
    query = ApplyFiles(located(file), glob, dry_run=True, approve=True, reload=NONE, **options)
    result = server.ask(APPLY_FILES, query)
    say_result(result, reports.planned(result), form, diff=False)
    return CHANGES if _has_changes(result) else 0


def _refuse_options_of_files() -> None:
    """:raises click.UsageError: if an option was given that is for FILE."""
    context = click.get_current_context()
    for option in ("branch", "commit", "git_auth", "prune", "clobber"):
        if context.get_parameter_source(option) is not ParameterSource.DEFAULT:
            raise click.UsageError(f"--{hyphens(option)} is for FILE and cannot go with --server.")


def _drift(server: ChosenServer, glob: str, extra: str, form: str) -> int:
    if extra != "all":
        raise click.UsageError("With --server there is no FILE, only a GLOB.")
    result = server.ask(SHOW_DRIFT, ShowDrift(glob))
    say_result(result, reports.drifted(result), form)
    return CHANGES if any(each.values for each in result.drifts) else 0


@click.command(cls=Command, epilog=GLOB_HELP)
@click.option("--output", "-o", default="", metavar="FILE", help="Write FILE in place of stdout.")
@click.option(
    "--git-auth",
    "-g",
    "git_auth_ref",
    default="exact",
    type=click.Choice(["exact", "default"]),
    shell_complete=one_of("exact", "default"),
    metavar="REF",
    help="exact: entries of [git_auth] by name; default: without them.  [default: exact]",
)
@click.option("--exact-commit", "-c", is_flag=True, help="Pin apps to the commits they serve.")
@click.option(
    "--exclude-declarative", "-x", is_flag=True, help="Leave out apps that files declare."
)
@click.argument("glob", default="all", shell_complete=app_paths)
@for_server
def export(server: ChosenServer, glob: str, *, output: str, **options: Any) -> None:
    """Write the apps that GLOB selects as a file that clace apply takes.

    The production versions are exported, and dev apps. Of what may be a secret only references are
    written; the value itself stays on the server.
    """
    text = server.ask(EXPORT_APPS, ExportApps(glob, **options)).config
    _write(text, output)
    if _DECLARED not in text:
        warn(f"no app of {glob} is exported")


@click.command(cls=Command, name="pretty-print")
@click.option("--output", "-o", default="", metavar="FILE", help="Write FILE in place of stdout.")
@click.option("--write", "-w", is_flag=True, help="Write the file itself anew.")
@click.argument("file", shell_complete=files)
@for_server
def pretty_print(server: ChosenServer, file: str, *, output: str, write: bool) -> None:
    """Evaluate FILE and print what it declares, as clace export writes it.

    Functions, conditions and config() are replaced by what they came to, and comments are lost;
    clace fmt keeps both.
    """
    if write and output:
        raise click.UsageError("--write and --output exclude each other.")
    if write and is_git(file):
        raise click.UsageError("--write is for a file in a folder.")
    text = server.ask(PRETTY_PRINT, PrettyPrint(located(file))).config
    _write(text, file if write else output)


def _write(text: str, output: str) -> None:
    """Print the text, or write it to a file.

    :raises ClaceError: if the file cannot be written.
    """
    if output in {"", "-"}:
        click.echo(text, nl=False)
        return
    try:
        Path(output).write_text(text, "utf-8")
    except OSError as error:
        raise ClaceError(f"cannot write {output}: {error.strerror}") from None


def _has_changes(result: FilesApplied) -> bool:
    return bool(result.create_results or result.update_results or result.prune_results)


def asked_first(query: ApplyFiles, outside: CommandSurroundings) -> Work[FilesApplied]:
    """Apply files after a look at the apps that would be deleted.

    The work raises ``ClaceError`` if the operator declines, or cannot be asked.
    """

    async def work(admin: IAdministration) -> FilesApplied:
        with telling(APPLY_FILES.summary):
            found = await admin.perform(APPLY_FILES, replace(query, dry_run=True))
        if found.prune_results:
            if not outside.is_terminal():
                names = ", ".join(map(str, found.prune_results))
                raise ClaceError(f"--prune would delete {names}: add --yes, as nobody can be asked")
            for path in found.prune_results:
                say(f"  {one_line(str(path))}", to_stderr=True)
            agree(f"Delete {len(found.prune_results)} app(s) that FILE no longer declares?")
        with telling(APPLY_FILES.summary):
            return await admin.perform(APPLY_FILES, replace(query, agreed=found.prune_digest))

    return work


def located(file: str) -> str:
    """Return a git URL as it is; a file, absolute.

    :raises SourceError: if the folder that it is in is missing.
    """
    if is_git(file):
        return file
    folder, _, name = file.rpartition("/")
    whole = source_url(folder or ("/" if file.startswith("/") else "."))
    return f"{whole.rstrip('/')}/{name}"
