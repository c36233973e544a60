"""The stored versions of one app: list, read and compare them, go back to one, revoke approvals."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from clace.admin_api.changes import Approving, Changing, Difference, OverApps, glob_of
from clace.admin_api.operation import Operation, Query, Right
from clace.model import NEVER, AppMetadata, AppPath, FileRef, Permission


class ListVersions(Query, frozen=True):
    """The app at a path, which may be a staging app."""

    app_path: str


class ListFiles(Query, frozen=True):
    """A version of an app: its number, ``previous`` or ``next``; empty is the current one."""

    app_path: str
    version: str = ""


class ReadFile(Query, frozen=True):
    """A file of a version of an app, by its name in the source."""

    app_path: str
    name: str
    version: str = ""


class VerifyFile(Query, frozen=True):
    """Bytes by their SHA-256 in hex, which an app may serve; ``name`` is that of a file in its
    source, and without it every file is looked at.
    """

    app_path: str
    sha256: str
    name: str = ""


class CompareVersions(Query, frozen=True):
    """Two versions of an app; one that is empty is the current one.

    With both empty they are the current one and that of the staging app, or if these are the same,
    the one before and the current one.
    """

    app_path: str
    old: str = ""
    new: str = ""


class SwitchVersion(Approving, frozen=True):
    """A version that an app is to be: its number, ``previous``, ``next`` or ``revert``.

    ``approve`` lets it have approvals that the current version does not have.
    """

    app_path: str
    version: str


class RevokeApprovals(OverApps, frozen=True):
    """A plugin, or with ``PLUGIN.FUNCTION`` one function of it, that apps may use no more."""

    revoked: str = ""


class AppVersion(Struct, frozen=True, kw_only=True, rename="pascal"):
    """A stored version of an app."""

    active: bool = False
    app_id: str = ""
    version: int = 0
    previous_version: int = 0
    user_id: str = ""
    metadata: AppMetadata = AppMetadata()
    create_time: datetime = NEVER


class VersionList(Struct, frozen=True):
    """The versions, the oldest first."""

    versions: tuple[AppVersion, ...] = ()


class FileList(Struct, frozen=True):
    """The files of a version by name."""

    files: tuple[FileRef, ...] = ()


class FileRead(Struct, frozen=True):
    """A file, its content in base64."""

    name: str
    version: int = 0
    content: bytes = b""


class ServedBytes(Struct, frozen=True):
    """A file, and the URL paths that it answers."""

    name: str
    size: int = 0
    paths: tuple[str, ...] = ()


class FileVerified(Struct, frozen=True, kw_only=True):
    """The files with the bytes in question which the app serves."""

    app_path_domain: AppPath
    version: int = 0
    sha256: str = ""
    files: tuple[ServedBytes, ...] = ()


class FileDifference(Struct, frozen=True, kw_only=True):
    """A file that differs; a side that does not have it has the size -1."""

    name: str
    old_size: int = -1
    new_size: int = -1


class VersionsCompared(Struct, frozen=True, kw_only=True):
    """Everything in which ``new`` differs from ``old``."""

    app_path_domain: AppPath
    old: int = 0
    new: int = 0
    files: tuple[FileDifference, ...] = ()
    added_loads: tuple[str, ...] = ()
    added_permissions: tuple[Permission, ...] = ()
    removed_loads: tuple[str, ...] = ()
    removed_permissions: tuple[Permission, ...] = ()
    values: tuple[Difference, ...] = ()


class VersionSwitched(Changing, frozen=True):
    """The numbers of the version that the app was, and of the one that it is."""

    dry_run: bool = False
    from_version: int = 0
    to_version: int = 0


class ApprovalsRevoked(Changing, frozen=True):
    """The apps that lost approvals, in any of their versions."""

    dry_run: bool = False
    revoke_results: tuple[AppPath, ...] = ()
    matched: int = 0


def _switched(query: SwitchVersion, _result: VersionSwitched | None) -> str:
    return query.app_path


LIST_VERSIONS = Operation(
    name="list_versions",
    method="GET",
    path="/version",
    summary="The stored versions of an app",
    right=Right.APP_READ,
    query=ListVersions,
    result=VersionList,
)
LIST_FILES = Operation(
    name="list_files",
    method="GET",
    path="/version/files",
    summary="The files of a version of an app",
    right=Right.APP_READ,
    query=ListFiles,
    result=FileList,
)
READ_FILE = Operation(
    name="read_file",
    method="GET",
    path="/version/file",
    summary="One file of a version of an app",
    right=Right.APP_READ,
    query=ReadFile,
    result=FileRead,
)
VERIFY_FILE = Operation(
    name="verify_file",
    method="GET",
    path="/version/verify",
    summary="Tell whether an app serves a file with exactly these bytes",
    right=Right.APP_READ,
    query=VerifyFile,
    result=FileVerified,
)
COMPARE_VERSIONS = Operation(
    name="compare_versions",
    method="GET",
    path="/version/diff",
    summary="Everything in which two versions of an app differ",
    right=Right.APP_READ,
    query=CompareVersions,
    result=VersionsCompared,
)
SWITCH_VERSION = Operation(
    name="switch_version",
    method="POST",
    path="/version",
    summary="Let an app be another of its stored versions",
    right=Right.APP_PROMOTE,
    query=SwitchVersion,
    result=VersionSwitched,
    target=_switched,
    tells=True,
)
REVOKE_APPROVALS = Operation(
    name="revoke_approvals",
    method="POST",
    path="/revoke",
    summary="Take an approval from every version of apps",
    right=Right.APP_APPROVE,
    query=RevokeApprovals,
    result=ApprovalsRevoked,
    target=glob_of,
)
OPERATIONS = (
    LIST_VERSIONS,
    LIST_FILES,
    READ_FILE,
    VERIFY_FILE,
    COMPARE_VERSIONS,
    SWITCH_VERSION,
    REVOKE_APPROVALS,
)
