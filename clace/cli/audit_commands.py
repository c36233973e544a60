"""``clace audit``: list, export and verify what the server has recorded."""

from __future__ import annotations

from collections.abc import Sequence

import click

from clace.admin_api import (
    EXPORT_AUDIT,
    LIST_AUDIT,
    VERIFY_AUDIT,
    AuditedEvent,
    AuditVerified,
    ExportAudit,
    ListAudit,
    VerifyAudit,
)
from clace.cli.commands import FAILED, Group, with_options
from clace.cli.formats import (
    JSON_RENDERS,
    as_json_lines,
    columns,
    csv_text,
    format_option,
    list_format_option,
    result_format_option,
    say_list,
    say_result,
)
from clace.cli.servers import ChosenServer, for_server
from clace.cli.text import complain, warn
from clace.text import one_line, printable

_TIME = "%Y-%m-%d %H:%M:%S"
_FIELDS = AuditedEvent.__struct_fields__
# A spreadsheet takes a cell that begins so for a formula, and strangers choose what is in it.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
_filters = with_options(
    click.option("--app", "app_glob", metavar="GLOB", default="", help="Apps, or an app's id."),
    click.option("--user", "user_id", metavar="USER", default="", help="Who did it."),
    click.option(
        "--type", "event_type", metavar="TYPE", default="", help="http, system, action or custom."
    ),
    click.option("--operation", metavar="NAME", default="", help="An operation, as sign_in."),
    click.option("--target", metavar="TEXT", default="", help="The subject of the operation."),
    click.option("--status", metavar="TEXT", default="", help="Success, Failed or an HTTP status."),
    click.option("--rid", metavar="ID", default="", help="The id of a request."),
    click.option("--detail", metavar="PATTERN", default="", help="A detail, with % for any text."),
    click.option("--start", "start_date", metavar="DATE", default="", help="From then on, in UTC."),
    click.option(
        "--end",
        "end_date",
        metavar="DATE",
        default="",
        help="Up to the end of that day, or before that time, in UTC.",
    ),
)


@click.group(cls=Group)
def audit() -> None:
    """List, export and verify what was done, by whom."""


@audit.command(name="list")
@list_format_option
@_filters
@click.option("--limit", metavar="NUMBER", default="", help="At most so many.  [default: 50]")
@for_server
def list_(server: ChosenServer, form: str | None, **wanted: str) -> None:
    """List the newest events that pass all filters, the newest first."""
    found = server.ask(LIST_AUDIT, ListAudit(**wanted))
    say_list(found.events, form or server.config.client.default_format, _FORMATS)
    if not found.events and any(wanted.values()):
        warn("no event passes all filters")


@audit.command()
@format_option(("jsonl", "csv"), "jsonl", "-f")
@_filters
@for_server
def export(server: ChosenServer, form: str, **wanted: str) -> None:
    """Print all events that pass all filters, the oldest first, each on a line.

    CSV begins with a line of names; a cell that a spreadsheet would take for a formula begins with
    an apostrophe.
    """
    render = as_json_lines if form == "jsonl" else _csv_export
    if form == "csv":
        click.echo(csv_text([_FIELDS]), nl=False)

    def take(events: Sequence[AuditedEvent]) -> None:
        click.echo(printable(render(events)), nl=False)

    server.each(EXPORT_AUDIT, ExportAudit(**wanted), take)


@audit.command()
@result_format_option
@click.option("--head", metavar="NUMBER:HASH", default="", help="An end of the log, kept earlier.")
@for_server
def verify(server: ChosenServer, form: str, head: str) -> int:
    """Verify that no event was changed, added, moved or removed but by retention.

    The end of the log is printed. Kept where nobody can change it, and given as --head at a later
    time, it shows also that an old copy of the log was put back.
    """
    result = server.ask(VERIFY_AUDIT, VerifyAudit(head))
    say_result(result, _told(result), form)
    if not result.is_whole:
        complain(f"the audit log breaks at row {result.sequence}: {result.reason}")
    return 0 if result.is_whole else FAILED


def _told(result: AuditVerified) -> tuple[str, ...]:
    counts = [f"{result.rows} row(s) verified"]
    if result.removed:
        counts.append(f"{result.removed} removed by retention")
    if result.unchained:
        counts.append(f"{result.unchained} older than the chain")
    lines = [", ".join(counts) + "."]
    if result.head:
        lines.append(f"The log ends with {result.head}")
    if result.event:
        lines.append("At fault: " + " ".join(_row(result.event)))
    return tuple(lines)


def _basic(events: Sequence[AuditedEvent]) -> str:
    rows = [("Time", "User", "Operation", "Target", "Status")]
    rows += map(_row, events)
    return columns(rows, (19, 20, 20, 30))


def _table(events: Sequence[AuditedEvent]) -> str:
    rows = [
        ("Row", "Time", "Type", "User", "App", "Operation", "Target", "Status", "Rid", "Detail")
    ]
    rows += [
        (
            str(event.sequence),
            event.create_time.strftime(_TIME),
            event.event_type,
            event.user_id,
            event.app_path or event.app_id,
            event.operation,
            event.target,
            event.status,
            event.rid,
            event.detail,
        )
        for event in events
    ]
    return columns(rows, (8, 19, 6, 20, 20, 20, 30, 8, 30))


def _row(event: AuditedEvent) -> tuple[str, str, str, str, str]:
    return (
        event.create_time.strftime(_TIME),
        event.user_id,
        event.operation,
        one_line(event.target),
        event.status,
    )


def _csv(events: Sequence[AuditedEvent]) -> str:
    return csv_text(map(_cells, events))


def _csv_export(events: Sequence[AuditedEvent]) -> str:
    return csv_text(
        [f"'{cell}" if cell.startswith(_FORMULAS) else cell for cell in _cells(event)]
        for event in events
    )


def _cells(event: AuditedEvent) -> list[str]:
    return [
        event.create_time.strftime(_TIME) if name == "create_time" else str(getattr(event, name))
        for name in _FIELDS
    ]


_FORMATS = {
    "table": _table,
    "basic": _basic,
    "csv": _csv,
    **JSON_RENDERS,
}
