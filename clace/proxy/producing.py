"""The bytes of a visitor, as a producer of Twisted's."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from clace.interfaces import ProxiedVisitor


@implementer(IPushProducer)
class VisitorBytes:
    """The visitor's bytes, for the connection that they are written to.

    ``taken`` is called when that was behind, and has taken all it was given.
    """

    def __init__(self, visitor: ProxiedVisitor, taken: Callable[[], object]) -> None:
        self._visitor = visitor
        self._taken = taken

    def pauseProducing(self) -> None:
        self._visitor.hold()

    def resumeProducing(self) -> None:
        self._taken()
        self._visitor.release()

    def stopProducing(self) -> None:
        """The connection is lost, of which its user is told."""
