"""Names of the operations that the server itself writes into the audit log."""

from __future__ import annotations

from clace.admin_api import OPERATIONS

# Requests to apps that may have changed something.
_METHODS = ("POST", "PUT", "PATCH", "DELETE")
# Events that no request to the admin API made.
_EVENTS = (
    "access_denied",
    "app_limit",
    "audit_ration",
    "audit_trim",
    "drop_approvals",
    "expire_preview",
    "end_session",
    "plugin_refused",
    "sign_in",
    "sign_out",
)


def recorded_operations() -> tuple[str, ...]:
    """Operations of administrators that change something, what else is recorded of apps and
    sign-ins, and methods of requests to apps.
    """
    changing = (each.name for each in OPERATIONS if each.target is not None)
    return (*changing, *_EVENTS, *_METHODS)
