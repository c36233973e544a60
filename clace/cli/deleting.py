"""Deletions that a person at a terminal is asked about first."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from clace.cli.outside import CommandSurroundings, Work
from clace.cli.text import note, say
from clace.errors import ClaceError
from clace.model import AppPath
from clace.text import one_line

if TYPE_CHECKING:
    from clace.admin_api import AppsDeleted
    from clace.interfaces import IAdministration

_EVERYTHING = frozenset({"all", "*:**"})
_ALL = "all"


def app_deletion(
    glob: str, outside: CommandSurroundings, *, asks: bool, dry_run: bool
) -> Work[AppsDeleted]:
    """Delete the apps of ``glob``; if it ``asks``, after a look at which they are.

    The work raises ``ClaceError`` if the operator declines.
    """
    from clace.admin_api import DELETE_APPS, DeleteApps  # noqa: PLC0415 - secrets need it not

    async def work(admin: IAdministration) -> AppsDeleted:
        asked = outside.is_terminal()
        if asks and asked:
            found = await admin.perform(DELETE_APPS, DeleteApps(glob, dry_run=True))
            if found.app_info:
                _ask(glob, found)
        deleted = await admin.perform(DELETE_APPS, DeleteApps(glob, dry_run=dry_run))
        if asks and not asked and deleted.app_info:
            tell_unasked()
        return deleted

    return work


def tell_unasked() -> None:
    """Tell a script on stderr that it was not asked."""
    note("not asked: standard input is not a terminal; --yes leaves this line out")


def agree(question: str, wanted: str = "") -> None:
    """Ask on stderr for a yes, or for the word ``wanted``.

    :raises ClaceError: if the answer is another one.
    :raises click.Abort: if it is interrupted.
    """
    with _interruptible():
        if wanted:
            text = f'{question} Type "{wanted}" to go on'
            said = click.prompt(text, default="", show_default=False, err=True) == wanted
        else:
            said = click.confirm(question, err=True)
    if not said:
        raise ClaceError("nothing was deleted")


def _ask(glob: str, found: AppsDeleted) -> None:
    from clace.cli.reports import data_line  # noqa: PLC0415 - secrets need it not

    apps = found.app_info
    for app in apps:
        say(f"  {one_line(str(AppPath(app.path, app.domain)))}", to_stderr=True)
    for data in found.data:
        line = data_line(data.app_path_domain, data.size)
        say(f"  {one_line(line)}", to_stderr=True)
    kept = "with staging apps, versions and stored files"
    if found.data:
        kept = "with staging apps, versions, stored files and data"
    if glob in _EVERYTHING:
        agree(f"All {len(apps)} app(s) of this server will be deleted, {kept}.", _ALL)
    else:
        agree(f"Delete {len(apps)} app(s), {kept}?")


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end the question: the reactor, which waits meanwhile, would only note it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
