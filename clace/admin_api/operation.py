"""The declaration of one operation, from which its route, its client and its documentation come."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import cache
from typing import Any, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

PREFIX = "/_clace"
"""The path below which all operations are served."""
AS_USER = "X-Clace-As-User"
"""The header by which an administrator acts as another user."""
LINES = "application/jsonl"
"""The media type of an answer that has a value on each line."""
BODY = "body"
"""The field of a query that is sent as the JSON body of the request."""


class Right(StrEnum):
    """A permission, by its name in era 26: the one list of them.

    Some guard what this version has no operation for; a role may name them all the same.
    """

    APP_ACCESS = "app:access"
    APP_READ = "app:read"
    APP_CREATE = "app:create"
    APP_UPDATE = "app:update"
    APP_RELOAD = "app:reload"
    APP_APPLY = "app:apply"
    APP_APPROVE = "app:approve"
    APP_PROMOTE = "app:promote"
    APP_PREVIEW = "app:preview"
    APP_DELETE = "app:delete"
    APP_TOKEN_READ = "app:token_read"  # noqa: S105 - the name of a right
    APP_TOKEN_MANAGE = "app:token_manage"  # noqa: S105 - as above
    APP_MANAGE = "app:manage"
    SYNC_CREATE = "sync:create"
    SYNC_RUN = "sync:run"
    SYNC_DELETE = "sync:delete"
    SYNC_READ = "sync:read"
    SERVICE_CREATE = "service:create"
    SERVICE_UPDATE = "service:update"
    SERVICE_DELETE = "service:delete"
    SERVICE_READ = "service:read"
    SERVICE_BIND = "service:bind"
    SERVICE_MANAGE = "service:manage"
    BINDING_CREATE = "binding:create"
    BINDING_UPDATE = "binding:update"
    BINDING_DELETE = "binding:delete"
    BINDING_READ = "binding:read"
    BINDING_RUN_COMMAND = "binding:run_command"
    BINDING_USE = "binding:use"
    BINDING_MANAGE = "binding:manage"
    BINDING_REVEAL = "binding:reveal"
    CONTAINER_READ = "container:read"
    CONTAINER_MANAGE = "container:manage"
    PROVIDER_READ = "provider:read"
    PROVIDER_MANAGE = "provider:manage"
    SECRET_CREATE = "secret:create"  # noqa: S105 - as above
    SECRET_READ = "secret:read"  # noqa: S105 - as above
    SECRET_REVEAL = "secret:reveal"  # noqa: S105 - as above
    SECRET_DELETE = "secret:delete"  # noqa: S105 - as above
    TOKEN_CREATE = "token:create"  # noqa: S105 - as above
    TOKEN_READ = "token:read"  # noqa: S105 - as above
    TOKEN_REVOKE = "token:revoke"  # noqa: S105 - as above
    SERVER_READ = "config:basic_read"
    CONFIG_READ = "config:read"
    CONFIG_UPDATE = "config:update"
    BUILDER_LIST = "builder:list"
    BUILDER_CREATE = "builder:create"
    BUILDER_PUBLISH = "builder:publish"
    AUDIT_READ = "audit:read"
    SERVER_STOP = "server:stop"
    ADMIN = "admin"


class Query(Struct, frozen=True, rename="camel"):
    """The parameters of a request; a field ``body`` is its JSON body.

    A parameter is a text or a boolean. Those that are empty or false are not sent.
    """

    @property
    def is_dry(self) -> bool:
        """Tell a request that only asks what would change."""
        return False

    @property
    def rights(self) -> tuple[Right, ...]:
        """Return the rights that its options need, besides the one of the operation."""
        return ()

    @property
    def is_answered(self) -> bool:
        """Tell a request that gets an answer from one that ends its connection."""
        return True


class DryRunnable(Query, frozen=True, kw_only=True):
    """A query of an operation that changes something, and with ``dry_run`` only tells what."""

    dry_run: bool = False

    @property
    def is_dry(self) -> bool:
        return self.dry_run


class DryRun(Struct, frozen=True, kw_only=True):
    """An answer of an operation that may be a dry run; ``would_change`` tells it line by line.

    The answer to another request has neither.
    """

    dry_run: bool | UnsetType = UNSET
    would_change: tuple[str, ...] | UnsetType = UNSET


Q = TypeVar("Q", bound=Query)
R = TypeVar("R", bound=Struct)


class Operation(Struct, Generic[Q, R], frozen=True, kw_only=True):
    """One method of one path: its query and its result, the right that it needs, its audit target.

    ``target`` names the subject of a request, and of its result once there is one, for the audit
    log; an operation without it only reads, and is not recorded. ``unanswered`` is the result if
    the server ends the connection in place of an answer, as servers of 2025 do when they stop.
    An operation that ``widens`` can give somebody rights that a token does not have: of tokens,
    only those with all rights may be used for it.
    An operation that ``streams`` has any number of results, each on a line of the answer. One that
    ``tells`` may take long, as packages may have to be installed: a client that accepts ``LINES``
    gets lines about that, each as a ``ToldLine``, and then the result.
    """

    name: str
    method: Literal["GET", "POST", "DELETE"]
    path: str
    summary: str
    right: Right
    query: type[Q]
    result: type[R]
    target: Callable[[Q, R | None], str] | None = None
    unanswered: R | None = None
    widens: bool = False
    streams: bool = False
    tells: bool = False

    @property
    def parameters(self) -> tuple[msgspec.structs.FieldInfo, ...]:
        """Return the fields of the query that are parameters in the URL."""
        return tuple(each for each in _fields(self.query) if each.name != BODY)

    @property
    def body(self) -> type[Struct] | None:
        """Return the type of the JSON body, or None for a request without one."""
        return next((each.type for each in _fields(self.query) if each.name == BODY), None)


@cache
def _fields(query: type[Query]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """Return the fields of a query; each request needs them, and to find them takes long."""
    return msgspec.structs.fields(query)


class Nothing(Query, frozen=True):
    """A query without parameters."""


class Refusal(Struct, frozen=True):
    """The body of every error: a text, the HTTP status, and the stable name of the error."""

    message: str
    code: int
    error: str = ""
    retry_after: int = 0


class ToldLine(Struct, frozen=True, kw_only=True):
    """A line of an answer that tells what goes on: a text, a step that begins or has ended, or at
    the end a result or a refusal.
    """

    line: str = ""
    step: str = ""
    ended: bool = False
    result: Any = UNSET
    refusal: Refusal | UnsetType = UNSET
