"""``clace sync``: apply files of declarations again and again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from clace.admin_api import (
    BEARER,
    CREATE_SYNC,
    DELETE_SYNC,
    HMAC,
    LIST_SYNCS,
    MOST_MINUTES,
    RUN_SYNC,
    CreateSync,
    NamedSync,
    NewSync,
    Nothing,
    SyncCreated,
    SyncStatus,
)
from clace.cli import reports
from clace.cli.apply_commands import (
    branch_option,
    force_reload_option,
    git_auth_option,
    located,
    reload_option,
)
from clace.cli.commands import Group, Number, misused
from clace.cli.completing import files, one_of
from clace.cli.formats import list_format_option, result_format_option, say_list, say_result
from clace.cli.globs import dry_run_option, promote_option
from clace.cli.servers import ChosenServer, for_server
from clace.cli.sync_listing import FORMATS


@click.group(cls=Group)
def sync() -> None:
    """Apply files of declarations again and again."""


@sync.command()
@click.option(
    "--minutes",
    "-s",
    default=0,
    type=Number(0, MOST_MINUTES),
    metavar="N",
    help="Run every N minutes; 0 is the default.  [default: system.default_schedule_mins]",
)
@click.option("--approve", "-a", is_flag=True, help="Approve what the apps ask for, at each run.")
@promote_option
@reload_option
@force_reload_option
@click.option("--clobber", is_flag=True, help="Undo at each run what was changed by hand.")
@click.option(
    "--prune", is_flag=True, help="Delete at each run the apps that FILE no longer declares."
)
@branch_option
@git_auth_option
@click.option(
    "--webhook",
    type=click.Choice([BEARER, HMAC]),
    shell_complete=one_of(BEARER, HMAC),
    metavar="PROOF",
    help="Run when a webhook is called that takes a bearer token or hmac signatures; by time too"
    " only with --minutes.",
)
@click.option(
    "--only-path",
    "webhook_paths",
    multiple=True,
    metavar="GLOB",
    help="With --webhook: for pushes that touch one of these files; may be repeated.",
)
@dry_run_option
@result_format_option
@click.argument("file", shell_complete=files)
@for_server
def schedule(
    server: ChosenServer,
    file: str,
    *,
    minutes: int,
    branch: str,
    webhook: str | None,
    dry_run: bool,
    form: str,
    **options: Any,
) -> None:
    """Apply FILE now as clace apply does, and again every N minutes or when a webhook is called.

    If the first run fails, nothing is kept. Later runs are made with the rights that its maker has
    then; a run that fails is tried again ever later, and after some failures the sync is disabled.
    """
    if options["webhook_paths"] and not webhook:
        raise misused("--only-path is for the pushes of a webhook, and needs --webhook")
    new = NewSync(
        schedule_frequency=minutes,
        git_branch=branch,
        webhook_auth=webhook or "",  # type: ignore[arg-type]  # click has checked it
        **options,
    )
    scheduled = bool(minutes or not webhook)
    query = CreateSync(path=located(file), scheduled=scheduled, dry_run=dry_run, body=new)
    result = server.ask(CREATE_SYNC, query)
    say_result(result, _created(result), form)


@sync.command()
@dry_run_option
@result_format_option
@click.argument("sync_id", metavar="ID")
@for_server
def run(server: ChosenServer, sync_id: str, *, dry_run: bool, form: str) -> None:
    """Run the sync ID now. One that was disabled is enabled if that succeeds."""
    result = server.ask(RUN_SYNC, NamedSync(sync_id, dry_run=dry_run))
    say_result(result, _ran(result), form)


@sync.command(name="list")
@list_format_option
@for_server
def list_(server: ChosenServer, form: str | None) -> None:
    """List the syncs: their states, what runs, and why the last run failed."""
    result = server.ask(LIST_SYNCS, Nothing())
    say_list(result.entries, form or server.config.client.default_format, FORMATS)


@sync.command()
@dry_run_option
@result_format_option
@click.argument("sync_id", metavar="ID")
@for_server
def delete(server: ChosenServer, sync_id: str, *, dry_run: bool, form: str) -> None:
    """End the sync ID. The apps that it applied stay."""
    result = server.ask(DELETE_SYNC, NamedSync(sync_id, dry_run=dry_run))
    say_result(result, (f"Sync job with Id {result.id} deleted",), form)


def _created(result: SyncCreated) -> Iterator[str]:
    yield from _ran(result.sync_job_status)
    if result.id:
        yield ""
        yield f"Sync job created with Id: {result.id}"
    if result.webhook_secret:
        yield f"Token: {result.webhook_secret}"
        yield f"Url  : {result.webhook_url}"


def _ran(status: SyncStatus) -> Iterator[str]:
    if status.app_apply_response is not None:
        yield from reports.applied(status.app_apply_response)
