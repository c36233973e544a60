"""Starting programs behind walls, by way of the launcher process."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from zope.interface import implementer

from clace.control_line import CONTROL, ControlLine, ProcessCommand
from clace.interfaces import EgressPlan, IEgress, IWalledStarter, WalledLaunch
from clace.processes.liveness import HUNG, LOOK_SECONDS, LivenessCheck
from clace.processes.owned import OwnedDescriptors
from clace.processes.pipes import Pipe
from clace.processes.walled.frames import (
    ALIVE,
    FORK,
    MAX_PACKET,
    BadWallPacket,
    Opening,
    Sight,
    WallLimits,
    WallOrder,
    pack,
)
from clace.processes.walled.process import WalledProcess
from clace.processes.walled.rehearsal import rehearse

_HOST = "host"
_NOT_OF_HOSTS = re.compile(r"[^a-z0-9]+")
_MOST_OF_A_HOST = 63
_BACKLOG = 1024
_MODULE = "clace.processes.walled.launcher"
_ENVIRONMENT = {
    "HOME": "/home/app",
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "TMPDIR": "/tmp",  # noqa: S108 - its own
}


def launcher_command(module: str = _MODULE) -> ProcessCommand:
    """The launcher finds the same packages as the daemon, and nothing of its surroundings."""
    boot = f"import sys; sys.path[:] = sys.argv[1:]; from {module} import main; main({CONTROL})"
    arguments = (sys.executable, "-I", "-c", boot, *sys.path)
    return ProcessCommand("process launcher", arguments)


@implementer(IWalledStarter)
class WalledStarter(Service):
    """Keeps the launcher: it starts when it is first needed, and again whenever it is needed and
    has died. ``required`` are the walls without which nothing is started, and
    ``trial_user`` is the number that ``try_out`` uses.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        required: tuple[str, ...],
        egress: IEgress,
        *,
        trial_user: int,
        command: ProcessCommand | None = None,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self.setName("walled programs")
        self._reactor = reactor
        self._required = required
        self._egress = egress
        self._trial_user = trial_user
        self._command = command or launcher_command()
        self._line: ControlLine | None = None
        self._programs: set[WalledProcess] = set()
        self._stopped = False
        self._liveness = LivenessCheck(reactor, look_seconds, ALIVE, self._needed, self._replace)

    def stopService(self) -> Deferred[None]:
        """End the launcher, and with it all programs; fires when it has ended."""
        super().stopService()
        self._stopped = True
        return Deferred.fromCoroutine(self._stop())

    async def start(self, launch: WalledLaunch) -> WalledProcess:
        program = self._forked(launch)
        self._programs.add(program)
        program.ended.addBoth(self._forget, program)
        self._liveness.keep_looking()
        try:
            await program.started
        except BaseException:
            program.output.close()
            if program.errors is not None:
                program.errors.close()
            raise
        return program

    def try_out(self) -> Mapping[str, str]:
        return rehearse(self._trial_user)

    def _forked(self, launch: WalledLaunch) -> WalledProcess:
        control = self._connected()
        plan = self._planned(launch)
        with OwnedDescriptors() as owned:
            theirs = [owned.file(pack(order_of(launch, self._required, plan)))]
            ours, line = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            theirs.append(owned.keep(line.detach()))
            readers = [owned.pipe(theirs)]
            if not launch.merge:
                readers.append(owned.pipe(theirs))
            listening = -1
            if launch.listens:
                made, listening = listening_socket()
                owned.keep(listening)
                theirs.append(owned.keep(made))
            try:
                control.send(FORK, theirs)
            except OSError:
                ours.close()
                raise
            pipes = [Pipe(self._reactor, owned.release(reader)) for reader in readers]
            program = WalledProcess(self._reactor, launch, ours, pipes, plan.doors)
            if listening >= 0:
                program.listening = owned.release(listening)
        program.required = self._required
        return program

    def _planned(self, launch: WalledLaunch) -> EgressPlan:
        if launch.network == (_HOST,):
            return EgressPlan()
        return self._egress.plan(launch.app or launch.name, launch.network, launch.port)

    def _forget(self, ended: Any, program: WalledProcess) -> Any:
        self._programs.discard(program)
        return ended

    def _connected(self) -> ControlLine:
        if self._stopped:
            raise BrokenPipeError("the server is stopping")
        if self._line is None:
            self._line = ControlLine(
                self._reactor,
                self._command,
                self._heard,
                self._lost,
                most=MAX_PACKET,
                malformed=BadWallPacket,
            )
        return self._line

    def _starting(self) -> tuple[WalledProcess, ...]:
        return tuple(program for program in self._programs if not program.started.called)

    def _needed(self) -> ControlLine | None:
        """The line to the launcher, if programs wait for it."""
        return self._line if self._starting() else None

    def _replace(self, line: ControlLine) -> None:
        """End a launcher that does not answer, and all its programs; the next is another."""
        self._line = None
        self._log.error(HUNG)
        self._liveness.answered()
        line.kill()
        for program in self._starting():
            program.give_up(HUNG)

    def _heard(self, packet: bytes) -> None:
        if packet != ALIVE:
            raise BadWallPacket("the launcher has nothing else to say")
        self._liveness.answered()

    def _lost(self, reason: str) -> None:
        self._line = None
        self._liveness.answered()
        if not self._stopped:
            self._log.error("The process launcher ended: {reason}", reason=reason)

    async def _stop(self) -> None:
        self._liveness.stop()
        if self._line is not None:
            await self._line.close()
        for program in tuple(self._programs):
            program.give_up("the process that starts programs has ended")


def order_of(launch: WalledLaunch, required: tuple[str, ...], plan: EgressPlan) -> WallOrder:
    """The order for the supervisor.

    :raises ValueError: if a text cannot be given to a program.
    """
    texts = (*launch.command, *launch.environment, *launch.environment.values())
    if not launch.command or any("\0" in text for text in texts):
        raise ValueError(f"{launch.name}: a command without words, or with NUL")
    bounds = launch.bounds
    return WallOrder(
        name=host_name(launch.name),
        command=launch.command,
        environment={**_ENVIRONMENT, **plan.environment, **launch.environment},
        bounds=WallLimits(
            memory_mb=bounds.memory_mb,
            cpus=bounds.cpus,
            processes=bounds.processes,
            descriptors=bounds.descriptors,
            file_mb=bounds.file_mb,
            scratch_mb=bounds.scratch_mb,
        ),
        mounts=tuple(
            Sight(
                source=one.source,
                target=one.target,
                is_writable=one.is_writable,
                may_execute=one.may_execute,
            )
            for one in launch.mounts
        ),
        folder=launch.folder,
        user=launch.user,
        merge=launch.merge,
        listens=launch.listens,
        has_network=launch.network == (_HOST,),
        names=dict(plan.names),
        openings=tuple(Opening(door.address, door.port) for door in plan.doors),
        required=required,
    )


def host_name(name: str) -> str:
    """A name that a host can have, made of any other."""
    return _NOT_OF_HOSTS.sub("-", name.lower()).strip("-")[:_MOST_OF_A_HOST].strip("-") or "app"


def listening_socket() -> tuple[int, int]:
    """A listening socket that only this process can find, and a descriptor to find it by."""
    folder = tempfile.mkdtemp(prefix="clace-")
    try:
        path = Path(folder, "app.sock")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
            made.bind(str(path))
            made.listen(_BACKLOG)
            return made.detach(), os.open(path, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
