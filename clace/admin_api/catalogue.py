"""All operations of the admin API together, for those who serve or document them."""

from __future__ import annotations

from typing import Any

from clace.admin_api import (
    apps,
    audit,
    backups,
    declarations,
    history,
    lockouts,
    previews,
    programs,
    roles,
    secrets,
    sending,
    server,
    sessions,
    settings,
    sync,
    tokens,
    users,
    versions,
    webhooks,
)
from clace.admin_api.operation import Operation

AnyOperation = Operation[Any, Any]
"""An operation among others, whose types differ."""
OPERATIONS: tuple[AnyOperation, ...] = (
    *apps.OPERATIONS,
    *versions.OPERATIONS,
    *sending.OPERATIONS,
    *history.OPERATIONS,
    *declarations.OPERATIONS,
    *sync.OPERATIONS,
    *webhooks.OPERATIONS,
    *previews.OPERATIONS,
    *programs.OPERATIONS,
    *settings.OPERATIONS,
    *secrets.OPERATIONS,
    *users.OPERATIONS,
    *lockouts.OPERATIONS,
    *sessions.OPERATIONS,
    *roles.OPERATIONS,
    *audit.OPERATIONS,
    *tokens.OPERATIONS,
    *backups.OPERATIONS,
    *server.OPERATIONS,
)
