"""Apps that files declared once and no longer do."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from clace.admin_api import ApplyFiles
from clace.errors import BadRequest, ChangedMeanwhile
from clace.model import App, AppGlob
from clace.operations.catalogue import AppCatalogue
from clace.operations.declaring import DeclaredApps


def doomed(
    query: ApplyFiles, declared: DeclaredApps, catalogue: AppCatalogue, glob: AppGlob
) -> tuple[App, ...]:
    """Return the apps of a glob to delete, in the order of their addresses; none without ``prune``.

    :raises BadRequest: if a file declares no app: it may have been emptied by mistake.
    :raises ChangedMeanwhile: if others were agreed to.
    """
    if not query.prune:
        return ()
    if declared.empty:
        names = ", ".join(declared.empty)
        raise BadRequest(f"{names} declares no app; with an empty file no app is deleted")
    found = (
        app
        for app in catalogue.apps
        if not app.main_app
        and app.settings.applied_from == declared.origin
        and app.address not in declared.apps
        and glob.matches(app.address)
    )
    gone = tuple(sorted(found, key=lambda app: app.address))
    if query.agreed and query.agreed != digest_of(gone):
        raise ChangedMeanwhile("the apps to delete are others by now, look at them again")
    return gone


def digest_of(apps: Iterable[App]) -> str:
    """Return a digest of which apps these are."""
    return sha256("\n".join(app.id for app in apps).encode()).hexdigest()
