"""Versions and their files in the formats that scripts and people read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from clace.admin_api import AppVersion, FileDifference, FileVerified, VersionsCompared
from clace.cli.differences import value_line
from clace.cli.formats import JSON_RENDERS, Render, columns, csv_text, row_formats
from clace.model import FileRef, Permission, permission_text
from clace.text import one_line

_CURRENT = "=====>"
_COMMIT = 20


def _row(one: AppVersion) -> tuple[str, str, str, str]:
    git = one.metadata.version_metadata
    active = _CURRENT if one.active else ""
    return active, str(one.version), str(one.previous_version), git.git_commit[:_COMMIT]


def _basic(versions: Sequence[AppVersion]) -> str:
    return columns(
        [("Active", "Version", "Previous", "GitCommit"), *map(_row, versions)], (6, 8, 8)
    )


def _table(versions: Sequence[AppVersion]) -> str:
    rows = [("Active", "Version", "Previous", "CreateTime", "GitCommit", "GitMessage")]
    for one in versions:
        active, version, previous, commit = _row(one)
        message = one.metadata.version_metadata.git_message
        rows.append((active, version, previous, _time(one), commit, message))
    return columns(rows, (6, 8, 8, 30, 20))


def _csv(versions: Sequence[AppVersion]) -> str:
    rows = []
    for one in versions:
        git = one.metadata.version_metadata
        active = "true" if one.active else "false"
        created = _time(one)
        commit, message = git.git_commit, git.git_message
        rows.append((active, one.version, one.previous_version, created, commit, message))
    return csv_text(rows)


def _time(one: AppVersion) -> str:
    return one.create_time.isoformat(" ", "seconds")


def _file_row(each: FileRef) -> tuple[str, str, str]:
    return str(each.size), each.sha256, each.name


VERSIONS: Mapping[str, Render] = {"table": _table, "basic": _basic, "csv": _csv, **JSON_RENDERS}
FILES = row_formats(("Size", "Etag", "Path"), (7, 64), _file_row)


def compared(found: VersionsCompared) -> Iterator[str]:
    """The differences of two versions, a line each."""
    yield f"{found.app_path_domain}: version {found.new} compared with version {found.old}"
    yield from map(_file, found.files)
    yield from _granted("+", found.added_loads, found.added_permissions)
    yield from _granted("-", found.removed_loads, found.removed_permissions)
    yield from map(value_line, found.values)
    if not (
        found.files
        or found.values
        or found.added_loads
        or found.added_permissions
        or found.removed_loads
        or found.removed_permissions
    ):
        yield "They are the same."


def _file(each: FileDifference) -> str:
    name = one_line(each.name)
    if each.old_size < 0:
        return f"+ file {name} ({each.new_size} bytes)"
    if each.new_size < 0:
        return f"- file {name} ({each.old_size} bytes)"
    return f"~ file {name} ({each.old_size} to {each.new_size} bytes)"


def _granted(sign: str, loads: Iterable[str], permissions: Iterable[Permission]) -> Iterator[str]:
    yield from (f"{sign} plugin {load}" for load in loads)
    yield from (f"{sign} permission {permission_text(each)}" for each in permissions)


def verified(file: str, found: FileVerified) -> Iterator[str]:
    """The report of bytes that are served."""
    version = f", version {found.version}" if found.version else ""
    yield f"{file} is served by {found.app_path_domain}{version}:"
    for one in found.files:
        yield f"  {one_line(one.name)} at {one_line(', '.join(one.paths))}"
