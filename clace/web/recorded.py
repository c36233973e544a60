"""What the server itself writes into the audit log: the operations by their names."""

from __future__ import annotations

from clace.web.routes import ROUTES

# Requests to apps that may have changed something.
_METHODS = ("POST", "PUT", "PATCH", "DELETE")


def recorded_operations() -> tuple[str, ...]:
    """Operations of administrators that change something, and methods of requests to apps."""
    return (*(route.operation for route in ROUTES if route.method != "GET"), *_METHODS)
