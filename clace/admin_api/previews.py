"""Previews: apps beside an app that serve another revision of its source."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from clace.admin_api.changes import Approval, Approving, Changing
from clace.admin_api.operation import DryRunnable, Operation, Query, Right
from clace.model import AppPath


class CreatePreview(Approving, frozen=True):
    """The production app at a path, and the revision to preview: a commit or tag, or with
    ``is_branch`` the head of a branch. ``expires_secs`` is a number, empty for no end.
    """

    app_path: str
    commit_id: str
    is_branch: bool = False
    expires_secs: str = ""


class ListPreviews(Query, frozen=True):
    """The previews of the apps of a glob."""

    app_path_glob: str = ""


class DeletePreview(DryRunnable, frozen=True):
    """The preview of a revision, as it was created, of the app at a path."""

    app_path: str
    commit_id: str


class PreviewCreated(Changing, frozen=True):
    """A new preview; without ``success`` it needs approval, and nothing was created."""

    app_path_domain: AppPath
    dry_run: bool = False
    http_url: str = ""
    https_url: str = ""
    success: bool = False
    approve_result: Approval | None = None
    expire_time: datetime | None = None

    @property
    def problem(self) -> str:
        return "" if self.success else "it needs approval, and nothing was created"


class PreviewShown(Struct, frozen=True, kw_only=True):
    """A preview, the app that it is of, and its revision."""

    app_path_domain: AppPath
    main_app_path: AppPath
    git_branch: str = ""
    git_commit: str = ""
    git_message: str = ""
    user_id: str = ""
    create_time: datetime
    expire_time: datetime | None = None


class PreviewList(Struct, frozen=True):
    """The previews, oldest first."""

    previews: tuple[PreviewShown, ...] = ()


class PreviewDeleted(Changing, frozen=True):
    """The address of the preview that is gone, and the bytes of the data that go with it."""

    app_path_domain: AppPath
    dry_run: bool = False
    data: int = 0


def _target(query: CreatePreview | DeletePreview, _result: Struct | None) -> str:
    return f"{query.app_path} {query.commit_id}"


CREATE_PREVIEW = Operation(
    name="create_preview",
    method="POST",
    path="/preview",
    summary="Serve another revision of an app's source beside it",
    right=Right.APP_PREVIEW,
    query=CreatePreview,
    result=PreviewCreated,
    target=_target,
    tells=True,
)
LIST_PREVIEWS = Operation(
    name="list_previews",
    method="GET",
    path="/preview",
    summary="The previews of apps",
    right=Right.APP_READ,
    query=ListPreviews,
    result=PreviewList,
)
DELETE_PREVIEW = Operation(
    name="delete_preview",
    method="DELETE",
    path="/preview",
    summary="Delete a preview of an app",
    right=Right.APP_PREVIEW,
    query=DeletePreview,
    result=PreviewDeleted,
    target=_target,
)
OPERATIONS = (CREATE_PREVIEW, LIST_PREVIEWS, DELETE_PREVIEW)
