"""``clace session``: see who has signed in with a browser, and end it."""

from __future__ import annotations

import click

from clace.admin_api import (
    LIST_SESSIONS,
    REVOKE_SESSIONS,
    ListSessions,
    RevokeSessions,
    SessionRow,
)
from clace.cli.commands import Group, misused
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
def session() -> None:
    """List and revoke sessions of browsers that have signed in."""


@session.command(name="list")
@list_format_option
@click.option("--user", metavar="ID", default="", help="Only sessions of this user.")
@click.option("--auth", metavar="NAME", default="", help="Only sessions that began by this way.")
@for_server
def list_(server: ChosenServer, user: str, auth: str, form: str | None) -> None:
    """List sessions that have not ended, the newest first."""
    found = server.ask(LIST_SESSIONS, ListSessions(user, auth))
    say_list(found.sessions, form or server.config.client.default_format, _FORMATS)
    if not found.sessions and (user or auth):
        about = " and ".join(filter(None, (user and f"user {user}", auth and f"auth {auth}")))
        warn(f"there is no session of {about}")
    if len(found.sessions) < found.total:
        warn(f"there are {found.total - len(found.sessions)} more sessions")


@session.command()
@dry_run_option
@result_format_option
@click.argument("name", required=False, default="")
@click.option("--user", metavar="ID", default="", help="All sessions of this user.")
@click.option("--all", "every", is_flag=True, help="All sessions of everybody.")
@for_server
def revoke(
    server: ChosenServer, name: str, user: str, *, every: bool, dry_run: bool, form: str
) -> None:
    """End the session called NAME, those of a user, or all; what is open under them is cut."""
    if [bool(name), bool(user), every].count(True) != 1:
        raise misused("give the NAME of a session, --user or --all")
    result = server.ask(REVOKE_SESSIONS, RevokeSessions(name, user, every, dry_run=dry_run))
    say_result(result, (f"{len(result.revoked)} session(s) revoked.",), form)


def _row(row: SessionRow) -> tuple[str, ...]:
    times = (row.seen.strftime(_TIME), row.until.strftime(_TIME))
    return (row.name, row.user_id, row.host, row.setting, *times)


_FORMATS = row_formats(
    ("Name", "User", "Host", "Auth", "Last use", "Until"), (16, 30, 25, 12, 19), _row
)
