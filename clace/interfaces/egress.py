"""The network of walled programs: what each may reach, and how."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from twisted.internet.interfaces import IProtocolFactory
from zope.interface import Interface


class EgressDoor(Struct, frozen=True):
    """A place on the loopback behind a wall at which the server listens, with this factory."""

    address: str
    port: int
    factory: IProtocolFactory


class EgressPlan(Struct, frozen=True, kw_only=True):
    """The network of one program: its doors, names of hosts with their addresses, variables."""

    doors: tuple[EgressDoor, ...] = ()
    names: Mapping[str, str] = {}
    environment: Mapping[str, str] = {}


class IEgress(Interface):
    """Lets walled programs reach what was approved for them, and nothing else."""

    def plan(app: str, network: tuple[str, ...], own_port: int = 0) -> EgressPlan:
        """The network of a program of this app with these entries ``HOST:PORT``.

        At its ``own_port`` only the program itself listens.

        :raises BadRequest: if an entry is something else.
        """
