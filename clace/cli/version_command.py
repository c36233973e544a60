"""``clace version``."""

from __future__ import annotations

import click

from clace.cli.commands import Command
from clace.cli.formats import BASIC, result_format_option, say_result
from clace.cli.version import installed_version


@click.command(cls=Command)
@result_format_option
def version(form: str) -> None:
    """Show the version."""
    say_version(form)


def say_version(form: str = BASIC) -> None:
    """Print it in one of the formats."""
    found = installed_version()
    say_result(found, (str(found),), form)
