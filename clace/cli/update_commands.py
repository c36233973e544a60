"""``clace app update-settings`` and ``update-metadata``: what operators say of apps later."""

from __future__ import annotations

from typing import Any

import click

from clace.admin_api.settings import (
    UPDATE_METADATA,
    UPDATE_SETTINGS,
    MetadataChange,
    SettingsChange,
    Switch,
    UpdateMetadata,
    UpdateSettings,
)
from clace.cli import reports
from clace.cli.app_commands import GLOB_HELP, dry_run_option, promote_option
from clace.cli.commands import Group, truth
from clace.cli.completing import app_paths
from clace.cli.entries import config_entries
from clace.cli.formats import result_format_option, say_result
from clace.cli.servers import Server, for_server
from clace.cli.text import warn_if_none


@click.group(cls=Group, name="update-settings")
def settings() -> None:
    """Change settings of apps and their staging apps; they hold at once."""


@settings.command(name="stage-write-access", epilog=GLOB_HELP)
@dry_run_option
@result_format_option
@click.argument("value")
@click.argument("glob", shell_complete=app_paths)
@for_server
def stage_write_access(server: Server, value: str, glob: str, **how: Any) -> None:
    """Let staging apps call plugins that change something: VALUE is true or false."""
    _settle(server, glob, SettingsChange(stage_write_access=_switch(value)), **how)


@settings.command(name="preview-write-access", epilog=GLOB_HELP)
@dry_run_option
@result_format_option
@click.argument("value")
@click.argument("glob", shell_complete=app_paths)
@for_server
def preview_write_access(server: Server, value: str, glob: str, **how: Any) -> None:
    """Let preview apps call plugins that change something: VALUE is true or false."""
    _settle(server, glob, SettingsChange(preview_write_access=_switch(value)), **how)


@settings.command(epilog=GLOB_HELP)
@dry_run_option
@result_format_option
@click.argument("value", metavar="TYPE")
@click.argument("glob", shell_complete=app_paths)
@for_server
def auth(server: Server, value: str, glob: str, **how: Any) -> None:
    """Say who may use apps.

    TYPE: none (everybody), system (the administrator), or default (what the server says).
    """
    _settle(server, glob, SettingsChange(authn_type=value), **how)


@settings.command(name="git-auth", epilog=GLOB_HELP)
@dry_run_option
@result_format_option
@click.argument("value", metavar="NAME")
@click.argument("glob", shell_complete=app_paths)
@for_server
def git_auth(server: Server, value: str, glob: str, **how: Any) -> None:
    """Choose the login for git: NAME of an entry of [git_auth], or - for the server's default."""
    _settle(server, glob, SettingsChange(git_auth_name=value), **how)


@click.group(cls=Group, name="update-metadata")
def metadata() -> None:
    """Change versioned settings of apps: staging first, production with --promote."""


@metadata.command(epilog=GLOB_HELP)
@promote_option
@dry_run_option
@result_format_option
@click.argument("entries", nargs=-1, required=True)
@click.argument("glob", shell_complete=app_paths)
@for_server
def conf(
    server: Server,
    entries: tuple[str, ...],
    glob: str,
    *,
    promote: bool,
    dry_run: bool,
    form: str,
) -> None:
    """Give apps settings of their own, in place of those in [app_config] and [sandbox].

    ENTRIES are KEY=VALUE, the value as TOML writes it; KEY=- removes a setting.
    """
    wanted = tuple(f"{name}={value}" for name, value in config_entries(entries, ()).items())
    change = MetadataChange(config_type="app_config", config_entries=wanted)
    query = UpdateMetadata(glob, body=change, promote=promote, dry_run=dry_run)
    result = server.ask(UPDATE_METADATA, query)
    say_result(result, reports.updated(result), form)
    warn_if_none(glob, result.matched)


metadata.add_command(conf, "app-config")


def _settle(server: Server, glob: str, change: SettingsChange, *, dry_run: bool, form: str) -> None:
    result = server.ask(UPDATE_SETTINGS, UpdateSettings(glob, body=change, dry_run=dry_run))
    say_result(result, reports.settled(result), form)
    warn_if_none(glob, len(result.update_results))


def _switch(value: str) -> Switch:
    """:raises click.UsageError: it is neither true nor false."""
    return 1 if truth(value) else 2
