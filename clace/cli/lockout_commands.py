"""``clace lockout``: see who may not sign in for a while, and let them."""

from __future__ import annotations

import click

from clace.admin_api import (
    CLEAR_LOCKOUTS,
    LIST_LOCKOUTS,
    ClearLockouts,
    LockedName,
    Nothing,
)
from clace.cli.commands import Group
from clace.cli.formats import (
    list_format_option,
    result_format_option,
    row_formats,
    say_list,
    say_result,
)
from clace.cli.globs import dry_run_option
from clace.cli.servers import ChosenServer, for_server
from clace.cli.text import warn

_TIME = "%Y-%m-%d %H:%M:%S"


@click.group(cls=Group)
def lockout() -> None:
    """List and clear lockouts of users and addresses that failed to sign in."""


@lockout.command(name="list")
@list_format_option
@for_server
def list_(server: ChosenServer, form: str | None) -> None:
    """List users and addresses that may not sign in now, the longest first."""
    found = server.ask(LIST_LOCKOUTS, Nothing())
    say_list(found.lockouts, form or server.config.client.default_format, _FORMATS)
    if len(found.lockouts) < found.total:
        warn(f"{found.total - len(found.lockouts)} more are locked out")


@lockout.command()
@dry_run_option
@result_format_option
@click.argument("address", required=False, default="")
@click.option("--user", metavar="NAME", default="", help="Only failures of this user.")
@for_server
def clear(server: ChosenServer, address: str, user: str, *, dry_run: bool, form: str) -> None:
    """Forget failed sign-ins from ADDRESS, of a user, or all.

    ADDRESS is an IP address, or a network as `clace lockout list` shows it.
    """
    result = server.ask(CLEAR_LOCKOUTS, ClearLockouts(address, user, dry_run=dry_run))
    say_result(result, (f"{result.cleared} lockout(s) cleared.",), form)


def _row(locked: LockedName) -> tuple[str, ...]:
    return locked.address, locked.user, str(locked.tries), locked.until.strftime(_TIME)


_FORMATS = row_formats(("Address", "User", "Tries", "Until"), (25, 20, 5), _row)
