"""Commands that differ from click's: names, flags and errors as users of Clace know them."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click
from click.core import ParameterSource

from clace.cli.text import complain
from clace.errors import ClaceError, NotAuthenticated
from clace.go_booleans import EITHER, FALSE, TRUE
from clace.near import nearest
from clace.os_errors import os_reason

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

F = TypeVar("F", bound=Callable[..., Any])
COMPLETE_VARIABLE = "_CLACE_COMPLETE"
"""What shells set when they ask how a command line may go on."""
_CREDENTIALS = (
    "\nuser and password are those of CL_ADMIN_USER and CL_ADMIN_PASSWORD, or of admin_user and"
    " client.admin_password; a token in their place of CL_TOKEN, or client.token"
)
# Options that would choose more, or something else, if they were left out.
_CHOOSING = frozenset({"commit", "file", "home", "key_file", "output", "user"})
# New values may be empty, and an empty source is refused with advice of its own.
_MAY_BE_EMPTY = frozenset({"value", "source"})
FAILED, MISUSED = 1, 2
"""The exit statuses for what was not done, and for what cannot be meant."""


def misused(reason: str) -> click.UsageError:
    """The refusal of a command line, which says where to read on."""
    return click.UsageError(reason, click.get_current_context(silent=True))


def with_options(*decorators: Callable[[Any], Any]) -> Callable[[F], F]:
    """Return one decorator for several, as if they stood above a command in this order."""

    def decorate(function: F) -> F:
        for one in reversed(decorators):
            function = one(function)
        return function

    return decorate


class Number(click.IntRange):
    """A whole number within limits, which says what was expected in words of ours."""

    def __init__(self, least: int, most: int) -> None:
        super().__init__(least, most)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            expected = f"expected a number from {self.min} to {self.max}"
            self.fail(f'{expected}, not "{value:.40}"', param, ctx)


def is_empty(ctx: click.Context, parameter: click.Parameter) -> bool:
    """Tell if a parameter was given and has no text, as of an unset variable of a shell, which
    would mean another thing than the one that was left out.
    """
    name = parameter.name or ""
    return (
        name not in _MAY_BE_EMPTY
        and ctx.params.get(name) == ""
        and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    )


def hyphens(name: str) -> str:
    """Options and commands can be written with underscores, as they were in 2023."""
    return name.replace("_", "-")


def truth(value: str) -> bool:
    """Read a text as true or false.

    :raises click.UsageError: if it is neither.
    """
    if value not in EITHER:
        raise misused(f'expected "true" or "false", not "{value}"')
    return value in TRUE


class Command(click.Command):
    """A command whose boolean flags also take ``=true`` and ``=false``.

    A letter of its own is not that of an option that every command has: ``sync schedule -s`` is
    ``--minutes``, as in 2025, and not ``--server-uri``.
    """

    def __init__(self, *args: Any, **attrs: Any) -> None:
        super().__init__(*args, **attrs)
        taken: set[str] = set()
        for option in self.params:
            option.opts = [name for name in option.opts if name not in taken]
            taken.update(option.opts)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        left = super().parse_args(ctx, list(self._plain_flags(ctx, args)))
        for each in self.params:
            if is_empty(ctx, each) and (isinstance(each, click.Argument) or each.name in _CHOOSING):
                names = each.opts[:1] if isinstance(each, click.Option) else []
                name = names[0] if names else each.human_readable_name
                raise click.UsageError(f"{name} is empty", ctx)
        return left

    def _plain_flags(self, ctx: click.Context, args: list[str]) -> Iterator[str]:
        flags = {
            name: option.secondary_opts[:1]
            for option in self.params
            if isinstance(option, click.Option) and option.is_flag
            for name in option.opts
        }
        for place, arg in enumerate(args):
            name, equals, value = arg.partition("=")
            name = hyphens(name)
            if arg == "--":
                yield from args[place:]
                return
            if not equals or name not in flags:
                yield arg
            elif value in TRUE:
                yield name
            elif value in FALSE:
                yield from flags[name]
            else:
                raise click.UsageError(f'{name} is "true" or "false", not "{value}"', ctx)


class Lazy(NamedTuple):
    """A command that is imported when it is used: ``module:attribute``, and its line in help."""

    place: str
    line: str


class Group(click.Group):
    """A group whose ``lazy`` commands are imported when they are used; help and completion of the
    group itself need only their names and lines.
    """

    command_class = Command

    def __init__(self, *args: Any, lazy: Mapping[str, Lazy] | None = None, **attrs: Any) -> None:
        super().__init__(*args, **attrs)
        self._lazy = lazy or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self._lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._lazy:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self._lazy[cmd_name].place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        click.Group(self.name, self._outlines()).format_commands(ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - for shells only

        names = [
            CompletionItem(name, help=outline.get_short_help_str())
            for name, outline in sorted(self._outlines().items())
            if name.startswith(incomplete) and not outline.hidden
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)

    def _outlines(self) -> dict[str, click.Command]:
        """The commands, with outlines in the place of those that are not imported."""
        lazy = {name: click.Command(name, help=each.line) for name, each in self._lazy.items()}
        return {**self.commands, **lazy}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # Alone, the name of a group asks what is in it; that is no mistake.
        return super().parse_args(ctx, args or ["--help"])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        known = self.list_commands(ctx)
        if not name.startswith("-") and hyphens(name) not in known:
            near = nearest(hyphens(name), known)
            hint = f'. Did you mean "{near[0]}"?' if near else ""
            raise click.UsageError(f'unknown command "{name}"{hint}', ctx)
        return super().resolve_command(ctx, args)


class CommandLine(Group):
    """The outermost group: whatever goes wrong is a line on stderr.

    The status is ``MISUSED`` for a command line that cannot be meant, else ``FAILED``.
    """

    def main(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        *_args: Any,
        **extra: Any,
    ) -> None:
        extra["standalone_mode"] = False
        if COMPLETE_VARIABLE in os.environ:
            from clace.cli.completion_command import register  # noqa: PLC0415 - for shells only

            register()
        try:
            result = super().main(args, prog_name, *_args, **extra)
        except click.UsageError as error:
            complain(error.format_message() + _about_hyphens(error))
            if error.ctx:
                click.echo(f"run '{error.ctx.command_path} --help' for usage", err=True)
            sys.exit(MISUSED)
        except click.ClickException as error:
            complain(error.format_message())
        except NotAuthenticated as error:
            complain(error.message + _CREDENTIALS)
        except ClaceError as error:
            complain(error.message)
        except click.Abort as abort:
            complain(f"interrupted{getattr(abort, 'told', '')}")
        except Exception as error:  # noqa: BLE001 - an operator is not shown a traceback
            complain(_unforeseen(error))
        else:
            sys.exit(result if isinstance(result, int) else 0)
        sys.exit(FAILED)


def _about_hyphens(error: click.UsageError) -> str:
    """Return a line for a negative number that was taken for an option."""
    is_number = isinstance(error, click.NoSuchOption) and error.option_name[1:2].isdigit()
    return "\na value that begins with a hyphen comes after --" if is_number else ""


def _unforeseen(error: Exception) -> str:
    """Return a line for what no command has words for."""
    if isinstance(error, OSError):
        return os_reason(error) or type(error).__name__
    return f"{type(error).__name__}: {error}"
