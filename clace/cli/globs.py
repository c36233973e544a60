"""Commands over the apps of a glob: their arguments, options and help."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from clace.cli.completing import app_paths
from clace.cli.formats import result_format_option, say_result
from clace.cli.servers import for_server
from clace.cli.text import warn_if_none

GLOB_HELP = """

\b
The glob selects apps by [domain:]path:
  /tools/*        the apps right below /tools, without a domain
  /tools/**       all apps below /tools
  example.com:**  all apps of a domain
  *:/tools/*      the apps right below /tools, of any domain or none
  all             all apps, the same as *:**
"""
F = TypeVar("F", bound=Callable[..., Any])

dry_run_option = click.option("--dry-run", is_flag=True, help="Check only; change nothing.")
promote_option = click.option(
    "--promote", "-p", is_flag=True, help="Let production serve it right away."
)


def over_apps(function: F) -> F:
    """Give a command that changes the apps of a glob its argument, options and server."""
    glob = click.argument("glob", shell_complete=app_paths)
    return dry_run_option(result_format_option(glob(for_server(function))))


def say_changed(
    result: Any, lines: Iterable[str], form: str, glob: str, matched: int | None
) -> None:
    """Print what an operation did to the apps of a glob, and warn if there were none."""
    say_result(result, lines, form)
    warn_if_none(glob, matched)
