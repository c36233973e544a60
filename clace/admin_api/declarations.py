"""Declarations: apps as files of a folder or a repository describe them, brought to the server."""

from __future__ import annotations

from msgspec import Struct

from clace.admin_api.apps import AppCreated
from clace.admin_api.changes import Approval, Changing, Difference
from clace.admin_api.operation import Operation, Query, Right
from clace.model import AppPath

_TOLD = 20
NONE, UPDATED, MATCHED = "none", "updated", "matched"
RELOADS = (NONE, UPDATED, MATCHED)


class ApplyFiles(Query, frozen=True):
    """Files of declarations, and the apps of a glob that they describe.

    ``reload`` fetches sources again: of no app, of those that changed (``updated``, also if it is
    empty), or of all that match. ``clobber`` undoes what was changed by hand. ``prune`` deletes
    apps that these files declared before and no longer do; ``agreed`` is the ``prune_digest`` of a
    dry run if only what that named may be deleted. ``verify`` is as for a reload.
    """

    apply_path: str
    app_path_glob: str = "all"
    dry_run: bool = False
    approve: bool = False
    promote: bool = False
    reload: str = ""
    branch: str = ""
    commit: str = ""
    git_auth: str = ""
    clobber: bool = False
    force_reload: bool = False
    prune: bool = False
    agreed: str = ""
    verify: bool = False

    @property
    def is_dry(self) -> bool:
        return self.dry_run

    @property
    def rights(self) -> tuple[Right, ...]:
        needed = (
            (self.approve, Right.APP_APPROVE),
            (self.promote, Right.APP_PROMOTE),
            (self.prune, Right.APP_DELETE),
        )
        return tuple(right for is_needed, right in needed if is_needed)


class FilesApplied(Changing, frozen=True):
    """The commit of the files, and what became of each app that they describe. ``prune_results``
    are apps that were deleted, of which ``prune_digest`` is a digest.
    """

    dry_run: bool = False
    commit_id: str = ""
    skipped_apply: bool = False
    create_results: tuple[AppCreated, ...] = ()
    update_results: tuple[AppPath, ...] = ()
    approve_results: tuple[Approval, ...] = ()
    promote_results: tuple[AppPath, ...] = ()
    reload_results: tuple[AppPath, ...] = ()
    skipped_results: tuple[AppPath, ...] = ()
    filtered_apps: tuple[AppPath, ...] = ()
    prune_results: tuple[AppPath, ...] = ()
    prune_digest: str = ""


class ShowDrift(Query, frozen=True):
    """The apps of a glob that files declared; an empty glob matches all."""

    app_path_glob: str = ""


class AppDrift(Struct, frozen=True, kw_only=True):
    """An app that is not as a file last declared it, or that no file did (``by_hand``).

    ``values`` are what was declared and what is on the server now.
    """

    app_path_domain: AppPath
    by_hand: bool = False
    values: tuple[Difference, ...] = ()


class DriftShown(Struct, frozen=True):
    """The apps that differ from what was applied, in the order of their paths."""

    drifts: tuple[AppDrift, ...] = ()


class ExportApps(Query, frozen=True):
    """The apps of a glob as a file of declarations; an empty glob matches all.

    ``git_auth_ref`` is ``exact`` (also if it is empty), or ``default`` to leave entries of git_auth
    out. ``exact_commit`` pins apps to the commits that they serve, and ``exclude_declarative``
    leaves out those that a file declares.
    """

    app_path_glob: str = ""
    git_auth_ref: str = ""
    exact_commit: bool = False
    exclude_declarative: bool = False


class PrettyPrint(Query, frozen=True):
    """A file of declarations, to be printed without its logic: as an export writes it."""

    apply_path: str


class ExportedText(Struct, frozen=True):
    """The text of a file of declarations."""

    config: str


def _path_of(query: ApplyFiles, result: FilesApplied | None) -> str:
    if result is None or not result.prune_results:
        return query.apply_path
    told = ", ".join(map(str, result.prune_results[:_TOLD]))
    more = len(result.prune_results) - _TOLD
    return f"{query.apply_path} (deleted: {told}{f' and {more} more' if more > 0 else ''})"


APPLY_FILES = Operation(
    name="apply_files",
    method="POST",
    path="/apply",
    summary="Create and update the apps that files describe",
    right=Right.APP_APPLY,
    query=ApplyFiles,
    result=FilesApplied,
    target=_path_of,
    tells=True,
)
SHOW_DRIFT = Operation(
    name="show_drift",
    method="GET",
    path="/drift",
    summary="Apps that differ from what files last declared of them",
    right=Right.APP_READ,
    query=ShowDrift,
    result=DriftShown,
)
EXPORT_APPS = Operation(
    name="export_apps",
    method="GET",
    path="/export",
    summary="Apps as a file that declares them",
    right=Right.APP_READ,
    query=ExportApps,
    result=ExportedText,
)
PRETTY_PRINT = Operation(
    name="pretty_print",
    method="GET",
    path="/pretty_print",
    summary="A file of declarations, evaluated and written anew",
    right=Right.APP_APPLY,
    query=PrettyPrint,
    result=ExportedText,
)
OPERATIONS = (APPLY_FILES, SHOW_DRIFT, EXPORT_APPS, PRETTY_PRINT)
