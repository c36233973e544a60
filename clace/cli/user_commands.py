"""``clace user``: the users of apps with authentication ``builtin``."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import click
from msgspec import UNSET

from clace.admin_api import Nothing
from clace.admin_api import users as api
from clace.cli.app_commands import yes_option
from clace.cli.commands import Group, misused, with_options
from clace.cli.deleting import agree, tell_unasked
from clace.cli.formats import (
    list_format_option,
    result_format_option,
    say_list,
    say_result,
)
from clace.cli.globs import dry_run_option
from clace.cli.password_command import asked
from clace.cli.servers import ChosenServer, for_server
from clace.cli.text import say
from clace.cli.user_listing import FORMATS
from clace.errors import BadRequest
from clace.passwords import check_choice, hash_password, is_hash, random_password
from clace.text import one_line

# The options that say where the password is from, and their parameters.
_SOURCES = {
    "--value": "value",
    "--random": "random",
    "--prompt": "prompt",
    "--hash": "hashed",
    "--invite": "invite",
}

_change_options = with_options(
    click.option(
        "--value", "-v", metavar="TEXT", help="The password; others can see the command line."
    ),
    click.option("--random", "-r", is_flag=True, help="Make a password up."),
    click.option("--prompt", "-p", is_flag=True, help="Ask for the password, twice."),
    click.option(
        "--hash", "hashed", metavar="HASH", help="A bcrypt hash, as `clace password` prints it."
    ),
    click.option(
        "--invite",
        "-i",
        is_flag=True,
        help="Print a link with which the user sets the password, once.",
    ),
    click.option("--groups", "-g", metavar="A,B", help='Groups of the user; "" for no groups.'),
    dry_run_option,
    result_format_option,
    click.argument("name"),
    for_server,
)


@click.group(cls=Group)
def user() -> None:
    """Manage the users of apps with authentication builtin."""


@user.command()
@_change_options
def add(
    server: ChosenServer,
    name: str,
    groups: str | None,
    form: str,
    *,
    dry_run: bool,
    **source: str | None,
) -> None:
    """Add the user NAME, with a password that is made up unless another way is chosen.

    A password that was made up goes to stderr, the link of --invite to stdout.
    """
    body, made_up = _change(name, groups, source, random=not _given(source))
    result = server.ask(api.CHANGE_USER, api.ChangeUser(body, name, dry_run=dry_run))
    _say_changed(result, "added", made_up, form)


@user.command()
@_change_options
def update(
    server: ChosenServer,
    name: str,
    groups: str | None,
    form: str,
    *,
    dry_run: bool,
    **source: str | None,
) -> None:
    """Change the password or the groups of the user NAME; it holds at once.

    A new password, other groups and --invite end the user's sessions.
    """
    if groups is None and not _given(source):
        raise misused(f"nothing to change; expected --groups or one of {', '.join(_SOURCES)}")
    body, made_up = _change(name, groups, source)
    result = server.ask(api.CHANGE_USER, api.ChangeUser(body, name, update=True, dry_run=dry_run))
    _say_changed(result, "updated", made_up, form)


@user.command()
@yes_option
@dry_run_option
@result_format_option
@click.argument("name")
@for_server
def delete(server: ChosenServer, name: str, *, yes: bool, dry_run: bool, form: str) -> None:
    """Delete the user NAME and end the user's sessions; on a terminal it asks first."""
    terminal = server.outside.is_terminal()
    if terminal and not (yes or dry_run):
        agree(f"Delete the user {one_line(name)}?")
    result = server.ask(api.DELETE_USER, api.NamedUser(name, dry_run=dry_run))
    if not (terminal or yes or dry_run):
        tell_unasked()
    say_result(result, (f"User deleted: {result.username}",), form)


@user.command()
@click.option("--system", is_flag=True, help="Those of the administrator's account.")
@dry_run_option
@result_format_option
@click.argument("name", default="")
@for_server
def reset_factors(
    server: ChosenServer, name: str, form: str, *, system: bool, dry_run: bool
) -> None:
    """Remove the second factors of the user NAME, who has lost them.

    The password alone signs in then, and a new factor can be enrolled.
    """
    if bool(name) is system:
        raise misused("expected NAME or --system")
    result = server.ask(api.RESET_FACTORS, api.ResetFactors(name, system=system, dry_run=dry_run))
    say_result(result, (f"{result.removed} second factor(s) removed.",), form)


@user.command(name="list")
@list_format_option
@for_server
def list_(server: ChosenServer, form: str | None) -> None:
    """List users: those of this command are dynamic, those of the configuration static."""
    result = server.ask(api.LIST_USERS, Nothing())
    say_list(result.users, form or server.config.client.default_format, FORMATS)


def _change(
    name: str, groups: str | None, source: dict[str, str | None], *, random: bool = False
) -> tuple[api.UserChange, str]:
    """Return the body of a request, and the password if it was made up.

    :raises click.UsageError: if passwords come from two places.
    :raises BadRequest: if a password breaks a rule, or a hash is malformed.
    """
    for one, other in combinations(_given(source), 2):
        raise misused(f"cannot specify both {one} and {other}")
    made_up = random_password() if random or source["random"] else ""
    hashed = source["hashed"]
    if hashed is not None and not is_hash(hashed):
        raise BadRequest("password must be a bcrypt hash")
    if hashed is None and not source["invite"]:
        hashed = _hashed(made_up or _typed(source), name, made_up=bool(made_up))
    invites = bool(source["invite"])
    return api.UserChange(password=hashed or "", groups=_groups(groups), invite=invites), made_up


def _given(source: Mapping[str, object]) -> list[str]:
    """Return the options that say where a password comes from; an empty text is said, too."""
    return [option for option, name in _SOURCES.items() if source[name] not in {None, False}]


def _typed(source: dict[str, str | None]) -> str | None:
    return asked() if source["prompt"] else source["value"]


def _hashed(password: str | None, name: str, *, made_up: bool) -> str:
    if password is None:
        return ""
    if not made_up:
        check_choice(password, name)
    return hash_password(password)


def _groups(written: str | None) -> tuple[str, ...] | None:
    if written is None:
        return None
    return tuple(filter(None, map(str.strip, written.split(","))))


def _say_changed(result: api.UserChanged, done: str, made_up: str, form: str) -> None:
    if made_up:
        say(f"Generated password is: {made_up}\n", to_stderr=True)
    lines = [f"User {done}: {result.username}"]
    if result.link is not UNSET and result.link_until is not UNSET:
        lines.append(f"Until {result.link_until:%Y-%m-%d %H:%M} UTC the password is set at")
        lines.append(result.link)
    say_result(result, tuple(lines), form)
