"""``clace param``: the values of apps' params."""

from __future__ import annotations

import click

from clace.admin_api.apps import GET_APP, OneApp
from clace.admin_api.settings import UPDATE_PARAMS, UpdateParam
from clace.cli import reports
from clace.cli.app_commands import GLOB_HELP, dry_run_option, promote_option
from clace.cli.commands import Group
from clace.cli.completing import app_paths
from clace.cli.formats import (
    list_format_option,
    pair_formats,
    result_format_option,
    say_list,
    say_result,
)
from clace.cli.servers import Server, for_server
from clace.cli.text import warn_if_none


@click.group(cls=Group)
def param() -> None:
    """Set the params of apps."""


@param.command(epilog=GLOB_HELP)
@promote_option
@dry_run_option
@result_format_option
@click.argument("name")
@click.argument("value")
@click.argument("glob", shell_complete=app_paths)
@for_server
def update(server: Server, name: str, value: str, glob: str, *, form: str, **options: bool) -> None:
    """Set the param NAME of apps to VALUE; - removes the value."""
    query = UpdateParam(glob, param_name=name, param_value=value, **options)
    result = server.ask(UPDATE_PARAMS, query)
    say_result(result, reports.param_updated(result), form)
    warn_if_none(glob, result.matched)


@param.command(name="list")
@list_format_option
@click.argument("path", shell_complete=app_paths)
@for_server
def list_(server: Server, path: str, form: str | None) -> None:
    """List the values of the params of the app at PATH."""
    app = server.ask(GET_APP, OneApp(path)).app_entry
    rows = sorted(app.metadata.param_values.items())
    values = [{"name": name, "value": value} for name, value in rows]
    formats = pair_formats(("Name", "Value"), reports.params(app), rows)
    say_list(values, form or server.config.client.default_format, formats)
