"""Reports of operations, line by line."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from clace.cli.differences import signed, value_line
from clace.model import App, AppKind, AppPath, Permission, permission_text, references

if TYPE_CHECKING:
    # A report is of one noun, and its command imports that.
    from clace.admin_api import (
        AppChange,
        AppCreated,
        Approval,
        ApprovalsRevoked,
        AppsApproved,
        AppsDeleted,
        AppsPromoted,
        AppsReloaded,
        AppsUpdated,
        DriftShown,
        FilesApplied,
        PreviewDeleted,
        SecretCreated,
        SettingsUpdated,
    )


def created(result: AppCreated) -> Iterator[str]:
    yield f"      App: {result.app_path_domain}"
    if result.http_url:
        yield f" HTTP Url: {result.http_url}"
    if result.https_url:
        yield f"HTTPS Url: {result.https_url}"
    if result.spec:
        why = f" ({result.spec_reason})" if result.spec_reason else ""
        yield f"     Spec: {result.spec}{why}"
    # The staging twin and its app ask for the same: what is said of one holds for both.
    approvals = result.approve_results[:1]
    for approval in approvals:
        yield from asked(approval)
    if not any(approval.needs_approval for approval in approvals):
        yield "App created. No approval required"
    elif all(map(_is_approved, approvals)):
        yield "App created. Permissions have been approved"
    else:
        yield "App created. Permissions need to be approved"
        if not result.dry_run:
            yield f"To approve them: {_approving(result.app_path_domain, approvals[0])}"


def _is_approved(approval: Approval) -> bool:
    """Return true if the operation approved whatever the app asks for."""
    plugins, permissions = set(approval.new_loads), approval.new_permissions
    return plugins <= set(approval.approved_loads) and all(
        permission in approval.approved_permissions for permission in permissions
    )


def applied(result: FilesApplied) -> Iterator[str]:
    if result.create_results:
        yield "Created apps:"
    for place, each in enumerate(result.create_results):
        yield from ("",) if place else ()
        yield from created(each)
    yield from _paths("Updated apps", result.update_results)
    yield from _brought(result)
    yield from _paths("Pruned apps", result.prune_results)
    yield (
        f"{len(result.create_results)} app(s) created, "
        f"{len(result.update_results)} app(s) updated, {_counted(result)}"
    )
    if result.prune_results:
        yield f"{len(result.prune_results)} app(s) pruned; their data is kept for 7 days."


def planned(result: FilesApplied) -> Iterator[str]:
    """The changes that an apply would make, app by app and value by value."""
    created = {each.app_path_domain for each in result.create_results}
    updated = set(result.update_results)
    for path, changes in _by_path(result.changes):
        if path in created:
            yield f"+ {path}"
        elif path in updated:
            yield f"~ {path}"
        else:
            continue
        for change in changes:
            yield from (f"    {value_line(each)}" for each in change.values)
            yield from signed("+", change.approved_loads, change.approved_permissions)
            yield from signed("-", change.dropped_loads, change.dropped_permissions)
    yield from (f"- {path}" for path in result.prune_results)
    total = len(result.create_results), len(result.update_results)
    gone = f", {len(result.prune_results)} app(s) to delete" if result.prune_results else ""
    yield f"{total[0]} app(s) to create, {total[1]} app(s) to update{gone}."


def drifted(result: DriftShown) -> Iterator[str]:
    """The apps that are not as they were declared, and those that no file declares."""
    changed = [each for each in result.drifts if not each.by_hand]
    for each in changed:
        yield f"~ {each.app_path_domain}"
        yield from (f"    {value_line(value)}" for value in each.values)
    yield from (f"? {each.app_path_domain}" for each in result.drifts if each.by_hand)
    by_hand = len(result.drifts) - len(changed)
    yield f"{len(changed)} app(s) changed since they were applied, {by_hand} app(s) in no file."


def _by_path(changes: Iterable[AppChange]) -> Iterator[tuple[AppPath, list[AppChange]]]:
    """Put the changes of each app together: its settings and its version are two."""
    found: dict[AppPath, list[AppChange]] = {}
    for change in changes:
        found.setdefault(change.app_path_domain, []).append(change)
    yield from found.items()


def data_line(app: AppPath, size: int) -> str:
    return f"Data of {app}: {size} bytes"


def deleted(result: AppsDeleted) -> Iterator[str]:
    for app in result.app_info:
        yield f"Deleting {AppPath(app.path, app.domain)} - {app.id}"
    yield from (data_line(one.app_path_domain, one.size) for one in result.data)
    yield f"{len(result.app_info)} app(s) deleted."


def preview_deleted(result: PreviewDeleted) -> Iterator[str]:
    yield f"Deleted {result.app_path_domain}"
    if result.data:
        yield data_line(result.app_path_domain, result.data)


def approved(result: AppsApproved) -> Iterator[str]:
    count = 0
    for approval in result.staged_update_results:
        yield from _approval(approval)
        count += approval.needs_approval
    yield from _dropped(result.changes)
    yield from _paths("Promoted apps", result.promote_results)
    yield (
        f"{len(result.staged_update_results)} app(s) audited, {count} app(s) approved, "
        f"{len(result.promote_results)} app(s) promoted."
    )


def revoked(result: ApprovalsRevoked) -> Iterator[str]:
    yield from (f"Revoked {path}" for path in result.revoke_results)
    yield from _dropped(result.changes)
    yield f"{len(result.revoke_results)} app(s) lost approvals."


def reloaded(result: AppsReloaded) -> Iterator[str]:
    yield from _brought(result)
    yield _counted(result)


def _brought(result: AppsReloaded | FilesApplied) -> Iterator[str]:
    """The apps that were reloaded, with what they were approved and lost."""
    yield from _paths("Reloaded apps", result.reload_results)
    yield from _paths("Skipped apps", result.skipped_results)
    if result.approve_results:
        yield "Approved apps:"
    for approval in result.approve_results:
        yield from _approval(approval)
    yield from _dropped(result.changes)
    yield from _paths("Promoted apps", result.promote_results)


def _counted(result: AppsReloaded | FilesApplied) -> str:
    return (
        f"{len(result.reload_results)} app(s) reloaded, "
        f"{len(result.skipped_results)} app(s) skipped, "
        f"{len(result.approve_results)} app(s) approved, "
        f"{len(result.promote_results)} app(s) promoted."
    )


def updated(result: AppsUpdated, told: str = "Updated", counted: str = "updated") -> Iterator[str]:
    for path in result.staged_update_results:
        yield f"{told} {path}"
    yield from _dropped(result.changes)
    yield from _paths("Promoted apps", result.promote_results)
    yield (
        f"{len(result.staged_update_results)} app(s) {counted}, "
        f"{len(result.promote_results)} app(s) promoted."
    )


def linked(result: AppsUpdated) -> Iterator[str]:
    return updated(result, "Linked app", "linked")


def param_updated(result: AppsUpdated) -> Iterator[str]:
    return updated(result, "Updated app")


def params(app: App) -> Iterator[str]:
    """The values of an app's params."""
    if not app.metadata.param_values:
        yield f"No param values for app {app} : {app.id}"
        yield f"Its params and their defaults: clace app show {shlex.quote(str(app))}"
        return
    yield f"Param values for app {app} : {app.id}"
    for name, value in sorted(app.metadata.param_values.items()):
        yield f"  {name}: {value}"


def settled(result: SettingsUpdated) -> Iterator[str]:
    for path in result.update_results:
        yield f"Updating {path}"
    yield f"{len(result.update_results)} app(s) updated."


def links(app: App) -> Iterator[str]:
    """The accounts that an app uses."""
    if not app.metadata.accounts:
        yield f"No account links for app {app} : {app.id}"
        return
    yield f"Account links for app {app} : {app.id}"
    for link in app.metadata.accounts:
        yield f"  {link.plugin}: {link.account_name}"


def secret_created(result: SecretCreated) -> Iterator[str]:
    yield f"Secret {'updated' if result.updated else 'created'}: {result.name}"
    yield f"Use in app params/config as: {result.secret_ref}"
    entry = ", ".join(f'"{key}"' for key in _entry(result.secret_ref))
    yield f"A permission that may use it has: secrets = [[{entry}]]"


def _entry(secret_ref: str) -> Iterator[str]:
    """The texts of an entry in the ``secrets`` of a permission that covers what is referred to."""
    for reference in references(secret_ref):
        if reference.provider:
            yield f"from:{reference.provider}"
        yield from reference.keys


def promoted(result: AppsPromoted) -> Iterator[str]:
    for path in result.promote_results:
        yield f"Promoting {path}"
    yield from _dropped(result.changes)
    yield f"{len(result.promote_results)} app(s) promoted."


def _paths(title: str, paths: tuple[AppPath, ...]) -> Iterable[str]:
    return (f"{title}: {', '.join(str(path) for path in paths)}",) if paths else ()


def _approval(approval: Approval) -> Iterator[str]:
    app = f"{approval.app_path_domain} - {approval.id}"
    if not approval.needs_approval:
        yield f"No approval required. {app}"
        return
    yield f"App permissions have been approved {app}"
    yield from asked(approval)


def _approving(path: AppPath, approval: Approval) -> str:
    """The command that approves what an app asks for, and lets production have it."""
    promote = () if approval.id.startswith(AppKind.DEV) else ("--promote",)
    return shlex.join(("clace", "app", "approve", *promote, str(path)))


def asked(approval: Approval) -> Iterator[str]:
    return _asked(approval.new_loads, approval.new_permissions)


def _asked(loads: tuple[str, ...], permissions: tuple[Permission, ...]) -> Iterator[str]:
    yield "  Plugins :"
    yield from (f"    {load}" for load in loads)
    yield "  Permissions:"
    yield from (f"    {permission_text(permission)}" for permission in permissions)


def _dropped(changes: Iterable[AppChange]) -> Iterator[str]:
    """Report approvals that were dropped: apps have to ask for them again."""
    for change in changes:
        if change.change == "updated" and (change.dropped_loads or change.dropped_permissions):
            yield f"No longer approved {change.app_path_domain} - {change.id}"
            yield from _asked(change.dropped_loads, change.dropped_permissions)
