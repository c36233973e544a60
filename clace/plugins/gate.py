"""The one door from apps to plugins: nothing is called that was not approved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from zope.interface import implementer

from clace.errors import BadRequest, PluginRefused
from clace.interfaces import Caller, IPluginGate, ISecrets, PluginCall
from clace.model.app import App, Permission, PluginManifest
from clace.plugins.accounts import section_of
from clace.plugins.binding import bind, named
from clace.plugins.constraints import within
from clace.plugins.definition import Function, Plugin
from clace.plugins.patterns import malformed
from clace.plugins.permissions import covering, not_permitted
from clace.plugins.scope import Limits, Permitted, Scope
from clace.plugins.secret_arguments import FROM, Defaulting, NoSecrets
from clace.plugins.secret_scope import SecretScope
from clace.plugins.writing import writable

Holds = Callable[[str, str], bool]
"""Whether the user of this id holds the permission of this name."""
ProviderOf = Callable[[App], str]
"""Which provider an app means by a secret that names none."""


def nobody(_user_id: str, _permission: str) -> bool:
    """For a gate that knows no users."""
    return False


@implementer(IPluginGate)
class Gate:
    """The plugins there are, and their accounts, for apps that may load and call them."""

    def __init__(
        self,
        plugins: Iterable[Plugin],
        limits: Limits | None = None,
        secrets: ISecrets | None = None,
        holds: Holds = nobody,
        provider_of: ProviderOf | None = None,
    ) -> None:
        self._plugins = {plugin.name: plugin for plugin in plugins}
        self._limits = limits or Limits()
        self._secrets = secrets or NoSecrets()
        self._holds = holds
        self._provider_of = provider_of

    def manifests(self) -> tuple[PluginManifest, ...]:
        return tuple(plugin.manifest for name, plugin in self._plugins.items() if "#" not in name)

    def bounds(self, app: App, permissions: tuple[Permission, ...]) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for permission in permissions:
            found.update(dict.fromkeys(_malformed(permission)))
            with suppress(PluginRefused):  # it is told when the app is loaded
                section = section_of(app, permission.plugin, self._plugins)
                found[self._plugins[section].bounds(app, permission)] = None
        return tuple(filter(None, found))

    def check_load(self, app: App, plugin: str) -> None:
        """:raises PluginRefused: if the load was not approved, or the plugin is unknown."""
        if plugin.partition("#")[0] not in self._plugins:
            raise PluginRefused(f"module {plugin} not found")
        if plugin not in app.metadata.loads:
            raise PluginRefused(
                f"app {app} is not permitted to load plugin {plugin}."
                " Audit the app and approve permissions"
            )

    def begin(self, caller: Caller) -> SecretScope:
        secrets = self._secrets
        if self._provider_of is not None:
            secrets = Defaulting(secrets, self._provider_of(caller.app))
        return SecretScope(secrets, self._permit, partial(Scope, caller, limits=self._limits))

    def _permit(self, caller: Caller, call: PluginCall) -> Permitted:
        """The call with its arguments bound, if the app may make it.

        :raises PluginRefused: if the app may not make it.
        :raises BadRequest: if the function does not take these arguments.
        """
        self.check_load(caller.app, call.plugin)
        function = self._function(caller.app, call)
        found = covering(caller.app, call.plugin, call.function, call.args)
        name, parameters = f"{call.plugin}.{call.function}", function.parameters
        values = named(name, parameters, call.args, call.kwargs)

        def grants_for(args: tuple[Any, ...]) -> tuple[Permission, ...]:
            others = dict(zip(parameters.__struct_fields__, args, strict=False))
            found = covering(caller.app, call.plugin, call.function, args)
            return self._allowing(found, caller, function, call, {**values, **others})

        grants = self._allowing(found, caller, function, call, values)
        given = bind(name, parameters, call.args, call.kwargs)
        return Permitted(function, grants, given, grants_for)

    def _allowing(
        self,
        grants: tuple[Permission, ...],
        caller: Caller,
        function: Function,
        call: PluginCall,
        values: Mapping[str, Any],
    ) -> tuple[Permission, ...]:
        """Return the permissions by which the user of the app may make the call.

        :raises PluginRefused: if no permission allows it.
        """
        refusal = not_permitted(caller.app, call.plugin, call.function)
        grants = within(refusal, grants, values)
        grants = writable(caller.app, function, call, grants)
        held = tuple(grant for grant in grants if self._is_held(caller.user_id, grant))
        if not held:
            wanted = " ".join(dict.fromkeys(name for grant in grants for name in grant.permit))
            raise PluginRefused(
                f"{refusal}, user {caller.user_id} does not have any required permission [{wanted}]"
            )
        return held

    def _is_held(self, user_id: str, grant: Permission) -> bool:
        names = grant.permit
        return not names or any(self._holds(user_id, name) for name in names)

    def _function(self, app: App, call: PluginCall) -> Function:
        section = section_of(app, call.plugin, self._plugins)
        function = self._plugins[section].functions.get(call.function)
        if function is None:
            raise BadRequest(f"module {call.plugin} has no function {call.function}")
        return function


def _malformed(permission: Permission) -> Iterator[str]:
    """Sentences about patterns that can match nothing."""
    secrets = (text.removeprefix(FROM) for entry in permission.secrets for text in entry)
    named = (constraint.value for constraint in permission.kwargs)
    for text in (*permission.arguments, *named, *secrets):
        if why := malformed(text):
            name = f"{permission.plugin}.{permission.method}"
            yield f'permission {name}: "{text}" matches nothing, its pattern is malformed: {why}'
