"""The one door from apps to plugins: nothing is called that was not approved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from zope.interface import implementer

from clace.errors import BadRequest, PluginRefused
from clace.interfaces import Caller, IPluginGate, ISecrets, PluginCall
from clace.model.app import App, Kind, Permission, PluginManifest
from clace.plugins.binding import bind
from clace.plugins.definition import Function, Plugin
from clace.plugins.permissions import covering
from clace.plugins.scope import Limits, Permitted, Scope
from clace.plugins.secret_arguments import NoSecrets
from clace.plugins.secret_scope import SecretScope


@implementer(IPluginGate)
class Gate:
    """The plugins there are, for apps that may load and call them."""

    def __init__(
        self,
        plugins: Iterable[Plugin],
        limits: Limits | None = None,
        secrets: ISecrets | None = None,
    ) -> None:
        self._plugins = {plugin.name: plugin for plugin in plugins}
        self._limits = limits or Limits()
        self._secrets = secrets or NoSecrets()

    def manifests(self) -> tuple[PluginManifest, ...]:
        return tuple(plugin.manifest for plugin in self._plugins.values())

    def check_load(self, app: App, plugin: str) -> None:
        """:raises PluginRefused: the load was not approved, or there is no such plugin."""
        if plugin not in self._plugins:
            raise PluginRefused(f"module {plugin} not found")
        if plugin not in app.metadata.loads:
            raise PluginRefused(
                f"app {app} is not permitted to load plugin {plugin}."
                " Audit the app and approve permissions"
            )

    def begin(self, caller: Caller) -> SecretScope:
        return SecretScope(self._secrets, self._permit, partial(Scope, caller, limits=self._limits))

    def _permit(self, app: App, call: PluginCall) -> Permitted:
        """The call with its arguments bound, if the app may make it.

        :raises PluginRefused: it may not.
        :raises BadRequest: the function does not take these arguments.
        """
        self.check_load(app, call.plugin)
        function = self._function(call)
        grants = covering(app, call.plugin, call.function, call.args)
        _check_write(app, function, call, grants)
        name = f"{call.plugin}.{call.function}"
        return Permitted(function, grants, bind(name, function.parameters, call.args, call.kwargs))

    def _function(self, call: PluginCall) -> Function:
        function = self._plugins[call.plugin].functions.get(call.function)
        if function is None:
            raise BadRequest(f"module {call.plugin} has no function {call.function}")
        return function


def _check_write(
    app: App, function: Function, call: PluginCall, grants: Sequence[Permission]
) -> None:
    """:raises PluginRefused: the app is a twin that may not write, and each grant is to write."""
    if app.kind is not Kind.STAGING or app.settings.stage_write_access:
        return
    reads = (function.is_read if grant.is_read is None else grant.is_read for grant in grants)
    if not any(reads):
        raise PluginRefused(
            f"stage app {app} is not permitted to call {call.plugin}.{call.function}"
            f" args [{' '.join(grants[0].arguments)}]."
            " Stage app does not have access to write operations"
        )
