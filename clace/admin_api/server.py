"""The server itself: ask after it, and stop it."""

from __future__ import annotations

from msgspec import Struct

from clace.admin_api.operation import Nothing, Operation, Query, Right


class StopServer(Query, frozen=True):
    """A request to stop; without ``answer`` the connection is closed instead of answered."""

    answer: bool = False

    @property
    def is_answered(self) -> bool:
        return self.answer


class ServerStatus(Struct, frozen=True):
    """``limits`` counts how often apps reached each of their limits since the server started."""

    status: str = "ok"
    pid: int = 0
    version: str = ""
    limits: dict[str, int] = {}


class Stopping(Struct, frozen=True):
    """``pid`` is 0 if the server did not tell it."""

    pid: int = 0


def _nothing(_query: StopServer, _result: Stopping | None) -> str:
    return ""


SERVER_STATUS = Operation(
    name="server_status",
    method="GET",
    path="/server_status",
    summary="That the server answers, and which one it is",
    right=Right.SERVER_READ,
    query=Nothing,
    result=ServerStatus,
)
STOP_SERVER = Operation(
    name="stop_server",
    method="POST",
    path="/stop",
    summary="Finish what is being answered and end; without `answer` the connection is closed"
    " instead of answered, as clients of 2025 expect",
    right=Right.SERVER_STOP,
    query=StopServer,
    result=Stopping,
    target=_nothing,
    unanswered=Stopping(),
)
OPERATIONS = (SERVER_STATUS, STOP_SERVER)
