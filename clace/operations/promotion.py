"""Production apps come to serve what their staging twins serve."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from clace.interfaces import AddVersion, IAppStore, IFiles, ReplaceVersion
from clace.model import App
from clace.operations.catalogue import AppCatalogue
from clace.operations.draft import AppsDraft

Serve = Callable[[AppsDraft, App, App, IFiles], Awaitable[None]]
"""Lets an app, as it is and as it will be, serve files when a draft is committed."""


def is_behind(main: App, staging: App) -> bool:
    """Return true if a promotion would change anything."""
    return main.version != staging.version


def is_staged_ahead(catalogue: AppCatalogue, main: App) -> bool:
    """Return true if the app has a staging twin, and a promotion would change anything."""
    staging = catalogue.staging_if_any(main)
    return staging is not None and is_behind(main, staging)


async def _load(draft: AppsDraft, _seen: App, after: App, files: IFiles) -> None:
    await draft.load(after, files)


async def promote(
    draft: AppsDraft,
    store: IAppStore,
    main: App,
    staging: App,
    files: IFiles | None = None,
    serve: Serve = _load,
) -> App:
    """Put what ``staging`` is on ``main``, under the same number.

    ``files`` are those of a version of ``staging`` that the draft is about to add.
    """
    staging = draft.pinned(staging)
    number = replace(staging.metadata.version_metadata, previous_version=main.version)
    metadata = replace(staging.metadata, version_metadata=number)
    after = draft.point(main, metadata)
    if any(one.number == staging.version for one in await store.versions(main.id)):
        # It was promoted before, and production went back from it.
        draft.change(ReplaceVersion(main.id, metadata))
    else:
        draft.change(AddVersion(main.id, metadata, same_as=(staging.id, staging.version)))
    await serve(draft, main, after, files or await store.files(staging.id, staging.version))
    return after
