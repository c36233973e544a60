"""All operations behind one method: the one that the admin API calls and the client mirrors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from zope.interface import implementer, providedBy

from clace.admin_api.operation import Operation, Q, R
from clace.interfaces import IAdministration


@implementer(IAdministration)
class Administration:
    """Performs each operation by the method of its name that one of the nouns has."""

    def __init__(self, *nouns: object) -> None:
        """``nouns`` provide the interfaces of ``clace.interfaces.administration`` among them."""
        self._methods = {
            name: getattr(noun, name)
            for noun in nouns
            for seam in providedBy(noun)
            for name in seam.names()
        }

    async def perform(self, operation: Operation[Q, R], query: Q) -> R:
        method: Callable[[Q], Awaitable[R]] = self._methods[operation.name]
        return await method(query)
