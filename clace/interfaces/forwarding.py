"""Servers that are asked about each request to an app."""

from __future__ import annotations

from msgspec import Struct
from zope.interface import Interface

from clace.model import AppResponse, Identity

HeaderPairs = tuple[tuple[str, str], ...]


class ForwardQuestion(Struct, frozen=True, kw_only=True):
    """A request of an admitted user; ``headers`` are without what proves the user to this server.

    ``address`` is the client's, or empty on a UNIX socket; ``target`` is path and query.
    """

    method: str
    scheme: str
    authority: str
    target: str
    address: str
    headers: HeaderPairs
    identity: Identity


class ForwardVerdict(Struct, frozen=True, kw_only=True):
    """An answer: ``refusal`` is what the client gets in place of the app's, if it is not let in.

    Of an app's request the headers called ``replaced``, in lower case, are taken away, whoever
    sent them, and ``headers`` are added.
    """

    refusal: AppResponse | None = None
    replaced: frozenset[str] = frozenset()
    headers: HeaderPairs = ()


class IForwardAuth(Interface):
    """One such server."""

    async def ask(question: ForwardQuestion) -> ForwardVerdict:
        """Ask about a request.

        :raises ProviderUnavailable: if it does not answer in time, or with too much.
        """
