"""``clace preview``: serve another revision of an app beside it."""

from __future__ import annotations

from collections.abc import Iterator

import click

from clace.admin_api import (
    CREATE_PREVIEW,
    DELETE_PREVIEW,
    LIST_PREVIEWS,
    CreatePreview,
    DeletePreview,
    ListPreviews,
    PreviewCreated,
    PreviewShown,
)
from clace.cli import reports
from clace.cli.commands import FAILED, Group
from clace.cli.completing import app_paths
from clace.cli.durations import seconds_of
from clace.cli.formats import (
    list_format_option,
    result_format_option,
    row_formats,
    say_list,
    say_result,
)
from clace.cli.globs import dry_run_option
from clace.cli.servers import ChosenServer, for_server
from clace.cli.text import complain, warn

_TIME = "%Y-%m-%d %H:%M"
_COMMIT = 20


@click.group(cls=Group)
def preview() -> None:
    """Serve other revisions of apps beside them."""


@preview.command()
@click.option("--branch", "-b", is_flag=True, help="COMMIT is the name of a branch.")
@click.option("--approve", "-a", is_flag=True, help="Approve what the preview asks for.")
@click.option("--expires", "-e", metavar="TIME", help="Delete it after this time: 12h, 7d, 2w.")
@dry_run_option
@result_format_option
@click.argument("commit")
@click.argument("path", shell_complete=app_paths)
@for_server
def create(
    server: ChosenServer, commit: str, path: str, *, expires: str | None, form: str, **said: bool
) -> int:
    """Serve COMMIT of the source of the app at PATH beside it.

    COMMIT is a commit or tag, or with --branch a branch. The preview has data of its own, and is at
    the path of the app with _cl_preview_COMMIT behind it.
    """
    query = CreatePreview(
        path,
        commit,
        is_branch=said["branch"],
        approve=said["approve"],
        dry_run=said["dry_run"],
        expires_secs="" if expires is None else str(seconds_of(expires)),
    )
    result = server.ask(CREATE_PREVIEW, query)
    say_result(result, _created(result, approved=said["approve"]), form)
    if not result.success:
        complain("preview app creation failed")
    return 0 if result.success else FAILED


@preview.command(name="list")
@list_format_option
@click.argument("glob", default="all", shell_complete=app_paths)
@for_server
def list_(server: ChosenServer, glob: str, form: str | None) -> None:
    """List the previews of the apps that GLOB selects, or of all."""
    result = server.ask(LIST_PREVIEWS, ListPreviews(glob))
    say_list(result.previews, form or server.config.client.default_format, _FORMATS)
    if glob != "all" and not result.previews:
        warn(f"no preview matches {glob}")


@preview.command()
@dry_run_option
@result_format_option
@click.argument("commit")
@click.argument("path", shell_complete=app_paths)
@for_server
def delete(server: ChosenServer, commit: str, path: str, *, dry_run: bool, form: str) -> None:
    """Delete the preview of COMMIT of the app at PATH."""
    result = server.ask(DELETE_PREVIEW, DeletePreview(path, commit, dry_run=dry_run))
    say_result(result, reports.preview_deleted(result), form)


def _created(result: PreviewCreated, *, approved: bool) -> Iterator[str]:
    outcome = "succeeded" if result.success else "failed"
    needs = result.approve_result is not None and result.approve_result.needs_approval
    if result.approve_result is not None:
        approval = result.approve_result
        yield f"App audit results {approval.app_path_domain} - {approval.id}"
        yield from reports.asked(approval)
    if not needs:
        yield f"App creation {outcome}. No approval required"
    elif approved:
        yield f"App creation {outcome}. Permissions have been approved"
    else:
        yield "App creation failed, permissions need to be approved, add the --approve option"
        return
    if result.http_url:
        yield f" HTTP Url: {result.http_url}"
    if result.https_url:
        yield f"HTTPS Url: {result.https_url}"
    if result.expire_time is not None:
        yield f"  Expires: {result.expire_time.strftime(_TIME)}"


def _row(each: PreviewShown) -> tuple[str, ...]:
    ends = each.expire_time.strftime(_TIME) if each.expire_time else ""
    return (
        str(each.app_path_domain),
        each.git_branch,
        each.git_commit[:_COMMIT],
        each.create_time.strftime(_TIME),
        ends,
    )


_FORMATS = row_formats(
    ("AppPath", "Branch", "GitCommit", "CreateTime", "ExpireTime"), (50, 15, 20, 16), _row
)
