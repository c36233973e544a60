"""``clace app-webhook``: URLs that a git host calls when something was pushed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from clace.admin_api import (
    APP_KINDS,
    BEARER,
    CREATE_WEBHOOK,
    DELETE_WEBHOOK,
    HMAC,
    LIST_WEBHOOKS,
    CreateWebhook,
    ListWebhooks,
    NamedWebhook,
    WebhookCreated,
    WebhookShown,
)
from clace.cli.commands import Group
from clace.cli.completing import app_paths, one_of
from clace.cli.formats import (
    JSON_RENDERS,
    columns,
    csv_text,
    list_format_option,
    result_format_option,
    say_list,
    say_result,
)
from clace.cli.globs import dry_run_option
from clace.cli.servers import ChosenServer, for_server

_TIME = "%Y-%m-%d %H:%M:%S"
_TYPE, _TOKEN, _URL, _MOMENT = 15, 40, 60, 19
_PROOFS = {BEARER: "bearer token, kept as a digest", HMAC: "secret for signatures, kept sealed"}
_type = click.argument("webhook_type", metavar="TYPE", shell_complete=one_of(*APP_KINDS))
_path = click.argument("path", shell_complete=app_paths)


@click.group(cls=Group)
def app_webhook() -> None:
    """Let a git host reload and promote apps.

    TYPE is the work that is done: reload, reload_promote or promote.
    """


@app_webhook.command()
@click.option(
    "--hmac",
    is_flag=True,
    help="Take signatures (GitHub, Gitea, Forgejo, Gogs) in place of a bearer token.",
)
@click.option(
    "--branch",
    "-b",
    "branches",
    multiple=True,
    metavar="GLOB",
    help="For pushes to these branches; may be repeated.  [default: the branch of the app]",
)
@click.option(
    "--only-path",
    "paths",
    multiple=True,
    metavar="GLOB",
    help="For pushes that touch one of these files; may be repeated.  [default: any]",
)
@dry_run_option
@result_format_option
@_type
@_path
@for_server
def create(
    server: ChosenServer,
    webhook_type: str,
    path: str,
    *,
    hmac: bool,
    dry_run: bool,
    form: str,
    **globs: tuple[str, ...],
) -> None:
    """Make a webhook of TYPE of the app at PATH, and print its token and URL.

    Nobody can show the token again. A webhook of the same TYPE is replaced.
    """
    query = CreateWebhook(
        path,
        webhook_type,
        dry_run=dry_run,
        auth=HMAC if hmac else BEARER,
        branches=",".join(globs["branches"]),
        paths=",".join(globs["paths"]),
    )
    result = server.ask(CREATE_WEBHOOK, query)
    say_result(result, _created(result), form)


@app_webhook.command(name="list")
@list_format_option
@_path
@for_server
def list_(server: ChosenServer, path: str, form: str | None) -> None:
    """List the webhooks of the app at PATH, with what came of their last calls."""
    result = server.ask(LIST_WEBHOOKS, ListWebhooks(path))
    say_list(result.tokens, form or server.config.client.default_format, _FORMATS)


@app_webhook.command()
@dry_run_option
@result_format_option
@_type
@_path
@for_server
def delete(server: ChosenServer, webhook_type: str, path: str, *, dry_run: bool, form: str) -> None:
    """End the webhook of TYPE of the app at PATH."""
    result = server.ask(DELETE_WEBHOOK, NamedWebhook(path, webhook_type, dry_run=dry_run))
    say_result(result, ("Token deleted.",), form)


def _created(result: WebhookCreated) -> Iterator[str]:
    if result.token:
        yield f"Token: {result.token}"
    yield f"Url  : {result.url}"


def _basic(webhooks: Sequence[WebhookShown]) -> str:
    rows = [("Type", "Token", "Url", "LastCall", "Outcome")]
    rows += [(each.type, _PROOFS[each.auth], each.url, *_last(each)) for each in webhooks]
    return columns(rows, (_TYPE, _TOKEN, _URL, _MOMENT))


def _table(webhooks: Sequence[WebhookShown]) -> str:
    rows = [
        (
            *("Type", "Token", "Url", "Id", "Branches", "Files", "User", "CreateTime"),
            *("LastCall", "Outcome"),
        ),
        *map(_row, webhooks),
    ]
    return columns(rows, (_TYPE, _TOKEN, _URL, 17, 20, 20, 20, _MOMENT, _MOMENT))


def _row(each: WebhookShown) -> tuple[str, ...]:
    return (
        each.type,
        _PROOFS[each.auth],
        each.url,
        each.id,
        " ".join(each.branches),
        " ".join(each.paths),
        each.user_id,
        each.create_time.strftime(_TIME),
        *_last(each),
    )


def _last(each: WebhookShown) -> tuple[str, str]:
    """Return when the last call came, and what was done for it."""
    if not each.deliveries:
        return "never", ""
    last = each.deliveries[0]
    told = f"{last.state}: {last.detail}" if last.detail else last.state
    return last.receive_time.strftime(_TIME), told


_FORMATS = {
    "table": _table,
    "basic": _basic,
    "csv": lambda webhooks: csv_text(map(_row, webhooks)),
    **JSON_RENDERS,
}
