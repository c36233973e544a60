"""Versions of apps: reload their sources, approve what these ask for, promote staging."""

from __future__ import annotations

from clace.admin_api.changes import Approval, Changing, OverApps, StagedUpdate, glob_of
from clace.admin_api.operation import Operation, Right
from clace.model import AppPath


class ApproveApps(StagedUpdate, frozen=True):
    """Approvals for the stored sources of the apps of a glob."""


class ReloadApps(StagedUpdate, frozen=True):
    """A reload of the apps of a glob; empty ``branch``, ``commit`` and ``git_auth`` keep those of
    the app. With ``verify`` an app whose source is fetched is loaded, and its program tried, though
    it is what it serves now. A ``source`` is the folder or file that the one app of the glob, an
    app from a folder or file, has from now on.
    """

    approve: bool = False
    force_reload: bool = False
    branch: str = ""
    commit: str = ""
    git_auth: str = ""
    verify: bool = False
    source: str = ""

    @property
    def rights(self) -> tuple[Right, ...]:
        needed = ((self.approve, Right.APP_APPROVE), (bool(self.source), Right.APP_CREATE))
        return (*super().rights, *(right for is_needed, right in needed if is_needed))


class PromoteApps(OverApps, frozen=True):
    """The apps of a glob, of which those behind their staging twins are promoted."""


class AppsApproved(Changing, frozen=True):
    dry_run: bool = False
    staged_update_results: tuple[Approval, ...] = ()
    promote_results: tuple[AppPath, ...] = ()


class AppsReloaded(Changing, frozen=True):
    dry_run: bool = False
    reload_results: tuple[AppPath, ...] = ()
    approve_results: tuple[Approval, ...] = ()
    promote_results: tuple[AppPath, ...] = ()
    skipped_results: tuple[AppPath, ...] = ()


class AppsPromoted(Changing, frozen=True):
    """``matched`` is how many apps the glob selected, if the server tells."""

    dry_run: bool = False
    promote_results: tuple[AppPath, ...] = ()
    matched: int | None = None


APPROVE_APPS = Operation(
    name="approve_apps",
    method="POST",
    path="/approve",
    summary="Approve what the stored sources of apps ask for",
    right=Right.APP_APPROVE,
    query=ApproveApps,
    result=AppsApproved,
    target=glob_of,
    tells=True,
)
RELOAD_APPS = Operation(
    name="reload_apps",
    method="POST",
    path="/reload",
    summary="Fetch the sources of apps again",
    right=Right.APP_RELOAD,
    query=ReloadApps,
    result=AppsReloaded,
    target=glob_of,
    tells=True,
)
PROMOTE_APPS = Operation(
    name="promote_apps",
    method="POST",
    path="/promote",
    summary="Let production apps serve what their staging twins serve",
    right=Right.APP_PROMOTE,
    query=PromoteApps,
    result=AppsPromoted,
    target=glob_of,
    tells=True,
)
OPERATIONS = (APPROVE_APPS, RELOAD_APPS, PROMOTE_APPS)
