"""``clace app``: install apps, approve what they ask for, keep them up to date.

A command imports what it alone needs: all of it together takes longer than most commands.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from clace.cli.commands import Group, Lazy
from clace.cli.completing import app_paths, folders
from clace.cli.formats import list_format_option, result_format_option, say_list, say_result
from clace.cli.globs import GLOB_HELP, dry_run_option, over_apps, promote_option, say_changed
from clace.cli.servers import ChosenServer, for_server
from clace.cli.text import warn_if_none
from clace.errors import SourceError
from clace.locations import NO_SOURCE, is_git

if TYPE_CHECKING:
    from clace.admin_api import NewApp

yes_option = click.option("--yes", "-y", is_flag=True, help="Delete without a question.")


@click.group(
    cls=Group,
    lazy={
        "verify-file": Lazy(
            "clace.cli.history_commands:verify_file",
            "Tell whether an app serves a file.",
        ),
        "logs": Lazy(
            "clace.cli.program_commands:logs", "Print what the program of an app has written."
        ),
        "stop": Lazy("clace.cli.program_commands:stop", "Stop the program of an app."),
        "start": Lazy("clace.cli.program_commands:start", "Start the program of an app."),
        "restart": Lazy("clace.cli.program_commands:restart", "Start the program of an app anew."),
        "exec": Lazy(
            "clace.cli.program_commands:execute", "Run a command behind the wall of an app."
        ),
        "update": Lazy(
            "clace.cli.settings_commands:metadata",
            "Change versioned settings of apps: staging first, production with --promote.",
        ),
        "settings": Lazy(
            "clace.cli.settings_commands:settings",
            "Change settings of apps and their staging apps; they hold at once.",
        ),
        "update-metadata": Lazy(
            "clace.cli.settings_commands:metadata",
            "Change versioned settings of apps: staging first, production with --promote.",
        ),
        "update-settings": Lazy(
            "clace.cli.settings_commands:settings",
            "Change settings of apps and their staging apps; they hold at once.",
        ),
    },
)
def app() -> None:
    """Install and manage apps."""


_EXAMPLES = """
\b
Examples:
  clace app create --approve ./sales.py /sales
  clace app create --auth none ./handbook docs.example.com:/
  clace app create --approve github.com/acme/tools/disk /tools/disk
"""


@app.command(epilog=_EXAMPLES)
@click.option("--dev", "-d", is_flag=True, help="Serve the folder live, reload on changes.")
@click.option("--approve", "-a", is_flag=True, help="Approve what the app asks for.")
@click.option(
    "--auth",
    default="default",
    metavar="TYPE",
    help="Who may use it: none (everybody), system (the administrator), builtin (users), an entry "
    "of [auth], saml_NAME, cert or cert_NAME, several with commas, or default; +forward_NAME may "
    "follow.",
)
@click.option("--branch", "-b", default="", help="Git branch or tag to follow.  [default: main]")
@click.option("--commit", "-c", default="", help="Git commit or tag to stay at.")
@click.option("--git-auth", "-g", default="", metavar="NAME", help="Entry of [git_auth] to use.")
@click.option(
    "--param",
    "-p",
    "params",
    multiple=True,
    metavar="NAME=VALUE",
    help="Value of a param; may be repeated.",
)
@click.option(
    "--app-config",
    "--conf",
    "config",
    multiple=True,
    metavar="KEY=TOML",
    help="Setting of its own, in place of [app_config]'s or [sandbox]'s; may be repeated.",
)
@click.option(
    "--conf-str",
    "config_texts",
    multiple=True,
    metavar="KEY=TEXT",
    help="The same for a text, without the quotes of TOML.",
)
@click.option(
    "--stage-at",
    default="",
    metavar="PLACE",
    help="Where its staging app is: path, domain, or the name of a host.  [system.stage_at]",
)
@click.option(
    "--spec",
    default="",
    metavar="NAME",
    help="Kind of app, where the source has no app.star.  [default: told from its files]",
)
@click.option(
    "--copt",
    "--container-option",
    "container_options",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="Option for its program, as network=db:5432 or workers=2; may be repeated.",
)
@click.option(
    "--carg",
    "--container-arg",
    "container_args",
    multiple=True,
    metavar="NAME=VALUE",
    help="Argument for the build of its container; may be repeated.",
)
@click.option(
    "--cvol",
    "--container-volume",
    "container_volumes",
    multiple=True,
    metavar="VOLUME",
    help="Volume for its program, /TARGET or NAME:/TARGET; may be repeated.",
)
@dry_run_option
@result_format_option
@click.argument("source", shell_complete=folders)
@click.argument("path")
@for_server
def create(
    server: ChosenServer,
    source: str,
    path: str,
    *,
    dev: bool,
    approve: bool,
    dry_run: bool,
    **said: Any,
) -> None:
    """Install the app in SOURCE at PATH.

    SOURCE is a folder, a file or a git URL, PATH is where the app will be: [domain:]path. To a
    server on another machine a folder or file is sent. With - for SOURCE the spec has all files.
    """
    from clace.admin_api import CREATE_APP, CreateApp  # noqa: PLC0415 - see above
    from clace.cli import reports  # noqa: PLC0415 - see above

    url = source_url(source)
    new = _new_app(path, url, said, is_dev=dev)
    query = CreateApp(new, approve=approve, dry_run=dry_run)
    if server.target.is_socket or dev or is_git(url) or url == NO_SOURCE:
        result = server.ask(CREATE_APP, query)
    else:
        from clace.cli.packing import create_from_here  # noqa: PLC0415 - see above

        result = server.ask_telling(CREATE_APP, query, partial(create_from_here, query=query))
    say_result(result, reports.created(result), said["form"])


def _new_app(path: str, url: str, said: Mapping[str, Any], *, is_dev: bool) -> NewApp:
    from clace.admin_api import NewApp  # noqa: PLC0415 - see above
    from clace.cli.entries import config_entries, options, pairs  # noqa: PLC0415 - see above

    return NewApp(
        path=path,
        source_url=url,
        is_dev=is_dev,
        app_authn=said["auth"],
        git_branch=said["branch"],
        git_commit=said["commit"],
        git_auth_name=said["git_auth"],
        spec=said["spec"],
        stage_at=said["stage_at"],
        param_values=pairs(said["params"], "param"),
        appconfig=config_entries(said["config"], said["config_texts"]),
        container_options=options(said["container_options"]),
        container_args=options(said["container_args"]),
        container_volumes=list(said["container_volumes"]),
    )


@app.command(name="list", epilog=GLOB_HELP)
@click.option("--internal", "-i", is_flag=True, help="List staging apps too.")
@list_format_option
@click.argument("glob", default="all", shell_complete=app_paths)
@for_server
def list_(server: ChosenServer, glob: str, form: str | None, *, internal: bool) -> None:
    """List apps: those that GLOB selects, or all."""
    from clace.admin_api import LIST_APPS, ListApps  # noqa: PLC0415 - see above
    from clace.cli import listing  # noqa: PLC0415 - see above

    result = server.ask(LIST_APPS, ListApps(glob, internal=internal))
    say_list(result.apps, form or server.config.client.default_format, listing.FORMATS)
    if glob.lower() != "all":
        warn_if_none(glob, len(result.apps))


@app.command()
@result_format_option
@click.argument("path", shell_complete=app_paths)
@for_server
def show(server: ChosenServer, path: str, form: str) -> None:
    """Show everything about the app at PATH.

    Where it is from and served, its versions, what is approved and what it asks for besides,
    params, settings, limits, and its last failures. Params that may be secrets are hidden.
    """
    from clace.admin_api import SHOW_APP, OneApp  # noqa: PLC0415 - see above
    from clace.cli import showing  # noqa: PLC0415 - see above

    found = server.ask(SHOW_APP, OneApp(path))
    say_result(found, showing.shown(found), form)


@app.command(epilog=GLOB_HELP)
@promote_option
@over_apps
def approve(server: ChosenServer, glob: str, *, promote: bool, dry_run: bool, form: str) -> None:
    """Approve what the apps of GLOB ask for."""
    from clace.admin_api import APPROVE_APPS, ApproveApps  # noqa: PLC0415 - see above
    from clace.cli import reports  # noqa: PLC0415 - see above

    result = server.ask(APPROVE_APPS, ApproveApps(glob, promote=promote, dry_run=dry_run))
    say_changed(result, reports.approved(result), form, glob, len(result.staged_update_results))


@app.command(epilog=GLOB_HELP)
@click.argument("approval")
@over_apps
def revoke(server: ChosenServer, approval: str, glob: str, *, dry_run: bool, form: str) -> None:
    """Take APPROVAL from every version of the apps of GLOB.

    APPROVAL is a plugin (exec.in), or one function of it (exec.in.run). It holds at once, for
    staging and production; going back to an older version does not bring it back.
    """
    from clace.admin_api import REVOKE_APPROVALS, RevokeApprovals  # noqa: PLC0415
    from clace.cli import reports  # noqa: PLC0415 - see above

    query = RevokeApprovals(glob, revoked=approval, dry_run=dry_run)
    result = server.ask(REVOKE_APPROVALS, query)
    say_changed(result, reports.revoked(result), form, glob, result.matched)


@app.command(epilog=GLOB_HELP)
@click.option("--approve", "-a", is_flag=True, help="Approve what the new source asks for.")
@promote_option
@click.option(
    "--force-reload",
    "-f",
    is_flag=True,
    help="Reload even if no commit is newer, and start apps anew.",
)
@click.option(
    "--verify", is_flag=True, help="Load apps and try their programs, though nothing changed."
)
@click.option("--branch", "-b", default="", help="Git branch or tag to follow from now on.")
@click.option("--commit", "-c", default="", help="Git commit or tag to stay at from now on.")
@click.option("--git-auth", "-g", default="", metavar="NAME", help="Entry of [git_auth] to use.")
@click.option(
    "--source",
    default="",
    metavar="SOURCE",
    shell_complete=folders,
    help="Folder or file to replace the source of one app with, from now on.",
)
@over_apps
def reload(server: ChosenServer, glob: str, *, form: str, source: str, **options: Any) -> None:
    """Fetch the sources of apps again.

    All the apps that GLOB selects are reloaded, or on any failure none. With --source the one app
    gets another folder or file, which is sent to a server on another machine.
    """
    from clace.admin_api import RELOAD_APPS, ReloadApps  # noqa: PLC0415 - see above
    from clace.cli import reports  # noqa: PLC0415 - see above

    query = ReloadApps(glob, **options, source=source_url(source) if source else "")
    if not query.source or server.target.is_socket or is_git(query.source):
        result = server.ask(RELOAD_APPS, query)
    else:
        from clace.cli.packing import reload_from_here  # noqa: PLC0415 - see above

        result = server.ask_telling(RELOAD_APPS, query, partial(reload_from_here, query=query))
    matched = len(result.reload_results) + len(result.skipped_results)
    say_changed(result, reports.reloaded(result), form, glob, matched)


@app.command(epilog=GLOB_HELP)
@over_apps
def promote(server: ChosenServer, glob: str, *, dry_run: bool, form: str) -> None:
    """Let apps serve what their staging twins do.

    Of the production apps that GLOB selects, those that are behind are promoted.
    """
    from clace.admin_api import PROMOTE_APPS, PromoteApps  # noqa: PLC0415 - see above
    from clace.cli import reports  # noqa: PLC0415 - see above

    result = server.ask(PROMOTE_APPS, PromoteApps(glob, dry_run=dry_run))
    say_changed(result, reports.promoted(result), form, glob, result.matched)


@app.command(epilog=GLOB_HELP)
@yes_option
@over_apps
def delete(server: ChosenServer, glob: str, *, yes: bool, dry_run: bool, form: str) -> None:
    """Delete apps, with their staging twins, versions and data.

    On a terminal it lists them and asks first; a script is not asked.
    """
    from clace.cli import reports  # noqa: PLC0415 - see above
    from clace.cli.deleting import app_deletion  # noqa: PLC0415 - see above

    result = server.ask_for(
        app_deletion(glob, server.outside, asks=not (yes or dry_run), dry_run=dry_run)
    )
    say_changed(result, reports.deleted(result), form, glob, len(result.app_info))


def source_url(source: str) -> str:
    """A git URL as it is; a folder, absolute.

    :raises SourceError: if the folder is missing, or nothing is named: a variable that is not set
        would install the folder that the command is typed in.
    """
    if not source:
        raise SourceError("SOURCE is empty; for this folder write .")
    if is_git(source) or source == NO_SOURCE:
        return source
    path = os.path.abspath(Path(source).expanduser())  # noqa: PTH100 - ``..`` goes, links stay
    if not Path(path).exists():
        raise SourceError(f"path does not exist {source}")
    return path
