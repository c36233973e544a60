"""``clace token``: make, list and revoke API tokens."""

from __future__ import annotations

from datetime import datetime

import click

from clace.admin_api import (
    CREATE_TOKEN,
    LIST_TOKENS,
    REVOKE_TOKEN,
    CreateToken,
    NamedToken,
    NewToken,
    Nothing,
    TokenShown,
)
from clace.cli.commands import Group
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
from clace.cli.text import say

_TIME = "%Y-%m-%d %H:%M"


@click.group(cls=Group)
def token() -> None:
    """Make, list and revoke API tokens."""


@token.command()
@click.option(
    "--grant",
    "-g",
    "grants",
    multiple=True,
    metavar="PERMISSION",
    help="A permission, a glob of them, or role:NAME; may be repeated. Without one the token can"
    " do nothing.",
)
@click.option(
    "--app",
    "-a",
    "apps",
    multiple=True,
    metavar="GLOB",
    help="The apps that it is for; may be repeated.  [default: all]",
)
@click.option(
    "--expires",
    "-e",
    default="30d",
    metavar="TIME",
    show_default=True,
    help="How long it lasts: 90m, 12h, 30d, 8w.",
)
@click.option("--description", "-d", default="", metavar="TEXT", help="What it is for.")
@dry_run_option
@result_format_option
@for_server
def create(
    server: ChosenServer,
    grants: tuple[str, ...],
    apps: tuple[str, ...],
    expires: str,
    description: str,
    form: str,
    *,
    dry_run: bool,
) -> None:
    """Make an API token and print it; nobody can show it again.

    It is the administrator's, or with --as another user's, and allows no more than that user may.
    """
    new = NewToken(
        grants=grants, apps=apps, description=description, expires_secs=seconds_of(expires)
    )
    result = server.ask(CREATE_TOKEN, CreateToken(new, dry_run=dry_run))
    if form == "basic" and not dry_run:
        until = result.expire_time.strftime(_TIME)
        say(f"Token {result.id} of {result.user_id} made, until {until} UTC:", to_stderr=True)
    say_result(result, () if dry_run else (result.secret,), form)


@token.command(name="list")
@list_format_option
@for_server
def list_(server: ChosenServer, form: str | None) -> None:
    """List API tokens: your own, for the administrator those of all users."""
    result = server.ask(LIST_TOKENS, Nothing())
    say_list(result.tokens, form or server.config.client.default_format, _FORMATS)


@token.command()
@dry_run_option
@result_format_option
@click.argument("token_id", metavar="ID")
@for_server
def revoke(server: ChosenServer, token_id: str, *, dry_run: bool, form: str) -> None:
    """End the API token ID at once, with the requests that it has open."""
    result = server.ask(REVOKE_TOKEN, NamedToken(token_id, dry_run=dry_run))
    say_result(result, (f"Token {result.id} revoked.",), form)


def _row(token: TokenShown) -> tuple[str, ...]:
    return (
        token.id,
        token.user_id,
        _time(token.expire_time),
        _time(token.use_time),
        " ".join(token.apps) or "all",
        " ".join(token.grants) or "none",
        token.description,
    )


def _time(moment: datetime | None) -> str:
    return moment.strftime(_TIME) if moment else "never"


_FORMATS = row_formats(
    ("Id", "User", "Expires", "Last use", "Apps", "Grants", "Description"),
    (16, 20, 16, 16, 12, 30),
    _row,
)
