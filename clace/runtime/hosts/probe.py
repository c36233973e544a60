"""Tries the walls out before anything depends on them: one host, without a reactor and an app."""

from __future__ import annotations

import socket
import struct
import subprocess
from collections.abc import Collection, Mapping
from contextlib import suppress

from clace.errors import ClaceError
from clace.frames import BadFrame
from clace.model import INDISPENSABLE, missing
from clace.runtime.hosts.program import ENVIRONMENT, HostCommand
from clace.wire import ForkHost, HostBounds, HostReady, pack_fork_server, unpack_upward

_SECONDS = 20.0
_LENGTH = struct.Struct(">I")
_MOST = 1 << 16


class Probe:
    """A fork server that is starting; ``report`` waits for what its one host tells."""

    def __init__(self, program: HostCommand) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
                program.command(theirs.fileno()),
                env=ENVIRONMENT,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._control.send(pack_fork_server(program.prepare))

    def report(self) -> Mapping[str, str]:
        """Why each wall does not stand, ``""`` for those that do; the processes are gone then.

        :raises ClaceError: if no app can be run here at all.
        """
        try:
            with self._control:
                return self._ready().walls
        except OSError as error:
            raise no_process(error) from error
        finally:
            self._end()

    def _ready(self) -> HostReady:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            order = pack_fork_server(ForkHost(host=1, bounds=HostBounds()))
            socket.send_fds(self._control, [order], [theirs.fileno()])
        return first_words(ours)

    def _end(self) -> None:
        """It ends when it sees that nobody is there; if it does not, it is made to."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_SECONDS)
            return
        self._process.kill()
        self._process.wait()


def first_words(line: socket.socket) -> HostReady:
    """Return what a new host says at the other end of ``line``, and hang up; blocks for it.

    :raises ClaceError: if it says nothing, or something else.
    """
    try:
        with line:
            line.settimeout(_SECONDS)
            with line.makefile("rb") as stream:
                (length,) = _LENGTH.unpack(stream.read(_LENGTH.size))
                message = unpack_upward(stream.read(min(length, _MOST)))
    except (OSError, BadFrame, struct.error) as error:
        raise no_process(error) from error
    if not isinstance(message, HostReady):
        raise no_process("the first frame of a host was not the one expected")
    return message


def no_process(reason: object) -> ClaceError:
    return ClaceError(f"no process for apps can be started: {reason}")


def warnings(report: Mapping[str, str], required: Collection[str]) -> tuple[str, ...]:
    """Return a warning of each wall that is missing by the report of a host.

    :raises ClaceError: if one that is required is among them.
    """
    absent = missing(report)
    for name, why in absent.items():
        if name in required:
            chosen = "" if name in INDISPENSABLE else ', and security.sandbox is "required"'
            raise ClaceError(f"apps cannot be shut in: {name} is missing ({why}){chosen}")
    return tuple(f"a wall around apps is missing: {each} ({absent[each]})" for each in absent)
