"""Environments of process apps: locked, installed by uv once for equal locks, and kept."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from msgspec import Struct
from zope.interface import implementer

from clace.environments.commands import LaunchFacts, own_command, server_command
from clace.environments.filling import found
from clace.environments.installing import Installer, Workplace
from clace.environments.interpreters import Interpreter
from clace.environments.planning import Plan, key_of, planned
from clace.environments.recognition import recognised
from clace.environments.store import EnvironmentStore, remove
from clace.environments.table import Server, Spec
from clace.errors import AppBroken, ClaceError
from clace.interfaces import (
    LOCK_PIN,
    BuiltEnvironment,
    IEnvironments,
    Tell,
    WallMount,
    WorkloadOrder,
)
from clace.single_flight import SingleFlight
from clace.threads import InThread

_HEAD = "# inputs {inputs}, Python {minor}\n"
_SYSTEM = ("/usr/", "/lib/", "/bin/")
_COMPILED = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
_PATH = "/usr/local/bin:/usr/bin:/bin"


class _Locked(Struct, frozen=True):
    """A lock with its head, the Python that it is for, and the key of its environment."""

    text: str
    python: Interpreter
    key: str


@implementer(IEnvironments)
class Environments:
    """Builds environments into a store; those of equal keys at the same time only once."""

    def __init__(self, store: EnvironmentStore, installer: Installer, in_thread: InThread) -> None:
        self._store = store
        self._installer = installer
        self._in_thread = in_thread
        self._building: dict[str, SingleFlight[None]] = {}
        self._needed: list[str] = []

    async def build(self, order: WorkloadOrder, source: str, tell: Tell) -> BuiltEnvironment:
        try:
            return await self._build(order, Path(source), tell)
        except AppBroken:
            raise
        except ClaceError as error:
            raise AppBroken(error.message) from error

    async def prune(self, kept: frozenset[str]) -> None:
        """Remove environments that nobody uses, but for those that a build is about to return."""
        # Without a turn of the reactor between: a build needs it before this, or finds it gone.
        used = kept.union(self._needed)
        unused = [key for key in self._store.built_keys() if key not in used]
        for folder in [self._store.withdraw(key) for key in unused]:
            await self._in_thread(partial(remove, folder))

    async def _build(self, order: WorkloadOrder, source: Path, tell: Tell) -> BuiltEnvironment:
        spec = await self._spec(order)
        plan = await self._in_thread(partial(planned, order, source, spec))
        if not plan.has_python:
            return _environment(order, plan, None, "", "")
        # Needed until this returns: the caller notes the use of it before the reactor's next turn.
        with ExitStack() as needs:
            async with self._installer.work(order, source, plan, tell) as work:
                locked = await self._locked(order, plan, work)
                self._needed.append(locked.key)
                needs.callback(self._needed.remove, locked.key)
                await self._installed(locked, work)
            folder = str(self._store.folder(locked.key))
            return _environment(order, plan, locked, folder, _version(locked.text, "gunicorn"))

    async def _locked(self, order: WorkloadOrder, plan: Plan, work: Workplace) -> _Locked:
        """The lock that the version has, or a new one."""
        python = await self._installer.python(work, plan.packages.python)
        head = _HEAD.format(inputs=plan.inputs, minor=python.minor)
        lock = _own_lock(order, head) or head + await self._installer.lock(work, python)
        owner = order.app.id if order.config.needs.builds else ""
        return _Locked(lock, python, key_of(lock.removeprefix(head), python, owner))

    async def _spec(self, order: WorkloadOrder) -> Spec | None:
        """The spec that is said, or that the files are of."""
        said = order.config.spec or order.app.metadata.spec
        spec = found(said) if said else None
        # What was meant for a container is looked at again: its files may be a program too.
        if spec is not None and spec.server is not Server.CONTAINER:
            return spec
        if order.config.command:
            return None
        seen = await recognised(order.files)
        return found(seen.spec) if seen else None

    async def _installed(self, locked: _Locked, work: Workplace) -> None:
        """Install the environment, or wait until another who needs it has."""
        if await self._in_thread(partial(self._store.has, locked.key)):
            work.tell(f"Packages are there: environment {locked.key[:12]}")
            return
        flight = self._building.get(locked.key)
        if flight is None:
            install = partial(self._installer.install, work, locked.key, locked.text, locked.python)
            flight = self._building[locked.key] = SingleFlight(install)
        try:
            await flight.result()
        finally:
            self._building.pop(locked.key, None)


def _own_lock(order: WorkloadOrder, head: str) -> str:
    """The lock that the version has, unless what it was made of has changed."""
    kept = order.app.metadata.pins.get(LOCK_PIN, "")
    return kept if kept.startswith(head) else ""


def _environment(
    order: WorkloadOrder, plan: Plan, locked: _Locked | None, folder: str, gunicorn: str
) -> BuiltEnvironment:
    """Return how the app is started, with its packages or without any."""
    python = f"{folder}/bin/python" if locked else ""
    around = LaunchFacts(
        order=order,
        spec=plan.spec,
        entry=plan.entry,
        python=python,
        gunicorn=gunicorn,
        procfile=plan.procfile,
    )
    made = own_command(around) if order.config.command else server_command(around)
    return BuiltEnvironment(
        key=locked.key if locked else "",
        folder=folder,
        mounts=_mounts(folder, locked.python) if locked else (),
        command=made.command,
        environment={**_variables(folder), **made.environment},
        lock=locked.text if locked else "",
        listens=not made.port,
        port=made.port,
        health=order.config.health or plan.spec.health,
        release=made.release,
    )


def _variables(folder: str) -> Mapping[str, str]:
    if not folder:
        return {"PATH": _PATH}
    return {"PATH": f"{folder}/bin:{_PATH}", "VIRTUAL_ENV": folder, **_COMPILED}


def _mounts(folder: str, python: Interpreter) -> tuple[WallMount, ...]:
    """The environment and, unless it is the system's, the Python beneath it."""
    found = [WallMount(source=folder, target=folder)]
    if not f"{python.prefix}/".startswith(_SYSTEM):
        found.append(WallMount(source=python.prefix, target=python.prefix))
    return tuple(found)


def _version(lock: str, name: str) -> str:
    for line in lock.splitlines():
        if line.startswith(f"{name}=="):
            return line.removeprefix(f"{name}==").split()[0]
    return ""
