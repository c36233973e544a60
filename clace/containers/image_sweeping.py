"""The removal of images that no kept version of an app is made of."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping

from clace.containers.commands import EngineCommands
from clace.containers.names import HOME_LABEL, ID_PIN, IMAGE_PIN, KeptVersions, images_of
from clace.containers.pulled_images import PulledImages, PulledSweep
from clace.containers.settings import ContainerSettings
from clace.model import AppKind, has_program
from clace.threads import InThread

_RECENT = 3


class ImageSweep:
    """Removes an image when two looks in a row have found it unneeded.

    Needed are the images that a kept version pins, and those that an app was given last in this run
    of the server: nothing else tells of a version that is being made, or of a dev app. The engine
    itself removes no image that a container has.
    """

    def __init__(
        self, commands: EngineCommands, settings: ContainerSettings, in_thread: InThread
    ) -> None:
        self._commands = commands
        self._home = settings.home
        self._keeps_pulled = settings.keeps_pulled
        file = settings.home / "data" / "pulled_images.json"
        self._pulled = PulledImages(file, in_thread)
        self._pulled_sweep = PulledSweep(commands, self._pulled, self._recent_of)
        self._recent: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=_RECENT))
        self._unneeded: frozenset[str] = frozenset()

    def given(self, app_id: str, name: str) -> None:
        """Remember an image that an app is about to use."""
        recent = self._recent[images_of(app_id)]
        if name in recent:
            recent.remove(name)
        recent.append(name)

    async def pulled(self, app_id: str, image: str, reference: str, *, is_new: bool) -> None:
        """Remember an image that an app is about to use under its name in a registry; ``is_new`` if
        it was not on this machine before.
        """
        self.given(app_id, image)
        await self._pulled.note(image, reference, app_id, is_new=is_new)

    async def listed(self) -> Mapping[str, str]:
        """The images that this server has built: their ids by name."""
        mine = f"--filter=label={HOME_LABEL}={self._home}"
        form = "--format={{.Repository}}:{{.Tag}} {{.ID}}"
        printed = await self._commands.run("images", "--no-trunc", mine, form)
        pairs = (line.split() for line in printed.output.splitlines())
        return {
            pair[0].removeprefix("localhost/"): pair[1].removeprefix("sha256:")
            for pair in pairs
            if len(pair) == 2  # noqa: PLR2004 - a name and an id
        }

    async def sweep(self, installed: Iterable[str], kept: KeptVersions) -> tuple[str, ...]:
        """Remove unneeded images; return their names."""
        apps = tuple(installed)
        found, families = await self.listed(), defaultdict(list)
        for app_id in apps:
            families[images_of(app_id)].append(app_id)
        built = defaultdict(list)
        for name in found:
            built[name.partition(":")[0]].append(name)
        for family in self._recent.keys() - families.keys():
            del self._recent[family]
        # Whoever was not installed after all, or is gone, needs none.
        unneeded = {name for family in built.keys() - families.keys() for name in built[family]}
        for family in families.keys() & built.keys():
            pinned = await self._pinned(families[family], kept)
            # One that is missing may have been built anew, and has another id then.
            if pinned is not None and pinned <= frozenset(found.values()):
                unneeded |= {name for name in built[family] if found[name] not in pinned}
        before, self._unneeded = self._unneeded, frozenset(filter(self._is_free, unneeded))
        gone = [name for name in sorted(before & unneeded) if await self._remove(name)]
        if self._keeps_pulled:
            return tuple(gone)
        return (*gone, *await self._pulled_sweep.sweep(apps, kept))

    async def _pinned(self, apps: Iterable[str], kept: KeptVersions) -> frozenset[str] | None:
        """The ids of the images of kept versions; None if that of one is not known."""
        pinned = set()
        for app_id in apps:
            is_dev = app_id.startswith(AppKind.DEV)
            if is_dev and not self._recent.get(images_of(app_id)):
                return None  # it has not been asked since the server was started
            for version in await kept(app_id):
                image = version.pins.get(ID_PIN, "")
                if not image and not is_dev and has_program(version.loads):
                    return None
                if image and IMAGE_PIN not in version.pins:
                    pinned.add(image)
        return frozenset(pinned)

    def _recent_of(self, app_id: str) -> Collection[str]:
        return self._recent.get(images_of(app_id), ())

    def _is_free(self, name: str) -> bool:
        return name not in self._recent.get(name.partition(":")[0], ())

    async def _remove(self, name: str) -> bool:
        """Remove an image; return false if it is needed by now, or a container has it."""
        return self._is_free(name) and (await self._commands.run("rmi", name)).status == 0
