"""A list of apps in the formats that scripts and people read."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence

import msgspec

from clace.errors import BadRequest
from clace.model.app import Kind
from clace.model.results import AppListed

_GIT_COMMIT = 20
_TYPES = {Kind.DEV.value: "DEV", Kind.STAGING.value: "STG", Kind.PREVIEW.value: "VIEW"}
_PREFIX = len(Kind.PROD)


def render(apps: Sequence[AppListed], form: str) -> str:
    """The apps in one of the formats; nothing at all for none, where that is the format.

    :raises BadRequest: there is no such format; the text names those that there are.
    """
    if form not in _FORMATS:
        known = ", ".join(_FORMATS)
        raise BadRequest(f'invalid format "{form}": valid options are {known}')
    return _FORMATS[form](apps)


def _basic(apps: Sequence[AppListed]) -> str:
    rows = [("Name", "Type", "Ver", "Auth", "AppPath")]
    rows += [(a.metadata.name, _type(a), str(a.version), _auth(a), str(a)) for a in apps]
    return _lines(f"{n:<30} {t:<5} {v:>4} {auth:<7} {path}" for n, t, v, auth, path in rows)


def _table(apps: Sequence[AppListed]) -> str:
    widths = (30, 35, 5, 7, 15, 60, 40, 30, 30)
    names = ("Name", "Id", "Type", "Version", "Auth", "AppPath", "SourceUrl", "Spec", "GitInfo")
    rows = [names]
    rows += [
        (
            app.metadata.name,
            app.id,
            _type(app),
            str(app.version),
            _auth(app),
            str(app),
            app.source_url,
            "",
            _git(app),
        )
        for app in apps
    ]
    return _lines(
        " ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _csv(apps: Sequence[AppListed]) -> str:
    """The columns of 2025 in their order, the branch twice, but escaped."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for app in apps:
        version = app.metadata.version_metadata
        branch = version.git_branch
        writer.writerow(
            (
                app.metadata.name,
                app.id,
                _type(app),
                app.version,
                _auth(app),
                branch,
                str(app),
                app.source_url,
                "",
                branch,
                version.git_commit,
            )
        )
    return text.getvalue()


def _json(apps: Sequence[AppListed]) -> str:
    return _pretty(apps) + "\n"


def _jsonl(apps: Sequence[AppListed]) -> str:
    return _lines(msgspec.json.encode(app).decode() for app in apps)


def _jsonl_pretty(apps: Sequence[AppListed]) -> str:
    return _lines(_pretty(app) + "\n" for app in apps)


_FORMATS: dict[str, Callable[[Sequence[AppListed]], str]] = {
    "table": _table,
    "basic": _basic,
    "csv": _csv,
    "json": _json,
    "jsonl": _jsonl,
    "jsonl_pretty": _jsonl_pretty,
}


def _pretty(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _lines(lines: Iterator[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _type(app: AppListed) -> str:
    if app.id.startswith(Kind.PROD):
        return "PROD*" if app.staged_changes else "PROD"
    return _TYPES.get(app.id[:_PREFIX], "----")


def _auth(app: AppListed) -> str:
    kind = app.settings.authn_type
    return kind.upper() if kind in {"none", "system", "default"} else kind


def _git(app: AppListed) -> str:
    version = app.metadata.version_metadata
    if not version.git_commit:
        return ""
    return f"{version.git_branch}:{version.git_commit[:_GIT_COMMIT]}"
