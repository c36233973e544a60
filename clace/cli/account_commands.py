"""``clace account``: which accounts of plugins apps use."""

from __future__ import annotations

import click

from clace.cli import reports
from clace.cli.app_commands import GLOB_HELP, dry_run_option, promote_option
from clace.cli.commands import Group
from clace.cli.servers import Server, for_server
from clace.cli.text import say_if_dry, say_lines, warn_if_none
from clace.model.app import AccountLink
from clace.model.requests import UpdateOptions


@click.group(cls=Group)
def account() -> None:
    """Choose the accounts of plugins that apps use."""


@account.command(epilog=GLOB_HELP)
@promote_option
@dry_run_option
@click.argument("plugin")
@click.argument("account")
@click.argument("glob")
@for_server
def link(
    server: Server, plugin: str, account: str, glob: str, *, promote: bool, dry_run: bool
) -> None:
    """Let apps that load PLUGIN use ACCOUNT of it.

    ACCOUNT is what follows the # in the name of a section [plugin."x.in#ACCOUNT"]; - removes the
    link. PLUGIN is as the apps load it, with its #name if it has one.
    """
    options = UpdateOptions(promote=promote, dry_run=dry_run)
    wanted = AccountLink(plugin, account)
    result = server.ask(lambda admin: admin.link_account(glob, wanted, options))
    say_lines(reports.linked(result))
    warn_if_none(glob, result.matched)
    say_if_dry(result.dry_run)


@account.command(name="list")
@click.argument("path")
@for_server
def list_(server: Server, path: str) -> None:
    """List the accounts that the app at PATH uses."""
    app = server.ask(lambda admin: admin.get_app(path)).app_entry
    say_lines(reports.links(app))
