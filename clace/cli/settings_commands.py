"""Settings of apps: accounts, params, and those of ``clace app update-...``."""

from __future__ import annotations

from typing import Any

import click

from clace.admin_api import GET_APP, OneApp
from clace.admin_api import settings as api
from clace.cli import reports
from clace.cli.commands import Group, truth
from clace.cli.completing import app_paths
from clace.cli.entries import config_entries
from clace.cli.formats import list_format_option, pair_formats, say_list
from clace.cli.globs import GLOB_HELP, over_apps, promote_option, say_changed
from clace.cli.servers import ChosenServer, for_server


@click.group(cls=Group)
def account() -> None:
    """Choose the accounts of plugins that apps use."""


@account.command(epilog=GLOB_HELP)
@promote_option
@click.argument("plugin")
@click.argument("account")
@over_apps
def link(
    server: ChosenServer, plugin: str, account: str, glob: str, *, form: str, **options: bool
) -> None:
    """Let apps that load PLUGIN use ACCOUNT of it.

    ACCOUNT is what follows the # in the name of a section [plugin."x.in#ACCOUNT"]; - removes the
    link. PLUGIN is as the apps load it, with its #name if it has one.
    """
    query = api.LinkAccount(glob, plugin=plugin, account=account, **options)
    result = server.ask(api.LINK_ACCOUNT, query)
    say_changed(result, reports.linked(result), form, glob, result.matched)


@account.command(name="list")
@list_format_option
@click.argument("path", shell_complete=app_paths)
@for_server
def list_accounts(server: ChosenServer, path: str, form: str | None) -> None:
    """List the accounts that the app at PATH uses."""
    app = server.ask(GET_APP, OneApp(path)).app_entry
    rows = [(link.plugin, link.account_name) for link in app.metadata.accounts]
    formats = pair_formats(("Plugin", "Account"), reports.links(app), rows)
    say_list(app.metadata.accounts, form or server.config.client.default_format, formats)


@click.group(cls=Group)
def param() -> None:
    """Set the params of apps."""


@param.command(name="update", epilog=GLOB_HELP)
@promote_option
@click.argument("name")
@click.argument("value")
@over_apps
def update_param(
    server: ChosenServer, name: str, value: str, glob: str, *, form: str, **options: bool
) -> None:
    """Set the param NAME of apps to VALUE; - removes the value."""
    query = api.UpdateParam(glob, param_name=name, param_value=value, **options)
    result = server.ask(api.UPDATE_PARAMS, query)
    say_changed(result, reports.param_updated(result), form, glob, result.matched)


@param.command(name="list")
@list_format_option
@click.argument("path", shell_complete=app_paths)
@for_server
def list_params(server: ChosenServer, path: str, form: str | None) -> None:
    """List the values of the params of the app at PATH."""
    app = server.ask(GET_APP, OneApp(path)).app_entry
    rows = sorted(app.metadata.param_values.items())
    values = [{"name": name, "value": value} for name, value in rows]
    formats = pair_formats(("Name", "Value"), reports.params(app), rows)
    say_list(values, form or server.config.client.default_format, formats)


@click.group(cls=Group, name="update-settings")
def settings() -> None:
    """Change settings of apps and their staging apps; they hold at once."""


@settings.command(name="stage-write-access", epilog=GLOB_HELP)
@click.argument("value")
@over_apps
def stage_write_access(server: ChosenServer, value: str, glob: str, **how: Any) -> None:
    """Let staging apps call plugins that change something: VALUE is true or false."""
    _settle(server, glob, api.SettingsChange(stage_write_access=_switch(value)), **how)


@settings.command(name="preview-write-access", epilog=GLOB_HELP)
@click.argument("value")
@over_apps
def preview_write_access(server: ChosenServer, value: str, glob: str, **how: Any) -> None:
    """Let preview apps call plugins that change something: VALUE is true or false."""
    _settle(server, glob, api.SettingsChange(preview_write_access=_switch(value)), **how)


@settings.command(epilog=GLOB_HELP)
@click.argument("value", metavar="TYPE")
@over_apps
def auth(server: ChosenServer, value: str, glob: str, **how: Any) -> None:
    """Say who may use apps.

    TYPE: none (everybody), system (the administrator), builtin (users of this server), an entry of
    [auth], saml_NAME, cert or cert_NAME, several with commas, or default (what the server says).
    +forward_NAME may follow.
    """
    _settle(server, glob, api.SettingsChange(authn_type=value), **how)


@settings.command(name="git-auth", epilog=GLOB_HELP)
@click.argument("value", metavar="NAME")
@over_apps
def git_auth(server: ChosenServer, value: str, glob: str, **how: Any) -> None:
    """Choose the login for git: NAME of an entry of [git_auth], or - for the server's default."""
    _settle(server, glob, api.SettingsChange(git_auth_name=value), **how)


@settings.command(epilog=GLOB_HELP)
@click.argument("user")
@over_apps
def owner(server: ChosenServer, user: str, glob: str, *, form: str, dry_run: bool) -> None:
    """Give apps another owner, who has the rights of owners on them from now on.

    USER is an id as apps and the audit log show it: builtin:NAME, ENTRY:ANN@EXAMPLE.ORG, or the
    administrator's. You need the right admin.
    """
    query = api.ChangeOwner(glob, owner=user, dry_run=dry_run)
    result = server.ask(api.CHANGE_OWNER, query)
    say_changed(result, reports.settled(result), form, glob, len(result.update_results))


@click.group(cls=Group, name="update-metadata")
def metadata() -> None:
    """Change versioned settings of apps: staging first, production with --promote."""


@metadata.command(epilog=GLOB_HELP)
@promote_option
@click.argument("entries", nargs=-1, required=True)
@over_apps
def conf(server: ChosenServer, entries: tuple[str, ...], glob: str, **how: Any) -> None:
    """Give apps settings of their own, in place of those in [app_config] and [sandbox].

    ENTRIES are KEY=VALUE, the value as TOML writes it; KEY=- removes a setting.
    """
    wanted = tuple(f"{name}={value}" for name, value in config_entries(entries, ()).items())
    change = api.MetadataChange(config_type="app_config", config_entries=wanted)
    _stage(server, glob, change, **how)


metadata.add_command(conf, "app-config")


@metadata.command(epilog=GLOB_HELP)
@promote_option
@click.argument("entries", nargs=-1, required=True)
@over_apps
def copt(server: ChosenServer, entries: tuple[str, ...], glob: str, **how: Any) -> None:
    """Give the programs of apps options: what they may reach and have.

    ENTRIES are NAME=VALUE, such as network=db.internal:5432 or workers=2; NAME=- removes one. What
    opens the wall has to be approved.
    """
    change = api.MetadataChange(config_type="container_options", config_entries=entries)
    _stage(server, glob, change, **how)


@metadata.command(epilog=GLOB_HELP)
@promote_option
@click.argument("entries", nargs=-1, required=True)
@over_apps
def carg(server: ChosenServer, entries: tuple[str, ...], glob: str, **how: Any) -> None:
    """Give builds of containers arguments.

    ENTRIES are NAME=VALUE; NAME=- removes one.
    """
    change = api.MetadataChange(config_type="container_args", config_entries=entries)
    _stage(server, glob, change, **how)


@metadata.command(epilog=GLOB_HELP)
@promote_option
@click.argument("entries", nargs=-1, required=True)
@over_apps
def cvol(server: ChosenServer, entries: tuple[str, ...], glob: str, **how: Any) -> None:
    """Give the programs of apps volumes.

    ENTRIES are /TARGET or NAME:/TARGET, perhaps with :ro; VOLUME=- removes one.
    """
    change = api.MetadataChange(config_type="container_volumes", config_entries=entries)
    _stage(server, glob, change, **how)


metadata.add_command(copt, "container-option")
metadata.add_command(carg, "container-arg")
metadata.add_command(cvol, "container-volumes")


@metadata.command(epilog=GLOB_HELP)
@promote_option
@click.argument("name")
@over_apps
def spec(server: ChosenServer, name: str, glob: str, **how: Any) -> None:
    """Say which kind of app those are whose sources have no app.star.

    NAME is a spec, such as python-flask; - tells it from the files again.
    """
    _stage(server, glob, api.MetadataChange(spec=name), **how)


@metadata.command(name="auth", epilog=GLOB_HELP)
@promote_option
@click.argument("value", metavar="TYPE")
@over_apps
def staged_auth(server: ChosenServer, value: str, glob: str, **how: Any) -> None:
    """Say who may use apps, in the next version of each.

    Staging apps admit by it at once, production with its promotion. TYPE is as for update-settings.
    """
    _stage(server, glob, api.MetadataChange(config_type="auth", config_entries=(value,)), **how)


@metadata.command(name="git-auth", epilog=GLOB_HELP)
@promote_option
@click.argument("value", metavar="NAME")
@over_apps
def staged_git_auth(server: ChosenServer, value: str, glob: str, **how: Any) -> None:
    """Choose the login for git in the next version: NAME of [git_auth], or - for the default."""
    change = api.MetadataChange(config_type="git_auth", config_entries=(value,))
    _stage(server, glob, change, **how)


def _stage(
    server: ChosenServer,
    glob: str,
    change: api.MetadataChange,
    *,
    promote: bool,
    dry_run: bool,
    form: str,
) -> None:
    query = api.UpdateMetadata(glob, body=change, promote=promote, dry_run=dry_run)
    result = server.ask(api.UPDATE_METADATA, query)
    say_changed(result, reports.updated(result), form, glob, result.matched)


def _settle(
    server: ChosenServer, glob: str, change: api.SettingsChange, *, dry_run: bool, form: str
) -> None:
    result = server.ask(api.UPDATE_SETTINGS, api.UpdateSettings(glob, body=change, dry_run=dry_run))
    say_changed(result, reports.settled(result), form, glob, len(result.update_results))


def _switch(value: str) -> api.Switch:
    """:raises click.UsageError: it is neither true nor false."""
    return 1 if truth(value) else 2
