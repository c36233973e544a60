"""App hosts as the daemon sees them: processes, the lines to them, and their requests."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.runtime.hosts.bodies import AnswerBody as AnswerBody, LARGEST_PIECE as LARGEST_PIECE
    from clace.runtime.hosts.calls import PluginCalls as PluginCalls
    from clace.runtime.hosts.exchange import HostExchange as HostExchange, OfRequest as OfRequest
    from clace.runtime.hosts.held import HeldAnswers as HeldAnswers
    from clace.runtime.hosts.probe import Probe as Probe, warnings as warnings
    from clace.runtime.hosts.program import (
        demanded_walls as demanded_walls,
        program_for as program_for,
    )
    from clace.runtime.hosts.supply import (
        HostSupply as HostSupply,
        ProcessHosts as ProcessHosts,
        RunningHost as RunningHost,
    )
else:
    __getattr__ = face(
        __name__,
        bodies=("AnswerBody", "LARGEST_PIECE"),
        calls=("PluginCalls",),
        exchange=("HostExchange", "OfRequest"),
        held=("HeldAnswers",),
        probe=("Probe", "warnings"),
        program=("demanded_walls", "program_for"),
        supply=("HostSupply", "ProcessHosts", "RunningHost"),
    )
