"""Rules for changes to the apps, whoever keeps them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from clace.errors import AppExists, ChangedMeanwhile, NoSuchVersion
from clace.interfaces import Leftovers, PointApp, PrunedApp
from clace.model import NEVER, App

DATA_KEPT = timedelta(days=7)
"""The time for which a pruned app can come back to its data."""
_COMING = timedelta(days=1)
"""The longest that an apply may take which began while an app could still come back."""


def check_free(app: App, installed: Iterable[App]) -> None:
    """:raises AppExists: if the address or the id is taken; twins may lie below each other."""
    taken = [str(other.address) for other in installed if _are_in_the_way(app, other)]
    if taken:
        # Of several the same one is named, in whatever order they came.
        raise AppExists(f"App already exists at {min(taken)}")


def _are_in_the_way(app: App, other: App) -> bool:
    below = app.address.overlaps(other.address) and not _are_twins(app, other)
    return below or app.address == other.address or app.id == other.id


def _are_twins(one: App, other: App) -> bool:
    return one.main_app == other.id or other.main_app == one.id


def check_unchanged(seen: App, stored: App | None) -> None:
    """:raises ChangedMeanwhile: another app is stored; when it was last updated does not count."""
    if stored is None:
        raise gone(str(seen))
    if _timeless(stored) != _timeless(seen):
        raise ChangedMeanwhile(f"app {seen} was changed meanwhile, try again")


def _timeless(app: App) -> App:
    return msgspec.structs.replace(app, update_time=NEVER)


def pointed(change: PointApp, stored: App, now: datetime) -> App:
    """The stored app with what the change gives it."""
    return msgspec.structs.replace(
        stored,
        metadata=change.metadata,
        settings=change.settings,
        user_id=change.owner,
        source_url=change.source,
        update_time=now,
    )


def gone(app: str) -> ChangedMeanwhile:
    return ChangedMeanwhile(f"app {app} was removed meanwhile")


def version_taken(app_id: str, version: int) -> ChangedMeanwhile:
    return ChangedMeanwhile(f"app {app_id} got its version {version} meanwhile, try again")


def no_version(app_id: str, version: int) -> NoSuchVersion:
    return NoSuchVersion(f"app {app_id} has no version {version}")


def surplus(app: App | None, numbers: Iterable[int], keep: int) -> int | None:
    """Return the oldest version that is not to be kept: ``keep`` older ones than the current are.

    Those above the current one stay, for the app may have gone back.
    """
    if app is None or keep < 0:
        return None
    older = sorted(number for number in numbers if number < app.version)
    return older[0] if len(older) > keep else None


def pruned(app: App, now: datetime) -> PrunedApp:
    """Return the memory of an app that is removed and keeps its data."""
    return PrunedApp(app.id, app.path, app.domain, app.source_url, app.user_id, now)


def left_by(app: App, now: datetime, *, keeps_data: bool) -> Leftovers:
    """Return the data of an app that is removed, and when they are to go."""
    due = now + DATA_KEPT + _COMING if keeps_data else now
    return Leftovers(app.id, app.path, app.domain, due)
