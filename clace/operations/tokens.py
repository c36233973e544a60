"""API tokens, as users and operators handle them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace
from zope.interface import implementer

from clace.admin_api import (
    CreateToken,
    NamedToken,
    NewToken,
    Nothing,
    Right,
    TokenCreated,
    TokenList,
    TokenRevoked,
    TokenShown,
)
from clace.errors import BadRequest, NoSuchToken, NotAllowed
from clace.interfaces import (
    APIToken,
    Asking,
    IAPITokens,
    IAuthorisation,
    ITokenOperations,
    NewAPIToken,
)
from clace.model import (
    AppGlob,
    AppPath,
    Assurance,
    Identity,
    Scope,
    canonical,
    gives,
    is_glob,
    problem_of,
)

LEAST, MOST = 60, 366 * 86_400
MAX_TEXT = 256
MAX_ENTRIES = 100


@implementer(ITokenOperations)
class TokenOperations:
    """Operations on API tokens. Without being an administrator users handle their own."""

    def __init__(
        self,
        tokens: IAPITokens,
        authorisation: IAuthorisation,
        seconds: Callable[[], float],
    ) -> None:
        self._tokens = tokens
        self._authorisation = authorisation
        self._seconds = seconds

    async def create_token(self, query: CreateToken, request: Asking) -> TokenCreated:
        owner = self._owner(request.identity)
        scope = self._scope(query.body)
        expires = self._expiry(query.body)
        if request.identity.scope is not None:
            check_within(scope, request.identity.scope)
            expires = min(expires, await self._end_of(request.identity.token_id))
        new = NewAPIToken(
            identity=owner,
            scope=scope,
            description=query.body.description,
            expire_time=expires,
        )
        if query.dry_run:
            return self._tried(new)
        secret, token = await self._tokens.create(new)
        return TokenCreated(
            secret=secret,
            id=token.id,
            user_id=token.user_id,
            grants=token.permissions,
            apps=token.apps,
            description=token.description,
            create_time=token.create_time,
            expire_time=token.expire_time,
            warnings=_warnings(scope),
        )

    def _tried(self, new: NewAPIToken) -> TokenCreated:
        """Return the token that would be made, without a secret."""
        may = ", ".join(new.scope.permissions) or "nothing"
        user_id = new.identity.user_id
        return TokenCreated(
            secret="",
            id="",
            user_id=user_id,
            grants=new.scope.permissions,
            apps=new.scope.apps,
            description=new.description,
            create_time=datetime.fromtimestamp(self._seconds(), UTC),
            expire_time=new.expire_time,
            warnings=_warnings(new.scope),
            dry_run=True,
            would_change=(f"+ token of {user_id} for {may}",),
        )

    async def list_tokens(self, _query: Nothing, request: Asking) -> TokenList:
        found = await self._tokens.tokens()
        return TokenList(tuple(_shown(one) for one in found if self._may_handle(one, request)))

    async def revoke_token(self, query: NamedToken, request: Asking) -> TokenRevoked:
        found = await self._tokens.tokens()
        token = next((one for one in found if one.id == query.id), None)
        if token is None or not self._may_handle(token, request):
            raise NoSuchToken(f"there is no token {query.id}")
        if query.dry_run:
            line = f"- token {token.id} of {token.user_id}"
            return TokenRevoked(token.id, dry_run=True, would_change=(line,))
        await self._tokens.revoke(token.id)
        return TokenRevoked(token.id)

    def _owner(self, identity: Identity) -> Identity:
        """Return who the new token is of: what came through the socket is the administrator's.

        :raises BadRequest: without an administrator's account.
        """
        if identity.assurance is not Assurance.SOCKET:
            return identity
        if not self._authorisation.administrator:
            raise BadRequest(
                "admin_user is empty, so a token would be nobody's; say whose it is with --as"
            )
        return replace(identity, user_id=self._authorisation.administrator)

    def _scope(self, new: NewToken) -> Scope:
        """:raises BadRequest: if a grant, a glob or the description cannot be used."""
        if len(new.description) > MAX_TEXT or not new.description.isprintable():
            raise BadRequest(f"a description has at most {MAX_TEXT} characters, on one line")
        if len(new.grants) > MAX_ENTRIES or len(new.apps) > MAX_ENTRIES:
            raise BadRequest(f"a token has at most {MAX_ENTRIES} grants, and as many globs of apps")
        for glob in new.apps:
            if not glob:
                raise BadRequest("a glob of apps cannot be empty")
            AppGlob.parse(glob)
        permissions = tuple(dict.fromkeys(self._permissions(new.grants)))
        if Right.ADMIN in permissions and new.apps:
            raise BadRequest("admin is all rights on the whole server; it cannot go with --app")
        return Scope(permissions=permissions, apps=new.apps)

    def _permissions(self, grants: Iterable[str]) -> Iterable[str]:
        for grant in grants:
            for entry in self._authorisation.permissions_of(grant):
                if problem := problem_of(entry):
                    raise BadRequest(f"grant {entry}: {problem}")
                yield canonical(entry)

    def _expiry(self, new: NewToken) -> datetime:
        if not LEAST <= new.expires_secs <= MOST:
            raise BadRequest("a token lasts from a minute to 366 days")
        return datetime.fromtimestamp(self._seconds(), UTC) + timedelta(seconds=new.expires_secs)

    async def _end_of(self, token_id: str) -> datetime:
        """:raises NotAllowed: if the token has ended meanwhile."""
        for token in await self._tokens.tokens():
            if token.id == token_id:
                return token.expire_time
        raise NotAllowed(f"token {token_id} has ended")

    def _may_handle(self, token: APIToken, request: Asking) -> bool:
        owner = request.identity
        if owner.assurance is not Assurance.SOCKET and token.user_id == owner.user_id:
            return True
        return self._authorisation.decide(owner, Right.ADMIN).is_allowed


def _warnings(scope: Scope) -> tuple[str, ...]:
    return () if scope.permissions else ("without --grant the token can do nothing",)


def check_within(scope: Scope, bounds: Scope) -> None:
    """Check that a token may do nothing that the one it is made by may not.

    :raises NotAllowed: if it might.
    """
    if Right.ADMIN in bounds.permissions:
        return
    for permission in scope.permissions:
        if not any(_covers(held, permission) for held in bounds.permissions):
            raise NotAllowed(f"a token without {permission} cannot make one that has it")
    if not bounds.apps:
        return
    for glob in scope.apps or ("all",):
        if glob not in bounds.apps and not _is_below(glob, bounds.apps):
            raise NotAllowed(f"a token that is not for {glob} cannot make one that is")


def _covers(held: str, wanted: str) -> bool:
    """Tell if a grant has another; of globs only equal ones are compared."""
    return held == wanted or (not is_glob(wanted) and bool(gives(held, wanted)))


def _is_below(glob: str, globs: Iterable[str]) -> bool:
    parsed = AppGlob.parse(glob)
    address = AppPath(parsed.path, parsed.domain)
    return parsed.is_literal and any(AppGlob.parse(each).matches(address) for each in globs)


def _shown(token: APIToken) -> TokenShown:
    return TokenShown(
        id=token.id,
        user_id=token.user_id,
        grants=token.permissions,
        apps=token.apps,
        description=token.description,
        create_time=token.create_time,
        expire_time=token.expire_time,
        use_time=token.use_time,
    )
