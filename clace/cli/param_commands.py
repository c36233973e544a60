"""``clace param``: the values of apps' params."""

from __future__ import annotations

import click

from clace.cli import reports
from clace.cli.app_commands import GLOB_HELP, dry_run_option, promote_option
from clace.cli.commands import Group
from clace.cli.servers import Server, for_server
from clace.cli.text import say_if_dry, say_lines, warn_if_none
from clace.model.requests import ParamChange, UpdateOptions


@click.group(cls=Group)
def param() -> None:
    """Set the params of apps."""


@param.command(epilog=GLOB_HELP)
@promote_option
@dry_run_option
@click.argument("name")
@click.argument("value")
@click.argument("glob")
@for_server
def update(
    server: Server, name: str, value: str, glob: str, *, promote: bool, dry_run: bool
) -> None:
    """Set the param NAME of apps to VALUE; - removes the value."""
    options = UpdateOptions(promote=promote, dry_run=dry_run)
    change = ParamChange(name, value)
    result = server.ask(lambda admin: admin.update_params(glob, change, options))
    say_lines(reports.param_updated(result))
    warn_if_none(glob, result.matched)
    say_if_dry(result.dry_run)


@param.command(name="list")
@click.argument("path")
@for_server
def list_(server: Server, path: str) -> None:
    """List the values of the params of the app at PATH."""
    app = server.ask(lambda admin: admin.get_app(path)).app_entry
    say_lines(reports.params(app))
