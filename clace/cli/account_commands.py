"""``clace account``: which accounts of plugins apps use."""

from __future__ import annotations

import click

from clace.admin_api.apps import GET_APP, OneApp
from clace.admin_api.settings import LINK_ACCOUNT, LinkAccount
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
def account() -> None:
    """Choose the accounts of plugins that apps use."""


@account.command(epilog=GLOB_HELP)
@promote_option
@dry_run_option
@result_format_option
@click.argument("plugin")
@click.argument("account")
@click.argument("glob", shell_complete=app_paths)
@for_server
def link(
    server: Server, plugin: str, account: str, glob: str, *, form: str, **options: bool
) -> None:
    """Let apps that load PLUGIN use ACCOUNT of it.

    ACCOUNT is what follows the # in the name of a section [plugin."x.in#ACCOUNT"]; - removes the
    link. PLUGIN is as the apps load it, with its #name if it has one.
    """
    query = LinkAccount(glob, plugin=plugin, account=account, **options)
    result = server.ask(LINK_ACCOUNT, query)
    say_result(result, reports.linked(result), form)
    warn_if_none(glob, result.matched)


@account.command(name="list")
@list_format_option
@click.argument("path", shell_complete=app_paths)
@for_server
def list_(server: Server, path: str, form: str | None) -> None:
    """List the accounts that the app at PATH uses."""
    app = server.ask(GET_APP, OneApp(path)).app_entry
    rows = [(link.plugin, link.account_name) for link in app.metadata.accounts]
    formats = pair_formats(("Plugin", "Account"), reports.links(app), rows)
    say_list(app.metadata.accounts, form or server.config.client.default_format, formats)
