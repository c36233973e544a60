"""The data of removed apps that are to be deleted, in the metadata database."""

from __future__ import annotations

from functools import partial

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from clace.database import moment
from clace.interfaces import ILeftovers, Leftovers
from clace.metadata import queries
from clace.metadata.files import Transacted


@implementer(ILeftovers)
class StoredLeftovers:
    """The data of removed apps that are still to be deleted, as changes of a store noted them."""

    def __init__(self, ask: Transacted, keep: Transacted, clock: IReactorTime) -> None:
        self._ask, self._keep, self._clock = ask, keep, clock

    async def due(self) -> tuple[Leftovers, ...]:
        work = partial(queries.leftovers_due, now=moment(self._clock))
        found: tuple[Leftovers, ...] = await self._ask("list the data of removed apps", work)
        return found

    async def forget(self, app_id: str) -> None:
        work = partial(queries.forget_leftovers, app_id=app_id)
        await self._keep("forget the data of a removed app", work)
