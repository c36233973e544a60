"""Names of the operations that the server itself writes into the audit log."""

from __future__ import annotations

from clace.admin_api import APP_KINDS, OPERATIONS
from clace.model import deeds

# Requests to apps that may have changed something.
_METHODS = ("POST", "PUT", "PATCH", "DELETE")
# Events that no request to the admin API made.
_EVENTS = (
    deeds.ACCESS_DENIED,
    deeds.CHANGE_ACCOUNT,
    deeds.END_SESSION,
    deeds.SIGN_IN,
    deeds.SIGN_OUT,
    "app_limit",
    "audit_ration",
    "audit_trim",
    "delete_data",
    "drop_approvals",
    "egress_refused",
    "expire_preview",
    "plugin_refused",
    "program_hangs",
    *(f"webhook_{kind}" for kind in APP_KINDS),
)


def recorded_operations() -> tuple[str, ...]:
    """Operations of administrators that change something, what else is recorded of apps and
    sign-ins, and methods of requests to apps.
    """
    changing = (each.name for each in OPERATIONS if each.target is not None)
    return (*changing, *_EVENTS, *_METHODS)
