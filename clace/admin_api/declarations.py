"""Declarations: apps as files of a folder or a repository describe them, brought to the server."""

from __future__ import annotations

from msgspec import Struct

from clace.admin_api.apps import AppCreated
from clace.admin_api.changes import Approval, Changing
from clace.admin_api.operation import Operation, Query, Right
from clace.model import AppPath

NONE, UPDATED, MATCHED = "none", "updated", "matched"


class ApplyFiles(Query, frozen=True):
    """Files of declarations, and the apps of a glob that they describe.

    ``reload`` fetches sources again: of no app, of those that changed (``updated``, also if it is
    empty), or of all that match. ``clobber`` undoes what was changed by hand.
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

    @property
    def is_dry(self) -> bool:
        return self.dry_run

    @property
    def rights(self) -> tuple[Right, ...]:
        approving = (Right.APP_APPROVE,) if self.approve else ()
        return (*approving, Right.APP_PROMOTE) if self.promote else approving


class FilesApplied(Changing, frozen=True):
    """The commit of the files, and what became of each app that they describe."""

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


def _path_of(query: ApplyFiles, _result: Struct | None) -> str:
    return query.apply_path


APPLY_FILES = Operation(
    name="apply_files",
    method="POST",
    path="/apply",
    summary="Create and update the apps that files describe",
    right=Right.APP_APPLY,
    query=ApplyFiles,
    result=FilesApplied,
    target=_path_of,
)
OPERATIONS = (APPLY_FILES,)
