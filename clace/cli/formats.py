"""The formats in which lists and results are printed, whatever they are of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import click

from clace.cli.completing import one_of
from clace.cli.differences import would_change
from clace.cli.text import say_if_dry, say_lines, warn
from clace.text import json_text, one_line, printable

Render = Callable[[Sequence[Any]], str]
F = TypeVar("F", bound=Callable[..., Any])
BASIC = "basic"
LIST_FORMATS = ("table", BASIC, "csv", "json", "jsonl", "jsonl_pretty")
_PAIR = 30
JSON_FORMATS = ("json", "jsonl", "jsonl_pretty")
RESULT_FORMATS = (BASIC, *JSON_FORMATS)


def format_option(
    formats: Sequence[str], default: str | None, *names: str, told: str = ""
) -> Callable[[F], F]:
    """Give a command ``--format``; ``told`` is what help calls the default."""

    def checked(context: click.Context, _option: click.Parameter, form: str | None) -> str | None:
        if form is not None and form not in formats:
            known = ", ".join(formats)
            raise click.UsageError(f'invalid format "{form}": valid options are {known}', context)
        return form

    return click.option(
        "--format",
        *names,
        "form",
        metavar="FORMAT",
        default=default,
        callback=checked,
        shell_complete=one_of(*formats),
        help=f"One of {', '.join(formats)}.  [default: {told or default}]",
    )


list_format_option = format_option(LIST_FORMATS, None, "-f", told="client.default_format")
result_format_option = format_option(RESULT_FORMATS, BASIC)


def say_list(things: Sequence[Any], form: str, formats: Mapping[str, Render]) -> None:
    """Print the things in one of the formats; nothing at all for none, where that is the format."""
    click.echo(printable(formats[form](things)), nl=False)


def say_result(result: Any, lines: Iterable[str], form: str, *, diff: bool = True) -> None:
    """Print what an operation did: ``lines`` for people, or the server's answer as JSON. After a
    dry run they are followed by all that would change, unless they tell it already.
    """
    if form == BASIC:
        say_lines(lines)
        if getattr(result, "dry_run", False):
            say_lines(would_change(result) if diff else ())
            say_if_dry(dry_run=True)
        for text in getattr(result, "warnings", ()):
            warn(one_line(text))
        return
    click.echo(compact(result) if form == "jsonl" else pretty(result))


def pair_formats(
    header: tuple[str, str], told: Iterable[str], rows: Sequence[tuple[str, str]]
) -> Mapping[str, Render]:
    """The formats of a list of pairs, of which ``told`` are the lines for people."""
    return {
        "table": lambda _: columns((header, *rows), (_PAIR,)),
        BASIC: lambda _: lines(map(one_line, told)),
        "csv": lambda _: csv_text(rows),
        **JSON_RENDERS,
    }


def row_formats(
    header: Sequence[str], widths: Sequence[int], row: Callable[[Any], Sequence[str]]
) -> Mapping[str, Render]:
    """The formats of a list of which each thing is a row; CSV has no header."""

    def table(things: Sequence[Any]) -> str:
        return columns((header, *map(row, things)), widths)

    return {
        "table": table,
        BASIC: table,
        "csv": lambda things: csv_text(map(row, things)),
        **JSON_RENDERS,
    }


def as_json(things: Sequence[Any]) -> str:
    return pretty(things) + "\n"


def as_json_lines(things: Sequence[Any]) -> str:
    return lines(map(compact, things))


def as_pretty_lines(things: Sequence[Any]) -> str:
    return lines(map(pretty, things))


JSON_RENDERS: Mapping[str, Render] = {
    "json": as_json,
    "jsonl": as_json_lines,
    "jsonl_pretty": as_pretty_lines,
}


def pretty(value: object) -> str:
    """JSON for people."""
    from msgspec import json  # noqa: PLC0415 - help imports this module too

    return json_text(json.format(json.encode(value), indent=2))


def compact(value: object) -> str:
    """JSON on one line."""
    from msgspec import json  # noqa: PLC0415 - as above

    return json_text(json.encode(value))


def lines(texts: Iterable[str]) -> str:
    """Each text on a line, without spaces at its end."""
    return "".join(f"{text.rstrip()}\n" for text in texts)


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows with commas between their cells, quoted where that is needed."""
    import csv  # noqa: PLC0415 - one format of many
    import io  # noqa: PLC0415 - as above

    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def columns(rows: Iterable[Sequence[str]], widths: Sequence[int]) -> str:
    """Rows with each cell in its column and on its line; the last has no width."""
    return lines(
        " ".join(
            f"{one_line(cell):<{width}}" for cell, width in zip(row, (*widths, 0), strict=True)
        )
        for row in rows
    )
