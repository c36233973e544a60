"""API tokens: make, list and revoke them."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from clace.admin_api.operation import DryRun, DryRunnable, Nothing, Operation, Right


class NewToken(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token for whoever asks. ``grants`` are permissions, globs of them and roles, which are made
    into permissions now; without ``apps``, globs, it is for all apps.
    """

    grants: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    description: str = ""
    expires_secs: int = 30 * 86_400


class CreateToken(DryRunnable, frozen=True):
    """A token to make."""

    body: NewToken


class NamedToken(DryRunnable, frozen=True):
    """One token, by its id."""

    id: str


class TokenShown(Struct, frozen=True, kw_only=True):
    """A token without its secret text."""

    id: str
    user_id: str
    grants: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    description: str = ""
    create_time: datetime
    expire_time: datetime
    use_time: datetime | None = None


class TokenCreated(DryRun, frozen=True, kw_only=True):
    """The token itself, which is told only here, and all that is kept of it."""

    secret: str
    id: str
    user_id: str
    grants: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    description: str = ""
    create_time: datetime
    expire_time: datetime
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"TokenCreated({self.id!r})"


class TokenList(Struct, frozen=True):
    tokens: tuple[TokenShown, ...] = ()


class TokenRevoked(DryRun, frozen=True):
    id: str


def _made(_query: CreateToken, created: TokenCreated | None) -> str:
    return created.id if created else ""


def _id(query: NamedToken, _result: TokenRevoked | None) -> str:
    return query.id


CREATE_TOKEN = Operation(
    name="create_token",
    method="POST",
    path="/token",
    summary="Make an API token for the user who asks; of a token's user, it may do no more than"
    " that token",
    right=Right.TOKEN_CREATE,
    query=CreateToken,
    result=TokenCreated,
    target=_made,
)
LIST_TOKENS = Operation(
    name="list_tokens",
    method="GET",
    path="/tokens",
    summary="The API tokens of the user who asks, for an administrator those of all users",
    right=Right.TOKEN_READ,
    query=Nothing,
    result=TokenList,
)
REVOKE_TOKEN = Operation(
    name="revoke_token",
    method="DELETE",
    path="/token",
    summary="End an API token of the user who asks, for an administrator of any user",
    right=Right.TOKEN_REVOKE,
    query=NamedToken,
    result=TokenRevoked,
    target=_id,
)
OPERATIONS = (CREATE_TOKEN, LIST_TOKENS, REVOKE_TOKEN)
