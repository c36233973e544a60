"""The gate between apps and plugins: permissions, secrets, and the calls of one request."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.plugins.gate.accounts import with_accounts as with_accounts
    from clace.plugins.gate.constraints import names as names
    from clace.plugins.gate.gate import PluginGate as PluginGate
    from clace.plugins.gate.patterns import matches as matches
else:
    __getattr__ = face(
        __name__,
        accounts=("with_accounts",),
        constraints=("names",),
        gate=("PluginGate",),
        patterns=("matches",),
    )
