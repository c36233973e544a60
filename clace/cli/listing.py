"""A list of apps in the formats that scripts and people read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clace.admin_api import AppListed
from clace.cli.formats import (
    JSON_RENDERS,
    Render,
    columns,
    csv_text,
    lines,
    pretty,
)
from clace.model import AppKind
from clace.text import one_line

_GIT_COMMIT = 20
_TYPES = {AppKind.DEV.value: "DEV", AppKind.STAGING.value: "STG", AppKind.PREVIEW.value: "VIEW"}
_PREFIX = len(AppKind.PROD)


def _basic(apps: Sequence[AppListed]) -> str:
    rows = [("Name", "Type", "Ver", "Auth", "AppPath")]
    rows += [(one_line(a.metadata.name), _type(a), str(a.version), _auth(a), str(a)) for a in apps]
    return lines(f"{n:<30} {t:<5} {v:>4} {auth:<7} {path}" for n, t, v, auth, path in rows)


def _table(apps: Sequence[AppListed]) -> str:
    widths = (30, 35, 5, 7, 15, 60, 40, 30)
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
            _spec(app),
            _git(app),
        )
        for app in apps
    ]
    return columns(rows, widths)


def _csv(apps: Sequence[AppListed]) -> str:
    """The columns of 2025 in their order, the branch twice, but escaped."""
    return csv_text(map(_csv_row, apps))


def _csv_row(app: AppListed) -> tuple[object, ...]:
    version = app.metadata.version_metadata
    return (
        app.metadata.name,
        app.id,
        _type(app),
        app.version,
        _auth(app),
        version.git_branch,
        str(app),
        app.source_url,
        app.metadata.filled_by,
        version.git_branch,
        version.git_commit,
    )


def _jsonl_pretty(apps: Sequence[AppListed]) -> str:
    """An empty line after each."""
    return "".join(f"{pretty(app)}\n\n" for app in apps)


FORMATS: Mapping[str, Render] = {
    "table": _table,
    "basic": _basic,
    "csv": _csv,
    **JSON_RENDERS,
    "jsonl_pretty": _jsonl_pretty,
}


def _type(app: AppListed) -> str:
    if app.id.startswith(AppKind.PROD):
        return "PROD*" if app.staged_changes else "PROD"
    return _TYPES.get(app.id[:_PREFIX], "----")


def _spec(app: AppListed) -> str:
    told = " (recognised)" if app.metadata.recognised_spec else ""
    return f"{app.metadata.filled_by}{told}"


def _auth(app: AppListed) -> str:
    kind = app.settings.authn_type
    return kind.upper() if kind in {"none", "system", "default"} else kind


def _git(app: AppListed) -> str:
    version = app.metadata.version_metadata
    if not version.git_commit:
        return ""
    return f"{version.git_branch}:{version.git_commit[:_GIT_COMMIT]}"
