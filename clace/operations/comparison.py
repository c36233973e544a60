"""Two versions of an app side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from clace.admin_api import Difference, FileDifference, VersionsCompared
from clace.interfaces import StoredVersion
from clace.model import App, AppMetadata, FileRef, is_reference

Refs = Mapping[str, FileRef]
_SECRET = re.compile(r"passw|secret|token|private|credential|api.?key", re.IGNORECASE)


def compared(
    app: App, old: tuple[StoredVersion, Refs], new: tuple[StoredVersion, Refs]
) -> VersionsCompared:
    """Return everything in which the new version differs from the old one."""
    (before, old_files), (after, new_files) = old, new
    was, now = before.metadata, after.metadata
    added = now.approved.missing_from(was.approved)
    removed = was.approved.missing_from(now.approved)
    return VersionsCompared(
        app_path_domain=app.address,
        old=before.number,
        new=after.number,
        files=tuple(_files(old_files, new_files)),
        added_loads=added.loads,
        added_permissions=added.permissions,
        removed_loads=removed.loads,
        removed_permissions=removed.permissions,
        values=tuple(_values(was, now)),
    )


def is_secret_name(name: str) -> bool:
    """Tell a name whose value is not shown."""
    return _SECRET.search(name) is not None


def _files(old: Refs, new: Refs) -> Iterator[FileDifference]:
    for name in sorted({*old, *new}):
        was, now = old.get(name), new.get(name)
        if was is None or now is None or was.sha256 != now.sha256:
            yield FileDifference(name=name, old_size=_size(was), new_size=_size(now))


def _size(ref: FileRef | None) -> int:
    return -1 if ref is None else ref.size


def _values(was: AppMetadata, now: AppMetadata) -> Iterator[Difference]:
    before, after = _facts(was), _facts(now)
    for kind, name in {**before, **after}:
        old, new = before.get((kind, name)), after.get((kind, name))
        if old != new:
            hidden = is_secret_name(name) and not all(map(_is_open, (old, new)))
            shown = (None, None) if hidden else (old, new)
            yield Difference(kind=kind, name=name, old=shown[0], new=shown[1], hidden=hidden)


def _is_open(value: str | None) -> bool:
    return not value or is_reference(value)


def _facts(metadata: AppMetadata) -> dict[tuple[str, str], str]:
    """Return all values of a version, by kind and name."""
    version = metadata.version_metadata
    single = {"name": metadata.name, "branch": version.git_branch, "commit": version.git_commit}
    return {
        **{(kind, ""): value for kind, value in single.items() if value},
        **{("param", name): value for name, value in sorted(metadata.param_values.items())},
        **{("config", name): value for name, value in sorted(metadata.appconfig.items())},
        **{("account", link.plugin): link.account_name for link in metadata.accounts},
    }
