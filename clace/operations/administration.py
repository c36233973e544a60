"""All operations behind one method: the one that the admin API calls and the client mirrors."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from zope.interface import implementer, providedBy
from zope.interface.interface import Method

from clace.admin_api import OPERATIONS, AnyOperation, Operation, Q, R, Right
from clace.interfaces import IAuthorisation, IServedAdministration
from clace.model import OPERATOR, Identity
from clace.operations.asking import OperationRequest

_ABOUT_THINGS = ("app:", "container:", "sync:")


@implementer(IServedAdministration)
class Administration:
    """Performs each operation by the method of its name that one of the nouns has.

    A right on apps or syncs is checked by the method, which knows them; such a method takes the
    request.
    All other rights are checked here.
    """

    def __init__(self, authorisation: IAuthorisation, *nouns: object) -> None:
        """``nouns`` provide the interfaces of ``clace.interfaces.administration`` among them.

        :raises TypeError: if the method of an operation on apps or syncs does not take the request.
        """
        self._authorisation = authorisation
        self._methods: dict[str, Callable[..., Any]] = {}
        self._knowing: set[str] = set()
        for noun in nouns:
            for seam in providedBy(noun):
                for name in seam.names():
                    self._methods[name] = getattr(noun, name)
                    if _takes_request(seam[name]):
                        self._knowing.add(name)
        for operation in OPERATIONS:
            if operation.right.startswith(_ABOUT_THINGS) and operation.name in self._methods:
                self._check_knows(operation)

    async def perform(self, operation: Operation[Q, R], query: Q) -> R:
        return await self.perform_as(OPERATOR, operation, query)

    async def perform_as(self, identity: Identity, operation: Operation[Q, R], query: Q) -> R:
        result: R = await self._begun(identity, operation, query)
        return result

    def stream(self, operation: Operation[Q, R], query: Q) -> AsyncGenerator[tuple[R, ...], None]:
        return self.stream_as(OPERATOR, operation, query)

    async def stream_as(
        self, identity: Identity, operation: Operation[Q, R], query: Q
    ) -> AsyncGenerator[tuple[R, ...], None]:
        async with aclosing(self._begun(identity, operation, query)) as begun:
            async for results in begun:
                yield results

    def _begun(self, identity: Identity, operation: Operation[Q, R], query: Q) -> Any:
        """Call the method of an operation, if the identity may use it."""
        request = OperationRequest(identity, (operation.right, *query.rights), self._authorisation)
        if not operation.right.startswith(_ABOUT_THINGS):
            request.check()
        if operation.widens and identity.scope is not None:
            self._authorisation.authorise(identity, Right.ADMIN)
        given = (query, request) if operation.name in self._knowing else (query,)
        return self._methods[operation.name](*given)

    def _check_knows(self, operation: AnyOperation) -> None:
        if operation.name not in self._knowing:
            about = f"{operation.right.partition(':')[0]}s"
            raise TypeError(
                f"{operation.name} needs a right on {about} and does not take the request"
            )


def _takes_request(method: Method) -> bool:
    return "request" in method.getSignatureInfo()["positional"]
