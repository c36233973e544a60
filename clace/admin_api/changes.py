"""Changes of apps, as the answers of several operations report them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from clace.admin_api.operation import DryRunnable, Query, Right
from clace.model import AppPath, Permission

REMOVE = "-"
"""The value that removes a value."""


class OverApps(Query, frozen=True):
    """The query of an operation on all apps of a glob."""

    app_path_glob: str
    dry_run: bool = False

    @property
    def is_dry(self) -> bool:
        return self.dry_run


class Approving(DryRunnable, frozen=True, kw_only=True):
    """The query of an operation that with ``approve`` approves all that its app asks for."""

    approve: bool = False

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right.APP_APPROVE,) if self.approve else ()


class StagedUpdate(OverApps, frozen=True):
    """The query of a change to staging apps, and with ``promote`` to production at once."""

    promote: bool = False

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right.APP_PROMOTE,) if self.promote else ()


def glob_of(query: OverApps, _result: Struct | None) -> str:
    """Name the apps that a request is about."""
    return query.app_path_glob


class Difference(Struct, frozen=True, kw_only=True):
    """A value that differs, by its kind (param, config, auth, branch ...) and name.

    A side without it is None; values of secrets are not told.
    """

    kind: str
    name: str = ""
    old: str | None = None
    new: str | None = None
    hidden: bool = False


class AppChange(Struct, frozen=True, kw_only=True):
    """The change of one stored app. ``approved`` and ``dropped`` are approvals that it gained and
    lost; ``changed`` names all other differences. ``values`` are these from what to what, in the
    answers of operations that tell them; of an app that the caller may not read, without values.
    """

    id: str
    app_path_domain: AppPath
    change: Literal["created", "updated", "deleted"]
    version: int = 0
    previous_version: int = 0
    approved_loads: tuple[str, ...] = ()
    approved_permissions: tuple[Permission, ...] = ()
    dropped_loads: tuple[str, ...] = ()
    dropped_permissions: tuple[Permission, ...] = ()
    changed: tuple[str, ...] = ()
    values: tuple[Difference, ...] = ()


class Changing(Struct, frozen=True, kw_only=True):
    """An answer that reports which apps changed, or would change without ``dry_run``, and warnings
    for the operator.
    """

    changes: tuple[AppChange, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def problem(self) -> str:
        """Return the reason why nothing was done, of an answer without an error."""
        return ""


class Approval(Struct, frozen=True):
    """Permissions an app requests beyond its approvals, and those this operation approves."""

    id: str
    app_path_domain: AppPath
    new_loads: tuple[str, ...] = ()
    new_permissions: tuple[Permission, ...] = ()
    approved_loads: tuple[str, ...] = ()
    approved_permissions: tuple[Permission, ...] = ()
    needs_approval: bool = False


class AppsUpdated(Changing, frozen=True):
    """The apps that a change was made on: staging twins, or dev apps. ``matched`` is how many apps
    the glob selected, if the server tells.
    """

    dry_run: bool = False
    staged_update_results: tuple[AppPath, ...] = ()
    promote_results: tuple[AppPath, ...] = ()
    matched: int | None = None
