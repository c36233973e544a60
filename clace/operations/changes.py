"""Changes to the stored apps, described app by app."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec.structs import asdict, replace

from clace.admin_api import AppChange
from clace.interfaces import AddApp, AddVersion, Change, PointApp, RemoveApp, ReplaceVersion
from clace.model import App, AppMetadata, AppSettings
from clace.operations.comparison import app_facts, differences, version_facts

_NOT_TOLD = frozenset({"applied_from", "main_domain"})
_TOLD_APART = frozenset({"name", "branch", "commit", "auth", "git_auth"})


def app_changes(changes: Iterable[Change]) -> tuple[AppChange, ...]:
    """One for each app that these changes are about."""
    return tuple(app_change(*ends) for change in changes if (ends := _ends(change)))


def app_changes_by_value(
    changes: Iterable[Change], may_read: Callable[[App], bool]
) -> tuple[AppChange, ...]:
    """One for each app, with the values before and after of those that ``may_read`` allows."""
    found = []
    for change in changes:
        if ends := _ends(change):
            was, now = (end or _nothing_of(ends) for end in ends)
            readable = all(may_read(app) for app in ends if app is not None)
            values = differences(app_facts(was), app_facts(now), readable=readable)
            found.append(replace(app_change(*ends), values=values))
    return tuple(found)


def changed_ids(changes: Iterable[Change]) -> Iterator[str]:
    """The ids of the apps that these changes add, point or remove."""
    for change in changes:
        match change:
            case AddApp(app) | PointApp(app) | RemoveApp(app):
                yield app.id


def pinned(change: Change, pins: Mapping[str, dict[str, str]]) -> Change:
    """The change, with what fixes the program of its app if that is among ``pins``."""
    match change:
        case AddApp(app) if app.id in pins:
            metadata = replace(app.metadata, pins=pins[app.id])
            return AddApp(replace(app, metadata=metadata))
        case PointApp(app) if app.id in pins:
            return replace(change, metadata=replace(change.metadata, pins=pins[app.id]))
        case AddVersion(app_id) | ReplaceVersion(app_id) if app_id in pins:
            return replace(change, metadata=replace(change.metadata, pins=pins[app_id]))
    return change


def app_change(before: App | None, after: App | None) -> AppChange:
    """Describe the change of an app that is there before it, after it, or both."""
    app = after or before
    assert app is not None
    was, now = before or _nothing_of((before, after)), after or app
    approved = now.metadata.approved.missing_from(was.metadata.approved)
    dropped = was.metadata.approved.missing_from(now.metadata.approved)
    return AppChange(
        id=app.id,
        app_path_domain=app.address,
        change="updated" if before and after else "created" if after else "deleted",
        version=app.version,
        previous_version=was.version,
        approved_loads=approved.loads,
        approved_permissions=approved.permissions,
        dropped_loads=dropped.loads,
        dropped_permissions=dropped.permissions,
        changed=tuple(_differences(was, now)),
    )


def _nothing_of(ends: tuple[App | None, App | None]) -> App:
    """Return an empty app for the missing end, with the owner of the other: the owner stays."""
    there = ends[0] or ends[1]
    return App("", "", user_id=there.user_id if there else "")


def _ends(change: Change) -> tuple[App | None, App | None] | None:
    match change:
        case AddApp(app):
            return None, app
        case PointApp(seen, metadata, settings):
            after = replace(seen, user_id=change.owner, source_url=change.source)
            return seen, replace(after, metadata=metadata, settings=settings)
        case RemoveApp(seen):
            return seen, None
    return None


def _differences(was: App, now: App) -> Iterator[str]:
    """Name other differences, without values that may be secrets."""
    if was.user_id != now.user_id:
        yield f"owner {now.user_id}"
    if was.source_url and was.source_url != now.source_url:
        yield f"source {now.source_url}"
    yield from _settings(was.settings, now.settings)
    yield from _metadata(was.metadata, now.metadata)


def _settings(was: AppSettings, now: AppSettings) -> Iterator[str]:
    before = asdict(was)
    for name, value in asdict(now).items():
        if value != before[name] and name not in _NOT_TOLD:
            yield f"{name} {value}"


def _metadata(was: AppMetadata, now: AppMetadata) -> Iterator[str]:
    commit = now.version_metadata.git_commit
    if commit != was.version_metadata.git_commit:
        yield f"commit {commit}"
    before, after = version_facts(was), version_facts(now)
    for kind, name in {**before, **after}:
        differs = before.get((kind, name)) != after.get((kind, name))
        if differs and kind not in _TOLD_APART:
            yield f"{kind} {name}".rstrip()
