"""``clace password``: a hash for the configuration file."""

from __future__ import annotations

from itertools import combinations

import click

from clace.cli.commands import Command, misused
from clace.cli.text import say
from clace.errors import BadRequest
from clace.passwords import hash_password, random_password


@click.command(cls=Command)
@click.option("--random", "-r", is_flag=True, help="Make a password up.  [default]")
@click.option("--prompt", "-p", is_flag=True, help="Ask for the password, twice.")
@click.option("--value", "-v", metavar="TEXT", help="The password; other users can see it.")
def password(*, random: bool, prompt: bool, value: str | None) -> None:
    """Hash the administrator's password.

    Lines to append to clace.toml go to stdout, a password that was made up to stderr.
    """
    given = {"--random": random, "--prompt": prompt, "--value": value is not None}
    for one, other in combinations(given, 2):
        if given[one] and given[other]:
            raise misused(f"cannot specify both {one} and {other}")
    if value is None:
        value = _asked() if prompt else _made_up()
    say(
        "# Auto generated password hash, add to clace.toml\n"
        "[security]\n"
        f'admin_password_bcrypt = "{hash_password(value)}"'
    )


def _asked() -> str:
    first, second = (
        str(click.prompt(text, default="", show_default=False, hide_input=True, err=True)).strip()
        for text in ("Enter password", "Confirm password")
    )
    if first != second:
        raise BadRequest("passwords do not match")
    return first


def _made_up() -> str:
    made_up = random_password()
    say(f"Generated password is: {made_up}\n", to_stderr=True)
    return made_up
