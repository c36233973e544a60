"""Work that is done later than it was asked for, with the rights that its maker has then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from clace.admin_api import AppChange, Operation, Q, R, change_details
from clace.errors import ChangedMeanwhile, NotAllowed
from clace.interfaces import IAuthorisation
from clace.model import Deed, Identity, proof_of
from clace.operations.asking import OperationRequest

T = TypeVar("T")
_TRIES = 3
OwnerNow = Callable[[Identity], Identity | None]
"""A user as of now, with the groups of now; None if the user is gone."""


class MakerRights(Struct, frozen=True):
    """The decisions about makers, and these as of now."""

    authorisation: IAuthorisation
    owner_now: OwnerNow

    def request(self, maker: Identity, operation: Operation[Q, R], query: Q) -> OperationRequest:
        """Return the request for an operation that a maker makes now.

        :raises NotAllowed: if the maker is gone.
        """
        now = self.owner_now(maker)
        if now is None:
            raise NotAllowed(f"user {maker.user_id}, who made this, does not exist any more")
        return OperationRequest(now, (operation.right, *query.rights), self.authorisation)


def kept_identity(identity: Identity) -> Identity:
    """Return who asks, as one who does later what was asked for: without a session that ends."""
    return replace(identity, session_id="", actor="")


async def again(work: Callable[[], Awaitable[T]]) -> T:
    """Return the result of work that is done again if somebody else changed the same app."""
    for _ in range(_TRIES - 1):
        try:
            return await work()
        except ChangedMeanwhile:  # as its text says, asking again is safe
            pass
    return await work()


def change_deeds(
    operation: str, maker: Identity, through: str, changes: Iterable[AppChange]
) -> Iterator[Deed]:
    """Yield the deeds to record of the changes that were made ``through`` something."""
    for change in changes:
        for detail in change_details(change):
            yield Deed(
                operation=operation,
                target=str(change.app_path_domain),
                user_id=maker.user_id,
                app_id=change.id,
                detail="; ".join(filter(None, (through, proof_of(maker), detail))),
            )
