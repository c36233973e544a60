"""The served state of an app."""

from __future__ import annotations

from clace.interfaces import IAppStore, IFiles, ISources
from clace.model import App


async def served_files(app: App, store: IAppStore, sources: ISources) -> IFiles:
    """The folder of a dev app as it is, of others the stored version.

    :raises NoSuchVersion: if it is not stored.
    """
    if app.is_dev:
        return sources.live(app.source_url)
    return await store.files(app.id, app.version)
