"""``clace password``: a hash for the configuration file."""

from __future__ import annotations

import getpass
import warnings
from itertools import combinations

import click

from clace.cli.commands import Command, misused
from clace.cli.outside import CommandSurroundings
from clace.cli.text import say
from clace.errors import BadRequest
from clace.passwords import hash_password, random_password

_KEY = ("security", "admin_password_bcrypt")


@click.command(cls=Command)
@click.option("--random", "-r", is_flag=True, help="Make a password up.  [default]")
@click.option("--prompt", "-p", is_flag=True, help="Ask for the password, twice.")
@click.option("--value", "-v", metavar="TEXT", help="The password; other users can see it.")
@click.option("--save", "-s", is_flag=True, help="Set it in the configuration file.")
@click.pass_obj
def password(
    outside: CommandSurroundings, *, random: bool, prompt: bool, value: str | None, save: bool
) -> None:
    """Hash the administrator's password.

    Lines to append to clace.toml go to stdout, a password that was made up to stderr. With --save
    the key in the configuration file is changed instead; everything else in it stays.
    """
    given = {"--random": random, "--prompt": prompt, "--value": value is not None}
    for one, other in combinations(given, 2):
        if given[one] and given[other]:
            raise misused(f"cannot specify both {one} and {other}")
    made_up = value is None and not prompt
    text = (asked() if prompt else random_password()) if value is None else value
    told = (_saved if save else _lines)(outside, hash_password(text))
    if made_up:
        say(f"Generated password is: {text}\n", to_stderr=True)
    say(told)


def _lines(_outside: CommandSurroundings, hashed: str) -> str:
    from clace.config import write_toml  # noqa: PLC0415 - it takes its time

    section, key = _KEY
    snippet = write_toml({section: {key: hashed}}).removesuffix("\n")
    return f"# Auto generated password hash, add to clace.toml\n{snippet}"


def _saved(outside: CommandSurroundings, hashed: str) -> str:
    from clace.cli.config_file import config_file, save  # noqa: PLC0415 - it takes its time

    file = config_file(outside)
    save(file, _KEY, hashed)
    return f"Saved in {file}; a running server takes it over on SIGHUP"


def asked() -> str:
    """Return a password that was typed twice.

    :raises BadRequest: if the two differ, or are not typed to their ends.
    """
    with warnings.catch_warnings():
        # Without a terminal, as in a pipe, there is no echo to turn off.
        warnings.simplefilter("ignore", getpass.GetPassWarning)
        first, second = map(_typed, ("Enter password", "Confirm password"))
    if first != second:
        raise BadRequest("passwords do not match")
    return first


def _typed(text: str) -> str:
    try:
        typed = click.prompt(text, default="", show_default=False, hide_input=True, err=True)
    except click.Abort as abort:
        # It stands for the end of standard input, too.
        if isinstance(abort.__context__, EOFError):
            raise BadRequest("standard input has ended, and a password was asked for") from None
        raise
    return str(typed).strip()
