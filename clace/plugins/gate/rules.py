"""The rules of the gate: which function a call means, and which permissions let the app make it.

They are asked in this order: is the plugin loaded, is there such a function, does a permission
cover the positional arguments, do its constraints hold, may the app write, may its user.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from clace.errors import BadRequest, PluginRefused
from clace.interfaces import Caller, PluginCall
from clace.model import CUSTOM_PREFIX, App, AppKind, AppMetadata, Permission
from clace.plugins.gate.accounts import section_of
from clace.plugins.gate.binding import named
from clace.plugins.gate.constraints import within
from clace.plugins.gate.permissions import approved, covering, not_permitted
from clace.plugins.kit import Function, Plugin

_MOST_STANDINGS = 10_000
_RESTRICTED = {AppKind.STAGING: "stage", AppKind.PREVIEW: "preview"}


@frozen
class FunctionStanding:
    """One function of a plugin, as an app with this metadata stands to it.

    ``open`` if each of its permissions lets every user make every call.
    """

    metadata: AppMetadata
    function: Function
    grants: tuple[Permission, ...]
    open: bool


class GateRules:
    """The rules for the plugins that are configured."""

    def __init__(self, plugins: Mapping[str, Plugin]) -> None:
        self._plugins = plugins
        self._standings: dict[tuple[str, str, str], FunctionStanding] = {}

    def check_load(self, app: App, plugin: str) -> None:
        """:raises PluginRefused: if the load was not approved, or the plugin is unknown."""
        if plugin.partition("#")[0] not in self._plugins:
            raise PluginRefused(f"module {plugin} not found")
        if plugin not in app.metadata.loads:
            raise PluginRefused(
                f"app {app} is not permitted to load plugin {plugin}."
                " Audit the app and approve permissions"
            )

    def look_up(self, app: App, call: PluginCall) -> FunctionStanding:
        """The function that the call means, found once for each version and its approvals.

        :raises PluginRefused: if the app may not load the plugin, or has no account for it.
        :raises BadRequest: if the plugin has no such function.
        """
        key = app.id, call.plugin, call.function
        found = self._standings.get(key)
        if found is None or found.metadata is not app.metadata:
            found = self._standing(app, call)
            if len(self._standings) >= _MOST_STANDINGS:
                self._standings.clear()
            self._standings[key] = found
        return found

    def allowing(
        self, caller: Caller, call: PluginCall, standing: FunctionStanding, args: Sequence[Any]
    ) -> tuple[Permission, ...]:
        """The permissions by which the user of the app may make the call with these ``args``.

        :raises PluginRefused: if no permission allows it.
        :raises BadRequest: if an argument is unknown or given twice.
        """
        app, function = caller.app, standing.function
        if standing.open and app.may_write:
            return standing.grants
        grants = covering(app, call.plugin, call.function, standing.grants, args)
        if any(grant.kwargs for grant in grants):
            name, parameters = f"{call.plugin}.{call.function}", function.parameters
            values = named(name, parameters, call.args, call.kwargs)
            values.update(zip(parameters.__struct_fields__, args, strict=False))
            grants = within(not_permitted(app, call.plugin, call.function), grants, values)
        grants = writable(app, function, call, grants)
        return self._held(caller, call, grants)

    def _held(
        self, caller: Caller, call: PluginCall, grants: tuple[Permission, ...]
    ) -> tuple[Permission, ...]:
        """:raises PluginRefused: if the user holds nothing that one of the permissions asks for."""
        held = tuple(grant for grant in grants if self._is_held(caller, grant))
        if not held:
            refusal = not_permitted(caller.app, call.plugin, call.function)
            wanted = " ".join(dict.fromkeys(name for grant in grants for name in grant.permit))
            raise PluginRefused(
                f"{refusal}, user {caller.user_id} does not have any required permission [{wanted}]"
            )
        return held

    def _is_held(self, caller: Caller, grant: Permission) -> bool:
        names = grant.permit
        return not names or any(holds_permission(caller, name) for name in names)

    def _standing(self, app: App, call: PluginCall) -> FunctionStanding:
        self.check_load(app, call.plugin)
        section = section_of(app, call.plugin, self._plugins)
        function = self._plugins[section].functions.get(call.function)
        if function is None:
            raise BadRequest(f"module {call.plugin} has no function {call.function}")
        grants = approved(app, call.plugin, call.function)
        is_open = bool(grants) and not any(
            grant.arguments or grant.kwargs or grant.permit for grant in grants
        )
        return FunctionStanding(app.metadata, function, grants, is_open)


def holds_permission(caller: Caller, permission: str) -> bool:
    """Tell whether a visitor holds a permission of the app's own: an administrator holds all."""
    visitor = caller.visitor
    if visitor is None:
        return False
    return visitor.is_admin or permission.removeprefix(CUSTOM_PREFIX) in visitor.permissions


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
