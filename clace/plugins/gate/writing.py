"""Staging and preview apps may be kept from changing anything."""

from __future__ import annotations

from collections.abc import Sequence

from clace.errors import PluginRefused
from clace.interfaces import PluginCall
from clace.model import App, AppKind, Permission
from clace.plugins.kit import Function

_RESTRICTED = {AppKind.STAGING: "stage", AppKind.PREVIEW: "preview"}


def writable(
    app: App, function: Function, call: PluginCall, grants: Sequence[Permission]
) -> tuple[Permission, ...]:
    """Return the permissions that the app may use: if it may not write, those that read.

    :raises PluginRefused: if no permission is left.
    """
    if app.may_write:
        return tuple(grants)
    reading = tuple(
        grant for grant in grants if (function.is_read if grant.is_read is None else grant.is_read)
    )
    if not reading:
        kind = _RESTRICTED[app.kind]
        raise PluginRefused(
            f"{kind} app {app} is not permitted to call {call.plugin}.{call.function}"
            f" args [{' '.join(grants[0].arguments)}]."
            f" {kind.title()} app does not have access to write operations"
        )
    return reading
