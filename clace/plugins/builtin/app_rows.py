"""An app as ``clace.in`` tells of it: the fields of both eras."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import frozen
from msgspec.structs import replace

from clace.model import App, AppKind, AppPath

_GITHUB = re.compile(
    r"(?:https?://|git@)?github\.com[/:](?P<owner>[\w.-]+)/(?P<repo>[\w.-]+)(?:/(?P<folder>.*))?"
)
_DEFAULT = "default"


@frozen
class AppRows:
    """All apps, for what is told of one by another: the production app of a staging twin."""

    by_id: dict[str, App]
    unlike: frozenset[str]

    @classmethod
    def of(cls, apps: Iterable[App]) -> AppRows:
        by_id = {app.id: app for app in apps}
        return cls(by_id, frozenset(_unlike(by_id)))

    def shown_at(self, app: App) -> AppPath:
        """The address by which an app is looked for: a twin's is that of its production app."""
        return self.by_id.get(app.main_app, app).address


def _unlike(by_id: dict[str, App]) -> Iterator[str]:
    """The ids of production apps and staging twins that serve different versions."""
    for app in by_id.values():
        main = by_id.get(app.main_app)
        if main is not None and app.kind is AppKind.STAGING and main.version != app.version:
            yield from (app.id, main.id)


def row(app: App, apps: AppRows, url: str, default_auth: str, now: datetime) -> dict[str, Any]:
    """Make the row of an app."""
    version, auth = app.metadata.version_metadata, app.settings.authn_type
    path_split, globs = _parts(app.address), _globs(apps.shown_at(app))
    return {
        "name": app.metadata.name,
        "path": str(app),
        "path_split": path_split,
        # As many as parts: the breadcrumb of a twin's suffix leads to its production app.
        "path_split_glob": globs + [str(apps.shown_at(app))] * (len(path_split) - len(globs)),
        "url": url,
        "id": app.id,
        "is_dev": app.is_dev,
        "is_stage": app.kind is AppKind.STAGING,
        "main_app": app.main_app,
        "auth": default_auth if auth == _DEFAULT else auth,
        "auth_uses_default": auth == _DEFAULT,
        "source": app.source_url,
        "source_url": source_page(app.source_url, version.git_branch or version.git_commit),
        "star_base": "",
        "spec": "",
        "version": version.version,
        "version_mismatch": app.id in apps.unlike,
        "branch": version.git_branch,
        "git_branch": version.git_branch,
        "git_sha": version.git_commit,
        "git_message": version.git_message,
        "created_by": app.user_id,
        "update_user": app.user_id,
        "create_time": written(app.create_time),
        "update_time": written(app.update_time),
        "update_age": age(now - app.update_time),
    }


def _parts(address: AppPath) -> list[str]:
    domain = [address.domain] if address.domain else []
    return domain + [f"/{part}" for part in address.path.split("/") if part]


def _globs(address: AppPath) -> list[str]:
    """For each part of an address the pattern of all apps below it; the last is the app alone."""
    found = [f"{address.domain}:**"] if address.domain else []
    parts = [part for part in address.path.split("/") if part]
    for count in range(1, len(parts) + 1):
        below = replace(address, path="/" + "/".join(parts[:count]))
        found.append(str(below) if count == len(parts) else f"{below}/**")
    return found


def source_page(source: str, revision: str) -> str:
    """The page that shows the source to a browser, as far as it is known to have one."""
    found = _GITHUB.fullmatch(source)
    if found is None or not revision:
        return ""
    repository = f"{found['owner']}/{found['repo'].removesuffix('.git')}"
    return f"https://github.com/{repository}/tree/{revision}/{found['folder'] or ''}"


def age(passed: timedelta) -> str:
    """A duration by its largest unit: ``3 hours``."""
    seconds = max(0, int(passed.total_seconds()))
    for name, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            return _counted(seconds // size, name)
    return _counted(seconds, "second")


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


def written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
