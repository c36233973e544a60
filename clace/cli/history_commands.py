"""``clace version list|files|cat|diff|switch|revert``: the stored versions of one app."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path

import click

from clace.admin_api import history as api
from clace.cli import history_listing
from clace.cli.commands import Command, misused
from clace.cli.completing import app_paths, one_of
from clace.cli.formats import BASIC, list_format_option, result_format_option, say_list, say_result
from clace.cli.globs import dry_run_option
from clace.cli.servers import ChosenServer, for_server
from clace.cli.text import note
from clace.errors import BadRequest

REVERT = "revert"
path_argument = click.argument("path", shell_complete=app_paths)
approve_option = click.option(
    "--approve", "-a", is_flag=True, help="Approve what only the other version has."
)


@click.command("list", cls=Command)
@list_format_option
@path_argument
@for_server
def list_(server: ChosenServer, path: str, form: str | None) -> None:
    """List the versions of the app at PATH."""
    result = server.ask(api.LIST_VERSIONS, api.ListVersions(path))
    form = form or server.config.client.default_format
    say_list(result.versions, form, history_listing.VERSIONS)


@click.command(cls=Command)
@list_format_option
@path_argument
@click.argument("version", default="")
@for_server
def files(server: ChosenServer, path: str, version: str, form: str | None) -> None:
    """List the files of VERSION of the app at PATH, or of its current one."""
    result = server.ask(api.LIST_FILES, api.ListFiles(path, version))
    form = form or server.config.client.default_format
    say_list(result.files, form, history_listing.FILES)


@click.command(cls=Command)
@path_argument
@click.argument("name")
@click.argument("version", default="")
@for_server
def cat(server: ChosenServer, path: str, name: str, version: str) -> None:
    """Print the file NAME of VERSION of the app at PATH, or of its current one.

    The bytes are printed as they are stored.
    """
    result = server.ask(api.READ_FILE, api.ReadFile(path, name, version))
    sys.stdout.buffer.write(result.content)


@click.command(
    "verify-file",
    cls=Command,
    short_help="Tell whether an app serves a file.",
)
@click.option(
    "--name", "-n", default="", help="Name of the file in the app's source.  [default: any]"
)
@result_format_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@path_argument
@for_server
def verify_file(server: ChosenServer, file: Path, path: str, *, name: str, form: str) -> None:
    """Tell whether the app at PATH serves exactly the bytes of FILE, and at which addresses.

    The exit status is 0 if it does, and 1 if it does not. What is served is read for it.
    """
    try:
        with file.open("rb") as opened:
            digest = file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise BadRequest(f"cannot read {file}: {error.strerror}") from error
    found = server.ask(api.VERIFY_FILE, api.VerifyFile(path, digest, name))
    say_result(found, history_listing.verified(str(file), found), form)


@click.command(cls=Command)
@click.option("--patch", "-p", is_flag=True, help="Show the lines in which files differ, too.")
@result_format_option
@path_argument
@click.argument("old", default="")
@click.argument("new", default="")
@for_server
def diff(server: ChosenServer, path: str, old: str, new: str, *, patch: bool, form: str) -> None:
    """Show how version NEW of the app at PATH differs from OLD.

    Files, approvals, params, settings, accounts and the commit are compared. Without OLD and NEW,
    they are the current version and the one that the next promotion would bring; if nothing waits
    for promotion, the current version and the one before.
    """
    if patch and form != BASIC:
        raise misused(f"--patch is for people and cannot go with --format {form}")
    found = server.ask(api.COMPARE_VERSIONS, api.CompareVersions(path, old, new))
    lines = [*history_listing.compared(found)]
    if patch:
        lines += _patches(server, path, found)
    say_result(found, lines, form)


@click.command(cls=Command)
@approve_option
@dry_run_option
@result_format_option
@click.argument("version", shell_complete=one_of("previous", "next"))
@path_argument
@for_server
def switch(
    server: ChosenServer, version: str, path: str, *, approve: bool, dry_run: bool, form: str
) -> None:
    """Let the app at PATH be VERSION: a number, previous or next.

    It is loaded first, and serves once it is. Production and staging are switched by themselves.
    """
    query = api.SwitchVersion(path, version, approve=approve, dry_run=dry_run)
    result = server.ask(api.SWITCH_VERSION, query)
    say_result(result, _moved("Switched", path, result), form)


@click.command(cls=Command)
@approve_option
@dry_run_option
@result_format_option
@path_argument
@for_server
def revert(server: ChosenServer, path: str, *, approve: bool, dry_run: bool, form: str) -> None:
    """Let the app at PATH be the version that it was before the current one."""
    query = api.SwitchVersion(path, REVERT, approve=approve, dry_run=dry_run)
    result = server.ask(api.SWITCH_VERSION, query)
    say_result(result, _moved("Reverted", path, result), form)


def _moved(done: str, path: str, result: api.VersionSwitched) -> tuple[str]:
    return (f"{done} {path} from version {result.from_version} to version {result.to_version}",)


def _patches(server: ChosenServer, path: str, found: api.VersionsCompared) -> Iterator[str]:
    """The differing lines of the files that are text."""
    for each in found.files:
        old = _text(server, path, each.name, found.old) if each.old_size >= 0 else ""
        new = _text(server, path, each.name, found.new) if each.new_size >= 0 else ""
        if old is None or new is None:
            note(f"{each.name} is not text")
            continue
        names = (f"{each.name} (version {found.old})", f"{each.name} (version {found.new})")
        yield from difflib.unified_diff(old.splitlines(), new.splitlines(), *names, lineterm="")


def _text(server: ChosenServer, path: str, name: str, version: int) -> str | None:
    """Return the text of a file, or None for one that is not text."""
    read = server.ask(api.READ_FILE, api.ReadFile(path, name, str(version)))
    try:
        return read.content.decode()
    except UnicodeDecodeError:
        return None
