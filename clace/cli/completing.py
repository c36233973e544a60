"""Completions for the shell of arguments that are not finished yet."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from clace.cli.outside import CommandSurroundings
from clace.errors import ClaceError

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

Complete = Callable[["click.Context", "click.Parameter", str], "list[CompletionItem[str]]"]
_SECONDS = 3
# A shell takes other characters for orders of its own.
_PLAIN = re.compile(r"[\w./:@+~-]+")
_STAGING = "_cl_"


def app_paths(
    context: click.Context, _parameter: click.Parameter, typed: str
) -> list[CompletionItem[str]]:
    """The apps of the server that begin so; of one that cannot be asked, none."""
    from clace.admin_api import LIST_APPS, ListApps  # noqa: PLC0415 - for shells only

    with suppress(ClaceError), _hurried():
        server = _server(context)
        internal = _STAGING in typed
        query = ListApps("all", internal=internal)
        found = server.outside.ask(server.target, lambda admin: admin.perform(LIST_APPS, query))
        return _items(typed, map(str, found.apps))
    return []


def one_of(*choices: str) -> Complete:
    """Complete the words that an option takes."""
    return lambda _context, _parameter, typed: _items(typed, choices)


def files(
    _context: click.Context, _parameter: click.Parameter, typed: str
) -> list[CompletionItem[str]]:
    """Let the shell complete the name of a file."""
    return [_item(typed, "file")]


def folders(
    _context: click.Context, _parameter: click.Parameter, typed: str
) -> list[CompletionItem[str]]:
    """Let the shell complete the name of a folder."""
    return [_item(typed, "dir")]


def _server(context: click.Context) -> Any:
    """The server of a command line whose options have been read and whose command was not run."""
    from clace.cli.servers import ChosenServer, client_flags  # noqa: PLC0415 - it needs this module

    root = context.find_root()
    outside: CommandSurroundings = root.obj
    if named := root.params.get("config_file"):
        outside = outside._replace(config_file=named)
    return ChosenServer(outside, client_flags(context.params))


@contextmanager
def _hurried() -> Iterator[None]:
    """End the process rather than let a shell wait for a server that does not answer."""
    before = signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _items(typed: str, words: Any) -> list[CompletionItem[str]]:
    return [_item(word) for word in words if word.startswith(typed) and _PLAIN.fullmatch(word)]


def _item(text: str, kind: str = "plain") -> CompletionItem[str]:
    from click.shell_completion import CompletionItem  # noqa: PLC0415 - few command lines need it

    return CompletionItem(text, kind)
