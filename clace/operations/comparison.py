"""Two versions of an app side by side, or two states of one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from clace.admin_api import Difference, FileDifference, VersionsCompared
from clace.interfaces import StoredVersion
from clace.model import App, AppMetadata, FileRef, is_reference
from clace.operations.properties import CONFIG, PROPERTIES, facts

Facts = Mapping[tuple[str, str], str]
"""Values by their kind and name."""
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
        values=differences(version_facts(was), version_facts(now)),
    )


def is_secret_name(name: str) -> bool:
    """Tell a name whose value is not shown."""
    return _SECRET.search(name) is not None


def differences(was: Facts, now: Facts, *, readable: bool = True) -> tuple[Difference, ...]:
    """Return the values that differ; those of secrets are hidden, and all unless ``readable``."""
    found = []
    for kind, name in {**now, **was}:
        old, new = was.get((kind, name)), now.get((kind, name))
        if old == new:
            continue
        hidden = not readable or not (_is_shown(kind, name, old) and _is_shown(kind, name, new))
        shown = (None, None) if hidden else (old, new)
        found.append(Difference(kind=kind, name=name, old=shown[0], new=shown[1], hidden=hidden))
    return tuple(found)


def _is_shown(kind: str, name: str, value: str | None) -> bool:
    """Tell a value that may be shown: its name is not one of a secret, or it refers to one.

    Config has the server's own keys, and none is for a secret, as ``security.api_tokens``.
    """
    return not value or kind == CONFIG.kind or is_reference(value) or not is_secret_name(name)


def version_facts(metadata: AppMetadata) -> Facts:
    """Return all values of a version."""
    version = metadata.version_metadata
    return {
        **dict(facts("name", metadata.name)),
        **dict(facts("auth", metadata.authn_type)),
        **dict(facts("git_auth", metadata.git_auth_name)),
        **dict(facts("branch", version.git_branch)),
        **dict(facts("commit", version.git_commit)),
        **{key: value for one in PROPERTIES for key, value in facts(one.kind, one.of(metadata))},
    }


def app_facts(app: App) -> Facts:
    """Return all values of an app and of the version that it has."""
    return {
        **dict(facts("source", app.source_url)),
        **{key: text for kind, value in _settings(app) for key, text in facts(kind, value)},
        **version_facts(app.metadata),
    }


def _settings(app: App) -> Iterator[tuple[str, str]]:
    settings = app.settings
    yield "owner", app.user_id
    yield "auth", settings.authn_type
    yield "git_auth", settings.git_auth_name
    yield "stage_write_access", str(settings.stage_write_access).lower()
    yield "preview_write_access", str(settings.preview_write_access).lower()


def _files(old: Refs, new: Refs) -> Iterator[FileDifference]:
    for name in sorted({*old, *new}):
        was, now = old.get(name), new.get(name)
        if was is None or now is None or was.sha256 != now.sha256:
            yield FileDifference(name=name, old_size=_size(was), new_size=_size(now))


def _size(ref: FileRef | None) -> int:
    return -1 if ref is None else ref.size
