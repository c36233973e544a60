"""The one door from apps to plugins: nothing is called that was not approved.

A call goes through ``Session.call``, from top to bottom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from zope.interface import implementer

from clace.errors import PluginRefused
from clace.interfaces import Caller, IPluginGate, ISecrets
from clace.model import App, Permission, PluginManifest
from clace.plugins.gate.accounts import section_of
from clace.plugins.gate.patterns import malformed
from clace.plugins.gate.rules import GateRules
from clace.plugins.gate.secret_arguments import FROM, DefaultProviderSecrets, NoSecrets
from clace.plugins.gate.session import CallLimits, CallSession
from clace.plugins.kit import Plugin

ProviderOf = Callable[[App], str]
"""Which provider an app means by a secret that names none."""


@implementer(IPluginGate)
class PluginGate:
    """The plugins there are, and their accounts, for apps that may load and call them."""

    def __init__(
        self,
        plugins: Iterable[Plugin],
        limits: CallLimits | None = None,
        secrets: ISecrets | None = None,
        provider_of: ProviderOf | None = None,
    ) -> None:
        self._plugins = {plugin.name: plugin for plugin in plugins}
        self._rules = GateRules(self._plugins)
        self._limits = limits or CallLimits()
        self._secrets = secrets or NoSecrets()
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
        self._rules.check_load(app, plugin)

    def begin(self, caller: Caller) -> CallSession:
        return CallSession(caller, self._rules, self._limits, self._secrets_for)

    def _secrets_for(self, app: App) -> ISecrets:
        if self._provider_of is None:
            return self._secrets
        return DefaultProviderSecrets(self._secrets, self._provider_of(app))


def _malformed(permission: Permission) -> Iterator[str]:
    """Sentences about patterns that can match nothing."""
    secrets = (text.removeprefix(FROM) for entry in permission.secrets for text in entry)
    named = (constraint.value for constraint in permission.kwargs)
    for text in (*permission.arguments, *named, *secrets):
        if why := malformed(text):
            name = f"{permission.plugin}.{permission.method}"
            yield f'permission {name}: "{text}" matches nothing, its pattern is malformed: {why}'
