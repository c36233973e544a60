"""Programs that run beside the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface


class ProgramLaunch(Struct, frozen=True, kw_only=True):
    """A program to start: paths are absolute, and the environment is all that it gets.

    With ``merge`` its errors go to its output, in the order in which it writes. Files that it
    writes may not pass ``file_bytes``, nor the memory of each of its processes ``memory_bytes``
    (0: any size), unless it lifts these soft limits on purpose.
    """

    executable: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: str
    input: bytes = b""
    merge: bool = False
    file_bytes: int = 0
    memory_bytes: int = 0


class ProgramExit(Struct, frozen=True, kw_only=True):
    """The end of a program: by its exit status or a signal; ``failure`` if it was not run."""

    status: int = 0
    signal: int = 0
    failure: str = ""


class IOutput(Interface):
    """The bytes that a program writes; it waits until they are wanted."""

    async def read() -> bytes:
        """Return the next bytes; none at the end or once closed."""

    def close() -> None:
        """Read no more; the program learns that nobody listens."""


class IProgram(Interface):
    """A program that was started, in a session and process group of its own."""

    output: IOutput = Attribute("Its output.")
    errors: IOutput | None = Attribute("Its error output, unless it is merged into the output.")
    ended: Deferred[ProgramExit] = Attribute(
        "Fires once, when it has ended and its group is killed."
    )

    def kill() -> None:
        """End it and what it started, and read no more; may be called again."""

    def close() -> None:
        """Read no more of what it writes."""


class IStarter(Interface):
    """Starts programs. They end with the server, however that ends."""

    def start(launch: ProgramLaunch) -> IProgram:
        """Start a program; one that the system refuses to start ends with a ``failure``.

        :raises ValueError: if an argument or variable is too long or not text.
        :raises OSError: if the server cannot open another file or process.
        """
