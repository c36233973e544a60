"""The states of a connection."""

from __future__ import annotations

from enum import Enum, auto


class ConnectionPhase(Enum):
    """The phase of a connection."""

    IDLE = auto()
    HEAD = auto()
    BODY = auto()
    ANSWER = auto()
    TUNNEL = auto()
    """The protocol was changed: bytes pass through unread."""
    CLOSED = auto()


# To look up a member of an enumeration costs more than all that is done with it.
IDLE, HEAD, BODY, ANSWER, TUNNEL, CLOSED = ConnectionPhase
